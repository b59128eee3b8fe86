#include "protocol/frame_codec.hpp"

#include "protocol/cbor_to_json.hpp"
#include "protocol/frame_decode.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace dm::proto {

namespace {

// CBOR becomes JSON text first: one set of rules and one decoder for both encodings, and `data`
// leaves the codec as JSON text anyway.
template <typename Frame>
tl::expected<Frame, FrameProblem> decode(
    Format format,
    std::string_view bytes,
    std::size_t max_json_bytes,
    tl::expected<Frame, FrameProblem> (*decode_json)(std::string_view)) {
    if (format == Format::json) {
        return decode_json(bytes);
    }
    auto text = cbor_to_json(bytes);
    if (!text) {
        return tl::unexpected(
            FrameProblem{FrameError::bad_frame, std::move(text.error().message), std::nullopt});
    }
    if (text->size() > max_json_bytes) {
        return tl::unexpected(FrameProblem{
            FrameError::bad_frame,
            "the frame has more than " + std::to_string(max_json_bytes) + " bytes as JSON",
            std::nullopt});
    }
    return decode_json(*text);
}

}  // namespace

tl::expected<DeviceFrame, FrameProblem> decode_device_frame(Format format, std::string_view bytes) {
    return decode(format, bytes, kMaxDeviceFrameJsonBytes, decode_device_json);
}

tl::expected<ServerFrame, FrameProblem> decode_server_frame(Format format, std::string_view bytes) {
    return decode(format, bytes, SIZE_MAX, decode_server_json);
}

}  // namespace dm::proto
