#include "device-mgmt/shard/deliveries.hpp"

#include <system_error>
#include <utility>

#include <asio/post.hpp>

namespace dm::shard {

Deliveries::Deliveries(asio::io_context& io,
                       ops::Metrics& metrics,
                       std::chrono::milliseconds pause,
                       Find find,
                       Done done)
    : io_(io),
      metrics_(metrics),
      pause_(pause),
      timer_(io),
      find_(std::move(find)),
      done_(std::move(done)) {}

void Deliveries::add(core::Delivery delivery) {
    if (waiting_.size() >= kMaxWaiting) {
        conclude({std::move(delivery)});
        return;
    }
    waiting_.push_back({std::move(delivery)});
    if (waiting_.size() == 1) {
        asio::post(io_, [this] { hand_out_slice(); });
    }
}

const std::string& Deliveries::UnderWay::bytes(proto::Format format) {
    std::string& made = encoded.at(format == proto::Format::json ? 0 : 1);
    if (made.empty()) {
        made = proto::encode(format, *delivery.message);
    }
    return made;
}

void Deliveries::hand_out_slice() {
    std::size_t bytes = 0;
    for (std::size_t count = 0; count < kSlice && bytes < kSliceBytes; ++count) {
        UnderWay& current = waiting_.front();
        if (current.next < current.delivery.sessions.size()) {
            core::Session* session = find_(current.delivery.sessions[current.next++]);
            if (session != nullptr) {
                const std::string& encoded = current.bytes(session->format());
                bytes += encoded.size();
                current.sent += session->deliver(encoded) == core::SendResult::ok ? 1U : 0U;
            }
            continue;
        }
        conclude(current);
        waiting_.pop_front();
        if (waiting_.empty()) {
            return;
        }
    }
    go_on_later();
}

void Deliveries::go_on_later() {
    if (pause_.count() == 0) {
        asio::post(io_, [this] { hand_out_slice(); });
        return;
    }
    timer_.expires_after(pause_);
    timer_.async_wait([this](const std::error_code& cancelled) {
        if (!cancelled) {
            hand_out_slice();
        }
    });
}

void Deliveries::conclude(const UnderWay& delivery) {
    metrics_.messages("sent", delivery.sent);
    metrics_.messages("dropped", delivery.delivery.sessions.size() - delivery.sent);
    if (delivery.delivery.number != 0) {
        done_({delivery.delivery.number, delivery.sent});
    }
}

}  // namespace dm::shard
