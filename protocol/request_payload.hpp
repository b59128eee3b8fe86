#pragma once

#include "protocol/json_fields.hpp"
#include "protocol/operator_messages.hpp"

#include <string_view>

#include <tl/expected.hpp>

namespace dm::proto {

/// The members of what an operator sent: one JSON object of at most `max_bytes`. They refer to
/// `payload`.
[[nodiscard]] tl::expected<FieldReader, RequestProblem> read_payload(
    std::string_view payload, std::size_t max_bytes = kMaxOperatorPayloadBytes);

}  // namespace dm::proto
