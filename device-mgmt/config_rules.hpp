#pragma once

#include "device-mgmt/config.hpp"
#include "device-mgmt/settings/table.hpp"
#include "device-mgmt/settings/text_rules.hpp"

#include <optional>
#include <string>

namespace dm::rules {

using settings::broker_url;
using settings::ip_address;
using settings::is_loopback;
using settings::node_name;
using settings::node_url;
using settings::origin;
using settings::topic_filter;
using settings::topic_prefix;

/// `store.redis`; empty: none.
[[nodiscard]] std::optional<std::string> redis_url(const std::string& text);

/// A line of `groups.members`.
[[nodiscard]] std::optional<std::string> group_member(const std::string& text);

/// The name of a label that may be the first part of a group's name.
[[nodiscard]] std::optional<std::string> label_name(const std::string& text);

/// The rules between keys.
void check_all(const Config& config, settings::Checks& checks);

}  // namespace dm::rules
