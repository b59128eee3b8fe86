#pragma once

#include "device-mgmt/config.hpp"
#include "device-mgmt/settings/table.hpp"

namespace dm {

/// Binds every key to its field in `config`, whose present values become the defaults.
void add_keys(settings::Table& table, Config& config);

}  // namespace dm
