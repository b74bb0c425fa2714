/* Many frames in one call. */
#include "check.h"

enum { SIZE = 4 * 6 * 3, FRAMES = 100 };

int main(int argc, char **argv)
{
    (void)argc;
    hailo_vdevice vdevice = open_vdevice(HAILO_SCHEDULING_ALGORITHM_ROUND_ROBIN);
    hailo_hef hef;
    hailo_configured_network_group group;
    size_t count = 1;
    OK(hailo_create_hef_file(&hef, in_folder(argv, "shortcut_net.hef")));
    OK(hailo_configure_vdevice(vdevice, hef, NULL, &group, &count));
    OK(hailo_release_hef(hef));
    hailo_input_vstream_params_by_name_t in;
    hailo_output_vstream_params_by_name_t out;
    OK(hailo_make_input_vstream_params(group, false, HAILO_FORMAT_TYPE_UINT8, &in, &count));
    OK(hailo_make_output_vstream_params(group, false, HAILO_FORMAT_TYPE_FLOAT32, &out, &count));
    unsigned char *sent = malloc(FRAMES * SIZE);
    float *received = malloc(FRAMES * SIZE * sizeof(float));
    for (int i = 0; i < FRAMES * SIZE; i++) { sent[i] = (unsigned char)(i * 7); }
    hailo_stream_raw_buffer_by_name_t from = { .raw_buffer = { sent, FRAMES * SIZE } };
    hailo_stream_raw_buffer_by_name_t to = { .raw_buffer = { received, FRAMES * SIZE * sizeof(float) } };
    memcpy(from.name, in.name, sizeof(from.name));
    memcpy(to.name, out.name, sizeof(to.name));
    OK(hailo_infer(group, &in, &from, 1, &out, &to, 1, FRAMES));
    for (int i = 0; i < FRAMES * SIZE; i++) { CHECK(received[i] == ((float)sent[i] - 128) / 16); }
    OK(hailo_infer(group, &in, &from, 1, &out, &to, 1, FRAMES)); /* It leaves nothing behind. */
    from.raw_buffer.size -= 1;
    EXPECT(HAILO_INVALID_ARGUMENT, hailo_infer(group, &in, &from, 1, &out, &to, 1, FRAMES));
    EXPECT(HAILO_INVALID_ARGUMENT, hailo_infer(group, NULL, &from, 1, &out, &to, 1, FRAMES));
    free(sent);
    free(received);
    OK(hailo_release_vdevice(vdevice));
    return 0;
}
