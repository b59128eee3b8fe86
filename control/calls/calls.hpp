#pragma once

#include "control/calls/call.hpp"
#include "device-mgmt/broker/broker.hpp"
#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/core/deadline_queue.hpp"
#include "device-mgmt/http/responder.hpp"
#include "protocol/ids.hpp"
#include "protocol/operator_messages.hpp"
#include "protocol/topics.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace dm::control {

/// A command to be called for.
struct CallOrder {
    http::ExchangeId exchange = 0;
    proto::DeviceId device;
    proto::CommandRequest command;  ///< with an id
    CallMode mode = CallMode::wait;
    std::chrono::milliseconds patience{60000};
    bool origin_shape = false;  ///< how the answer looks: as the origin's
    core::Instant since = {};   ///< the request
    std::string operator_name = {};
    std::optional<std::string> traceparent = {};
};

/// Where the steps of calls go.
class CallListener {
public:
    virtual ~CallListener() = default;

    /// `accepted` takes long; the stream is to begin without an event.
    virtual void on_call_slow(const CallOrder& order) = 0;

    /// Something to tell a stream. `begun`: not the first call for it.
    virtual void on_call_event(const CallOrder& order, const CallEvent& event, bool begun) = 0;

    /// The call is over and forgotten. `begun`: something was told to its stream.
    virtual void on_call_end(const CallOrder& order, const CallEnd& end, bool begun) = 0;
};

/// All calls of an instance, by the Correlation Data of their commands. A reply is handed to a call
/// only if device and id are those it waits for, so a reply can be lost or late, never another's.
/// One thread.
class Calls {
public:
    static constexpr std::size_t kMaxCalls = 50000;
    /// A stream gets its head and a comment when nothing has come by then.
    static constexpr std::chrono::milliseconds kSlowAfter{40};

    using Publish = std::function<void(broker::OutboundMessage)>;

    /// `response_topic` is subscribed to by this instance alone. `listener` must outlive it.
    Calls(proto::Topics topics,
          std::string response_topic,
          Publish publish,
          CallListener& listener);

    [[nodiscard]] bool is_full() const { return calls_.size() >= kMaxCalls; }

    [[nodiscard]] std::size_t size() const { return calls_.size(); }

    /// Registers the call, then publishes the command.
    void start(CallOrder order, core::Instant now);

    /// A message on the response topic; false if it belongs to no call.
    bool take(const broker::InboundMessage& message, core::Instant now);

    void advance(core::Instant now);

    [[nodiscard]] std::optional<core::Instant> next() const { return deadlines_.next(); }

    /// The caller has left.
    bool gone(http::ExchangeId exchange);

    void reconnected(core::Instant now);

    /// Ends every call as if its patience were over, accepted or not.
    void end_all();

    /// Messages whose device or id was not that of their call.
    [[nodiscard]] std::uint64_t crossed() const { return crossed_; }

private:
    using Number = std::uint64_t;

    struct Entry {
        CallOrder order;
        Call call;
        core::Instant deadline;
        std::optional<core::Instant> slow_at;  ///< of a stream that has not begun
        bool begun = false;
    };

    void publish(Number number, const CallOrder& order);
    void carry_out(Number number, CallStep step);
    void schedule(Number number, Entry& entry);
    void forget(Number number);

    proto::Topics topics_;
    std::string response_topic_;
    Publish publish_;
    CallListener& listener_;
    Number last_number_ = 0;
    std::unordered_map<Number, Entry> calls_;
    std::unordered_map<http::ExchangeId, Number> by_exchange_;
    core::DeadlineQueue<char> deadlines_;
    std::uint64_t crossed_ = 0;
};

}  // namespace dm::control
