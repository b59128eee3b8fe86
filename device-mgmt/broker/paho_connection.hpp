#pragma once

#include "device-mgmt/broker/broker.hpp"
#include "device-mgmt/broker/broker_socket.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <MQTTAsync.h>
#include <tl/expected.hpp>

namespace dm::broker {

/// What the broker said in its CONNACK.
struct Connack {
    bool session_present = false;
    std::size_t receive_maximum = 65535;
    std::size_t maximum_packet_size = SIZE_MAX;
};

/// What a PahoConnection reports. Called on Paho's threads while Paho's process-wide lock is held:
/// none of these may call Paho, that is, any method of a PahoConnection
/// (paho.mqtt.c#1230, #1598).
struct ConnectionEvents {
    std::function<void(const Connack&)> up;
    std::function<void(std::string reason)> down;  ///< not reached, refused, or lost
    std::function<void()> subscribed;              ///< one of the subscriptions, with success
    std::function<void(std::size_t slot, PublishResult)> settled;
    std::function<void()> disconnected;  ///< after PahoConnection::disconnect()
    std::function<void(InboundMessage)> message;
};

/// One Paho handle, for one connection: made, connected, and thrown away with it.
///
/// Throwing the handle away is what makes `failed` true: a handle that lives on keeps the publishes
/// of the lost connection and sends them again, beside the repeats of their owner. Make the new one
/// before retiring the old: destroying the last handle of the process stops Paho's threads, which
/// takes up to a second.
///
/// Paho 1.3.12 frees the topic and the payload of a publish (QoS > 0) whose write failed twice:
/// with its command, and with the handle (ADR 0017). By then both may belong to others. So a handle
/// that may have such a publish is kept until the process ends; see retire().
///
/// One thread (the worker's); events come on Paho's.
class PahoConnection {
public:
    /// `settings` must outlive it. `slots`: how many publishes may be unsettled at a time.
    PahoConnection(const BrokerSettings& settings, std::size_t slots, ConnectionEvents events);

    /// Handles kept at most, for the process: each takes up to 0.6 MB, and Paho passes by what they
    /// had not yet sent at every publish. Beyond, they are destroyed in spite of the risk.
    static constexpr std::size_t kMaxKept = 16;

    /// Ends a connection for good: destroys it, or keeps it out of the way when its handle must not
    /// be destroyed. Connected ones disconnect in order (no will). No event follows that counts:
    /// what `events` refer to must outlive the process's Paho threads, or be told apart by them.
    static void retire(std::unique_ptr<PahoConnection> connection);

    /// Connections kept by retire() so far. Any thread.
    [[nodiscard]] static std::size_t kept();

    /// Destroys the handle, whatever state it is in; use retire().
    ~PahoConnection();
    PahoConnection(const PahoConnection&) = delete;
    PahoConnection& operator=(const PahoConnection&) = delete;

    /// Starts connecting; `up` or `down` follows. The error is for the log. Destroy the connection
    /// before it first: a broker publishes the will of whom another connection replaces.
    [[nodiscard]] tl::expected<void, std::string> connect();

    /// For a connection that is up: sends one SUBSCRIBE for each subscription; as many `subscribed`
    /// follow, or `down` (which names the filter) when one is refused or granted less than it asked
    /// for.
    [[nodiscard]] tl::expected<void, std::string> subscribe();

    /// For a connection that is up: ends every subscription. From now on disconnect() ends the
    /// session at the broker as well.
    void give_up_session();

    /// Takes the message over; `settled` with `slot` follows, or nothing when the connection is
    /// lost. The error is what to report instead.
    [[nodiscard]] tl::expected<void, PublishResult> send(const OutboundMessage& message,
                                                         std::size_t slot);

    /// Written, and not yet taken over by the broker's kernel.
    [[nodiscard]] std::size_t unacknowledged_bytes() const {
        return socket_.unacknowledged_bytes();
    }

    /// Starts a normal disconnect; `disconnected` follows if the connection was up.
    void disconnect();

private:
    [[nodiscard]] tl::expected<void, std::string> create();

    /// Whether Paho would free memory twice with the handle, or still might come to. Waits for the
    /// end of a connection that is being disconnected, half a second at most.
    [[nodiscard]] bool must_be_kept();

    void tell_over();

    /// What Paho hands back to its C callbacks: whose, and which.
    struct Context {
        PahoConnection* owner;
        std::size_t index;
        int qos;  ///< of the publish
    };

    static void on_connect(void* context, MQTTAsync_successData5* data) noexcept;
    static void on_connect_failure(void* context, MQTTAsync_failureData5* data) noexcept;
    static void on_lost(void* context, char* cause) noexcept;
    static void on_server_disconnect(void* context,
                                     MQTTProperties* properties,
                                     enum MQTTReasonCodes code) noexcept;
    static int on_arrived(void* context,
                          char* topic,
                          int topic_bytes,
                          MQTTAsync_message* message) noexcept;
    static void on_subscribe(void* context, MQTTAsync_successData5* data) noexcept;
    static void on_subscribe_failure(void* context, MQTTAsync_failureData5* data) noexcept;
    static void on_disconnect(void* context, MQTTAsync_successData5* data) noexcept;
    static void on_sent(void* context, MQTTAsync_successData5* data) noexcept;
    static void on_send_failure(void* context, MQTTAsync_failureData5* data) noexcept;
    static int on_tls_error(const char* text, std::size_t bytes, void* context) noexcept;

    const BrokerSettings& settings_;
    ConnectionEvents events_;
    std::vector<Context> slots_;
    std::vector<Context> subscriptions_;
    BrokerSocket socket_;  ///< since subscribe()
    bool gives_up_session_ = false;
    std::atomic<bool> freed_publish_{false};  ///< one that the handle would free again
    std::mutex end_mutex_;
    std::condition_variable end_;
    bool over_ = false;   ///< disconnected or lost; guarded by end_mutex_
    std::string detail_;  ///< why it failed, as far as known; under Paho's lock
    tl::expected<void, std::string> created_;
    MQTTAsync handle_ = nullptr;
};

}  // namespace dm::broker
