#pragma once

#include "device-mgmt/settings/table.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace dm::sim {

/// `firmware-sim callers`, as given; see the texts in callers_options.cpp.
struct CallersOptions {
    std::vector<std::string> urls;
    std::string token;
    std::size_t callers = 100;
    double duration_s = 30;
    double pause_s = 5;
    double ramp_s = 5;
    std::size_t devices = 1;
    std::string prefix = "sim-";
    std::size_t first = 0;
    std::string command = "get_state";
    std::int64_t timeout_s = 30;
    std::int64_t ttl_s = 60;
    double grace_s = 10;
    bool wait = false;
    std::vector<std::string> pids;
    std::string json;
};

/// Fills `options` from flags, environment and file.
[[nodiscard]] tl::expected<void, settings::Exit> load(CallersOptions& options,
                                                      const settings::Sources& sources);

/// Host and port of `http://host:port`.
struct HttpTarget {
    std::string host;
    std::string port;
};

[[nodiscard]] tl::expected<HttpTarget, std::string> parse_http_url(const std::string& url);

}  // namespace dm::sim
