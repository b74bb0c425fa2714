/* Devices: which there are, what they are, how warm they are and what they take. */
#include "check.h"

int main(void)
{
    hailo_version_t version;
    OK(hailo_get_library_version(&version));
    CHECK(version.major == 4 && version.minor == 23);
    CHECK(strcmp(hailo_get_status_message(HAILO_STREAM_ABORT), "HAILO_STREAM_ABORT") == 0);
    CHECK(hailo_get_status_message(1000) == NULL);

    hailo_device_id_t ids[4];
    size_t count = 0;
    EXPECT(HAILO_INSUFFICIENT_BUFFER, hailo_scan_devices(NULL, ids, &count));
    CHECK(count == 2);
    count = 4;
    OK(hailo_scan_devices(NULL, ids, &count));
    CHECK(count == 2);

    hailo_pcie_device_info_t pcie[4], parsed;
    OK(hailo_scan_pcie_devices(pcie, 4, &count));
    CHECK(count == 2 && pcie[1].bus == 2);
    OK(hailo_parse_pcie_device_info(ids[1].id, &parsed));
    CHECK(memcmp(&parsed, &pcie[1], sizeof(parsed)) == 0);
    EXPECT(HAILO_INVALID_ARGUMENT, hailo_parse_pcie_device_info("nonsense", &parsed));

    hailo_device_type_t type;
    OK(hailo_device_get_type_by_device_id(&ids[0], &type));
    CHECK(type == HAILO_DEVICE_TYPE_PCIE);

    hailo_device device, second;
    hailo_device_id_t id;
    OK(hailo_create_device_by_id(&ids[0], &device));
    OK(hailo_create_pcie_device(&pcie[1], &second));
    OK(hailo_get_device_id(second, &id));
    CHECK(strcmp(id.id, ids[1].id) == 0);
    OK(hailo_release_device(second));

    hailo_device_identity_t identity;
    hailo_core_information_t core;
    hailo_extended_device_information_t extended;
    hailo_chip_temperature_info_t warmth;
    OK(hailo_identify(device, &identity));
    CHECK(identity.device_architecture == HAILO_ARCH_HAILO8L && identity.fw_version.major == 4);
    CHECK(strncmp(identity.board_name, "Hailo-8L", 8) == 0);
    OK(hailo_core_identify(device, &core));
    CHECK(core.fw_version.minor == identity.fw_version.minor);
    OK(hailo_get_extended_device_information(device, &extended));
    CHECK(extended.supported_features.pcie && extended.neural_network_core_clock_rate > 100000000);
    OK(hailo_get_chip_temperature(device, &warmth));
    CHECK(warmth.ts0_temperature > 0 && warmth.ts0_temperature < 100);

    bool throttles = false;
    OK(hailo_get_throttling_state(device, &throttles));
    CHECK(throttles);
    OK(hailo_set_throttling_state(device, false));
    OK(hailo_get_throttling_state(device, &throttles));
    CHECK(!throttles);

    float watts = 0;
    OK(hailo_power_measurement(device, HAILO_DVM_OPTIONS_AUTO, HAILO_POWER_MEASUREMENT_TYPES__AUTO, &watts));
    CHECK(watts > 0 && watts < 10);
    hailo_power_measurement_data_t data;
    EXPECT(HAILO_FW_CONTROL_FAILURE, hailo_get_power_measurement(device, 0, false, &data));
    OK(hailo_set_power_measurement(device, HAILO_MEASUREMENT_BUFFER_INDEX_0, HAILO_DVM_OPTIONS_AUTO,
        HAILO_POWER_MEASUREMENT_TYPES__AUTO));
    OK(hailo_start_power_measurement(device, HAILO_AVERAGE_FACTOR_256, HAILO_SAMPLING_PERIOD_1100US));
    OK(hailo_get_power_measurement(device, HAILO_MEASUREMENT_BUFFER_INDEX_0, true, &data));
    CHECK(data.min_value <= data.average_value && data.average_value <= data.max_value);
    OK(hailo_stop_power_measurement(device));
    OK(hailo_release_device(device));

    /* Those of a virtual device belong to it. */
    hailo_vdevice vdevice = open_vdevice(HAILO_SCHEDULING_ALGORITHM_ROUND_ROBIN);
    hailo_device physical[2], again[2];
    count = 0;
    EXPECT(HAILO_INSUFFICIENT_BUFFER, hailo_get_physical_devices(vdevice, physical, &count));
    CHECK(count == 1);
    OK(hailo_get_physical_devices(vdevice, physical, &count));
    OK(hailo_get_physical_devices(vdevice, again, &count));
    CHECK(physical[0] == again[0]);
    OK(hailo_get_chip_temperature(physical[0], &warmth));
    OK(hailo_release_vdevice(vdevice));
    return 0;
}
