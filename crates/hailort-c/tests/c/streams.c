/* Frames as the device has them: converted by hand, written and read with and without waiting. */
#include "check.h"

enum { WIDTH = 6, ELEMENTS = 4 * WIDTH * 3, FRAMES = 16 };

static int ended[2];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void count_up(int which, hailo_status status)
{
    CHECK(status == HAILO_SUCCESS);
    pthread_mutex_lock(&lock);
    ended[which]++;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

static void written(const hailo_stream_write_async_completion_info_t *info)
{
    CHECK(info->opaque == &ended[0]);
    count_up(0, info->status);
}

static void was_read(const hailo_stream_read_async_completion_info_t *info)
{
    CHECK(info->opaque == &ended[1] && info->buffer_size > 0);
    count_up(1, info->status);
}

int main(int argc, char **argv)
{
    (void)argc;
    hailo_hef hef;
    hailo_configured_network_group group;
    size_t count = 1;
    OK(hailo_create_hef_file(&hef, in_folder(argv, "shortcut_net.hef")));
    hailo_vdevice vdevice = open_vdevice(HAILO_SCHEDULING_ALGORITHM_NONE);
    OK(hailo_configure_vdevice(vdevice, hef, NULL, &group, &count));
    OK(hailo_release_hef(hef));
    hailo_stream_info_t in, out;
    OK(hailo_network_group_get_input_stream_infos(group, &in, 1, &count));
    OK(hailo_network_group_get_output_stream_infos(group, &out, 1, &count));
    hailo_input_stream input;
    hailo_output_stream output;
    OK(hailo_get_input_stream(group, in.name, &input));
    OK(hailo_get_output_stream(group, out.name, &output));
    EXPECT(HAILO_NOT_FOUND, hailo_get_input_stream(group, out.name, &input));
    size_t in_size = hailo_get_input_stream_frame_size(input), out_size = hailo_get_output_stream_frame_size(output);
    CHECK(in_size == in.hw_frame_size && out_size == out.hw_frame_size);
    CHECK(hailo_get_input_stream_frame_size(NULL) == 0);
    hailo_quant_info_t quant;
    bool valid = false;
    count = 1;
    OK(hailo_get_input_stream_quant_infos(input, &quant, &count));
    OK(hailo_is_qp_valid(quant, &valid));
    CHECK(valid);
    OK(hailo_set_input_stream_timeout(input, 5000));
    OK(hailo_set_output_stream_timeout(output, 50));

    hailo_transform_params_t params = { HAILO_STREAM_TRANSFORM_COPY,
        { HAILO_FORMAT_TYPE_FLOAT32, HAILO_FORMAT_ORDER_NHWC, HAILO_FORMAT_FLAGS_NONE } };
    hailo_input_transform_context to_device;
    hailo_output_transform_context to_host;
    OK(hailo_create_input_transform_context(&in, &params, &to_device));
    OK(hailo_create_output_transform_context_by_stream(output, &params, &to_host));
    size_t host_size = hailo_get_host_frame_size(&in, &params);
    CHECK(host_size == ELEMENTS * sizeof(float));
    bool required = false;
    OK(hailo_is_input_transformation_required2(&in.shape, &params.user_buffer_format, &in.hw_shape, &in.format, &quant, 1,
        &required));
    CHECK(required);

    unsigned char *frame = calloc(1, in_size), *back = calloc(1, out_size);
    EXPECT(HAILO_STREAM_NOT_ACTIVATED, hailo_stream_write_raw_buffer(input, frame, in_size));
    hailo_activated_network_group activated;
    OK(hailo_activate_network_group(group, NULL, &activated));
    float host[ELEMENTS], got[ELEMENTS];
    for (int round = 0; round < FRAMES; round++) {
        for (int i = 0; i < ELEMENTS; i++) { host[i] = (float)((i * 3 + round) % 200 - 100) / 16; }
        OK(hailo_transform_frame_by_input_transform_context(to_device, host, host_size, frame, in_size));
        OK(hailo_stream_write_raw_buffer(input, frame, in_size));
        OK(hailo_stream_read_raw_buffer(output, back, out_size));
        OK(hailo_transform_frame_by_output_transform_context(to_host, back, out_size, got, sizeof(got)));
        CHECK(memcmp(host, got, sizeof(got)) == 0);
    }
    EXPECT(HAILO_INVALID_ARGUMENT, hailo_stream_write_raw_buffer(input, frame, in_size - 1));
    EXPECT(HAILO_TIMEOUT, hailo_stream_read_raw_buffer(output, back, out_size));
    OK(hailo_deactivate_network_group(activated));
    OK(hailo_release_input_transform_context(to_device));
    OK(hailo_release_output_transform_context(to_host));

    /* Many on their way at once. */
    OK(hailo_activate_network_group(group, NULL, &activated));
    size_t queue = 0;
    OK(hailo_input_stream_get_async_max_queue_size(input, &queue));
    CHECK(queue > 0);
    unsigned char *many = malloc(FRAMES * out_size);
    for (int i = 0; i < FRAMES; i++) {
        memset(frame, i, in_size);
        OK(hailo_stream_wait_for_async_output_ready(output, out_size, 10000));
        OK(hailo_stream_read_raw_buffer_async(output, many + i * out_size, out_size, was_read, &ended[1]));
        OK(hailo_stream_wait_for_async_input_ready(input, in_size, 10000));
        OK(hailo_stream_write_raw_buffer_async(input, frame, in_size, written, &ended[0]));
    }
    pthread_mutex_lock(&lock);
    while (ended[0] < FRAMES || ended[1] < FRAMES) { pthread_cond_wait(&changed, &lock); }
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < FRAMES; i++) { CHECK(many[i * out_size] == i); }
    OK(hailo_deactivate_network_group(activated));
    OK(hailo_release_vdevice(vdevice));
    free(frame);
    free(back);
    free(many);
    return 0;
}
