#include "control/api/broadcasts.hpp"

#include "control/sse/event_id.hpp"
#include "control/sse/frame.hpp"
#include "control/sse/hub.hpp"
#include "protocol/json_fields.hpp"
#include "protocol/json_writer.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <variant>
#include <vector>

namespace dm::control {

namespace {

std::string payload_of(const proto::BroadcastRequest& request) {
    if (const auto* command = std::get_if<proto::CommandRequest>(&request)) {
        return proto::to_json(*command);
    }
    proto::JsonWriter out;
    out.json("data", std::get<proto::BroadcastData>(request).data);
    return out.take();
}

std::chrono::seconds longest(const proto::BroadcastRequest& request) {
    const auto* command = std::get_if<proto::CommandRequest>(&request);
    return command == nullptr ? std::chrono::seconds(0) : command->ttl + command->timeout;
}

/// The fields of whatever a node tells about a broadcast.
struct Told {
    std::string state;
    std::optional<std::string> id;
    std::optional<std::string> device;
    std::optional<std::string> node;
    std::optional<std::string> error;
    std::size_t addressed = 0;
    std::size_t sent = 0;
};

std::optional<Told> read_told(const std::string& payload) {
    auto fields = proto::read_object(payload);
    if (!fields) {
        return std::nullopt;
    }
    const bool no_device =
        std::none_of(fields->begin(), fields->end(), [](const proto::Field& field) {
            return field.name == "device" && field.kind == proto::JsonKind::text;
        });
    std::vector<proto::Field> kept;
    for (proto::Field& field : *fields) {
        if (field.kind != proto::JsonKind::null) {
            kept.push_back(std::move(field));
        }
    }
    proto::FieldReader in(std::move(kept));
    Told told;
    told.state = in.text("state", SIZE_MAX);
    told.id = in.text_if_any("id", SIZE_MAX);
    told.node = in.text_if_any("node", SIZE_MAX);
    if (!no_device) {
        told.device = in.text_if_any("device", SIZE_MAX);
    } else {
        told.addressed = in.natural_if_any("addressed", 0, SIZE_MAX).value_or(0);
        told.sent = in.natural_if_any("sent", 0, SIZE_MAX).value_or(0);
    }
    told.error = in.object_if_any("error");
    return in.problem() ? std::nullopt : std::optional(std::move(told));
}

}  // namespace

BroadcastProgress::Read BroadcastProgress::take(const std::string& payload) {
    const auto told = read_told(payload);
    if (!told) {
        return {};
    }
    const std::string node = told->node.value_or("");
    if (told->device) {  // one of its commands
        const auto state = proto::parse_command_state(told->state);
        const bool is_end = told->state == "rejected" || (state && proto::is_terminal(*state));
        if (is_end && told->id && ended_.insert(*told->id).second) {
            ++ends_[told->state];
        } else if (is_end) {
            return {};  // told again
        }
        return {told->state, false, {}, {}};
    }
    if (told->state == "rejected") {
        ++refusals_;
        proto::FieldReader error(
            proto::read_object(told->error.value_or("{}")).value_or(std::vector<proto::Field>{}));
        return {"refused", true, error.text("code", SIZE_MAX), error.text("message", SIZE_MAX)};
    }
    if (told->state == "addressed") {
        if (addressed_by_.insert(node).second) {
            addressed_ += told->addressed;
        }
        answered_.insert(node);
    } else if (told->state == "sent") {
        if (answered_.insert(node).second) {
            addressed_ += told->addressed;
            sent_ += told->sent;
        }
    }
    return {told->state, false, {}, {}};
}

bool BroadcastProgress::is_complete(std::size_t nodes) const {
    const bool commands_over = addressed_by_.empty() || ended_.size() >= addressed_;
    return answers() >= nodes && answers() > 0 && commands_over;
}

std::string BroadcastProgress::summary() const {
    proto::JsonWriter out;
    out.number("nodes", answered_.size()).number("addressed", addressed_);
    if (addressed_by_.empty()) {
        out.number("sent", sent_);
    } else {
        for (const char* state :
             {"succeeded", "failed", "timed_out", "expired", "cancelled", "rejected"}) {
            const auto found = ends_.find(state);
            out.number(state, found == ends_.end() ? 0 : found->second);
        }
        out.number("open", addressed_ > ended_.size() ? addressed_ - ended_.size() : 0);
    }
    return out.take();
}

void Broadcasts::start(http::ExchangeId exchange,
                       const BroadcastWish& wish,
                       const std::string& operator_name,
                       core::Instant now) {
    const std::uint64_t number = ++last_number_;
    Entry entry;
    entry.exchange = exchange;
    entry.message.topic = topics_.broadcast(wish.group);
    entry.message.payload = payload_of(wish.request);
    entry.message.qos = 1;
    entry.message.response_topic = response_topic_;
    entry.message.correlation = std::to_string(number);
    entry.message.user_properties.emplace_back("operator", operator_name);
    entry.repeatable = std::holds_alternative<proto::CommandRequest>(wish.request);
    entry.nodes_until = now + kNodesAnswerIn;
    entry.until = now + longest(wish.request) + kGrace;
    entry.last_sent = now;
    publish_(entry.message);
    broadcasts_.emplace(number, std::move(entry));
}

bool Broadcasts::take(const broker::InboundMessage& message, std::size_t nodes, core::Instant now) {
    const auto number = parse_number(message.correlation.value_or(""));
    const auto found = number ? broadcasts_.find(*number) : broadcasts_.end();
    if (found == broadcasts_.end()) {
        return false;
    }
    Entry& entry = found->second;
    const BroadcastProgress::Read read = entry.progress.take(message.payload);
    if (!read.name.empty() && (!read.refused || entry.begun)) {
        tell(entry, event_text(read.name, {}, message.payload), now);
    }
    if (read.refused && !entry.begun && entry.progress.answers() >= nodes &&
        entry.progress.all_refused()) {
        refuse_(entry.exchange, {422, read.code, read.message, message.payload});
        broadcasts_.erase(found);
        return true;
    }
    if (end_if_over(entry, nodes, now)) {
        broadcasts_.erase(found);
    }
    return true;
}

void Broadcasts::tell(Entry& entry, std::string text, core::Instant now) {
    if (!std::exchange(entry.begun, true)) {
        responder_.begin_stream(entry.exchange, stream_head());
    }
    entry.last_sent = now;
    static_cast<void>(responder_.send(entry.exchange, std::move(text)));  // on_gone follows
}

bool Broadcasts::end_if_over(Entry& entry, std::size_t nodes, core::Instant now) {
    // Nodes that have not answered by then are taken for dead.
    const std::size_t awaited = now >= entry.nodes_until ? 0 : nodes;
    if (entry.progress.is_complete(awaited)) {
        end(entry, "complete");
        return true;
    }
    if (now >= entry.nodes_until && entry.progress.answers() == 0) {
        if (entry.begun) {
            end(entry, "no_node");
        } else {
            refuse_(entry.exchange, {503, "no_node", "no node has answered the broadcast"});
        }
        return true;
    }
    if (now >= entry.until) {
        end(entry, "timed_out");
        return true;
    }
    return false;
}

void Broadcasts::end(Entry& entry, std::string_view why) {
    if (!entry.begun) {
        responder_.begin_stream(entry.exchange, stream_head());
    }
    std::string summary = entry.progress.summary();
    summary.insert(1, R"("why":")" + std::string(why) + R"(",)");
    static_cast<void>(responder_.send(entry.exchange, event_text("end", {}, summary)));
    responder_.end_stream(entry.exchange);
}

void Broadcasts::tick(std::size_t nodes, core::Instant now) {
    for (auto it = broadcasts_.begin(); it != broadcasts_.end();) {
        Entry& entry = it->second;
        if (end_if_over(entry, nodes, now)) {
            it = broadcasts_.erase(it);
            continue;
        }
        if (entry.begun && now - entry.last_sent >= kCommentEvery) {
            tell(entry, comment_text("alive"), now);
        }
        ++it;
    }
}

bool Broadcasts::gone(http::ExchangeId exchange) {
    for (auto it = broadcasts_.begin(); it != broadcasts_.end(); ++it) {
        if (it->second.exchange == exchange) {
            broadcasts_.erase(it);
            return true;
        }
    }
    return false;
}

void Broadcasts::reconnected() {
    for (const auto& [number, entry] : broadcasts_) {
        if (entry.repeatable) {
            publish_(entry.message);
        }
    }
}

void Broadcasts::end_all() {
    for (auto& [number, entry] : broadcasts_) {
        end(entry, "stopping");
    }
    broadcasts_.clear();
}

}  // namespace dm::control
