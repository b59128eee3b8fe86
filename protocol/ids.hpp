#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace dm::proto {

/// Why a text is not an id. `what()` gives the sentence for the sender.
enum class IdProblem { empty, too_long, bad_first_character, bad_character };

[[nodiscard]] std::string_view what(IdProblem problem);

/// A device id: `[A-Za-z0-9][A-Za-z0-9._:@-]{0,63}`.
///
/// The grammar excludes everything that means something in an MQTT topic or filter
/// (`/ + # $` and NUL), so a DeviceId may be put into a topic without further checks.
class DeviceId {
public:
    static constexpr std::size_t kMaxLength = 64;

    [[nodiscard]] static tl::expected<DeviceId, IdProblem> parse(std::string_view text);

    [[nodiscard]] const std::string& str() const { return text_; }

    friend bool operator==(const DeviceId& a, const DeviceId& b) { return a.text_ == b.text_; }

    friend bool operator!=(const DeviceId& a, const DeviceId& b) { return a.text_ != b.text_; }

    friend bool operator<(const DeviceId& a, const DeviceId& b) { return a.text_ < b.text_; }

private:
    explicit DeviceId(std::string_view text) : text_(text) {}

    std::string text_;
};

/// A channel, stream, group, user or node name: `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`.
class Name {
public:
    static constexpr std::size_t kMaxLength = 64;

    [[nodiscard]] static tl::expected<Name, IdProblem> parse(std::string_view text);

    [[nodiscard]] const std::string& str() const { return text_; }

    friend bool operator==(const Name& a, const Name& b) { return a.text_ == b.text_; }

    friend bool operator!=(const Name& a, const Name& b) { return a.text_ != b.text_; }

    friend bool operator<(const Name& a, const Name& b) { return a.text_ < b.text_; }

private:
    explicit Name(std::string_view text) : text_(text) {}

    std::string text_;
};

/// A command's id as its publisher chose it: 1–64 printable characters, that is valid UTF-8 of
/// 1–64 code points without C0/C1 controls. Unique per device, not globally.
inline constexpr std::size_t kMaxCommandIdCharacters = 64;
[[nodiscard]] tl::expected<void, IdProblem> check_command_id(std::string_view text);

/// An id that names a command which exists already (`ack`, `reply`, cancel, `after`). Longer than
/// a chosen one: a broadcast command's id is `<id>.<device>`.
inline constexpr std::size_t kMaxCommandReferenceCharacters =
    kMaxCommandIdCharacters + 1 + DeviceId::kMaxLength;
[[nodiscard]] tl::expected<void, IdProblem> check_command_reference(std::string_view text);

/// Whether `text` is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, ≤ U+10FFFF).
[[nodiscard]] bool is_utf8(std::string_view text);

/// Bytes of the well-formed UTF-8 sequence that starts at `at` (< text.size()); 0 if there is none.
[[nodiscard]] std::size_t utf8_sequence_at(std::string_view text, std::size_t at);

/// Number of code points; `text` must be well-formed.
[[nodiscard]] std::size_t utf8_length(std::string_view text);

}  // namespace dm::proto

template <>
struct std::hash<dm::proto::DeviceId> {
    std::size_t operator()(const dm::proto::DeviceId& id) const noexcept {
        return std::hash<std::string>{}(id.str());
    }
};

template <>
struct std::hash<dm::proto::Name> {
    std::size_t operator()(const dm::proto::Name& name) const noexcept {
        return std::hash<std::string>{}(name.str());
    }
};
