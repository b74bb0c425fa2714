// Prints what HailoRT 4.23 makes of outputs with a quantisation for each channel, for
// ../data/transforms-by-feature-4.23.tsv. Needs that library and its C++ headers, and no device:
//
//   g++ -std=c++17 transforms_by_feature.cpp -o /tmp/by_feature -lhailort
//   HAILORT_LOGGER_PATH=NONE HAILORT_CONSOLE_LOGGER_LEVEL=critical /tmp/by_feature > ../data/transforms-by-feature-4.23.tsv
//
// The orders in which a channel is a plane by itself are left out: the library crashes on them.

#include <hailo/hailort.hpp>
#include <hailo/transform.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

using namespace hailort;

static uint64_t state = 4230;

static uint32_t below(uint32_t end)
{
    state += 0x9e3779b97f4a7c15;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return static_cast<uint32_t>((z ^ (z >> 31)) % end);
}

static void print(const char *end, const std::vector<uint8_t> &bytes)
{
    for (auto byte : bytes) {
        printf("%02x", byte);
    }
    printf("%s", end);
}

int main()
{
    const hailo_format_order_t orders[][2] = {
        {HAILO_FORMAT_ORDER_NHCW, HAILO_FORMAT_ORDER_NHWC}, {HAILO_FORMAT_ORDER_NHWC, HAILO_FORMAT_ORDER_NHWC},
        {HAILO_FORMAT_ORDER_FCR, HAILO_FORMAT_ORDER_FCR},   {HAILO_FORMAT_ORDER_F8CR, HAILO_FORMAT_ORDER_NHWC},
        {HAILO_FORMAT_ORDER_NC, HAILO_FORMAT_ORDER_NC},     {HAILO_FORMAT_ORDER_NHCW, HAILO_FORMAT_ORDER_NHCW},
    };
    printf("device_shape\tdevice_format\thost_shape\thost_format\tzps\tscales\tdevice_frame\thost_frame\n");
    for (int number = 0; number < 90; number++) {
        const auto &order = orders[number % 6];
        const bool is_nc = order[0] == HAILO_FORMAT_ORDER_NC;
        const bool is_by_row = order[1] == HAILO_FORMAT_ORDER_NHCW;
        const uint32_t features = 1 + below(is_nc ? 12 : 10);
        const hailo_3d_image_shape_t shape{is_nc ? 1 : 1 + below(3), is_nc ? 1 : 1 + below(4), features};
        auto hw_shape = shape;
        const bool is_transposed = (number % 4 == 3) && !is_nc && !is_by_row;
        if (is_transposed) {
            std::swap(hw_shape.height, hw_shape.width);
        }
        if (!is_by_row) {
            hw_shape.features = (features + 7) / 8 * 8;
            hw_shape.width += is_nc ? 0 : below(3);
        }
        const auto type = below(2) ? HAILO_FORMAT_TYPE_UINT8 : HAILO_FORMAT_TYPE_UINT16;
        const hailo_format_t hw_format{type, order[0], is_transposed ? HAILO_FORMAT_FLAGS_TRANSPOSED : HAILO_FORMAT_FLAGS_NONE};
        const hailo_format_t format{HAILO_FORMAT_TYPE_FLOAT32, order[1], HAILO_FORMAT_FLAGS_NONE};
        std::vector<hailo_quant_info_t> infos;
        for (uint32_t i = 0; i < features; i++) {
            const bool is_identity = below(6) == 0;
            infos.push_back({is_identity ? 0.f : static_cast<float>(below(256)),
                is_identity ? 1.f : static_cast<float>(1 + below(2000)) / 1024.f, 0.f, 1.f});
        }
        auto context = OutputTransformContext::create(hw_shape, hw_format, shape, format, infos, hailo_nms_info_t{});
        if (!context) {
            return EXIT_FAILURE;
        }
        std::vector<uint8_t> from(context.value()->get_src_frame_size());
        for (auto &byte : from) {
            byte = static_cast<uint8_t>(below(256));
        }
        std::vector<uint8_t> to(context.value()->get_dst_frame_size());
        if (HAILO_SUCCESS != context.value()->transform(MemoryView(from.data(), from.size()), MemoryView(to.data(), to.size()))) {
            return EXIT_FAILURE;
        }
        printf("%u %u %u\t%u %u %u\t", hw_shape.height, hw_shape.width, hw_shape.features, hw_format.type, hw_format.order, hw_format.flags);
        printf("%u %u %u\t%u %u %u\t", shape.height, shape.width, shape.features, format.type, format.order, format.flags);
        for (uint32_t i = 0; i < features; i++) {
            printf("%s%g", i ? " " : "", infos[i].qp_zp);
        }
        printf("\t");
        for (uint32_t i = 0; i < features; i++) {
            printf("%s%.9g", i ? " " : "", infos[i].qp_scale);
        }
        printf("\t");
        print("\t", from);
        print("\n", to);
    }
    return EXIT_SUCCESS;
}
