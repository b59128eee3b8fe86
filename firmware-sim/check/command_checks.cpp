#include "firmware-sim/check/server_check.hpp"
#include "firmware-sim/operator_link.hpp"
#include "protocol/operator_messages.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

namespace dm::sim {
namespace {

constexpr Check kSends{"sends a command", "From the server", "what the operator published", ""};
constexpr Check kStores{"acknowledges a reply", "From the server", "reply_ack stored", ""};
constexpr Check kTells{
    "tells the operator", "What comes back", "succeeded, with the data as sent", ""};
constexpr Check kDuplicate{
    "acknowledges the same reply again", "From the server", "reply_ack duplicate", ""};
constexpr Check kOnce{
    "does not send an id twice", "Sending a command", "the stored end, no second command", ""};
constexpr Check kConflict{
    "refuses an id with other content", "Sending a command", "rejected id_conflict", ""};
constexpr Check kAgain{"sends an unanswered command again",
                       "From the server",
                       "in the next session, with attempt 2",
                       ""};
constexpr std::array kRows{kSends, kStores, kTells, kDuplicate, kOnce, kConflict, kAgain};

/// Spelled as no library would write it: it must come back so.
constexpr const char* kData = R"({"b": 1.50, "a":[ ]})";

/// An operator at the broker, and the device's session.
class Exchange {
public:
    Exchange(ServerCheck& check, OperatorLink& link, std::string name)
        : check_(check), link_(link), name_(std::move(name)) {}

    void publish(int number, std::string_view command) {
        proto::CommandRequest request;
        request.id = id(number);
        request.command = std::string(command);
        static_cast<void>(
            link_.publish(check_.device().str(), proto::to_json(request), *request.id));
    }

    [[nodiscard]] std::string id(int number) const { return fmt::format("{}-{}", name_, number); }

    /// The next terminal message or rejection of that command.
    [[nodiscard]] std::optional<proto::Outcome> await_end(int number) {
        const auto deadline = read_clock().mono + patience();
        while (read_clock().mono < deadline) {
            for (auto& arrival : link_.await_arrivals(deadline)) {
                auto outcome = proto::parse_outcome(arrival.message.payload);
                if (outcome && outcome->id == id(number) && is_end(outcome->state)) {
                    return *std::move(outcome);
                }
            }
        }
        return std::nullopt;
    }

    [[nodiscard]] bool wait_until_ready() {
        return link_.await_ready(read_clock().mono + patience());
    }

private:
    static bool is_end(const std::string& state) {
        const auto known = proto::parse_command_state(state);
        return state == "rejected" || (known && proto::is_terminal(*known));
    }

    [[nodiscard]] std::chrono::milliseconds patience() const {
        return std::chrono::milliseconds{
            static_cast<std::int64_t>(check_.options().patience_s * 1000)};
    }

    ServerCheck& check_;
    OperatorLink& link_;
    std::string name_;
};

std::string told(const std::optional<proto::Outcome>& outcome) {
    if (!outcome) {
        return "nothing in time";
    }
    return outcome->error ? fmt::format("{} {}", outcome->state, outcome->error->code)
                          : outcome->state;
}

void check_round_trip(ServerCheck& check, Exchange& exchange, Probe& probe) {
    exchange.publish(1, "check.command");
    const auto command = probe.await<proto::CommandFrame>();
    check.table().add(kSends,
                      command && command->id == exchange.id(1) && command->attempt == 1 &&
                          command->command == "check.command",
                      probe.seen());
    const proto::Reply reply{exchange.id(1), "ok", kData, {}, {}};
    probe.send(reply);
    auto ack = probe.await<proto::ReplyAck>();
    check.table().add(kStores, ack && ack->result == proto::ReplyResult::stored, probe.seen());
    const auto outcome = exchange.await_end(1);
    check.table().add(
        kTells, outcome && outcome->state == "succeeded" && outcome->data == kData, told(outcome));
    probe.send(reply);
    ack = probe.await<proto::ReplyAck>();
    check.table().add(
        kDuplicate, ack && ack->result == proto::ReplyResult::duplicate, probe.seen());
}

void check_identity_of_commands(ServerCheck& check, Exchange& exchange, Probe& probe) {
    exchange.publish(1, "check.command");
    const auto outcome = exchange.await_end(1);
    probe.send(proto::Heartbeat{});
    // Had it been sent, it would be here before the answer.
    static_cast<void>(probe.await<proto::HeartbeatAnswer>());
    const auto sent = probe.received("command");
    check.table().add(kOnce,
                      outcome && outcome->state == "succeeded" && sent == 1,
                      sent == 1 ? told(outcome) : fmt::format("sent {} times", sent));
    exchange.publish(1, "check.another-command");
    const auto refused = exchange.await_end(1);
    check.table().add(kConflict,
                      refused && refused->error && refused->error->code == "id_conflict",
                      told(refused));
}

void check_redelivery(ServerCheck& check, Exchange& exchange, Probe& probe) {
    exchange.publish(2, "check.command");
    if (!probe.await<proto::CommandFrame>()) {
        return check.table().add(kAgain, false, probe.seen());
    }
    probe.leave();
    auto session = check.session(kAgain);
    if (!session) {
        return;
    }
    const auto again = session->probe->await<proto::CommandFrame>();
    check.table().add(kAgain,
                      again && again->id == exchange.id(2) && again->attempt == 2,
                      again ? fmt::format("attempt {}", again->attempt) : session->probe->seen());
    session->probe->send(proto::Reply{exchange.id(2), "ok", {}, {}, {}});
    static_cast<void>(session->probe->await<proto::ReplyAck>());
    session->probe->leave();
}

void skip_all(ServerCheck& check, std::string_view why) {
    for (const Check& row : kRows) {
        check.table().add(row, Verdict::skipped, why);
    }
}

}  // namespace

void check_commands(ServerCheck& check) {
    if (check.options().broker.broker.empty()) {
        return skip_all(check, "--broker is not given");
    }
    const auto name = fmt::format("check-{:x}-{:x}",
                                  read_clock().wall.time_since_epoch().count(),
                                  static_cast<unsigned>(getpid()));
    OperatorLink link{check.options().broker, name};
    link.start();
    Exchange exchange{check, link, name};
    if (exchange.wait_until_ready()) {
        if (auto session = check.session(kSends)) {
            check_round_trip(check, exchange, *session->probe);
            check_identity_of_commands(check, exchange, *session->probe);
            check_redelivery(check, exchange, *session->probe);
        }
    } else {
        check.table().add(kSends, false, "no connection to the broker: " + link.take_trouble());
    }
    link.stop();
}

}  // namespace dm::sim
