#include "tests/unit/core/dispatcher_bench.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <variant>

namespace dm::test {

using core::SessionRef;

namespace {

void append(std::string& list, const std::string& one) {
    list += (list.empty() ? "" : " ") + one;
}

}  // namespace

DispatcherBench::DispatcherBench(core::DispatchSettings settings)
    : dispatcher(std::move(settings)) {}

core::Submission DispatcherBench::request(std::string_view id) const {
    proto::CommandRequest request;
    request.id = std::string(id);
    request.command = "reboot";
    return {device, std::move(request), {}, std::nullopt, std::nullopt};
}

void DispatcherBench::submit(const core::Submission& submission) {
    std::optional<core::FinishedCommand> known;
    const auto& id = submission.request.id;
    if (id && !dispatcher.holds(key(*id)) && !ends(*id).empty()) {
        known = finished(*id);
    }
    core::Submission arrived = submission;
    if (!id) {
        arrived.fallback_id = "made-" + std::to_string(++made_ids_);
    }
    dispatcher.submit(arrived, known, clock.now());
    take();
}

void DispatcherBench::commit_accepted() {
    while (committed_accepted_ < accepted.size()) {
        const core::CommandKey committed = accepted[committed_accepted_++].command.key;
        dispatcher.stored(committed, clock.now());
        take();
    }
}

void DispatcherBench::commit_marks() {
    while (committed_marks_ < marks.size()) {
        const core::StoreMark committed = marks[committed_marks_++];
        if (committed.awaited) {
            dispatcher.marked(committed.key, clock.now());
            take();
        }
    }
}

void DispatcherBench::go_on() {
    dispatcher.go_on(clock.now());
    take();
}

void DispatcherBench::restore(core::Command command) {
    dispatcher.restore(std::move(command), clock.now());
    take();
}

void DispatcherBench::accept(const core::Submission& submission) {
    submit(submission);
    commit_accepted();
    commit_marks();
}

std::size_t DispatcherBench::commit_ends() {
    const std::size_t before = committed_ends_;
    while (committed_ends_ < finishes.size()) {
        const proto::Terminal& terminal = finishes[committed_ends_++].terminal;
        dispatcher.stored_end({terminal.device, terminal.id});
        take();
    }
    return committed_ends_ - before;
}

void DispatcherBench::attach(SessionRef session) {
    dispatcher.attach(device, session, clock.now());
    take();
}

void DispatcherBench::detach(SessionRef session) {
    dispatcher.detach(device, session, clock.now());
    take();
}

void DispatcherBench::confirm(std::string_view id, bool left) {
    dispatcher.sent(device, last_sending(id).to, id, left, clock.now());
    take();
}

void DispatcherBench::deliver(std::string_view id) {
    accept(id);
    confirm(id);
}

void DispatcherBench::ack(std::string_view id, SessionRef session) {
    dispatcher.acked(device, session, id, clock.now());
    take();
}

bool DispatcherBench::reply(std::string_view id, std::string_view status, SessionRef session) {
    const proto::Reply reply{std::string(id), std::string(status), "{}", std::nullopt, {}};
    const bool held = dispatcher.replied(device, session, reply, clock.now());
    if (!held) {
        const auto known =
            ends(id).empty() ? std::nullopt : std::optional<core::FinishedCommand>(finished(id));
        dispatcher.reply_to_finished(device, session, reply, known, clock.now());
    }
    take();
    return held;
}

void DispatcherBench::writable(SessionRef session) {
    dispatcher.writable(device, session, clock.now());
    take();
}

core::Dispatcher::CancelResult DispatcherBench::cancel(std::string_view id) {
    const auto result = dispatcher.cancel(key(id), clock.now());
    take();
    return result;
}

void DispatcherBench::pass(std::chrono::milliseconds time) {
    clock.advance(time);
    dispatcher.advance(clock.now());
    take();
}

std::string DispatcherBench::sendings() const {
    std::string found;
    for (const core::SendFrame& send : sends) {
        append(found, send.frame.id + "/" + std::to_string(send.frame.attempt));
    }
    return found;
}

const core::SendFrame& DispatcherBench::last_sending(std::string_view id) const {
    const auto it = std::find_if(sends.rbegin(), sends.rend(), [&](const core::SendFrame& send) {
        return send.frame.id == id;
    });
    if (it == sends.rend()) {
        throw std::logic_error("never sent: " + std::string(id));
    }
    return *it;
}

std::string DispatcherBench::states(std::string_view id) const {
    std::string found;
    for (const core::PublishStatus& told : statuses) {
        if (told.status.id == id) {
            append(found, told.status.state);
        }
    }
    return found;
}

std::string DispatcherBench::acknowledged() const {
    std::string found;
    for (const core::AckReply& ack : acks) {
        append(found, ack.ack.id + ":" + std::string(proto::word(ack.ack.result)));
    }
    return found;
}

std::string DispatcherBench::rejected() const {
    std::string found;
    for (const core::PublishRejection& rejection : rejections) {
        append(found,
               rejection.id.value_or("null") + ":" + std::string(proto::word(rejection.code)));
    }
    return found;
}

std::vector<proto::Terminal> DispatcherBench::ends(std::string_view id) const {
    std::vector<proto::Terminal> found;
    for (const core::StoreFinished& end : finishes) {
        if (end.terminal.id == id) {
            found.push_back(end.terminal);
        }
    }
    return found;
}

proto::Terminal DispatcherBench::the_end(std::string_view id) const {
    std::vector<proto::Terminal> found = ends(id);
    if (found.size() != 1) {
        throw std::logic_error(std::to_string(found.size()) + " ends of " + std::string(id));
    }
    return found.front();
}

std::string DispatcherBench::end_of(std::string_view id) const {
    const std::vector<proto::Terminal> found = ends(id);
    if (found.size() != 1) {
        return std::to_string(found.size()) + " ends";
    }
    const proto::Terminal& end = found.front();
    return std::string(proto::word(end.state)) + (end.error ? ":" + end.error->code : "");
}

core::FinishedCommand DispatcherBench::finished(std::string_view id) const {
    const auto it =
        std::find_if(finishes.begin(), finishes.end(), [&](const core::StoreFinished& end) {
            return end.terminal.id == id;
        });
    return {{it->terminal.device, it->terminal.id},
            it->content,
            it->terminal.state,
            it->by_reply,
            proto::to_json(it->terminal),
            "message-1",
            it->traceparent,
            it->terminal.time};
}

bool DispatcherBench::is_idle() const {
    return dispatcher.unfinished() == 0 && dispatcher.waiting() == 0 &&
           dispatcher.mailboxes() == 0 && !dispatcher.next_deadline();
}

void DispatcherBench::take() {
    for (core::Effect& effect : dispatcher.take_effects()) {
        std::visit(
            [this](auto& one) {
                using Kind = std::decay_t<decltype(one)>;
                if constexpr (std::is_same_v<Kind, core::StoreAccepted>) {
                    accepted.push_back(std::move(one));
                } else if constexpr (std::is_same_v<Kind, core::StoreFinished>) {
                    finishes.push_back(std::move(one));
                } else if constexpr (std::is_same_v<Kind, core::StoreMark>) {
                    marks.push_back(std::move(one));
                } else if constexpr (std::is_same_v<Kind, core::SendFrame>) {
                    sends.push_back(std::move(one));
                } else if constexpr (std::is_same_v<Kind, core::AckReply>) {
                    acks.push_back(std::move(one));
                } else if constexpr (std::is_same_v<Kind, core::PublishStatus>) {
                    statuses.push_back(std::move(one));
                } else if constexpr (std::is_same_v<Kind, core::PublishRejection>) {
                    rejections.push_back(std::move(one));
                } else {
                    repeats.push_back(std::move(one));
                }
            },
            effect);
    }
}

}  // namespace dm::test
