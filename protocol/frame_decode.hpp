#pragma once

#include "protocol/frame_codec.hpp"

#include <string_view>

#include <tl/expected.hpp>

/// The JSON half of the codec; CBOR comes here after it has become JSON text.
namespace dm::proto {

[[nodiscard]] tl::expected<DeviceFrame, FrameProblem> decode_device_json(std::string_view text);
[[nodiscard]] tl::expected<ServerFrame, FrameProblem> decode_server_json(std::string_view text);

}  // namespace dm::proto
