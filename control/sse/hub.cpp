#include "control/sse/hub.hpp"

#include "control/sse/event_id.hpp"
#include "control/sse/frame.hpp"
#include "protocol/json_writer.hpp"

#include <utility>
#include <vector>

namespace dm::control {

namespace {

/// Of one batch; with one more event, of at most 64 KiB and a bit, it is below a stream's bound.
constexpr std::size_t kBatchBytes = std::size_t{32} * 1024;

}  // namespace

http::HttpResponse stream_head() {
    http::HttpResponse head;
    head.content_type = "text/event-stream";
    head.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
    return head;
}

Hub::Hub(http::Responder& responder, std::string node, std::string boot, EventRing ring)
    : responder_(responder),
      node_(std::move(node)),
      boot_(std::move(boot)),
      ring_(std::move(ring)) {}

std::string Hub::id_of(std::uint64_t number) const {
    return to_text({node_, boot_, number});
}

std::string Hub::reset_text(std::string_view reason) const {
    proto::JsonWriter data;
    data.text("reason", reason);
    return event_text("reset", id_of(ring_.last()), data.take());
}

/// Empty when the reader can go on after `id`, with `seen` set to its number.
std::string_view Hub::why_not_after(std::string_view id, std::uint64_t& seen) const {
    const auto parsed = parse_event_id(id);
    if (!parsed) {
        return "unknown_id";
    }
    if (parsed->node != node_ || parsed->boot != boot_) {
        return "other_instance";
    }
    if (!ring_.continues(parsed->seq)) {
        return "too_old";
    }
    seen = parsed->seq;
    return {};
}

void Hub::follow(http::ExchangeId exchange,
                 std::string device,
                 std::optional<std::string_view> last_event_id,
                 core::Instant now,
                 std::string_view opening) {
    std::uint64_t seen = ring_.last();
    http::HttpResponse head = stream_head();
    if (!last_event_id) {
        head.body = position_text(id_of(seen)).append(opening);
    } else if (const std::string_view reason = why_not_after(*last_event_id, seen);
               !reason.empty()) {
        head.body = reset_text(reason).append(opening);
    } else {
        head.body = comment_text("resumed");
    }
    responder_.begin_stream(exchange, std::move(head));
    by_device_[device].insert(exchange);
    followers_[exchange] = {std::move(device), seen, true, now};
}

bool Hub::drained(http::ExchangeId exchange, core::Instant now) {
    const auto found = followers_.find(exchange);
    if (found == followers_.end()) {
        return false;
    }
    found->second.writing = false;
    pump(exchange, now);
    return true;
}

bool Hub::gone(http::ExchangeId exchange) {
    if (followers_.count(exchange) == 0) {
        return false;
    }
    drop(exchange);
    return true;
}

void Hub::publish(Event event, core::Instant now) {
    const std::string device = event.device;
    ring_.push(std::move(event));
    pump_all("", now);
    if (!device.empty()) {
        pump_all(device, now);
    }
}

void Hub::pump_all(const std::string& device, core::Instant now) {
    const auto found = by_device_.find(device);
    if (found == by_device_.end()) {
        return;
    }
    std::vector<http::ExchangeId> idle;  // pump may drop
    for (const http::ExchangeId exchange : found->second) {
        if (!followers_.at(exchange).writing) {
            idle.push_back(exchange);
        }
    }
    for (const http::ExchangeId exchange : idle) {
        pump(exchange, now);
    }
}

void Hub::pump(http::ExchangeId exchange, core::Instant now) {
    Follower& follower = followers_.at(exchange);
    if (!ring_.continues(follower.seen)) {
        responder_.end_stream(exchange);
        drop(exchange);
        return;
    }
    std::string batch;
    while (batch.size() < kBatchBytes) {
        const auto number = ring_.next(follower.seen, follower.device);
        if (!number) {
            follower.seen = ring_.last();
            break;
        }
        const Event& event = ring_.at(*number);
        batch += event_text(event.kind, id_of(*number), event.data);
        follower.seen = *number;
    }
    if (!batch.empty()) {
        send(exchange, follower, std::move(batch), now);
    }
}

void Hub::send(http::ExchangeId exchange, Follower& follower, std::string text, core::Instant now) {
    follower.writing = true;
    follower.last_sent = now;
    if (!responder_.send(exchange, std::move(text))) {
        drop(exchange);
    }
}

void Hub::gap(std::string_view reason, core::Instant now) {
    ring_.mark_gap();
    proto::JsonWriter data;
    data.text("reason", reason);
    ring_.push({"reset", "", data.take()});  // what comes after it can be continued again
    std::vector<http::ExchangeId> all;
    all.reserve(followers_.size());
    for (const auto& [exchange, follower] : followers_) {
        all.push_back(exchange);
    }
    for (const http::ExchangeId exchange : all) {
        Follower& follower = followers_.at(exchange);
        follower.seen = ring_.last();
        send(exchange, follower, reset_text(reason), now);
    }
}

void Hub::tick(core::Instant now) {
    std::vector<http::ExchangeId> quiet;
    for (auto& [exchange, follower] : followers_) {
        if (follower.writing) {
            continue;
        }
        follower.seen = ring_.last();  // an idle reader has got all that concerns it
        if (now - follower.last_sent >= kCommentEvery) {
            quiet.push_back(exchange);
        }
    }
    for (const http::ExchangeId exchange : quiet) {
        send(exchange, followers_.at(exchange), comment_text("alive"), now);
    }
}

void Hub::end_all() {
    for (const auto& [exchange, follower] : followers_) {
        responder_.end_stream(exchange);
    }
    followers_.clear();
    by_device_.clear();
}

void Hub::drop(http::ExchangeId exchange) {
    const auto found = followers_.find(exchange);
    if (found == followers_.end()) {
        return;
    }
    const auto peers = by_device_.find(found->second.device);
    peers->second.erase(exchange);
    if (peers->second.empty()) {
        by_device_.erase(peers);
    }
    followers_.erase(found);
}

}  // namespace dm::control
