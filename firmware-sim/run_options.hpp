#pragma once

#include "device-mgmt/settings/table.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

#include <tl/expected.hpp>

namespace dm::sim {

/// `firmware-sim run`, as given; see the texts in run_options.cpp.
struct RunOptions {
    std::string url;
    std::size_t devices = 1;
    std::string rate = "100/s";
    std::string prefix = "sim-";
    std::size_t first = 0;
    std::string format = "json";
    std::string scenario;
    std::string model = "mixed";
    double telemetry_s = 60;
    double reply_delay_ms = 0;
    bool ack = true;

    std::string credentials;
    std::string jwt_key;
    std::string jwt_secret;
    std::string kid;
    std::string jwt_audience;
    std::string jwt_issuer;
    std::int64_t jwt_lifetime_s = 3600;
    std::string client_cert;
    std::string client_key;
    std::string ca;
    bool insecure = false;
    bool resume_tls = true;

    std::string source_addresses;
    std::size_t threads = 1;
    double duration_s = 0;
    std::string exit_when;
    bool report_states = false;
    bool allow_drops = false;
    double longest_pause_s = 60;
    std::string journal;
    std::string history;
    std::string json;
};

/// Fills `options` from flags, environment and file.
[[nodiscard]] tl::expected<void, settings::Exit> load(RunOptions& options,
                                                      const settings::Sources& sources);

/// The keys that say who devices are and which server to believe; `check` has them, too.
void add_identity_keys(settings::Table& table, RunOptions& options);

/// Blames what does not go together among these keys.
void check_identity_keys(const RunOptions& options, settings::Checks& checks);

/// `--exit-when replies:N`: N; 0 for anything else.
[[nodiscard]] std::uint64_t replies_to_wait_for(const std::string& exit_when);

}  // namespace dm::sim
