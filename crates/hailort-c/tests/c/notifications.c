/* A chip that is too hot tells, and ends all transfers. Runs with HAILO_SIM_FAULTS. */
#include "check.h"

enum { SIZE = 4 * 6 * 3 };

static unsigned told[2];
static float celsius;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void called(hailo_device device, const hailo_notification_t *notification, void *opaque)
{
    CHECK(device != NULL && opaque == told);
    pthread_mutex_lock(&lock);
    if (notification->id == HAILO_NOTIFICATION_ID_HEALTH_MONITOR_TEMPERATURE_ALARM) {
        told[0]++;
        celsius = notification->body.health_monitor_temperature_alarm_notification.ts0_temperature;
    } else {
        told[1]++;
    }
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

int main(int argc, char **argv)
{
    (void)argc;
    hailo_vdevice vdevice = open_vdevice(HAILO_SCHEDULING_ALGORITHM_ROUND_ROBIN);
    hailo_device device;
    hailo_hef hef;
    hailo_configured_network_group group;
    size_t count = 1;
    OK(hailo_get_physical_devices(vdevice, &device, &count));
    EXPECT(HAILO_INVALID_ARGUMENT, hailo_set_notification_callback(device, NULL, 1, NULL));
    EXPECT(HAILO_INVALID_ARGUMENT, hailo_set_notification_callback(device, called, 1000, NULL));
    OK(hailo_set_notification_callback(device, called, HAILO_NOTIFICATION_ID_HEALTH_MONITOR_TEMPERATURE_ALARM, told));
    OK(hailo_set_notification_callback(device, called, HAILO_NOTIFICATION_ID_HEALTH_MONITOR_DATAFLOW_SHUTDOWN, told));
    OK(hailo_create_hef_file(&hef, in_folder(argv, "shortcut_net.hef")));
    OK(hailo_configure_vdevice(vdevice, hef, NULL, &group, &count));
    OK(hailo_release_hef(hef));
    hailo_input_vstream_params_by_name_t in;
    hailo_output_vstream_params_by_name_t out;
    hailo_input_vstream input;
    hailo_output_vstream output;
    OK(hailo_make_input_vstream_params(group, false, HAILO_FORMAT_TYPE_UINT8, &in, &count));
    OK(hailo_make_output_vstream_params(group, false, HAILO_FORMAT_TYPE_UINT8, &out, &count));
    OK(hailo_create_input_vstreams(group, &in, 1, &input));
    OK(hailo_create_output_vstreams(group, &out, 1, &output));
    unsigned char frame[SIZE] = { 0 };
    hailo_status status = HAILO_SUCCESS;
    for (int i = 0; i < 100 && status == HAILO_SUCCESS; i++) {
        status = hailo_vstream_write_raw_buffer(input, frame, SIZE);
        if (status == HAILO_SUCCESS) { status = hailo_vstream_read_raw_buffer(output, frame, SIZE); }
    }
    EXPECT(HAILO_STREAM_ABORT, status);
    pthread_mutex_lock(&lock);
    while (told[0] < 1 || told[1] < 1) { pthread_cond_wait(&changed, &lock); }
    pthread_mutex_unlock(&lock);
    CHECK(celsius > 100);
    OK(hailo_remove_notification_callback(device, HAILO_NOTIFICATION_ID_HEALTH_MONITOR_TEMPERATURE_ALARM));
    OK(hailo_release_output_vstreams(&output, 1));
    OK(hailo_release_input_vstreams(&input, 1));
    OK(hailo_release_vdevice(vdevice));
    return 0;
}
