#pragma once

#include "protocol/frames.hpp"
#include "protocol/ids.hpp"
#include "protocol/json_reader.hpp"
#include "protocol/time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace dm::proto {

/// One member of an object, or one element of an array (then without name).
struct Field {
    std::string name;
    JsonKind kind = JsonKind::null;
    std::string text;           ///< decoded; kind text only
    std::uint64_t natural = 0;  ///< kind natural only
    std::string_view raw;       ///< the value as it came in, a view into the parsed text
};

/// The members of one JSON object; what is nested in them is checked but not kept.
[[nodiscard]] tl::expected<std::vector<Field>, JsonProblem> read_object(std::string_view text);

/// The elements of one JSON array.
[[nodiscard]] tl::expected<std::vector<Field>, JsonProblem> read_array(std::string_view text);

/// Takes typed values out of the members of an object and remembers the first thing that is wrong
/// with them, in a sentence that names the field. A decoder takes all it needs, then asks
/// `problem()` once. After a problem the values are placeholders.
///
/// `null` is no absent field: it is a value of the wrong kind.
class FieldReader {
public:
    explicit FieldReader(std::vector<Field> fields) : fields_(std::move(fields)) {}

    [[nodiscard]] bool has(std::string_view name) const;

    // Required.
    [[nodiscard]] std::string text(std::string_view name, std::size_t max_bytes);
    [[nodiscard]] std::string characters(std::string_view name, std::size_t max_characters);
    [[nodiscard]] std::string reference(std::string_view name);
    [[nodiscard]] JsonText json(std::string_view name);
    [[nodiscard]] JsonText object(std::string_view name);
    [[nodiscard]] WallTime time(std::string_view name);
    [[nodiscard]] std::uint64_t natural(std::string_view name,
                                        std::uint64_t min,
                                        std::uint64_t max);

    // Empty when absent.
    [[nodiscard]] std::optional<std::string> text_if_any(std::string_view name,
                                                         std::size_t max_bytes);

    /// 1 to `max_characters` code points.
    [[nodiscard]] std::optional<std::string> characters_if_any(std::string_view name,
                                                               std::size_t max_characters);

    /// An id that a command's publisher chooses.
    [[nodiscard]] std::optional<std::string> command_id_if_any(std::string_view name);

    /// The id of a command that exists.
    [[nodiscard]] std::optional<std::string> reference_if_any(std::string_view name);
    [[nodiscard]] std::optional<JsonText> json_if_any(std::string_view name);
    [[nodiscard]] std::optional<JsonText> object_if_any(std::string_view name);
    [[nodiscard]] std::optional<WallTime> time_if_any(std::string_view name);
    [[nodiscard]] std::optional<std::uint64_t> natural_if_any(std::string_view name,
                                                              std::uint64_t min,
                                                              std::uint64_t max);
    [[nodiscard]] std::optional<bool> boolean_if_any(std::string_view name);
    [[nodiscard]] std::optional<DeviceId> device_if_any(std::string_view name);

    // Required, without a placeholder: empty after a problem.
    [[nodiscard]] std::optional<Name> name(std::string_view name);
    [[nodiscard]] std::optional<DeviceId> device(std::string_view name);

    /// The elements of a required array.
    [[nodiscard]] std::vector<Field> array(std::string_view name);

    /// The text of a field that is only wanted for an error message, if it is a valid id.
    [[nodiscard]] std::optional<std::string> id_for_message(std::string_view name) const;

    /// Notes `<name> <what is wrong>` unless something was wrong before.
    void fail(std::string_view name, std::string_view what_is_wrong);

    [[nodiscard]] const std::optional<std::string>& problem() const { return problem_; }

private:
    [[nodiscard]] const Field* find(std::string_view name) const;

    /// The field if it is there and of this kind; notes the problem if it is of another.
    [[nodiscard]] Field* find(std::string_view name,
                              JsonKind kind,
                              std::string_view what_it_must_be);

    template <typename T>
    [[nodiscard]] T required(std::string_view name, std::optional<T> value);

    std::vector<Field> fields_;
    std::optional<std::string> problem_;
};

}  // namespace dm::proto
