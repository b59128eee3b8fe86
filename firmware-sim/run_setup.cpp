#include "firmware-sim/run_setup.hpp"

#include "firmware-sim/basic_credentials.hpp"
#include "firmware-sim/mint.hpp"
#include "firmware-sim/resolver.hpp"

#include <fstream>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <sys/resource.h>

namespace dm::sim {
namespace {

/// Descriptors besides the devices': standard streams, event loops, report, resolver.
constexpr std::size_t kOtherFiles = 64;

using Problems = std::vector<std::string>;

Profile simple_profile(const RunOptions& options) {
    Profile profile;
    profile.model = options.model;
    profile.telemetry_period =
        std::chrono::milliseconds{static_cast<std::int64_t>(options.telemetry_s * 1000)};
    profile.reply_delay_max =
        std::chrono::milliseconds{static_cast<std::int64_t>(options.reply_delay_ms)};
    profile.ack = options.ack;
    return profile;
}

void read_scenario(const RunOptions& options, RunSetup& setup, Problems& problems) {
    if (options.scenario.empty()) {
        setup.scenario = Scenario{simple_profile(options)};
        return;
    }
    std::ifstream file{options.scenario};
    if (!file) {
        problems.push_back(fmt::format("{}: cannot be read", options.scenario));
        return;
    }
    const std::string text{std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
    auto scenario = Scenario::parse(text, options.scenario);
    if (scenario) {
        setup.scenario = *std::move(scenario);
    } else {
        problems.insert(problems.end(), scenario.error().begin(), scenario.error().end());
    }
}

void make_credentials(const RunOptions& options, RunSetup& setup, Problems& problems) {
    tl::expected<std::unique_ptr<Credentials>, std::string> credentials{nullptr};
    if (!options.credentials.empty()) {
        credentials = read_basic_credentials(options.credentials);
    } else if (!options.jwt_key.empty() || !options.jwt_secret.empty()) {
        credentials = make_mint({options.jwt_key,
                                 options.jwt_secret,
                                 options.kid,
                                 options.jwt_audience,
                                 options.jwt_issuer,
                                 std::chrono::seconds{options.jwt_lifetime_s}});
    }
    if (credentials) {
        setup.credentials = *std::move(credentials);
    } else {
        problems.push_back(credentials.error());
    }
}

void make_tls(const RunOptions& options, RunSetup& setup, Problems& problems) {
    if (!setup.target.tls) {
        return;
    }
    auto tls =
        ClientTls::make({options.ca, options.insecure, options.client_cert, options.client_key});
    if (tls) {
        setup.tls = *std::move(tls);
    } else {
        problems.push_back(tls.error());
    }
}

void choose_sources(const RunOptions& options, RunSetup& setup, Problems& problems) {
    asio::io_context io;
    const auto server = Resolver{io}.resolve(setup.target, Instant{});
    if (!server) {
        problems.push_back(server.error());
        return;
    }
    auto sources = SourceAddresses::parse(options.source_addresses, server->address());
    if (sources) {
        setup.sources = *std::move(sources);
    } else {
        problems.push_back(fmt::format("--source-addresses {}", sources.error()));
    }
}

}  // namespace

tl::expected<RunSetup, std::vector<std::string>> prepare(const RunOptions& options) {
    RunSetup setup;
    Problems problems;
    if (auto target = parse_target(options.url)) {
        setup.target = *std::move(target);
    } else {
        problems.push_back(fmt::format("--url {}", target.error()));
    }
    read_scenario(options, setup, problems);
    make_credentials(options, setup, problems);
    make_tls(options, setup, problems);
    choose_sources(options, setup, problems);
    if (auto files = allow_open_files(options.devices); !files) {
        problems.push_back(files.error());
    }
    if (!problems.empty()) {
        return tl::unexpected(std::move(problems));
    }
    return setup;
}

tl::expected<void, std::string> allow_open_files(std::size_t devices) {
    const rlim_t needed = devices + kOtherFiles;
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) {
        return {};
    }
    if (limit.rlim_max < needed) {
        return tl::unexpected(
            fmt::format("{} devices need {} open files and this process may have {}: start "
                        "several processes, each with its own --first",
                        devices,
                        needed,
                        limit.rlim_max));
    }
    limit.rlim_cur = limit.rlim_max;
    static_cast<void>(setrlimit(RLIMIT_NOFILE, &limit));
    return {};
}

}  // namespace dm::sim
