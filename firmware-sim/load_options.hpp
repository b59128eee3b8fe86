#pragma once

#include "device-mgmt/settings/table.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

#include <tl/expected.hpp>

namespace dm::sim {

/// `firmware-sim load`, as given; see the texts in load_options.cpp.
struct LoadOptions {
    std::string broker;
    std::string broker_prefix = "dm";
    std::string username;
    std::string password;
    std::string ca;

    std::string rate = "0";
    double duration_s = 0;
    std::uint64_t commands = 0;
    std::size_t window = 0;  ///< 0: kClosedWindow, or kOpenWindow with a rate

    std::size_t devices = 1;
    std::string prefix = "sim-";
    std::size_t first = 0;
    std::string command = "get_state";
    std::string args = "{}";
    std::int64_t timeout_s = 30;
    std::int64_t ttl_s = 60;
    std::string name;
    bool response_topic = false;
    bool report_states = false;

    bool repeat_until_accepted = true;
    double repeat_after_s = 5;
    std::uint64_t triple_every = 0;
    double grace_s = 5;
    double linger_s = 0.5;
    bool allow_rejected = false;
    bool allow_unanswered = false;
    bool allow_failed = true;
    std::string history;
    std::string json;
};

/// Commands outstanding at most: without a rate it is the pace, with one it bounds the memory.
inline constexpr std::size_t kClosedWindow = 64;
inline constexpr std::size_t kOpenWindow = 20'000;

/// Fills `options` from flags, environment and file.
[[nodiscard]] tl::expected<void, settings::Exit> load(LoadOptions& options,
                                                      const settings::Sources& sources);

}  // namespace dm::sim
