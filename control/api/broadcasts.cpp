#include "control/api/broadcasts.hpp"

#include "control/sse/event_id.hpp"
#include "control/sse/frame.hpp"
#include "control/sse/hub.hpp"
#include "protocol/json_writer.hpp"

#include <algorithm>
#include <utility>
#include <variant>

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

}  // namespace

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
    if (entry.stream.is_over()) {
        return true;
    }
    const BroadcastProgress::Read read = entry.progress.take(message.payload);
    if (read.refused && !entry.begun && entry.progress.answers() >= nodes &&
        entry.progress.all_refused()) {
        refuse_(entry.exchange, {422, read.code, read.message, message.payload});
        broadcasts_.erase(found);
        return true;
    }
    if (!read.name.empty() && (!read.refused || entry.begun)) {
        entry.stream.add(event_text(read.name, {}, message.payload), entry.progress);
        entry.last_sent = now;
        write(entry);
    }
    if (end_if_over(entry, nodes, now)) {
        broadcasts_.erase(found);
    }
    return true;
}

/// Hands over what waits, unless the reader has yet to get what was handed over before.
void Broadcasts::write(Entry& entry) {
    if (!std::exchange(entry.begun, true)) {
        responder_.begin_stream(entry.exchange, stream_head());
    }
    if (entry.writing) {
        return;
    }
    if (std::string batch = entry.stream.take(entry.progress); !batch.empty()) {
        entry.writing = true;
        static_cast<void>(responder_.send(entry.exchange, std::move(batch)));  // on_gone follows
    }
}

bool Broadcasts::end_if_over(Entry& entry, std::size_t nodes, core::Instant now) {
    // Nodes that have not answered by then are taken for dead.
    const std::size_t awaited = now >= entry.nodes_until ? 0 : nodes;
    if (entry.progress.is_complete(awaited)) {
        return end(entry, "complete");
    }
    if (now >= entry.nodes_until && entry.progress.answers() == 0) {
        if (entry.begun) {
            return end(entry, "no_node");
        }
        refuse_(entry.exchange, {503, "no_node", "no node has answered the broadcast"});
        return true;
    }
    return now >= entry.until && end(entry, "timed_out");
}

/// Whether the stream has ended; otherwise drained() goes on.
bool Broadcasts::end(Entry& entry, std::string_view why) {
    std::string summary = entry.progress.summary();
    summary.insert(1, R"("why":")" + std::string(why) + R"(",)");
    entry.stream.end(event_text("end", {}, summary));
    write(entry);
    if (!entry.stream.is_told()) {
        return false;
    }
    responder_.end_stream(entry.exchange);
    return true;
}

void Broadcasts::tick(std::size_t nodes, core::Instant now) {
    for (auto it = broadcasts_.begin(); it != broadcasts_.end();) {
        Entry& entry = it->second;
        if (!entry.stream.is_over() && end_if_over(entry, nodes, now)) {
            it = broadcasts_.erase(it);
            continue;
        }
        if (entry.begun && !entry.writing && now - entry.last_sent >= kCommentEvery) {
            entry.last_sent = now;
            entry.stream.add(comment_text("alive"), entry.progress);
            write(entry);
        }
        ++it;
    }
}

Broadcasts::Entries::iterator Broadcasts::find(http::ExchangeId exchange) {
    return std::find_if(broadcasts_.begin(), broadcasts_.end(), [&](const auto& broadcast) {
        return broadcast.second.exchange == exchange;
    });
}

void Broadcasts::drained(http::ExchangeId exchange) {
    const auto found = find(exchange);
    if (found == broadcasts_.end()) {
        return;
    }
    Entry& entry = found->second;
    entry.writing = false;
    write(entry);
    if (entry.stream.is_told()) {
        responder_.end_stream(exchange);
        broadcasts_.erase(found);
    }
}

bool Broadcasts::gone(http::ExchangeId exchange) {
    const auto found = find(exchange);
    if (found == broadcasts_.end()) {
        return false;
    }
    broadcasts_.erase(found);
    return true;
}

void Broadcasts::reconnected() {
    for (const auto& [number, entry] : broadcasts_) {
        if (entry.repeatable && !entry.stream.is_over()) {
            publish_(entry.message);
        }
    }
}

void Broadcasts::end_all() {
    for (auto& [number, entry] : broadcasts_) {
        if (entry.stream.is_over() || !end(entry, "stopping")) {
            responder_.end_stream(entry.exchange);
        }
    }
    broadcasts_.clear();
}

}  // namespace dm::control
