#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace dm::redis {

/// What stands in Redis is not what this program writes. Thrown where an answer is read, caught by
/// the store's thread: see StoreEvents::on_fatal.
class Damaged : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// An answer of Redis.
struct Reply {
    enum class Kind { nil, integer, text, status, error, array };

    Kind kind = Kind::nil;
    std::int64_t integer = 0;
    std::string text;  ///< kinds text, status and error
    std::vector<Reply> elements;

    [[nodiscard]] bool is_nil() const { return kind == Kind::nil; }

    [[nodiscard]] bool is_error() const { return kind == Kind::error; }

    [[nodiscard]] bool is(std::string_view word) const {
        return (kind == Kind::text || kind == Kind::status) && text == word;
    }

    /// Element `i`; throws Damaged when there is none.
    [[nodiscard]] const Reply& at(std::size_t i) const {
        if (i >= elements.size()) {
            throw Damaged("an answer of Redis is shorter than expected");
        }
        return elements[i];
    }

    /// An integer, or a text that is one; throws Damaged otherwise.
    [[nodiscard]] std::int64_t number() const;

    [[nodiscard]] std::uint64_t natural() const { return static_cast<std::uint64_t>(number()); }
};

}  // namespace dm::redis
