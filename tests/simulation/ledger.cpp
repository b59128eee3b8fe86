#include "tests/simulation/ledger.hpp"

#include "tests/simulation/json_field.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace dm::simulation {

namespace {

std::string_view property(const broker::OutboundMessage& message, std::string_view name) {
    for (const auto& [key, value] : message.user_properties) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

core::CommandKey key_of(const broker::OutboundMessage& message) {
    const auto device = proto::DeviceId::parse(text_field(message.payload, "device"));
    return {device.value(), text_field(message.payload, "id")};
}

bool is_accepted_state(const broker::OutboundMessage& message) {
    return text_field(message.payload, "state") == "accepted";
}

}  // namespace

// ---- operators ----

void Ledger::submitted(const std::string& correlation, Submission submission) {
    run_.note("operator: {} {} {} {}",
              correlation,
              submission.is_cancel ? "cancels" : "submits",
              submission.key.device.str(),
              submission.key.id);
    submissions_.emplace(correlation, std::move(submission));
}

void Ledger::arrived(const std::string& correlation) {
    Submission& submission = submissions_.at(correlation);
    ++submission.arrivals;
    submission.life = disk_.life + broker_lives_;
    run_.note("node: takes {}", correlation);
}

bool Ledger::is_answered(const Submission& submission) const {
    if (submission.is_answered) {
        return true;
    }
    const auto story = stories_.find(submission.key);
    const Disk::Accepted* accepted = disk_.accepted(submission.key);
    return story != stories_.end() && story->second.is_told_accepted && accepted != nullptr &&
           accepted->command.content.command == submission.command;
}

Submission* Ledger::submission_of(const broker::OutboundMessage& message) {
    const auto it =
        message.correlation ? submissions_.find(*message.correlation) : submissions_.end();
    return it == submissions_.end() ? nullptr : &it->second;
}

// ---- the node ----

void Ledger::started() {
    ++disk_.life;
    // What the log holds may be looked at once more.
    for (auto& [correlation, submission] : submissions_) {
        submission.arrivals += submission.arrivals > 0 ? 1U : 0U;
    }
}

void Ledger::ordered(const core::Order& order) {
    if (const auto* send = std::get_if<core::SendCommand>(&order.body)) {
        check_sending({send->device, send->frame.id}, send->frame);
    }
}

void Ledger::check_sending(const core::CommandKey& key, const proto::CommandFrame& frame) {
    const Disk::Accepted* accepted = disk_.accepted(key);
    if (accepted == nullptr) {
        return run_.require(false, "sent before it was accepted", key.id);
    }
    const core::Command& command = accepted->command;
    run_.note("node: sends {} {}, attempt {}", key.device.str(), key.id, frame.attempt);
    run_.require(disk_.finished(key) == nullptr && disk_.ending.count(key) == 0,
                 "sent after its end",
                 key.id);
    Story& story = stories_[key];
    if (frame.attempt == 1 && !command.content.is_immediate()) {
        run_.require(
            frame.time < command.send_by.wall + run_.clock_steps, "sent after send_by", key.id);
    }
    run_.require(frame.expires_in.count() > 0 &&
                     frame.expires_in <= command.content.timeout + run_.clock_steps,
                 "sent after reply_by",
                 key.id);
    if (frame.attempt > 1 && story.life == disk_.life) {
        run_.require(frame.expires_at == story.expires_at, "reply_by has moved", key.id);
    }
    if (!story.first_sent) {
        story.first_sent = frame.time;
    }
    story.expires_at = frame.expires_at;
    story.reply_by = run_.now().mono + frame.expires_in;
    story.life = disk_.life;
}

// ---- the broker ----

void Ledger::published(const broker::OutboundMessage& message) {
    const std::string_view type = property(message, "type");
    run_.note("broker: gets {} {}", message.topic, message.payload);
    run_.require(message.retain == (message.topic.rfind("dm/presence/", 0) == 0 ||
                                    message.topic.rfind("dm/nodes/", 0) == 0),
                 "retained or not",
                 message.topic);
    if (type == "terminal") {
        check_terminal(message);
    } else if (type == "rejection") {
        check_rejection(message);
    } else if (type == "status") {
        check_status(message);
    } else if (message.topic.rfind("dm/presence/", 0) == 0) {
        check_presence(message);
    }
}

void Ledger::check_status(const broker::OutboundMessage& message) {
    const core::CommandKey key = key_of(message);
    run_.require(disk_.accepted(key) != nullptr, "a state before it was accepted", key.id);
    if (Submission* submission = submission_of(message)) {
        submission->is_taken = true;
        run_.require(!submission->is_rejected || submission->arrivals > 1,
                     "rejected and accepted",
                     *message.correlation);
        run_.require(message.topic == submission->response_topic, "a state astray", key.id);
    }
}

void Ledger::check_terminal(const broker::OutboundMessage& message) {
    const core::CommandKey key = key_of(message);
    const Disk::Finished* finished = disk_.finished(key);
    if (finished == nullptr) {
        return run_.require(false, "an end that is not stored", key.id);
    }
    run_.require(message.payload == finished->command.payload, "other bytes", key.id);
    run_.require(property(message, "message_id") == finished->command.message_id,
                 "another message_id",
                 key.id);
    Submission* submission = submission_of(message);
    if (submission == nullptr) {
        return run_.require(false, "an end for nobody", key.id);
    }
    submission->is_taken = true;
    run_.require(!submission->is_rejected || submission->arrivals > 1,
                 "rejected and ended",
                 *message.correlation);
    run_.require(submission->key.device == key.device &&
                     (submission->key.id.empty() || submission->key.id == key.id) &&
                     submission->command == finished->command.content.command,
                 "the end of another command",
                 *message.correlation);
    const auto& asked = submission->response_topic;
    run_.require(message.topic == asked || ((!asked || asked->rfind("denied/", 0) == 0) &&
                                            message.topic == "dm/replies/" + key.device.str()),
                 "an end astray",
                 message.topic);
}

void Ledger::check_rejection(const broker::OutboundMessage& message) {
    Submission* submission = submission_of(message);
    if (submission == nullptr) {
        return run_.require(false, "a rejection for nobody", message.payload);
    }
    submission->is_rejected = true;
    run_.require(!submission->is_taken || submission->arrivals > 1,
                 "accepted and rejected",
                 *message.correlation);
    check_code(*submission, text_field(message.payload, "code"));
}

void Ledger::check_code(const Submission& submission, std::string_view code) {
    const Disk::Accepted* accepted = disk_.accepted(submission.key);
    bool is_right = code == "queue_full";
    if (code == "device_offline" || code == "busy") {
        is_right = submission.is_immediate;
    } else if (code == "bad_request") {
        is_right = submission.names_after || submission.is_cancel;
    } else if (code == "bad_response_topic") {
        is_right = submission.response_topic && submission.response_topic->back() == '#';
    } else if (code == "id_conflict") {
        is_right = accepted == nullptr || accepted->command.content.command != submission.command;
    }
    run_.require(is_right, "rejected for no reason", code);
}

void Ledger::check_presence(const broker::OutboundMessage& message) {
    const std::string device = text_field(message.payload, "device");
    const std::uint64_t epoch = number_field(message.payload, "epoch");
    const bool is_online = message.payload.find(R"("online":true)") != std::string::npos;
    auto& [known, online] = presence_[device];
    if (epoch >= known) {
        known = epoch;
        online = is_online;
    }
}

std::pair<std::uint64_t, bool> Ledger::presence(const proto::DeviceId& device) const {
    const auto it = presence_.find(device.str());
    return it == presence_.end() ? std::make_pair(std::uint64_t{0}, false) : it->second;
}

void Ledger::delivered(const broker::OutboundMessage& message) {
    const std::string_view type = property(message, "type");
    Submission* submission = submission_of(message);
    if (type == "rejection" && submission != nullptr) {
        submission->is_answered = true;
    } else if (type == "terminal" && submission != nullptr) {
        submission->is_answered = true;
        const core::CommandKey key = key_of(message);
        const Disk::Accepted* accepted = disk_.accepted(key);
        if (accepted != nullptr && accepted->command.reply_to.correlation == message.correlation) {
            stories_[key].is_told_end = true;
        }
    } else if (type == "status" && is_accepted_state(message)) {
        stories_[key_of(message)].is_told_accepted = true;
        if (submission != nullptr) {
            submission->is_answered = true;
        }
    }
}

}  // namespace dm::simulation
