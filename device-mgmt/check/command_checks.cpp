#include "device-mgmt/check/command_checks.hpp"

#include "protocol/ids.hpp"
#include "protocol/json_equal.hpp"
#include "protocol/json_writer.hpp"

#include <algorithm>
#include <variant>

#include <fmt/format.h>

namespace dm::check {
namespace {

constexpr Check kAnswered{"answers a command",
                          "From the device",
                          "a reply with the same id",
                          "Send {\"type\":\"reply\",\"id\":…,\"status\":\"ok\"} with the id of the "
                          "command, as a string."};
constexpr Check kRepeated{
    "answers a repeated id from memory",
    "From the server",
    "the same status, data and time again",
    "Remember the ids you have executed with their replies; a command that comes a second time is "
    "answered with that reply and not executed."};
constexpr Check kUnknownType{"ignores frames of an unknown type",
                             "Frames",
                             "stays connected and answers the next command",
                             "A later server may send types you do not know: skip them."};
constexpr Check kUnknownFields{"ignores unknown fields",
                               "Frames",
                               "answers a command with additional fields",
                               "A later server may add fields: read the ones you know."};
constexpr Check kUnknownCommand{
    "answers an unknown command",
    "From the device",
    "a reply, best with status rejected",
    "A command that you cannot execute needs a reply too, else its operator waits for the "
    "time-out."};
constexpr Check kLongId{"keeps a long id",
                        "Limits of frames",
                        "129 characters come back unchanged",
                        "The id of a broadcast command is <id>.<device>: up to 129 characters."};
constexpr Check kOddId{"keeps any id",
                       "Limits of frames",
                       "quotes, spaces and non-ASCII come back unchanged",
                       "Ids are any printable characters: escape them as JSON demands."};
constexpr Check kLargeArgs{"reads a large command",
                           "Limits of frames",
                           "answers a command with 60,000 bytes of args",
                           "A message may have 65,536 bytes; one that does not fit into your "
                           "buffer must not cost the connection. Fragments belong together."};
constexpr Check kWindow{"answers many commands at once",
                        "Sending a command",
                        "one reply for each of 16",
                        "The server sends up to commands.window (16) commands without waiting for "
                        "replies: queue them, or answer each before you read the next."};
constexpr Check kWellFormed{"sends well-formed frames",
                            "Frames",
                            "every frame can be read",
                            "Ten bad frames in a minute close the session with 1008."};
constexpr Check kOwnIds{"replies to what was sent",
                        "From the device",
                        "only ids of commands that came",
                        "A reply or ack with another id is answered with reply_ack unknown."};

constexpr std::size_t kWindowSize = 16;
constexpr std::size_t kLargeArgsBytes = 60000;

std::string seen_of(const Answer& answer) {
    return fmt::format("status {} after {} ms", answer.reply.status, answer.after.count());
}

void record(DeviceCheck& check, const Check& row, const std::optional<Answer>& answer) {
    check.table().add(row, answer.has_value(), answer ? seen_of(*answer) : check.silence());
    if (answer) {
        check.acknowledge(answer->reply.id);
    }
}

bool same_data(const std::optional<proto::JsonText>& a, const std::optional<proto::JsonText>& b) {
    return a.has_value() == b.has_value() && (!a || proto::equal_json(*a, *b));
}

std::string difference(const proto::Reply& first, const proto::Reply& second) {
    if (first.status != second.status) {
        return fmt::format("status {} became {}", first.status, second.status);
    }
    if (!same_data(first.data, second.data)) {
        return fmt::format(
            "data {} became {}", first.data.value_or("(none)"), second.data.value_or("(none)"));
    }
    return first.time == second.time ? "" : "the time differs: executed again?";
}

void check_repetition(DeviceCheck& check) {
    const auto id = check.new_id();
    const auto first = check.ask(check.command(id));
    record(check, kAnswered, first);
    if (!first) {
        return check.table().add(kRepeated, Verdict::skipped, "there was no first reply");
    }
    const auto second = check.ask(check.command(id, 2));
    const auto problem = second ? difference(first->reply, second->reply) : check.silence();
    check.table().add(kRepeated, problem.empty(), problem.empty() ? seen_of(*second) : problem);
    check.acknowledge(id);
}

void check_unknown_type(DeviceCheck& check) {
    check.peer().send_object(R"({"type":"check_future","id":"x","data":{"a":[1,null,true]}})");
    record(check, kUnknownType, check.ask(check.command(check.new_id())));
}

void check_unknown_fields(DeviceCheck& check) {
    const auto frame = check.command(check.new_id());
    auto object = proto::encode(proto::Format::json, proto::ServerFrame{frame});
    object.insert(1, R"("future":{"type":"reply","id":7},"priority":3,)");
    const std::size_t first = check.peer().arrivals().size();
    check.peer().send_object(object);
    record(check, kUnknownFields, check.await_reply(frame.id, first));
}

void check_unknown_command(DeviceCheck& check) {
    auto frame = check.command(check.new_id());
    frame.command = "check.no-such-command";
    record(check, kUnknownCommand, check.ask(frame));
}

void check_ids(DeviceCheck& check) {
    const std::string longest =
        "check-" + std::string(proto::kMaxCommandReferenceCharacters - 6, 'x');
    check.expect_id(longest);
    record(check, kLongId, check.ask(check.command(longest)));
    const std::string odd = "check \"\\/ \xC3\xA4\xE2\x9C\x93 \xF0\x9F\x94\x8C";
    check.expect_id(odd);
    record(check, kOddId, check.ask(check.command(odd)));
}

void check_large_args(DeviceCheck& check) {
    auto frame = check.command(check.new_id());
    frame.args = proto::JsonWriter{}.text("filler", std::string(kLargeArgsBytes, 'x')).take();
    record(check, kLargeArgs, check.ask(frame));
}

void check_window(DeviceCheck& check) {
    std::vector<std::string> ids;
    const std::size_t first = check.peer().arrivals().size();
    for (std::size_t i = 0; i < kWindowSize; ++i) {
        ids.push_back(check.new_id());
        check.peer().send(check.command(ids.back()));
    }
    std::size_t answered = 0;
    for (const auto& id : ids) {
        answered += check.await_reply(id, first) ? 1U : 0U;
        check.acknowledge(id);
    }
    check.table().add(
        kWindow, answered == kWindowSize, fmt::format("{} of {} answered", answered, kWindowSize));
}

/// The id that a frame refers to, if it is one that must have been sent.
const std::string* reference_of(const proto::DeviceFrame& frame) {
    if (const auto* reply = std::get_if<proto::Reply>(&frame)) {
        return &reply->id;
    }
    const auto* ack = std::get_if<proto::Ack>(&frame);
    return ack != nullptr ? &ack->id : nullptr;
}

}  // namespace

bool check_commands(DeviceCheck& check) {
    using Scenario = void (*)(DeviceCheck&);
    for (const Scenario scenario : {check_repetition,
                                    check_unknown_type,
                                    check_unknown_fields,
                                    check_unknown_command,
                                    check_ids,
                                    check_large_args,
                                    check_window}) {
        if (!check.peer().is_open() && !check.next_session(kLongestReturn)) {
            return false;
        }
        scenario(check);
    }
    return check.peer().is_open() || check.next_session(kLongestReturn);
}

void check_frames(DeviceCheck& check) {
    std::size_t frames = 0;
    std::size_t bad = 0;
    std::size_t foreign = 0;
    std::string first_bad;
    std::string first_foreign;
    for (const auto& session : check.gate().sessions()) {
        for (const Arrival& arrival : session->arrivals()) {
            ++frames;
            if (!arrival.frame) {
                first_bad = bad++ == 0 ? arrival.problem : first_bad;
                continue;
            }
            const auto* id = reference_of(*arrival.frame);
            if (id != nullptr && !check.was_sent(*id)) {
                first_foreign = foreign++ == 0 ? *id : first_foreign;
            }
        }
    }
    check.table().add(kWellFormed,
                      bad == 0,
                      bad == 0 ? fmt::format("{} frames", frames)
                               : fmt::format("{} of {}; the first: {}", bad, frames, first_bad));
    check.table().add(
        kOwnIds,
        foreign == 0,
        foreign == 0 ? "all of them" : fmt::format("{}; the first: {}", foreign, first_foreign));
}

}  // namespace dm::check
