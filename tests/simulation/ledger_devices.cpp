// What devices see, and what must be right at the end.

#include "tests/simulation/ledger.hpp"

#include <algorithm>
#include <utility>

namespace dm::simulation {

using namespace std::chrono_literals;
using proto::CommandState;

namespace {

/// After its deadline, or after everything is back, a command ends within this.
constexpr std::chrono::seconds kEndsWithin{30};

}  // namespace

void Ledger::greeted(const proto::DeviceId& device, std::uint64_t epoch) {
    std::uint64_t& last = epochs_[device.str()];
    run_.require(epoch > last, "the epoch does not rise", device.str());
    last = std::max(last, epoch);
}

void Ledger::received(const core::CommandKey& key,
                      std::uint64_t link,
                      const proto::CommandFrame& command) {
    const Disk::Accepted* accepted = disk_.accepted(key);
    if (accepted == nullptr) {
        return run_.require(false, "received what this device was never sent", key.id);
    }
    Story& story = stories_[key];
    ++story.received;
    run_.note("{}: receives {}, attempt {}", key.device.str(), key.id, command.attempt);
    run_.require(
        story.received == 1 || accepted->command.delivery == proto::Delivery::at_least_once,
        "at_most_once received again",
        key.id);
    std::uint64_t& last = link_orders_[link];
    run_.require(accepted->order > last, "overtaken by a younger command", key.id);
    last = std::max(last, accepted->order);
    run_.require(command.attempt > story.last_attempt || story.received_in != disk_.life,
                 "the attempt does not rise",
                 key.id);
    story.last_attempt = command.attempt;
    story.received_in = disk_.life;
    run_.require(unanswered(key.device) <= window_, "more than the window", key.id);
}

std::size_t Ledger::unanswered(const proto::DeviceId& device) const {
    return static_cast<std::size_t>(
        std::count_if(stories_.begin(), stories_.end(), [&](const auto& one) {
            const auto& [key, story] = one;
            return key.device == device && story.received > 0 && story.replies == 0 &&
                   story.reply_by > run_.now().mono && disk_.finished(key) == nullptr &&
                   disk_.ending.count(key) == 0;
        }));
}

void Ledger::executed(const core::CommandKey& key, std::string_view status, std::string_view data) {
    Story& story = stories_[key];
    ++story.executions;
    ++executions_;
    run_.note("{}: executes {}, {} {}", key.device.str(), key.id, status, data);
    run_.require(story.executions == 1, "executed twice", key.id);
    story.outcome = fmt::format(R"("status":"{}","data":{})", status, data);
    if (const Disk::Accepted* accepted = disk_.accepted(key)) {
        std::uint64_t& last = last_orders_[key.device.str()];
        run_.require(accepted->order > last, "executed after a younger command", key.id);
        last = std::max(last, accepted->order);
    }
}

void Ledger::acknowledged(const core::CommandKey& key, proto::ReplyResult result) {
    using proto::ReplyResult;
    const Disk::Finished* finished = disk_.finished(key);
    run_.note("{}: is told {} {}", key.device.str(), key.id, proto::word(result));
    if (result == ReplyResult::unknown) {
        const auto story = stories_.find(key);
        return run_.require(story == stories_.end() || story->second.received == 0,
                            "`unknown` is what it was sent",
                            key.id);
    }
    if (finished == nullptr) {
        return run_.require(false, "a reply acknowledged and not stored", key.id);
    }
    run_.require(finished->command.by_reply == (result != ReplyResult::late),
                 "another kind of reply_ack",
                 key.id);
    if (result == ReplyResult::stored) {
        run_.require(++stories_[key].told_stored == 1, "stored twice", key.id);
    }
}

// ---- the end ----

bool Ledger::is_settled() const {
    if (disk_.has_unfinished()) {
        return false;
    }
    for (const auto& [key, accepted] : disk_.all_accepted()) {
        const auto story = stories_.find(key);
        if (story == stories_.end() || !story->second.is_told_end) {
            return false;
        }
    }
    return std::all_of(submissions_.begin(), submissions_.end(), [this](const auto& one) {
        return is_square(one.second);
    });
}

bool Ledger::is_square(const Submission& submission) const {
    if (submission.arrivals == 0 || submission.is_cancel || is_answered(submission)) {
        return true;
    }
    // `accepted` is told once, and a kill of node or broker may come first: who has not seen it
    // asks again. But then the command is there.
    return submission.life != disk_.life + broker_lives_ &&
           disk_.accepted(submission.key) != nullptr;
}

void Ledger::check_end() {
    for (const auto& [key, accepted] : disk_.all_accepted()) {
        check_finished(key, accepted);
    }
    for (const auto& [correlation, submission] : submissions_) {
        run_.require(is_square(submission), "taken over and never answered", correlation);
    }
}

void Ledger::check_finished(const core::CommandKey& key, const Disk::Accepted& accepted) {
    const Disk::Finished* finished = disk_.finished(key);
    if (finished == nullptr) {
        return run_.require(false, "accepted and never ended", key.id);
    }
    const Story& story = stories_[key];
    run_.require(story.is_told_end, "who was promised the end never got it", key.id);
    check_execution(*finished, story);
    check_time(*finished, accepted, story);
    if (finished->command.state == CommandState::failed && !finished->command.by_reply) {
        run_.require(accepted.command.delivery == proto::Delivery::at_most_once,
                     "failed without a reply",
                     key.id);
    }
}

void Ledger::check_execution(const Disk::Finished& finished, const Story& story) {
    const std::string& id = finished.command.key.id;
    const CommandState state = finished.command.state;
    if (finished.command.by_reply) {
        run_.require(story.executions == 1, "an answer without an execution", id);
        run_.require(
            story.outcome && finished.command.payload.find(*story.outcome) != std::string::npos,
            "another outcome than the device's",
            id);
        const bool is_failure = story.outcome->find(R"("error")") != std::string::npos ||
                                story.outcome->find(R"("rejected")") != std::string::npos;
        run_.require(state == (is_failure ? CommandState::failed : CommandState::succeeded),
                     "another state than the device's status",
                     id);
        return;
    }
    run_.require(state != CommandState::succeeded, "succeeded without a reply", id);
    // That it was sent need not be durable: a process that is killed may take it with it.
    if (state == CommandState::cancelled || state == CommandState::expired) {
        run_.require(story.received == 0 || story.received_in != finished.life,
                     "ended as if it had never left",
                     id);
    }
}

void Ledger::check_time(const Disk::Finished& finished,
                        const Disk::Accepted& accepted,
                        const Story& story) {
    const core::Command& command = accepted.command;
    const std::string& id = command.key.id;
    const auto steps = run_.clock_steps;
    const core::Instant deadline =
        command.accepted_at.mono + command.content.ttl + command.content.timeout + steps;
    run_.require(finished.at.mono <= std::max(deadline, run_.trouble_until) + kEndsWithin,
                 "ended too late",
                 id);
    if (finished.command.state == CommandState::expired) {
        run_.require(
            finished.command.finished_at + steps >= command.send_by.wall, "expired too early", id);
    } else if (finished.command.state == CommandState::timed_out && story.first_sent) {
        run_.require(
            finished.command.finished_at + steps >= *story.first_sent + command.content.timeout,
            "timed out too early",
            id);
    }
}

}  // namespace dm::simulation
