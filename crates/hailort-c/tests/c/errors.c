/* What is answered to mistakes, to waiting in vain, and to a shutdown by another thread. */
#include "check.h"

enum { SIZE = 4 * 6 * 3 };

static void *read_one(void *output)
{
    unsigned char frame[SIZE];
    EXPECT(HAILO_STREAM_ABORT, hailo_vstream_read_raw_buffer(output, frame, SIZE));
    return NULL;
}

int main(int argc, char **argv)
{
    (void)argc;
    hailo_hef hef;
    unsigned char frame[SIZE] = { 0 };
    EXPECT(HAILO_OPEN_FILE_FAILURE, hailo_create_hef_file(&hef, "/nowhere/at.hef"));
    EXPECT(HAILO_FILE_OPERATION_FAILURE, hailo_create_hef_file(&hef, argv[1]));
    EXPECT(HAILO_HEF_NOT_SUPPORTED, hailo_create_hef_buffer(&hef, memset(frame, 1, SIZE), SIZE));
    EXPECT(HAILO_INVALID_ARGUMENT, hailo_create_hef_file(NULL, in_folder(argv, "shortcut_net.hef")));
    EXPECT(HAILO_INVALID_ARGUMENT, hailo_release_hef(NULL));
    OK(hailo_create_hef_file(&hef, in_folder(argv, "shortcut_net.hef")));

    hailo_vdevice vdevice = open_vdevice(HAILO_SCHEDULING_ALGORITHM_ROUND_ROBIN), other;
    hailo_vdevice_params_t params;
    OK(hailo_init_vdevice_params(&params));
    EXPECT(HAILO_OUT_OF_PHYSICAL_DEVICES, hailo_create_vdevice(&params, &other));
    OK(hailo_release_vdevice(vdevice));
    params.group_id = "shared";
    OK(hailo_create_vdevice(&params, &vdevice));
    OK(hailo_create_vdevice(&params, &other));
    OK(hailo_release_vdevice(other));

    hailo_configured_network_group group;
    size_t count = 0;
    EXPECT(HAILO_INSUFFICIENT_BUFFER, hailo_configure_vdevice(vdevice, hef, NULL, &group, &count));
    count = 1;
    OK(hailo_configure_vdevice(vdevice, hef, NULL, &group, &count));
    OK(hailo_release_hef(hef));
    hailo_input_vstream_params_by_name_t in;
    hailo_output_vstream_params_by_name_t out;
    OK(hailo_make_input_vstream_params(group, false, HAILO_FORMAT_TYPE_UINT8, &in, &count));
    OK(hailo_make_output_vstream_params(group, false, HAILO_FORMAT_TYPE_UINT8, &out, &count));
    in.params.timeout_ms = out.params.timeout_ms = 50;
    hailo_input_vstream input;
    hailo_output_vstream output;
    in.name[0] = 'x';
    EXPECT(HAILO_NOT_FOUND, hailo_create_input_vstreams(group, &in, 1, &input));
    in.name[0] = 's';
    OK(hailo_create_input_vstreams(group, &in, 1, &input));
    OK(hailo_create_output_vstreams(group, &out, 1, &output));
    EXPECT(HAILO_TIMEOUT, hailo_vstream_read_raw_buffer(output, frame, SIZE));
    int fit = 0;
    hailo_status status;
    while ((status = hailo_vstream_write_raw_buffer(input, frame, SIZE)) == HAILO_SUCCESS) { CHECK(++fit < 100); }
    EXPECT(HAILO_TIMEOUT, status); /* Nobody reads: the queues are full. */
    OK(hailo_clear_input_vstreams(&input, 1));
    OK(hailo_shutdown_network_group(group));
    OK(hailo_shutdown_network_group(group));
    EXPECT(HAILO_STREAM_ABORT, hailo_vstream_write_raw_buffer(input, frame, SIZE));
    OK(hailo_release_output_vstreams(&output, 1));
    OK(hailo_release_input_vstreams(&input, 1));
    OK(hailo_release_vdevice(vdevice));

    /* A reader that waits. */
    OK(hailo_create_vdevice(&params, &vdevice));
    OK(hailo_create_hef_file(&hef, in_folder(argv, "shortcut_net.hef")));
    OK(hailo_configure_vdevice(vdevice, hef, NULL, &group, &count));
    OK(hailo_release_hef(hef));
    out.params.timeout_ms = 60000;
    OK(hailo_create_output_vstreams(group, &out, 1, &output));
    pthread_t reader;
    CHECK(pthread_create(&reader, NULL, read_one, output) == 0);
    OK(hailo_shutdown_network_group(group));
    CHECK(pthread_join(reader, NULL) == 0);
    OK(hailo_release_output_vstreams(&output, 1));

    /* Memory. */
    hailo_buffer_parameters_t flags = { HAILO_BUFFER_FLAGS_DMA };
    void *memory = NULL;
    EXPECT(HAILO_INVALID_ARGUMENT, hailo_allocate_buffer(0, &flags, &memory));
    OK(hailo_allocate_buffer(100000, &flags, &memory));
    CHECK((size_t)memory % 4096 == 0 && ((char *)memory)[99999] == 0);
    OK(hailo_vdevice_dma_map_buffer(vdevice, memory, 100000, HAILO_DMA_BUFFER_DIRECTION_H2D));
    EXPECT(HAILO_DMA_MAPPING_ALREADY_EXISTS,
        hailo_vdevice_dma_map_buffer(vdevice, memory, 100000, HAILO_DMA_BUFFER_DIRECTION_H2D));
    OK(hailo_vdevice_dma_unmap_buffer(vdevice, memory, 100000, HAILO_DMA_BUFFER_DIRECTION_H2D));
    EXPECT(HAILO_NOT_FOUND, hailo_vdevice_dma_unmap_buffer(vdevice, memory, 100000, HAILO_DMA_BUFFER_DIRECTION_H2D));
    OK(hailo_free_buffer(memory));
    EXPECT(HAILO_NOT_FOUND, hailo_free_buffer(memory));
    OK(hailo_release_vdevice(vdevice));

    /* What is not simulated says so. */
    extern hailo_status hailo_test_chip_memories(hailo_device device);
    EXPECT(HAILO_NOT_IMPLEMENTED, hailo_test_chip_memories(NULL));
    return 0;
}
