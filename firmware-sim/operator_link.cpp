#include "firmware-sim/operator_link.hpp"

#include "device-mgmt/broker/mqtt_broker.hpp"
#include "protocol/topics.hpp"

#include <utility>

namespace dm::sim {
namespace {

/// Long enough for a broker's restart, short enough that nothing piles up after a run.
constexpr std::chrono::seconds kSessionExpiry{120};
constexpr std::chrono::milliseconds kStopGrace{1000};
/// Of the pauses between attempts: somebody watches, and one operator storms nobody.
constexpr std::chrono::milliseconds kLongestPause{2000};

broker::BrokerSettings settings_for(const LoadOptions& options,
                                    const std::string& name,
                                    const std::optional<std::string>& response_topic) {
    const proto::Topics topics{options.broker_prefix};
    broker::BrokerSettings settings;
    settings.url = options.broker;
    settings.client_id = "firmware-sim-" + name;
    settings.username = options.username;
    settings.password = options.password;
    settings.ca = options.ca;
    settings.session_expiry = kSessionExpiry;
    settings.backoff_max = kLongestPause;
    for (const auto& filter :
         {response_topic.value_or(topics.replies_filter()), topics.status_filter()}) {
        broker::Subscription subscription;
        subscription.filter = filter;
        settings.subscriptions.push_back(subscription);
    }
    if (response_topic) {
        // Rejections that cannot go to a Response Topic come here.
        broker::Subscription subscription;
        subscription.filter = topics.replies_filter();
        settings.subscriptions.push_back(subscription);
    }
    return settings;
}

}  // namespace

OperatorLink::OperatorLink(const LoadOptions& options, const std::string& name)
    : command_topics_(options.broker_prefix + "/commands/"), name_(name) {
    if (options.response_topic || options.report_states) {
        response_topic_ = options.broker_prefix + "/responses/" + name;
    }
    broker_ = broker::make_mqtt_broker(settings_for(options, name, response_topic_));
}

OperatorLink::~OperatorLink() = default;

void OperatorLink::start() {
    broker_->start(*this);
}

void OperatorLink::stop() {
    broker_->stop(kStopGrace);
}

bool OperatorLink::ready() const {
    const std::lock_guard lock{mutex_};
    return ready_;
}

bool OperatorLink::has_room() const {
    const std::lock_guard lock{mutex_};
    return ready_ && unacknowledged_ < kMaxUnacknowledged;
}

bool OperatorLink::publish(const std::string& device, std::string payload, const std::string& id) {
    if (!ready()) {
        return false;
    }
    broker::OutboundMessage message;
    message.topic = command_topics_ + device;
    message.payload = std::move(payload);
    message.qos = 1;
    message.response_topic = response_topic_;
    if (response_topic_) {
        message.correlation = id;
    }
    constexpr broker::PublishTicket kAny = 1;
    {
        const std::lock_guard lock{mutex_};
        ++unacknowledged_;
    }
    return broker_->publish(std::move(message), kAny);
}

std::vector<Arrival> OperatorLink::take_arrivals() {
    const std::lock_guard lock{mutex_};
    return std::exchange(arrivals_, {});
}

std::vector<Arrival> OperatorLink::await_arrivals(Instant until) {
    std::unique_lock lock{mutex_};
    changed_.wait_until(lock, until, [this] { return !arrivals_.empty(); });
    return std::exchange(arrivals_, {});
}

bool OperatorLink::await_ready(Instant until) {
    std::unique_lock lock{mutex_};
    return changed_.wait_until(lock, until, [this] { return ready_; });
}

std::uint64_t OperatorLink::refused() const {
    const std::lock_guard lock{mutex_};
    return refused_;
}

std::uint64_t OperatorLink::foreign() const {
    const std::lock_guard lock{mutex_};
    return foreign_;
}

bool OperatorLink::take_fresh_session() {
    const std::lock_guard lock{mutex_};
    return ready_ && std::exchange(fresh_session_, false);
}

std::string OperatorLink::take_trouble() {
    const std::lock_guard lock{mutex_};
    return std::exchange(trouble_, {});
}

void OperatorLink::on_connected(bool session_present) {
    const std::lock_guard lock{mutex_};
    ready_ = true;
    fresh_session_ = fresh_session_ || !session_present;
    changed_.notify_all();
}

void OperatorLink::on_disconnected(std::string_view reason) {
    const std::lock_guard lock{mutex_};
    ready_ = false;
    trouble_ = reason;
}

void OperatorLink::on_message(broker::InboundMessage message) {
    const Instant now = read_clock().mono;
    const bool ours = message.payload.find(name_) != std::string::npos;
    const std::lock_guard lock{mutex_};
    if (!ours) {
        ++foreign_;
        return;
    }
    arrivals_.push_back({now, std::move(message)});
    changed_.notify_all();
}

void OperatorLink::on_published(broker::PublishTicket /*ticket*/, broker::PublishResult result) {
    const std::lock_guard lock{mutex_};
    --unacknowledged_;
    refused_ += result == broker::PublishResult::refused ? 1U : 0U;
}

}  // namespace dm::sim
