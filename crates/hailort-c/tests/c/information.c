/* What a HEF tells: groups, networks, streams, vstreams, names, quantisation, parameters. */
#include "check.h"

int main(int argc, char **argv)
{
    (void)argc;
    hailo_hef hef;
    OK(hailo_create_hef_file(&hef, in_folder(argv, "multi_network_shortcut_net.hef")));
    hailo_network_group_info_t groups[2];
    size_t count = 2;
    OK(hailo_get_network_groups_infos(hef, groups, &count));
    CHECK(count == 1 && strcmp(groups[0].name, "multi_network_shortcut_net") == 0 && !groups[0].is_multi_context);
    const char *group = groups[0].name;

    hailo_network_info_t networks[2];
    count = 1;
    EXPECT(HAILO_INSUFFICIENT_BUFFER, hailo_hef_get_network_infos(hef, NULL, networks, &count));
    CHECK(count == 2);
    OK(hailo_hef_get_network_infos(hef, group, networks, &count));
    CHECK(strcmp(networks[1].name, "multi_network_shortcut_net/net2") == 0);

    hailo_vstream_info_t vstreams[4];
    count = 4;
    OK(hailo_hef_get_all_vstream_infos(hef, NULL, vstreams, &count));
    CHECK(count == 4);
    count = 4;
    OK(hailo_hef_get_all_vstream_infos(hef, networks[1].name, vstreams, &count));
    CHECK(count == 2 && vstreams[0].direction == HAILO_H2D_STREAM && vstreams[1].direction == HAILO_D2H_STREAM);
    CHECK(vstreams[0].shape.height == 4 && vstreams[0].shape.width == 6 && vstreams[0].shape.features == 3);
    EXPECT(HAILO_NOT_FOUND, hailo_hef_get_all_vstream_infos(hef, "nothing", vstreams, &count));

    hailo_stream_info_t streams[4], one;
    OK(hailo_hef_get_all_stream_infos(hef, networks[1].name, streams, 4, &count));
    CHECK(count == 2 && streams[0].shape.width == 6 && streams[0].hw_data_bytes == 1 && !streams[0].is_mux);
    CHECK(streams[0].hw_shape.width == 8 && streams[0].hw_frame_size == 4 * 8 * 3);
    EXPECT(HAILO_INSUFFICIENT_BUFFER, hailo_hef_get_all_stream_infos(hef, NULL, streams, 1, &count));
    OK(hailo_hef_get_stream_info_by_name(hef, group, streams[0].name, HAILO_H2D_STREAM, &one));
    CHECK(strcmp(one.name, streams[0].name) == 0 && one.quant_info.qp_zp == 128.0f);
    EXPECT(HAILO_NOT_FOUND, hailo_hef_get_stream_info_by_name(hef, group, streams[0].name, HAILO_D2H_STREAM, &one));

    hailo_layer_name_t name, names[4];
    OK(hailo_hef_get_vstream_name_from_original_name(hef, group, "input_layer2", &name));
    CHECK(strcmp(name.name, vstreams[0].name) == 0);
    EXPECT(HAILO_NOT_FOUND, hailo_hef_get_vstream_name_from_original_name(hef, group, "nothing", &name));
    count = 4;
    OK(hailo_hef_get_original_names_from_vstream_name(hef, group, name.name, names, &count));
    CHECK(count == 1 && strcmp(names[0].name, "input_layer2") == 0);
    count = 4;
    OK(hailo_hef_get_stream_names_from_vstream_name(hef, group, name.name, names, &count));
    CHECK(count == 1 && strcmp(names[0].name, streams[0].name) == 0);
    count = 4;
    OK(hailo_hef_get_vstream_names_from_stream_name(hef, group, streams[0].name, names, &count));
    CHECK(count == 1 && strcmp(names[0].name, name.name) == 0);
    count = 4;
    OK(hailo_hef_get_sorted_output_names(hef, group, names, &count));
    CHECK(count == 2 && strstr(names[1].name, "output_layer2"));
    double fps = 0;
    OK(hailo_hef_get_bottleneck_fps(hef, group, &fps));
    CHECK(fps == 1000.0);

    hailo_input_vstream_params_by_name_t inputs[2];
    hailo_output_vstream_params_by_name_t outputs[2];
    count = 2;
    OK(hailo_hef_make_input_vstream_params(hef, networks[0].name, false, HAILO_FORMAT_TYPE_UINT8, inputs, &count));
    CHECK(count == 1 && strstr(inputs[0].name, "input_layer1") && inputs[0].params.queue_size == 2);
    count = 2;
    OK(hailo_hef_make_output_vstream_params(hef, NULL, false, HAILO_FORMAT_TYPE_FLOAT32, outputs, &count));
    CHECK(count == 2 && outputs[1].params.timeout_ms == 10000);
    CHECK(outputs[0].params.user_buffer_format.type == HAILO_FORMAT_TYPE_FLOAT32);

    static hailo_configure_params_t params;
    OK(hailo_init_configure_params(hef, HAILO_STREAM_INTERFACE_PCIE, &params));
    CHECK(params.network_group_params_count == 1);
    CHECK(strcmp(params.network_group_params[0].name, group) == 0);
    CHECK(params.network_group_params[0].stream_params_by_name_count == 4);
    CHECK(params.network_group_params[0].network_params_by_name_count == 2);
    static hailo_configure_network_group_params_t of_group;
    OK(hailo_init_configure_network_group_params(hef, HAILO_STREAM_INTERFACE_PCIE, group, &of_group));
    CHECK(memcmp(&of_group, &params.network_group_params[0], sizeof(of_group)) == 0);
    EXPECT(HAILO_NOT_FOUND,
        hailo_init_configure_network_group_params(hef, HAILO_STREAM_INTERFACE_PCIE, "nothing", &of_group));

    hailo_vdevice vdevice = open_vdevice(HAILO_SCHEDULING_ALGORITHM_ROUND_ROBIN);
    hailo_configured_network_group configured[2];
    OK(hailo_init_configure_params_by_vdevice(hef, vdevice, &params));
    params.network_group_params[0].name[0] = 'x';
    count = 2;
    EXPECT(HAILO_INVALID_ARGUMENT, hailo_configure_vdevice(vdevice, hef, &params, configured, &count));
    params.network_group_params[0].name[0] = 'm';
    count = 2;
    OK(hailo_configure_vdevice(vdevice, hef, &params, configured, &count));
    CHECK(count == 1);
    OK(hailo_release_hef(hef)); /* What is configured does not need it. */
    count = 2;
    OK(hailo_get_network_infos(configured[0], networks, &count));
    CHECK(count == 2);
    OK(hailo_network_group_get_all_stream_infos(configured[0], streams, 4, &count));
    CHECK(count == 4);
    OK(hailo_network_group_get_input_stream_infos(configured[0], streams, 4, &count));
    CHECK(count == 2 && streams[1].direction == HAILO_H2D_STREAM);
    OK(hailo_network_group_get_output_stream_infos(configured[0], streams, 4, &count));
    CHECK(count == 2 && streams[1].direction == HAILO_D2H_STREAM);
    hailo_output_vstream_name_by_group_t by_group[2];
    count = 2;
    OK(hailo_get_output_vstream_groups(configured[0], by_group, &count));
    CHECK(count == 2 && by_group[0].pipeline_group_index != by_group[1].pipeline_group_index);
    OK(hailo_release_vdevice(vdevice));
    return 0;
}
