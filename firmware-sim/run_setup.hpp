#pragma once

#include "firmware-sim/client_tls.hpp"
#include "firmware-sim/credentials.hpp"
#include "firmware-sim/run_options.hpp"
#include "firmware-sim/scenario.hpp"
#include "firmware-sim/source_addresses.hpp"
#include "firmware-sim/target.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace dm::sim {

/// What a fleet needs, made from files and the network before it starts.
struct RunSetup {
    Target target;
    Scenario scenario{Profile{}};
    SourceAddresses sources;
    std::unique_ptr<ClientTls> tls;            ///< null for ws://
    std::unique_ptr<Credentials> credentials;  ///< null: none but a client certificate
};

/// The errors are sentences, one for each thing that is wrong.
[[nodiscard]] tl::expected<RunSetup, std::vector<std::string>> prepare(const RunOptions& options);

/// Raises the soft limit of open files as far as `devices` need. The error says what to do.
[[nodiscard]] tl::expected<void, std::string> allow_open_files(std::size_t devices);

}  // namespace dm::sim
