/* Frames through vstreams: each type of number on the host, several frames from two threads. */
#include "check.h"

enum { ELEMENTS = 4 * 6 * 3, FRAMES = 40 };

struct run { hailo_input_vstream input; size_t size; unsigned char *frames; };

static void *feed(void *argument)
{
    struct run *run = argument;
    for (int i = 0; i < FRAMES; i++) {
        OK(hailo_vstream_write_raw_buffer(run->input, run->frames + i * run->size, run->size));
    }
    OK(hailo_flush_input_vstream(run->input));
    return NULL;
}

/* The value of element `i` in the host's type, such that the chip keeps it. */
static void put(unsigned char *to, unsigned type, unsigned i)
{
    unsigned step = i % 250;
    if (type == HAILO_FORMAT_TYPE_UINT8) { to[i] = (unsigned char)step; }
    if (type == HAILO_FORMAT_TYPE_UINT16) { uint16_t value = (uint16_t)step; memcpy(to + 2 * i, &value, 2); }
    if (type == HAILO_FORMAT_TYPE_FLOAT32) { float value = ((float)step - 128) / 16; memcpy(to + 4 * i, &value, 4); }
}

static void run(hailo_configured_network_group group, unsigned type, size_t bytes)
{
    hailo_input_vstream_params_by_name_t in[1];
    hailo_output_vstream_params_by_name_t out[1];
    size_t count = 1;
    OK(hailo_make_input_vstream_params(group, false, type, in, &count));
    OK(hailo_make_output_vstream_params(group, false, type, out, &count));
    hailo_input_vstream input;
    hailo_output_vstream output;
    OK(hailo_create_input_vstreams(group, in, 1, &input));
    OK(hailo_create_output_vstreams(group, out, 1, &output));
    size_t size = 0, out_size = 0, by_info = 0;
    OK(hailo_get_input_vstream_frame_size(input, &size));
    OK(hailo_get_output_vstream_frame_size(output, &out_size));
    CHECK(size == ELEMENTS * bytes && out_size == size);
    hailo_vstream_info_t info;
    hailo_format_t format;
    OK(hailo_get_input_vstream_info(input, &info));
    OK(hailo_get_output_vstream_user_format(output, &format));
    CHECK(format.type == type && format.order == HAILO_FORMAT_ORDER_NHWC);
    OK(hailo_get_vstream_frame_size(&info, &format, &by_info));
    CHECK(by_info == size);
    hailo_quant_info_t quant[1];
    count = 1;
    OK(hailo_get_output_vstream_quant_infos(output, quant, &count));
    CHECK(count == 1 && quant[0].qp_zp == 128.0f && quant[0].qp_scale == 1.0f / 16);

    unsigned char *frames = malloc(FRAMES * size), *back = malloc(size);
    for (unsigned i = 0; i < FRAMES * ELEMENTS; i++) { put(frames, type, i); }
    struct run threads = { input, size, frames };
    pthread_t feeder;
    CHECK(pthread_create(&feeder, NULL, feed, &threads) == 0);
    for (int i = 0; i < FRAMES; i++) {
        OK(hailo_vstream_read_raw_buffer(output, back, size));
        CHECK(memcmp(back, frames + i * size, size) == 0);
    }
    CHECK(pthread_join(feeder, NULL) == 0);
    EXPECT(HAILO_INVALID_ARGUMENT, hailo_vstream_write_raw_buffer(input, frames, size - 1));
    EXPECT(HAILO_INVALID_ARGUMENT, hailo_vstream_read_raw_buffer(output, back, size + 1));

    /* What lies between two steps goes to the even one; what is out of range to the nearest. */
    if (type == HAILO_FORMAT_TYPE_FLOAT32) {
        float values[ELEMENTS] = { 1.0f / 32, 3.0f / 32, -1.0f / 32, 100, -100 };
        const float rounded[5] = { 0, 2.0f / 16, 0, 127.0f / 16, -8 };
        OK(hailo_vstream_write_raw_buffer(input, values, sizeof(values)));
        OK(hailo_vstream_read_raw_buffer(output, values, sizeof(values)));
        for (int i = 0; i < 5; i++) { CHECK(values[i] == rounded[i]); }
    }
    OK(hailo_release_output_vstreams(&output, 1));
    OK(hailo_release_input_vstreams(&input, 1));
    free(frames);
    free(back);
}

int main(int argc, char **argv)
{
    (void)argc;
    hailo_vdevice vdevice = open_vdevice(HAILO_SCHEDULING_ALGORITHM_ROUND_ROBIN);
    for (int bits = 8; bits <= 16; bits += 8) {
        hailo_hef hef;
        OK(hailo_create_hef_file(&hef, in_folder(argv, bits == 8 ? "shortcut_net.hef" : "shortcut_net_16.hef")));
        hailo_configured_network_group group;
        size_t count = 1;
        OK(hailo_configure_vdevice(vdevice, hef, NULL, &group, &count));
        OK(hailo_release_hef(hef));
        if (bits == 8) { run(group, HAILO_FORMAT_TYPE_UINT8, 1); }
        if (bits == 16) { run(group, HAILO_FORMAT_TYPE_UINT16, 2); }
        run(group, HAILO_FORMAT_TYPE_FLOAT32, 4);
    }
    OK(hailo_release_vdevice(vdevice));
    return 0;
}
