#include "protocol/ids.hpp"
#include "protocol/topics.hpp"

namespace dm::proto {

namespace {

constexpr std::size_t kMaxFilterBytes = 65535;

/// Takes the first level off `rest`; `rest` becomes empty optional after the last one.
std::string_view next_level(std::optional<std::string_view>& rest) {
    const std::size_t slash = rest->find('/');
    const std::string_view level = rest->substr(0, slash);
    if (slash == std::string_view::npos) {
        rest.reset();
    } else {
        rest->remove_prefix(slash + 1);
    }
    return level;
}

}  // namespace

bool filter_matches(std::string_view filter, std::string_view topic) {
    // MQTT 5.0 section 4.7.2: a leading wildcard does not match topics that begin with `$`.
    if (!topic.empty() && topic.front() == '$' && !filter.empty() && filter.front() != '$') {
        return false;
    }
    std::optional<std::string_view> filter_rest = filter;
    std::optional<std::string_view> topic_rest = topic;
    while (filter_rest) {
        const std::string_view wanted = next_level(filter_rest);
        if (wanted == "#") {
            return true;  // also the parent level itself (section 4.7.1.2)
        }
        if (!topic_rest) {
            return false;
        }
        const std::string_view level = next_level(topic_rest);
        if (wanted != "+" && wanted != level) {
            return false;
        }
    }
    return !topic_rest;
}

bool is_valid_filter(std::string_view filter) {
    if (filter.empty() || filter.size() > kMaxFilterBytes || !is_utf8(filter) ||
        filter.find('\0') != std::string_view::npos) {
        return false;
    }
    std::optional<std::string_view> rest = filter;
    while (rest) {
        const std::string_view level = next_level(rest);
        if (level.find_first_of("+#") != std::string_view::npos && level.size() != 1) {
            return false;
        }
        if (level == "#" && rest) {
            return false;
        }
    }
    return true;
}

}  // namespace dm::proto
