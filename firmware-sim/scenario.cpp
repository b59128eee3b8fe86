#include "firmware-sim/scenario.hpp"

#include "firmware-sim/models/model.hpp"
#include "firmware-sim/scenario_reader.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <toml++/toml.h>

namespace dm::sim {

Scenario::Scenario(Profile profile) {
    groups_.push_back({std::move(profile), 1});
}

tl::expected<Scenario, std::vector<std::string>> Scenario::parse(std::string_view text,
                                                                 const std::string& name) {
    toml::table document;
    try {
        document = toml::parse(text, name);
    } catch (const toml::parse_error& error) {
        return tl::unexpected(std::vector<std::string>{
            fmt::format("{}:{}: {}", name, error.source().begin.line, error.description())});
    }
    Scenario scenario;
    std::vector<std::string> problems;
    for (const auto& [key, value] : document) {
        if (key.str() != "group") {
            problems.push_back(
                fmt::format("{}:{}: unknown key '{}'", name, value.source().begin.line, key.str()));
        }
    }
    const toml::array* groups = document["group"].as_array();
    if (groups == nullptr || groups->empty() || !groups->is_array_of_tables()) {
        problems.push_back(fmt::format("{}: has no [[group]]", name));
        return tl::unexpected(std::move(problems));
    }
    for (const toml::node& node : *groups) {
        scenario.groups_.push_back(read_group(*node.as_table(), name, problems));
    }
    if (!problems.empty()) {
        return tl::unexpected(std::move(problems));
    }
    return scenario;
}

const Profile& Scenario::profile_of(std::size_t index, std::size_t devices) const {
    double total = 0;
    for (const auto& group : groups_) {
        total += group.share;
    }
    const double position = (static_cast<double>(index) + 0.5) / static_cast<double>(devices);
    double end = 0;
    for (const auto& group : groups_) {
        end += group.share / total;
        if (position < end) {
            return group.profile;
        }
    }
    return groups_.back().profile;
}

std::string_view model_of(const Profile& profile, std::size_t index) {
    return profile.model == "mixed" ? kModels[index % kModels.size()] : profile.model;
}

bool is_model(std::string_view name) {
    return name == "mixed" || std::find(kModels.begin(), kModels.end(), name) != kModels.end();
}

}  // namespace dm::sim
