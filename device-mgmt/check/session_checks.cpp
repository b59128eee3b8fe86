#include "device-mgmt/check/session_checks.hpp"

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include <fmt/format.h>

namespace dm::check {
namespace {

using std::chrono::milliseconds;

constexpr Check kConnects{
    "connects",
    "Connecting",
    "proves its identity and gets in",
    "The path is /v1/device, the subprotocol dm.v1.json or dm.v1.cbor, and no "
    "Origin; see Identity for the three ways to prove who you are."};
constexpr Check kHeartbeat{"shows life",
                           "Liveness",
                           "a frame or ping every heartbeat_s",
                           "Send {\"type\":\"heartbeat\"} every heartbeat_s seconds as told in "
                           "welcome, also when nothing else happens."};
constexpr Check kDrain{"stays away as told by a drain",
                       "Close codes",
                       "returns after 1012, not before retry_after_ms",
                       "Wait for the retry_after_ms of the reconnect frame and the close reason, "
                       "counted from the close; then connect."};
constexpr Check kRepeatsReply{"repeats a reply until reply_ack",
                              "From the server",
                              "the unacknowledged reply comes again after the reconnect",
                              "Keep each reply until its reply_ack, and send what you kept after "
                              "the welcome of the next session."};
constexpr Check kOverloaded{"stays away as told by a close",
                            "Close codes",
                            "returns after 1013, not before retry_after_ms",
                            "The reason of a close is `<word> retry_after_ms=N`: wait so long even "
                            "when no reconnect frame came before."};
constexpr Check kRefused{"stays away as told by Retry-After",
                         "Connecting",
                         "returns after 503, not before Retry-After",
                         "429 and 503 carry Retry-After in seconds: wait so long."};
constexpr Check kRenewal{"renews its token",
                         "From the device",
                         "a new token before the old one ends",
                         "Send {\"type\":\"token\",\"jwt\":…} with the same sub before the "
                         "expires_at of welcome or token_ok."};
constexpr Check kReset{"returns after a lost connection",
                       "Liveness",
                       "is back within a minute",
                       "Reconnect for ever, with full jitter between 0 and a bound that doubles "
                       "from 1 s to 60 s."};
constexpr Check kReplaced{"returns after a take-over",
                          "Close codes",
                          "is back within a minute after 4001",
                          "4001 means that a newer session of the same id exists, often one's own "
                          "after a lost connection: back off and connect again."};
constexpr Check kSilence{"notices a silent server",
                         "Liveness",
                         "drops the connection within 4 × heartbeat_s",
                         "Every heartbeat is answered. When nothing has come for 2.5 × heartbeat_s "
                         "drop the connection and make a new one."};
constexpr Check kBackoff{"backs off",
                         "Connecting",
                         "does not hammer a server that refuses it",
                         "Wait a random time between 0 and a bound that doubles with each failure, "
                         "from 1 s to 60 s."};

constexpr std::size_t kRefusals = 8;
/// So many attempts in so short a time are not made by one who waits at random, up to 1, 2, 4 … s:
/// that happens once in a hundred million.
constexpr milliseconds kHammering{2000};
/// Timers may be this early.
constexpr milliseconds kEarly{50};

std::string seconds_text(core::Duration duration) {
    return fmt::format("{:.1f} s", std::chrono::duration<double>(duration).count());
}

std::string refusals(const Gate& gate) {
    const auto& attempts = gate.attempts();
    return attempts.empty() ? "no attempt at all"
                            : fmt::format("{} attempts, the last one {}: {}",
                                          attempts.size(),
                                          attempts.back().status,
                                          attempts.back().why);
}

std::string way_in(const Peer& peer) {
    return fmt::format(
        "{} by {} with {}",
        peer.identity().device.str(),
        auth::word(peer.identity().method),
        peer.format() == proto::Format::json ? proto::kSubprotocolJson : proto::kSubprotocolCbor);
}

/// Waits for the device's next attempt after `since`, which must not come within `hint`.
bool returns(DeviceCheck& check, const Check& row, core::Duration hint) {
    const auto since = core::read_clock().mono;
    const std::size_t before = check.gate().attempts().size();
    const auto& attempts = check.gate().attempts();
    if (!check.wait([&] { return attempts.size() > before; }, hint + kLongestReturn)) {
        check.table().add(
            row, false, fmt::format("no attempt in {}", seconds_text(hint + kLongestReturn)));
        return false;
    }
    const auto after = attempts[before].at - since;
    check.table().add(row, after >= hint - kEarly, fmt::format("after {}", seconds_text(after)));
    return true;
}

/// Closes with a code and says how long to stay away.
void send_away(DeviceCheck& check, proto::CloseCode code, bool announce) {
    const milliseconds retry = check.options().retry;
    if (announce) {
        check.peer().send(proto::Reconnect{"drain", retry, {}});
    }
    check.peer().close(code, proto::close_reason(proto::word(code), retry));
}

bool check_heartbeat(DeviceCheck& check) {
    const auto heartbeat = check.options().heartbeat;
    check.peer().measure_silence(core::read_clock().mono);
    check.wait([&] { return !check.peer().is_open(); }, heartbeat * 5 / 2 + kEarly);
    const auto silence = check.peer().longest_silence(core::read_clock().mono);
    const bool open = check.peer().is_open();
    check.table().add(
        kHeartbeat,
        open && silence <= heartbeat * 3 / 2,
        open ? fmt::format("at most {} of silence", seconds_text(silence)) : check.silence());
    return open || check.next_session(kLongestReturn);
}

bool check_drain(DeviceCheck& check) {
    const auto id = check.new_id();
    const auto answer = check.ask(check.command(id));
    send_away(check, proto::CloseCode::drain, true);
    if (!returns(check, kDrain, check.options().retry) || !check.next_session(kLongestReturn)) {
        return false;
    }
    if (!answer) {
        check.table().add(kRepeatsReply, Verdict::skipped, "there was no reply to repeat");
        return true;
    }
    const auto again = check.await_reply(id);
    const bool same = again && again->reply.status == answer->reply.status;
    check.table().add(kRepeatsReply,
                      same,
                      again ? fmt::format("status {}", again->reply.status) : check.silence());
    check.acknowledge(id);
    return true;
}

bool check_overload(DeviceCheck& check) {
    send_away(check, proto::CloseCode::overloaded, false);
    // Its next attempt is refused, with another way to tell when to come back.
    check.gate().refuse({503, "no room; this is a check", check.options().retry});
    if (!returns(check, kOverloaded, check.options().retry)) {
        return false;
    }
    check.gate().admit_again();
    return returns(check, kRefused, check.options().retry) &&
           check.next_session(kLongestReturn, check.options().token);
}

bool check_renewal(DeviceCheck& check) {
    Peer& peer = check.peer();
    if (peer.identity().method != auth::Method::token) {
        check.table().add(kRenewal, Verdict::skipped, "it has no token");
        return true;
    }
    const proto::Token* token = nullptr;
    const auto renewed = [&] {
        for (const Arrival& arrival : peer.arrivals()) {
            token = arrival.frame ? std::get_if<proto::Token>(&*arrival.frame) : nullptr;
            if (token != nullptr) {
                return true;
            }
        }
        return !peer.is_open();
    };
    check.wait(renewed, check.options().token);
    if (token == nullptr) {
        check.table().add(kRenewal, false, peer.is_open() ? "no token frame" : check.silence());
        return peer.is_open() || check.next_session(kLongestReturn);
    }
    const auto now = core::read_clock().wall;
    const auto identity = check.gate().authenticator().check_token(token->jwt, now);
    if (identity) {
        peer.send(proto::TokenOk{identity->expires_at.value_or(now)});
    } else {
        peer.send(proto::ErrorFrame{proto::FrameError::token_rejected, "not accepted", {}});
    }
    check.table().add(
        kRenewal,
        identity && identity->device == peer.identity().device,
        identity ? "a token of " + identity->device.str()
                 : fmt::format("a token that is not accepted: {}", auth::word(identity.error())));
    return true;
}

bool check_reset(DeviceCheck& check) {
    check.peer().abort();
    return returns(check, kReset, {}) && check.next_session(kLongestReturn);
}

bool check_replaced(DeviceCheck& check) {
    check.peer().close(proto::CloseCode::replaced, proto::word(proto::CloseCode::replaced));
    return returns(check, kReplaced, {}) && check.next_session(kLongestReturn);
}

bool check_silence(DeviceCheck& check) {
    const auto since = core::read_clock().mono;
    const std::size_t pings = check.peer().control_frames();
    Peer& peer = check.peer();
    peer.fall_silent();
    const bool left = check.wait([&] { return !peer.is_open(); }, check.options().heartbeat * 4);
    if (!left && peer.control_frames() > pings) {
        check.table().add(kSilence, Verdict::skipped, "it pings, and pings are answered here");
        return true;
    }
    check.table().add(
        kSilence,
        left,
        left ? fmt::format("after {}", seconds_text(core::read_clock().mono - since)) : "it stays");
    return !left || check.next_session(kLongestReturn);
}

bool check_backoff(DeviceCheck& check) {
    const std::size_t before = check.gate().attempts().size();
    const auto& attempts = check.gate().attempts();
    check.gate().refuse({503, "not now; this is a check", {}});
    check.peer().abort();
    const bool came = check.wait([&] { return attempts.size() > before; }, kLongestReturn);
    const bool hammers =
        check.wait([&] { return attempts.size() >= before + kRefusals; }, kHammering);
    check.gate().admit_again();
    check.table().add(kBackoff,
                      came && !hammers,
                      fmt::format("{} attempts within {} after the first refusal",
                                  attempts.size() - before,
                                  seconds_text(kHammering)));
    return true;
}

struct Scenario {
    bool (*run)(DeviceCheck&);
    std::vector<const Check*> rows;
};

}  // namespace

bool check_connect(DeviceCheck& check) {
    const bool come = check.next_session(check.options().wait);
    check.table().add(
        kConnects,
        come,
        come ? way_in(check.peer())
             : fmt::format(
                   "nobody in {} s; {}", check.options().wait.count(), refusals(check.gate())));
    return come;
}

void check_sessions(DeviceCheck& check) {
    // The order keeps the device's back-off short: sessions that last, and words about when to come
    // back, alternate with failures.
    const std::vector<Scenario> scenarios{
        {check_heartbeat, {&kHeartbeat}},
        {check_drain, {&kDrain, &kRepeatsReply}},
        {check_overload, {&kOverloaded, &kRefused}},
        {check_renewal, {&kRenewal}},
        {check_reset, {&kReset}},
        {check_silence, {&kSilence}},
        {check_replaced, {&kReplaced}},
        {check_backoff, {&kBackoff}},
    };
    bool present = true;
    for (const Scenario& scenario : scenarios) {
        if (present) {
            present = scenario.run(check);
            continue;
        }
        for (const Check* row : scenario.rows) {
            check.table().add(*row, Verdict::skipped, "the device is gone");
        }
    }
}

}  // namespace dm::check
