#include "firmware-sim/scenario_reader.hpp"

#include "protocol/ids.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace dm::sim {
namespace {

constexpr double kLongestSeconds = 86'400;
constexpr double kLongestDelayMs = 600'000;

std::optional<proto::StreamName> parse_stream(std::string_view text) {
    const auto dot = text.find('.');
    const std::string_view kind = text.substr(0, dot);
    if (dot == std::string_view::npos || (kind != "public" && kind != "private")) {
        return std::nullopt;
    }
    auto name = proto::Name::parse(text.substr(dot + 1));
    if (!name) {
        return std::nullopt;
    }
    return proto::StreamName{kind == "private", *std::move(name)};
}

/// Reads one group's keys and remembers what is wrong.
class GroupReader {
public:
    GroupReader(const std::string& file, std::vector<std::string>& problems)
        : file_(file), problems_(problems) {}

    void read(std::string_view key, const toml::node& node, Group& group) {
        Profile& profile = group.profile;
        if (key == "name") {
            text(key, node, profile.name);
        } else if (key == "share") {
            number(key, node, group.share, std::numeric_limits<double>::min(), 1e9);
        } else if (key == "model") {
            model(key, node, profile.model);
        } else if (key == "firmware") {
            text(key, node, profile.firmware);
        } else if (key == "labels") {
            labels(key, node, profile);
        } else if (key == "subscribe") {
            streams(key, node, profile);
        } else if (key == "telemetry_s") {
            double seconds = 0;
            number(key, node, seconds, 0, kLongestSeconds);
            profile.telemetry_period = std::chrono::milliseconds{static_cast<int>(seconds * 1000)};
        } else if (key == "alert_probability") {
            number(key, node, profile.alert_probability, 0, 1);
        } else if (key == "reply_delay_ms") {
            delay(key, node, profile);
        } else if (key == "reply_loss") {
            number(key, node, profile.reply_loss, 0, 1);
        } else if (key == "error_probability") {
            number(key, node, profile.error_probability, 0, 1);
        } else if (key == "ack") {
            boolean(key, node, profile.ack);
        } else {
            fail(key, node, "is unknown");
        }
    }

private:
    void fail(std::string_view key, const toml::node& node, std::string_view what) {
        problems_.push_back(
            fmt::format("{}:{}: '{}' {}", file_, node.source().begin.line, key, what));
    }

    void text(std::string_view key, const toml::node& node, std::string& into) {
        if (const auto value = node.value_exact<std::string>()) {
            into = *value;
        } else {
            fail(key, node, "must be a text");
        }
    }

    void boolean(std::string_view key, const toml::node& node, bool& into) {
        if (const auto value = node.value_exact<bool>()) {
            into = *value;
        } else {
            fail(key, node, "must be true or false");
        }
    }

    void number(
        std::string_view key, const toml::node& node, double& into, double low, double high) {
        const auto value = node.is_number() ? node.value<double>() : std::nullopt;
        if (value && *value >= low && *value <= high) {
            into = *value;
        } else {
            fail(key, node, fmt::format("must be a number from {:.3g} to {:.10g}", low, high));
        }
    }

    void model(std::string_view key, const toml::node& node, std::string& into) {
        text(key, node, into);
        if (!is_model(into)) {
            fail(key, node, "must be thermostat, lamp, meter, lock or mixed");
        }
    }

    void labels(std::string_view key, const toml::node& node, Profile& profile) {
        const toml::table* table = node.as_table();
        if (table == nullptr) {
            fail(key, node, "must be a table of texts");
            return;
        }
        for (const auto& [label, value] : *table) {
            text(key, value, profile.labels[std::string{label.str()}]);
        }
    }

    void streams(std::string_view key, const toml::node& node, Profile& profile) {
        const toml::array* array = node.as_array();
        const std::size_t count = array == nullptr ? 0 : array->size();
        for (std::size_t i = 0; i < count && count <= proto::kMaxStreamsPerFrame; ++i) {
            const auto name = array->get(i)->value_exact<std::string>();
            auto stream = name ? parse_stream(*name) : std::nullopt;
            if (stream) {
                profile.streams.push_back(*std::move(stream));
            }
        }
        if (array == nullptr || profile.streams.size() != count) {
            fail(key,
                 node,
                 fmt::format("must be a list of at most {} of public.<name>, private.<name>",
                             proto::kMaxStreamsPerFrame));
        }
    }

    void delay(std::string_view key, const toml::node& node, Profile& profile) {
        double low = 0;
        double high = 0;
        const toml::array* range = node.as_array();
        if (range == nullptr) {
            number(key, node, low, 0, kLongestDelayMs);
            high = low;
        } else if (range->size() == 2) {
            number(key, *range->get(0), low, 0, kLongestDelayMs);
            number(key, *range->get(1), high, 0, kLongestDelayMs);
        } else {
            fail(key, node, "must be a number or [min, max]");
        }
        if (high < low) {
            fail(key, node, "must not have min above max");
        }
        profile.reply_delay_min = std::chrono::milliseconds{static_cast<int>(low)};
        profile.reply_delay_max = std::chrono::milliseconds{static_cast<int>(high)};
    }

    const std::string& file_;
    std::vector<std::string>& problems_;
};

}  // namespace

Group read_group(const toml::table& table,
                 const std::string& file,
                 std::vector<std::string>& problems) {
    Group group;
    GroupReader reader{file, problems};
    for (const auto& [key, value] : table) {
        reader.read(key.str(), value, group);
    }
    return group;
}

}  // namespace dm::sim
