// The lines of a history; the scripts write them.

#include "device-mgmt/store/history.hpp"

#include "device-mgmt/redis/codec.hpp"
#include "device-mgmt/redis/reply.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace dm::redis {

namespace {

/// Cuts the next word off the front of a line.
std::string_view next_word(std::string_view& line) {
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(line.size(), word.size() + 1));
    return word;
}

template <class Number>
Number stored_number(std::string_view text) {
    Number value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) {
        throw Damaged("Redis holds an unreadable history");
    }
    return value;
}

std::string unescape(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out.push_back(text[i]);
            continue;
        }
        ++i;
        out.push_back(text[i] == 'n' ? '\n' : text[i]);
    }
    return out;
}

}  // namespace

std::string escape_detail(std::string_view detail) {
    std::string out;
    for (const char c : detail) {
        if (c == '\n') {
            out += "\\n";
        } else if (c == '\\') {
            out += "\\\\";
        } else {
            out.push_back(c);
        }
    }
    return out;
}

std::vector<store::HistoryEntry> parse_history(std::string_view text) {
    std::vector<store::HistoryEntry> steps;
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (line.empty()) {
            continue;
        }
        store::HistoryEntry step{};
        step.at = store::from_ms(stored_number<std::int64_t>(next_word(line)));
        step.state = stored_state(next_word(line));
        step.attempt = stored_number<std::uint32_t>(next_word(line));
        step.node = next_word(line);
        step.detail = unescape(line);
        steps.push_back(std::move(step));
    }
    return steps;
}

}  // namespace dm::redis
