#include "control/calls/calls.hpp"

#include "control/sse/event_id.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace dm::control {

Calls::Calls(proto::Topics topics,
             std::string response_topic,
             Publish publish,
             CallListener& listener)
    : topics_(std::move(topics)),
      response_topic_(std::move(response_topic)),
      publish_(std::move(publish)),
      listener_(listener) {}

void Calls::start(CallOrder order, core::Instant now) {
    const Number number = ++last_number_;
    by_exchange_[order.exchange] = number;
    const CallMode mode = order.mode;
    const Call call(mode, order.patience, now);
    const auto [entry, added] = calls_.emplace(
        number,
        Entry{std::move(order),
              call,
              {},
              mode == CallMode::stream ? std::optional(now + kSlowAfter) : std::nullopt,
              false});
    schedule(number, entry->second);
    publish(number, entry->second.order);
}

void Calls::publish(Number number, const CallOrder& order) {
    broker::OutboundMessage message;
    message.topic = topics_.command(order.device);
    message.payload = proto::to_json(order.command);
    message.qos = 1;
    message.response_topic = response_topic_;
    message.correlation = std::to_string(number);
    message.user_properties.emplace_back("operator", order.operator_name);
    if (order.traceparent) {
        message.user_properties.emplace_back("traceparent", *order.traceparent);
    }
    publish_(std::move(message));
}

bool Calls::take(const broker::InboundMessage& message, core::Instant now) {
    const auto number = parse_number(message.correlation.value_or(""));
    const auto found = number ? calls_.find(*number) : calls_.end();
    if (found == calls_.end()) {
        return false;
    }
    const auto outcome = proto::parse_outcome(message.payload);
    const CallOrder& order = found->second.order;
    const bool is_ours =
        outcome && outcome->device == order.device.str() && outcome->id == order.command.id;
    if (!is_ours) {
        ++crossed_;
        return false;
    }
    carry_out(*number, found->second.call.on_message(*outcome, message.payload, now));
    return true;
}

void Calls::advance(core::Instant now) {
    while (const auto due = deadlines_.pop_due(now)) {
        const Number number = due->first;
        Entry& entry = calls_.at(number);
        entry.deadline = {};
        if (entry.slow_at && now >= *entry.slow_at) {
            entry.slow_at.reset();
            entry.begun = true;
            listener_.on_call_slow(entry.order);
        }
        if (now >= entry.call.next()) {
            carry_out(number, entry.call.on_time(now));
        } else {
            schedule(number, entry);
        }
    }
}

bool Calls::gone(http::ExchangeId exchange) {
    const auto found = by_exchange_.find(exchange);
    if (found == by_exchange_.end()) {
        return false;
    }
    forget(found->second);
    return true;
}

void Calls::reconnected(core::Instant now) {
    std::vector<Number> numbers;
    numbers.reserve(calls_.size());
    for (const auto& [number, entry] : calls_) {
        numbers.push_back(number);
    }
    for (const Number number : numbers) {
        carry_out(number, calls_.at(number).call.on_reconnected(now));
    }
}

void Calls::end_all() {
    for (const auto& [number, entry] : std::exchange(calls_, {})) {
        const bool accepted = entry.call.accepted();
        listener_.on_call_end(entry.order,
                              {accepted ? CallEnd::Why::patience : CallEnd::Why::no_node,
                               accepted ? "accepted" : "",
                               accepted ? "" : "stopping",
                               "control stops",
                               entry.call.last()},
                              entry.begun);
    }
    by_exchange_.clear();
    deadlines_ = {};
}

void Calls::carry_out(Number number, CallStep step) {
    Entry& entry = calls_.at(number);
    if (step.publish) {
        publish(number, entry.order);
    }
    if (step.event && entry.order.mode == CallMode::stream) {
        entry.slow_at.reset();
        listener_.on_call_event(entry.order, *step.event, std::exchange(entry.begun, true));
    }
    if (step.end) {
        const CallOrder order = entry.order;
        const bool begun = entry.begun;
        forget(number);
        listener_.on_call_end(order, *step.end, begun);
        return;
    }
    schedule(number, entry);
}

void Calls::schedule(Number number, Entry& entry) {
    deadlines_.remove(entry.deadline, number);
    entry.deadline = entry.call.next();
    if (entry.slow_at) {
        entry.deadline = std::min(entry.deadline, *entry.slow_at);
    }
    deadlines_.set(entry.deadline, number, 0);
}

void Calls::forget(Number number) {
    const auto found = calls_.find(number);
    deadlines_.remove(found->second.deadline, number);
    by_exchange_.erase(found->second.order.exchange);
    calls_.erase(found);
}

}  // namespace dm::control
