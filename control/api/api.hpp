#pragma once

#include "control/api/broadcasts.hpp"
#include "control/api/follows.hpp"
#include "control/api/problem.hpp"
#include "control/api/router.hpp"
#include "control/calls/calls.hpp"
#include "control/fleet/fleet.hpp"
#include "control/metrics.hpp"
#include "control/queries/queries.hpp"
#include "control/sse/hub.hpp"
#include "control/tokens/authority.hpp"
#include "device-mgmt/broker/broker.hpp"
#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/http/responder.hpp"
#include "protocol/topics.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace dm::control {

/// Who this instance is.
struct Identity {
    std::string node;
    std::string boot;    ///< differs in every run
    std::string prefix;  ///< of topics
    std::string user;    ///< at the broker; what it may read ends in dm/responses/<user>/#

    /// Where answers to this instance go, followed by `/calls`, `/queries` or `/broadcasts`.
    [[nodiscard]] std::string response_topic() const;

    /// The subscriptions of an instance.
    [[nodiscard]] std::vector<broker::Subscription> subscriptions() const;
};

/// Every route: requests become calls, questions and streams, messages of the broker become answers
/// and events. No sockets, no threads, no clock of its own: one thread calls all of it.
class Api final : public http::RequestListener, private CallListener {
public:
    using Clock = std::function<core::Moment()>;

    struct Parts {
        http::Responder& responder;
        std::function<bool(broker::OutboundMessage)> publish;
        Authority& authority;
        Metrics& metrics;
        Clock clock;
        std::function<std::string(proto::WallTime)> make_id;
    };

    Api(Identity identity, Parts parts);

    // From the HTTP server.
    void on_request(http::ExchangeId exchange, http::HttpRequest request) override;
    void on_gone(http::ExchangeId exchange) override;
    void on_refused(std::string_view remote, int status, std::string_view why) override;
    void on_drained(http::ExchangeId exchange) override;

    // From the broker.
    void on_message(broker::InboundMessage message);
    void on_connected(bool session_present);
    void on_disconnected();

    /// Messages were thrown away, because this thread was behind.
    void on_dropped(std::uint64_t count);

    /// To be called at next() and a few times a second.
    void advance();

    [[nodiscard]] std::optional<core::Instant> next() const;

    /// Whether anybody still waits for an answer that is not a stream of events.
    [[nodiscard]] bool is_idle() const;

    /// New requests are refused, streams of events ended; calls go on.
    void drain();

    /// Ends what still goes on: those who wait are told where to ask.
    void end_all();

    void update_metrics(std::size_t exchanges);

private:
    /// Of the nodes told to a new reader of events; further ones are heard of when they change.
    static constexpr std::size_t kMaxOpeningBytes = std::size_t{64} * 1024;

    /// A request whose answer has not begun.
    struct Open {
        core::Instant since;
        std::string operator_name;
        std::optional<Role> role;  ///< of its token
    };

    using Request = http::HttpRequest;

    void dispatch(http::ExchangeId exchange, const RouteMatch& match, const Request& request);
    void dispatch(http::ExchangeId exchange,
                  const RouteMatch& match,
                  const std::optional<proto::DeviceId>& device,
                  const Request& request);
    void dispatch_document(http::ExchangeId exchange,
                           const RouteMatch& match,
                           const Request& request);
    void answer(http::ExchangeId exchange, http::HttpResponse response);
    void begin_stream(http::ExchangeId exchange);
    void refuse(http::ExchangeId exchange, const Problem& problem);
    void audit(http::ExchangeId exchange,
               std::string_view what,
               std::string_view device,
               std::string_view id,
               std::string_view detail);

    // commands.cpp
    void send_command(http::ExchangeId exchange,
                      const proto::DeviceId& device,
                      const Request& request);
    void send_origin_action(http::ExchangeId exchange, const Request& request);
    void call_if_known(CallOrder order, bool provision);
    void call(CallOrder order);
    void get_command(http::ExchangeId exchange,
                     const proto::DeviceId& device,
                     const std::string& id,
                     const Request& request);
    void find_command(http::ExchangeId exchange, const std::string& id);
    void cancel_command(http::ExchangeId exchange,
                        const proto::DeviceId& device,
                        const std::string& id);
    void check_cancelled(http::ExchangeId exchange,
                         const proto::DeviceId& device,
                         const std::string& id,
                         int turn);
    void on_call_slow(const CallOrder& order) override;
    void on_call_event(const CallOrder& order, const CallEvent& event, bool begun) override;
    void on_call_end(const CallOrder& order, const CallEnd& end, bool begun) override;
    void end_origin_call(const CallOrder& order, const CallEnd& end, bool begun);

    // fleet routes
    void kick(http::ExchangeId exchange, const proto::DeviceId& device);
    void broadcast(http::ExchangeId exchange, const Request& request);
    void follow_events(http::ExchangeId exchange, std::string device, const Request& request);
    [[nodiscard]] std::string nodes_text() const;

    /// Asks the nodes and answers with their answer, or with a field of it.
    void ask(http::ExchangeId exchange, std::string question, std::string_view field = {});
    void count(const tl::expected<QueryResult, QueryProblem>& result);

    [[nodiscard]] bool publish(broker::OutboundMessage message) const;
    void take_event(std::string_view rest, broker::InboundMessage& message);

    [[nodiscard]] core::Instant now() const { return parts_.clock().mono; }

    Identity identity_;
    Parts parts_;
    proto::Topics topics_;
    std::string response_topic_;
    Fleet fleet_;
    Hub hub_;
    Queries queries_;
    Calls calls_;
    Follows follows_;
    Broadcasts broadcasts_;
    std::unordered_map<http::ExchangeId, Open> open_;
    core::DeadlineQueue<std::function<void()>> later_;  ///< looks again at a cancelled command
    std::uint64_t last_later_ = 0;
    bool connected_ = false;
    bool was_connected_ = false;
    bool draining_ = false;
};

}  // namespace dm::control
