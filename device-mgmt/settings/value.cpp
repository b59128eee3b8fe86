#include "device-mgmt/settings/value.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace dm::settings {

namespace {

constexpr std::array<std::string_view, 5> kDescriptions{
    "true or false", "an integer", "a number", "a text", "a list of texts"};

template <class Number>
tl::expected<Value, std::string> parse_number(Type type, std::string_view text) {
    Number number{};
    const char* end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, number);
    if (problem == std::errc::result_out_of_range) {
        return tl::unexpected(std::string{"is out of range"});
    }
    if (problem != std::errc{} || stop != end) {
        return tl::unexpected(fmt::format("must be {}", description(type)));
    }
    return Value{number};
}

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> items;
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        std::string_view item = text.substr(0, comma);
        text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
        const std::size_t first = item.find_first_not_of(' ');
        if (first != std::string_view::npos) {
            item = item.substr(first, item.find_last_not_of(' ') - first + 1);
            items.emplace_back(item);
        }
    }
    return items;
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
            fmt::format_to(std::back_inserter(out), "\\u{:04X}", static_cast<unsigned>(c));
        } else {
            out += c;
        }
    }
    out += '"';
    return out;
}

struct ToToml {
    std::string operator()(bool value) const { return value ? "true" : "false"; }

    std::string operator()(std::int64_t value) const { return fmt::to_string(value); }

    std::string operator()(double value) const {
        std::string out = fmt::to_string(value);
        const bool looks_integer = out.find_first_of(".e") == std::string::npos;
        return looks_integer ? out + ".0" : out;
    }

    std::string operator()(const std::string& value) const { return quoted(value); }

    std::string operator()(const std::vector<std::string>& values) const {
        std::string out = "[";
        for (const std::string& value : values) {
            out += out.size() > 1 ? ", " : "";
            out += quoted(value);
        }
        return out + "]";
    }
};

}  // namespace

Type type_of(const Value& value) {
    return static_cast<Type>(value.index());
}

std::string_view description(Type type) {
    return kDescriptions.at(static_cast<std::size_t>(type));
}

tl::expected<Value, std::string> parse_value(Type type, std::string_view text) {
    switch (type) {
        case Type::boolean:
            if (text != "true" && text != "false") {
                return tl::unexpected(std::string{"must be true or false"});
            }
            return Value{text == "true"};
        case Type::integer:
            return parse_number<std::int64_t>(type, text);
        case Type::number: {
            auto number = parse_number<double>(type, text);
            if (number && !std::isfinite(std::get<double>(*number))) {
                return tl::unexpected(std::string{"must be a finite number"});
            }
            return number;
        }
        case Type::list:
            return Value{split(text)};
        case Type::text:
            break;
    }
    return Value{std::string{text}};
}

tl::expected<Value, std::string> coerce(Type type, Value value) {
    if (type == Type::number && std::holds_alternative<std::int64_t>(value)) {
        return Value{static_cast<double>(std::get<std::int64_t>(value))};
    }
    if (type_of(value) != type) {
        return tl::unexpected(
            fmt::format("must be {}, not {}", description(type), description(type_of(value))));
    }
    if (type == Type::number && !std::isfinite(std::get<double>(value))) {
        return tl::unexpected(std::string{"must be a finite number"});
    }
    return value;
}

std::string to_toml(const Value& value) {
    return std::visit(ToToml{}, value);
}

}  // namespace dm::settings
