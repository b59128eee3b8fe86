#pragma once

#include "protocol/time.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace dm::store {

/// One publish as it came from the broker, with what was decided at its arrival.
struct IngressRecord {
    std::string topic;
    std::string payload;
    std::optional<std::string> response_topic;
    std::optional<std::string> correlation;
    std::vector<std::pair<std::string, std::string>> user_properties;
    bool retained = false;
    bool duplicate = false;
    std::string fallback_id;  ///< for a command without id: so a replay submits the same one again
    proto::WallTime received_at{};
};

inline constexpr std::size_t kMaxIngressTopicBytes = 65535;
inline constexpr std::size_t kMaxIngressPayloadBytes = std::size_t{512} * 1024;
inline constexpr std::size_t kMaxIngressCorrelationBytes = 65535;
inline constexpr std::size_t kMaxIngressUserProperties = 256;
inline constexpr std::size_t kMaxIngressPropertyBytes = 65535;
inline constexpr std::size_t kMaxIngressFallbackIdBytes = 64;

/// The bytes of a record for the ingress log. Values beyond the bounds above make bytes that
/// decode_ingress refuses: cut a payload first (it is too large for a command anyway).
[[nodiscard]] std::string encode_ingress(const IngressRecord& record);

/// Strict: known version and flags only, every length within its bound, no byte left over.
/// The error says what is wrong.
[[nodiscard]] tl::expected<IngressRecord, std::string> decode_ingress(std::string_view bytes);

}  // namespace dm::store
