#pragma once

#include "device-mgmt/broker/broker.hpp"

#include <chrono>
#include <cstddef>
#include <memory>

namespace dm::broker {

/// Publishes that wait for their turn. Beyond it, or beyond the bytes, publish() answers `false`
/// and a ticket gets `failed`. QoS 0 is dropped from half of it on, so that it gives way.
inline constexpr std::size_t kMaxQueuedPublishes = 16384;
inline constexpr std::size_t kMaxQueuedBytes = std::size_t{64} * 1024 * 1024;

/// Publishes handed to Paho and not settled; the broker's Receive Maximum when that is less. Paho
/// searches all of them for each new one, so more makes it slower, not faster.
inline constexpr std::size_t kMaxInFlight = 512;

/// Bytes handed to Paho or written by it, and not settled or taken over by the broker's kernel.
/// What goes beyond waits in our queue; a larger message goes alone. Below the socket's send buffer
/// (BrokerSocket), so that Paho never meets a socket that takes a part only: its list of unfinished
/// writes is changed by two threads under two locks, which corrupts memory when the connection is
/// lost meanwhile (paho.mqtt.c#1514, #1629; docs/adr/0015).
inline constexpr std::size_t kMaxInFlightBytes = std::size_t{256} * 1024;

/// How often a full socket is looked at.
inline constexpr std::chrono::milliseconds kCongestionPoll{5};

/// A connection on which publishes wait this long without one PUBACK is given up. At least this,
/// at most twice.
inline constexpr std::chrono::seconds kAckTimeout{30};

/// A connection that lives this long resets the back-off, so two processes that fight over one
/// client id slow down instead of spinning.
inline constexpr std::chrono::seconds kProvenAfter{10};

/// MQTT 5 over Paho, with its own reconnect (full jitter) and re-subscription on every connect.
///
/// - Threads: one worker of its own makes every call into Paho and reports on_connected,
///   on_disconnected and failed publishes; Paho's threads report messages and settled publishes.
///   publish() may be called on any thread, also from the listener: it only queues, so it never
///   waits for Paho or the network. stop() must not be called from the listener.
/// - publish() returns whether the message was taken over. A ticket gets exactly one on_published
///   either way: `refused` for what no broker would take (outbound_check.hpp, or larger than the
///   broker's Maximum Packet Size), `failed` when not connected or the queue is full. QoS 0 with a
///   ticket is acknowledged when it has been written. "No matching subscribers" (0x10) counts as
///   acknowledged: Paho C 1.3.12 does not tell it apart.
/// - on_connected follows the SUBACKs, all with the QoS asked for; anything else is an
///   on_disconnected that names the filter, and a new attempt. Messages may come before it.
/// - At a loss on_disconnected comes first, then `failed` for every ticket outstanding, and nothing
///   of the lost connection is sent again by Paho.
/// - An exception out of on_message ends the process: the PUBACK must not follow.
///
/// Throws std::invalid_argument for a url that is none.
[[nodiscard]] std::unique_ptr<Broker> make_mqtt_broker(BrokerSettings settings);

}  // namespace dm::broker
