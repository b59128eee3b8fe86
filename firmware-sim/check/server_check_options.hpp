#pragma once

#include "device-mgmt/settings/table.hpp"
#include "firmware-sim/load_options.hpp"
#include "firmware-sim/run_options.hpp"

#include <string>

#include <tl/expected.hpp>

namespace dm::sim {

/// `firmware-sim check`, as given; see the texts in server_check_options.cpp.
struct ServerCheckOptions {
    RunOptions identity;  ///< url and identity keys only
    LoadOptions broker;   ///< where to reach the broker only
    std::string device = "check-server";
    double patience_s = 5;
    double silence_s = 60;
    std::string json;
};

[[nodiscard]] tl::expected<void, settings::Exit> load(ServerCheckOptions& options,
                                                      const settings::Sources& sources);

}  // namespace dm::sim
