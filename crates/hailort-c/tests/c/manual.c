/* Groups without a scheduler: activated one after the other, on a virtual device and on a physical one. */
#include "check.h"

enum { SIZE = 4 * 6 * 3 };

static void one_frame(hailo_input_vstream input, hailo_output_vstream output, int mark)
{
    unsigned char frame[SIZE];
    memset(frame, mark, SIZE);
    OK(hailo_vstream_write_raw_buffer(input, frame, SIZE));
    memset(frame, 0, SIZE);
    OK(hailo_vstream_read_raw_buffer(output, frame, SIZE));
    CHECK(frame[0] == mark && frame[SIZE - 1] == mark);
}

static void *wait_for_it(void *group)
{
    OK(hailo_wait_for_network_group_activation(group, 10000));
    return NULL;
}

static void use(hailo_configured_network_group groups[2])
{
    hailo_input_vstream inputs[2];
    hailo_output_vstream outputs[2];
    hailo_activated_network_group activated, other;
    unsigned char frame[SIZE] = { 0 };
    for (int i = 0; i < 2; i++) {
        hailo_input_vstream_params_by_name_t in;
        hailo_output_vstream_params_by_name_t out;
        size_t count = 1;
        OK(hailo_make_input_vstream_params(groups[i], false, HAILO_FORMAT_TYPE_UINT8, &in, &count));
        OK(hailo_make_output_vstream_params(groups[i], false, HAILO_FORMAT_TYPE_UINT8, &out, &count));
        OK(hailo_create_input_vstreams(groups[i], &in, 1, &inputs[i]));
        OK(hailo_create_output_vstreams(groups[i], &out, 1, &outputs[i]));
    }
    EXPECT(HAILO_NETWORK_GROUP_NOT_ACTIVATED, hailo_vstream_write_raw_buffer(inputs[0], frame, SIZE));
    EXPECT(HAILO_TIMEOUT, hailo_wait_for_network_group_activation(groups[1], 20));
    pthread_t waiter;
    CHECK(pthread_create(&waiter, NULL, wait_for_it, groups[1]) == 0);
    for (int i = 0; i < 4; i++) {
        int which = i % 2;
        OK(hailo_activate_network_group(groups[which], NULL, &activated));
        EXPECT(HAILO_INVALID_OPERATION, hailo_activate_network_group(groups[1 - which], NULL, &other));
        one_frame(inputs[which], outputs[which], 7 * i + 1);
        EXPECT(HAILO_NETWORK_GROUP_NOT_ACTIVATED, hailo_vstream_write_raw_buffer(inputs[1 - which], frame, SIZE));
        if (i == 1) { CHECK(pthread_join(waiter, NULL) == 0); }
        OK(hailo_deactivate_network_group(activated));
    }
    EXPECT(HAILO_INVALID_ARGUMENT, hailo_deactivate_network_group(NULL));
    for (int i = 0; i < 2; i++) {
        OK(hailo_release_output_vstreams(&outputs[i], 1));
        OK(hailo_release_input_vstreams(&inputs[i], 1));
    }
}

int main(int argc, char **argv)
{
    (void)argc;
    static hailo_configure_params_t params;
    hailo_configured_network_group groups[2];
    hailo_hef hef;
    size_t count = 2;
    OK(hailo_create_hef_file(&hef, in_folder(argv, "two_groups.hef")));
    hailo_vdevice vdevice = open_vdevice(HAILO_SCHEDULING_ALGORITHM_NONE);
    OK(hailo_configure_vdevice(vdevice, hef, NULL, groups, &count));
    use(groups);
    OK(hailo_release_vdevice(vdevice));

    hailo_device_id_t ids[1];
    hailo_device device;
    hailo_latency_measurement_result_t latency;
    count = 1;
    OK(hailo_scan_devices(NULL, ids, &count));
    OK(hailo_create_device_by_id(&ids[0], &device));
    OK(hailo_init_configure_params_by_device(hef, device, &params));
    params.network_group_params[0].latency = HAILO_LATENCY_MEASURE;
    count = 2;
    OK(hailo_configure_device(device, hef, &params, groups, &count));
    EXPECT(HAILO_NOT_AVAILABLE, hailo_get_latency_measurement(groups[0], NULL, &latency));
    use(groups);
    OK(hailo_get_latency_measurement(groups[0], NULL, &latency));
    CHECK(latency.avg_hw_latency_ms >= 0);
    EXPECT(HAILO_NOT_AVAILABLE, hailo_get_latency_measurement(groups[1], NULL, &latency));
    OK(hailo_release_device(device));
    OK(hailo_release_hef(hef));
    return 0;
}
