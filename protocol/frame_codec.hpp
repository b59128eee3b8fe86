#pragma once

#include "protocol/frames.hpp"

#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace dm::proto {

/// The encoding of a session, chosen by its WebSocket subprotocol.
enum class Format { json, cbor };

inline constexpr std::string_view kSubprotocolJson = "dm.v1.json";
inline constexpr std::string_view kSubprotocolCbor = "dm.v1.cbor";

/// Deepest nesting of arrays and objects in any message; the outermost object counts as 1.
inline constexpr std::size_t kMaxDepth = 32;

/// A device's CBOR frame may be at most this long as JSON text, in which its strings can be six
/// times as long: what is published for it must stay below what brokers accept.
inline constexpr std::size_t kMaxDeviceFrameJsonBytes = 65536;

/// Why bytes are no frame: the code for the `error` frame, a sentence that names the field, and
/// the frame's `id` when it could still be read.
struct FrameProblem {
    FrameError code;
    std::string message;
    std::optional<std::string> id;
};

/// Decodes what a device sent. Unknown fields are ignored; duplicate keys, nesting beyond
/// kMaxDepth, non-objects and (CBOR) tags, NaN, infinities, `undefined`, non-text keys and
/// integers outside −2^63 … 2^64−1 are `bad_frame`. JSON values of `data` are kept as the very
/// text that came in; CBOR values become JSON text, byte strings as unpadded base64url.
[[nodiscard]] tl::expected<DeviceFrame, FrameProblem> decode_device_frame(Format format,
                                                                          std::string_view bytes);

/// The other direction, for simulators and tests.
[[nodiscard]] tl::expected<ServerFrame, FrameProblem> decode_server_frame(Format format,
                                                                          std::string_view bytes);

[[nodiscard]] std::string encode(Format format, const ServerFrame& frame);
[[nodiscard]] std::string encode(Format format, const DeviceFrame& frame);

}  // namespace dm::proto
