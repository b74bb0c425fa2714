/* Several networks in a group, and several groups on a device, each with threads of its own. */
#include "check.h"

enum { SIZE = 4 * 6 * 3, FRAMES = 60 };

struct stream { hailo_input_vstream input; hailo_output_vstream output; unsigned char mark; };

static void *feed(void *argument)
{
    struct stream *stream = argument;
    unsigned char frame[SIZE];
    for (int i = 0; i < FRAMES; i++) {
        memset(frame, stream->mark + i, SIZE);
        OK(hailo_vstream_write_raw_buffer(stream->input, frame, SIZE));
    }
    return NULL;
}

static void *drain(void *argument)
{
    struct stream *stream = argument;
    unsigned char frame[SIZE];
    for (int i = 0; i < FRAMES; i++) {
        OK(hailo_vstream_read_raw_buffer(stream->output, frame, SIZE));
        CHECK(frame[0] == stream->mark + i && frame[SIZE - 1] == stream->mark + i);
    }
    return NULL;
}

static void run(struct stream streams[2])
{
    pthread_t threads[4];
    for (int i = 0; i < 2; i++) {
        CHECK(pthread_create(&threads[2 * i], NULL, feed, &streams[i]) == 0);
        CHECK(pthread_create(&threads[2 * i + 1], NULL, drain, &streams[i]) == 0);
    }
    for (int i = 0; i < 4; i++) { CHECK(pthread_join(threads[i], NULL) == 0); }
    for (int i = 0; i < 2; i++) {
        OK(hailo_release_output_vstreams(&streams[i].output, 1));
        OK(hailo_release_input_vstreams(&streams[i].input, 1));
    }
}

int main(int argc, char **argv)
{
    (void)argc;
    hailo_vdevice vdevice = open_vdevice(HAILO_SCHEDULING_ALGORITHM_ROUND_ROBIN);
    struct stream streams[2] = { { .mark = 10 }, { .mark = 130 } };
    hailo_hef hef;
    hailo_configured_network_group groups[2];
    hailo_input_vstream_params_by_name_t in[2];
    hailo_output_vstream_params_by_name_t out[2];
    hailo_network_info_t networks[2];
    size_t count = 2;

    /* One group of two networks. */
    OK(hailo_create_hef_file(&hef, in_folder(argv, "multi_network_shortcut_net.hef")));
    OK(hailo_configure_vdevice(vdevice, hef, NULL, groups, &count));
    CHECK(count == 1);
    count = 2;
    OK(hailo_get_network_infos(groups[0], networks, &count));
    for (int i = 0; i < 2; i++) {
        count = 1;
        OK(hailo_hef_make_input_vstream_params(hef, networks[i].name, false, HAILO_FORMAT_TYPE_AUTO, in, &count));
        OK(hailo_hef_make_output_vstream_params(hef, networks[i].name, false, HAILO_FORMAT_TYPE_AUTO, out, &count));
        OK(hailo_create_input_vstreams(groups[0], in, 1, &streams[i].input));
        OK(hailo_create_output_vstreams(groups[0], out, 1, &streams[i].output));
    }
    OK(hailo_release_hef(hef));
    run(streams);

    /* Two groups that the scheduler runs in turn. */
    count = 2;
    OK(hailo_create_hef_file(&hef, in_folder(argv, "two_groups.hef")));
    OK(hailo_configure_vdevice(vdevice, hef, NULL, groups, &count));
    CHECK(count == 2);
    OK(hailo_release_hef(hef));
    for (int i = 0; i < 2; i++) {
        OK(hailo_set_scheduler_timeout(groups[i], 100, NULL));
        OK(hailo_set_scheduler_threshold(groups[i], 2, NULL));
        OK(hailo_set_scheduler_priority(groups[i], (uint8_t)(16 + i), NULL));
        EXPECT(HAILO_INVALID_ARGUMENT, hailo_set_scheduler_priority(groups[i], 32, NULL));
        count = 1;
        OK(hailo_make_input_vstream_params(groups[i], false, HAILO_FORMAT_TYPE_AUTO, in, &count));
        OK(hailo_make_output_vstream_params(groups[i], false, HAILO_FORMAT_TYPE_AUTO, out, &count));
        OK(hailo_create_input_vstreams(groups[i], in, 1, &streams[i].input));
        OK(hailo_create_output_vstreams(groups[i], out, 1, &streams[i].output));
    }
    hailo_activated_network_group activated;
    EXPECT(HAILO_INVALID_OPERATION, hailo_activate_network_group(groups[0], NULL, &activated));
    run(streams);
    OK(hailo_release_vdevice(vdevice));
    return 0;
}
