#include "protocol/ids.hpp"

#include <algorithm>
#include <optional>

namespace dm::proto {

namespace {

// <cctype> depends on the locale; the grammar is ASCII.
constexpr bool is_alphanumeric(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

std::optional<IdProblem> check_name(std::string_view text,
                                    std::size_t max_length,
                                    std::string_view punctuation) {
    if (text.empty()) {
        return IdProblem::empty;
    }
    if (text.size() > max_length) {
        return IdProblem::too_long;
    }
    if (!is_alphanumeric(text.front())) {
        return IdProblem::bad_first_character;
    }
    const bool clean = std::all_of(text.begin(), text.end(), [&](char c) {
        return is_alphanumeric(c) || punctuation.find(c) != std::string_view::npos;
    });
    return clean ? std::nullopt : std::optional{IdProblem::bad_character};
}

/// A lead byte's sequence: how many continuation bytes follow, and the range of the first of them
/// (RFC 3629 section 4); the others are 80…BF.
struct Sequence {
    std::size_t following;
    unsigned char low;
    unsigned char high;
};

std::optional<Sequence> sequence_of(unsigned char lead) {
    if (lead < 0x80) {
        return Sequence{0, 0, 0};
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
        return Sequence{1, 0x80, 0xBF};
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        // E0 would start an overlong form, ED a surrogate.
        return Sequence{2,
                        static_cast<unsigned char>(lead == 0xE0 ? 0xA0 : 0x80),
                        static_cast<unsigned char>(lead == 0xED ? 0x9F : 0xBF)};
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        // F0 would start an overlong form, F4 something beyond U+10FFFF.
        return Sequence{3,
                        static_cast<unsigned char>(lead == 0xF0 ? 0x90 : 0x80),
                        static_cast<unsigned char>(lead == 0xF4 ? 0x8F : 0xBF)};
    }
    return std::nullopt;
}

/// Whether well-formed UTF-8 contains a C0 control, DEL or a C1 control (U+0080…U+009F).
bool has_control(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x20 || byte == 0x7F) {
            return true;
        }
        if (byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
            return true;
        }
    }
    return false;
}

}  // namespace

std::string_view what(IdProblem problem) {
    switch (problem) {
        case IdProblem::empty:
            return "is empty";
        case IdProblem::too_long:
            return "is too long";
        case IdProblem::bad_first_character:
            return "must start with a letter or digit";
        case IdProblem::bad_character:
            return "contains a character that is not allowed";
    }
    return "is not valid";
}

tl::expected<DeviceId, IdProblem> DeviceId::parse(std::string_view text) {
    if (const auto problem = check_name(text, kMaxLength, "._:@-")) {
        return tl::unexpected(*problem);
    }
    return DeviceId(text);
}

tl::expected<Name, IdProblem> Name::parse(std::string_view text) {
    if (const auto problem = check_name(text, kMaxLength, "._-")) {
        return tl::unexpected(*problem);
    }
    return Name(text);
}

namespace {

tl::expected<void, IdProblem> check_id(std::string_view text, std::size_t max_characters) {
    if (text.empty()) {
        return tl::unexpected(IdProblem::empty);
    }
    if (!is_utf8(text) || has_control(text)) {
        return tl::unexpected(IdProblem::bad_character);
    }
    if (utf8_length(text) > max_characters) {
        return tl::unexpected(IdProblem::too_long);
    }
    return {};
}

}  // namespace

tl::expected<void, IdProblem> check_command_id(std::string_view text) {
    return check_id(text, kMaxCommandIdCharacters);
}

tl::expected<void, IdProblem> check_command_reference(std::string_view text) {
    return check_id(text, kMaxCommandReferenceCharacters);
}

std::size_t utf8_sequence_at(std::string_view text, std::size_t at) {
    const auto sequence = sequence_of(static_cast<unsigned char>(text[at]));
    if (!sequence || text.size() - at <= sequence->following) {
        return 0;
    }
    for (std::size_t i = 1; i <= sequence->following; ++i) {
        const auto byte = static_cast<unsigned char>(text[at + i]);
        const unsigned char low = i == 1 ? sequence->low : 0x80;
        const unsigned char high = i == 1 ? sequence->high : 0xBF;
        if (byte < low || byte > high) {
            return 0;
        }
    }
    return sequence->following + 1;
}

bool is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8_sequence_at(text, at);
        if (length == 0) {
            return false;
        }
        at += length;
    }
    return true;
}

std::size_t utf8_length(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

}  // namespace dm::proto
