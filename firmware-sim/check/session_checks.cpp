#include "firmware-sim/check/server_check.hpp"

#include <fmt/format.h>

namespace dm::sim {
namespace {

constexpr Check kTakeOver{"lets the newest session win", "Liveness", "the older gets 4001", ""};
constexpr Check kEpoch{"numbers sessions upwards", "From the server", "a higher epoch", ""};
constexpr Check kNewest{"leaves the newest session alone", "Liveness", "it is answered", ""};
constexpr Check kRenewed{"takes a new token", "From the device", "token_ok", ""};
constexpr Check kRejected{
    "refuses another device's token", "From the device", "error token_rejected, no close", ""};
constexpr Check kSilence{"closes a silent session", "Liveness", "4002", ""};

void check_take_over(ServerCheck& check) {
    auto older = check.session(kTakeOver);
    auto newer = older ? check.session(kTakeOver) : std::nullopt;
    if (!newer) {
        return;
    }
    const int code = older->probe->await_close();
    check.table().add(kTakeOver,
                      code == static_cast<int>(proto::CloseCode::replaced),
                      code == 0 ? "it stays open" : older->probe->seen());
    check.table().add(kEpoch,
                      newer->welcome.epoch > older->welcome.epoch,
                      fmt::format("{} after {}", newer->welcome.epoch, older->welcome.epoch));
    newer->probe->send(proto::Heartbeat{});
    const bool answered = newer->probe->await<proto::HeartbeatAnswer>().has_value();
    check.table().add(kNewest, answered, newer->probe->seen());
    newer->probe->leave();
}

void check_renewal(ServerCheck& check) {
    const auto own = check.renewal(check.device().str());
    const auto another = check.renewal("check-server-another");
    if (!own || !another) {
        check.table().add(kRenewed, Verdict::skipped, "the identity is no token");
        check.table().add(kRejected, Verdict::skipped, "the identity is no token");
        return;
    }
    auto session = check.session(kRenewed);
    if (!session) {
        return;
    }
    auto& probe = *session->probe;
    probe.send(proto::Token{*own});
    const bool taken = probe.await<proto::TokenOk>().has_value();
    check.table().add(kRenewed, taken, probe.seen());
    probe.send(proto::Token{*another});
    const auto error = probe.await<proto::ErrorFrame>();
    const auto seen = probe.seen();
    probe.send(proto::Heartbeat{});
    const bool goes_on = probe.await<proto::HeartbeatAnswer>().has_value();
    check.table().add(kRejected,
                      error && error->code == proto::FrameError::token_rejected && goes_on,
                      goes_on ? seen : seen + ", then " + probe.seen());
    probe.leave();
}

void check_silence(ServerCheck& check) {
    if (check.options().silence_s <= 0) {
        return check.table().add(kSilence, Verdict::skipped, "--silence 0");
    }
    auto session = check.session(kSilence);
    if (!session) {
        return;
    }
    const auto patience =
        std::chrono::milliseconds{static_cast<std::int64_t>(check.options().silence_s * 1000)};
    const auto since = read_clock().mono;
    const int code = session->probe->await_close(patience);
    const auto took = std::chrono::duration<double>(read_clock().mono - since).count();
    check.table().add(
        kSilence,
        code == static_cast<int>(proto::CloseCode::heartbeat_missed),
        fmt::format("{} after {:.1f} s", code == 0 ? "it is open" : session->probe->seen(), took));
}

}  // namespace

void check_sessions(ServerCheck& check) {
    check_take_over(check);
    check_renewal(check);
    check_silence(check);
}

}  // namespace dm::sim
