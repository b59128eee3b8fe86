#include "firmware-sim/check/server_check.hpp"

#include "firmware-sim/run.hpp"

#include <cstdio>
#include <utility>

#include <fmt/format.h>

namespace dm::sim {
namespace {

constexpr Check kReachable{"is reachable",
                           "Connecting",
                           "TCP and TLS",
                           "Check the URL, and with --ca who signed the server's certificate."};

std::chrono::milliseconds patience_of(const ServerCheckOptions& options) {
    return std::chrono::milliseconds{static_cast<std::int64_t>(options.patience_s * 1000)};
}

}  // namespace

ServerCheck::ServerCheck(const ServerCheckOptions& options, RunSetup setup)
    : options_(options),
      setup_(std::move(setup)),
      device_(proto::DeviceId::parse(options.device).value()) {}

std::optional<std::string> ServerCheck::token_of(std::string_view device) const {
    const auto id = proto::DeviceId::parse(device);
    return setup_.credentials && id ? setup_.credentials->authorization(*id, read_clock().wall)
                                    : std::nullopt;
}

std::optional<std::string> ServerCheck::renewal(std::string_view device) const {
    const auto id = proto::DeviceId::parse(device);
    return setup_.credentials && id ? setup_.credentials->renewal(*id, read_clock().wall)
                                    : std::nullopt;
}

Opening ServerCheck::opening() const {
    Opening opening;
    opening.path = setup_.target.path;
    opening.authorization = token_of(device_.str());
    return opening;
}

std::unique_ptr<Probe> ServerCheck::connect(proto::Format format) {
    auto wire = Wire::open(setup_.target, setup_.tls.get(), device_.str(), patience_of(options_));
    if (!wire) {
        trouble_ = wire.error();
        return nullptr;
    }
    return std::make_unique<Probe>(*std::move(wire), format, patience_of(options_));
}

int ServerCheck::status_of(const Opening& opening) {
    constexpr int kSwitching = 101;
    const auto probe = connect();
    if (!probe) {
        return 0;
    }
    const int status = probe->open(opening, setup_.target.host);
    trouble_ = status == 0 ? probe->seen() : fmt::format("{}", status);
    if (status == kSwitching) {
        probe->leave();
    }
    return status;
}

std::optional<Welcomed> ServerCheck::session(const Check& row, proto::Format format) {
    constexpr int kSwitching = 101;
    auto probe = connect(format);
    if (!probe) {
        table_.add(row, false, "no connection: " + trouble_);
        return std::nullopt;
    }
    Opening good = opening();
    if (format == proto::Format::cbor) {
        good.protocols = {std::string{proto::kSubprotocolCbor}};
    }
    if (const int status = probe->open(good, setup_.target.host); status != kSwitching) {
        table_.add(row, false, "no session: " + probe->seen());
        return std::nullopt;
    }
    auto welcome = probe->await<proto::Welcome>();
    if (!welcome) {
        table_.add(row, false, "no welcome: " + probe->seen());
        return std::nullopt;
    }
    return Welcomed{std::move(probe), *std::move(welcome)};
}

int run_server_check(const ServerCheckOptions& options) {
    auto setup = prepare(options.identity);
    if (!setup) {
        for (const auto& problem : setup.error()) {
            fmt::print(stderr, "firmware-sim check: {}\n", problem);
        }
        return kExitUsage;
    }
    ServerCheck check{options, *std::move(setup)};
    if (check.connect()) {
        check.table().add(kReachable, true, "connected");
        check_openings(check);
        check_frames(check);
        check_closes(check);
        check_sessions(check);
        check_commands(check);
    } else {
        check.table().add(kReachable, false, check.trouble());
    }
    fmt::print("\n{}", check.table().text());
    if (!options.json.empty()) {
        if (const auto bad = check::write_file(options.json, check.table().json()); !bad.empty()) {
            fmt::print(stderr, "firmware-sim check: {}\n", bad);
            return kExitFailed;
        }
    }
    return check.table().good() ? kExitOk : kExitFailed;
}

}  // namespace dm::sim
