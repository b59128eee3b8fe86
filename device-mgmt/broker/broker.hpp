#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The broker as the relay sees it. Real: MqttBroker (Paho). Fake: MemoryBroker.
namespace dm::broker {

using UserProperties = std::vector<std::pair<std::string, std::string>>;

struct InboundMessage {
    std::string topic;
    std::string payload;
    std::optional<std::string> response_topic;
    std::optional<std::string> correlation;
    UserProperties user_properties;
    int qos = 0;
    bool retained = false;
    bool duplicate = false;
};

struct OutboundMessage {
    std::string topic;
    std::string payload;
    int qos = 0;
    bool retain = false;
    std::optional<std::string> correlation;
    std::optional<std::string> response_topic;
    UserProperties user_properties;
};

/// What became of a QoS 1 publish.
enum class PublishResult {
    acknowledged,
    refused,  ///< the broker answered with a reason code ≥ 0x80; repeating will not help
    failed,   ///< not connected, or the connection was lost before the PUBACK: publish again
};

/// Names a publish in on_published; chosen by the caller. 0: no report wanted.
using PublishTicket = std::uint64_t;

struct Subscription {
    std::string filter;
    int qos = 1;
    bool no_local = false;
    bool retain_as_published = true;
};

struct Will {
    std::string topic;
    std::string payload;
    int qos = 1;
    bool retain = true;
};

struct BrokerSettings {
    std::string url = "mqtt://127.0.0.1:1883";  ///< mqtt:// or mqtts://
    std::string client_id;
    std::string username;
    std::string password;
    std::string ca;  ///< PEM for mqtts; empty: the system's
    bool clean_start = false;
    std::chrono::seconds session_expiry{7 * 24 * 3600};
    std::chrono::seconds keep_alive{20};
    std::chrono::milliseconds connect_timeout{5000};
    std::chrono::milliseconds backoff_min{200};    ///< full jitter between attempts,
    std::chrono::milliseconds backoff_max{30000};  ///< doubling up to this
    std::vector<Subscription> subscriptions;       ///< made anew after every connect
    std::optional<Will> will;
};

/// Called on the broker's own threads, never inside a call to Broker. Must return quickly: Paho
/// holds a process-wide lock meanwhile.
class BrokerListener {
public:
    virtual ~BrokerListener() = default;

    /// Connected and every subscription acknowledged.
    virtual void on_connected(bool session_present) = 0;

    /// Lost, refused or not reached; the broker keeps trying. `reason` is for the log.
    virtual void on_disconnected(std::string_view reason) = 0;

    /// One message. The PUBACK is sent when this returns, whatever happens: take the message over
    /// before returning. Blocking here is the back-pressure towards the broker.
    virtual void on_message(InboundMessage message) = 0;

    virtual void on_published(PublishTicket ticket, PublishResult result) = 0;
};

class Broker {
public:
    virtual ~Broker() = default;

    /// Starts connecting, and goes on trying until stop(). Call once.
    virtual void start(BrokerListener& listener) = 0;

    /// Hands one message over. With a ticket exactly one on_published follows, on any thread but
    /// this one's call. QoS 0 while not connected is dropped and `false` returned.
    virtual bool publish(OutboundMessage message, PublishTicket ticket) = 0;

    /// From hold() to release() what is published is queued, and nobody is woken for it: for a
    /// caller that has more urgent work to hand on first. Pairs, one thread.
    virtual void hold() {}

    virtual void release() {}

    [[nodiscard]] virtual bool connected() const = 0;

    /// Disconnects, so that what is published waits in our session at the broker, and stays away
    /// until resume(). `reason` goes to on_disconnected.
    virtual void pause(std::string_view reason) = 0;
    virtual void resume() = 0;

    /// Gives the session up for good: ends the subscriptions now, or with the next connect, and
    /// leaves nothing of them at the broker after stop(). What the broker has sent meanwhile still
    /// arrives.
    virtual void leave() = 0;

    /// Publishes what was handed over (bounded by `grace`), disconnects without the will, and
    /// returns when no listener call will follow.
    virtual void stop(std::chrono::milliseconds grace) = 0;
};

/// hold() and release() of a scope.
class Held {
public:
    explicit Held(Broker& broker) : broker_(broker) { broker_.hold(); }

    ~Held() { broker_.release(); }

    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

private:
    Broker& broker_;
};

}  // namespace dm::broker
