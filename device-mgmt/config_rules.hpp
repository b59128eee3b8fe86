#pragma once

#include "device-mgmt/config.hpp"
#include "device-mgmt/settings/table.hpp"
#include "device-mgmt/settings/text_rules.hpp"

namespace dm::rules {

using settings::broker_url;
using settings::ip_address;
using settings::is_loopback;
using settings::node_name;
using settings::node_url;
using settings::origin;
using settings::topic_filter;
using settings::topic_prefix;

/// The rules between keys.
void check_all(const Config& config, settings::Checks& checks);

}  // namespace dm::rules
