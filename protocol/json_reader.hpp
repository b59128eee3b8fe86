#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

/// The one place that parses JSON.
namespace dm::proto {

enum class JsonKind {
    null,
    boolean,
    natural,   ///< an integer 0 … 2^64−1
    negative,  ///< an integer −2^63 … −1
    real,      ///< any other number, also an integer beyond these ranges
    text,
    object,
    array,
};

/// One value that is no container. Views and pointers are valid during the call only.
struct JsonScalar {
    JsonKind kind;
    bool boolean = false;
    std::uint64_t natural = 0;
    std::int64_t negative = 0;
    double real = 0;
    std::string* text = nullptr;  ///< decoded, may be moved from; kind text only
    std::string_view raw = {};    ///< the very bytes, a view into the input
};

/// What a reader of JSON is told, in document order.
class JsonEvents {
public:
    virtual ~JsonEvents() = default;

    /// The member's name, decoded; may be moved from.
    virtual void on_key(std::string& key) = 0;
    virtual void on_scalar(const JsonScalar& value) = 0;

    /// `kind` is object or array.
    virtual void on_begin(JsonKind kind) = 0;

    /// `raw` holds the container's bytes, brackets included.
    virtual void on_end(JsonKind kind, std::string_view raw) = 0;
};

struct JsonProblem {
    std::string message;
};

/// Parses `text`, one JSON value (RFC 8259), in one pass without recursion and without building a
/// tree. Refuses what is not JSON, invalid UTF-8, lone surrogates, numbers beyond a double, a
/// byte order mark, more than kMaxDepth levels, and names that come twice in one object.
[[nodiscard]] tl::expected<void, JsonProblem> read_json(std::string_view text, JsonEvents& events);

}  // namespace dm::proto
