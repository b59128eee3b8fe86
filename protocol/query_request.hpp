#pragma once

#include "protocol/codes.hpp"
#include "protocol/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <tl/expected.hpp>

/// What is asked on the query topic, as values.
namespace dm::proto {

inline constexpr std::size_t kMaxQueryLimit = 500;
inline constexpr std::size_t kDefaultQueryLimit = 100;

/// Above every step's number: they are Unix milliseconds, hardly ever more.
inline constexpr std::uint64_t kMaxSeq = (std::uint64_t{1} << 53U) - 1;

/// One command with its history.
struct CommandQuery {
    std::string id;
    std::optional<DeviceId> device;  ///< absent: whatever device has a command of this id
    std::uint64_t after_seq = 0;     ///< only steps with a higher number
};

/// The commands of one device, a page at a time.
struct CommandsQuery {
    DeviceId device;
    std::optional<CommandState> state;
    std::size_t limit = kDefaultQueryLimit;
    std::optional<std::uint64_t> cursor;
};

struct DeviceQuery {
    DeviceId device;
};

/// The fleet by id, a page at a time.
struct DevicesQuery {
    std::optional<bool> online;
    std::string prefix;
    std::size_t limit = kDefaultQueryLimit;
    std::optional<DeviceId> cursor;  ///< only devices behind this one
};

using Query = std::variant<CommandQuery, CommandsQuery, DeviceQuery, DevicesQuery>;

/// The `query` of a request and of its answer; also the metrics label.
[[nodiscard]] std::string_view type_of(const Query& query);

/// Why a query has no result.
enum class QueryError {
    bad_request,
    too_large,
    not_found,
    busy,         ///< too many queries under way
    unavailable,  ///< the store did not answer
};

[[nodiscard]] std::string_view word(QueryError error);

struct QueryFailure {
    QueryError code;
    std::string message;  ///< names the field if one is wrong
};

[[nodiscard]] tl::expected<Query, QueryFailure> parse_query(std::string_view payload);

}  // namespace dm::proto
