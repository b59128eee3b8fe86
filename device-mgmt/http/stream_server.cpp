#include "device-mgmt/http/stream_server.hpp"

#include "device-mgmt/http/restinio_message.hpp"
#include "device-mgmt/http/restinio_server.hpp"
#include "device-mgmt/http/strict_socket.hpp"

#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include <netinet/tcp.h>

namespace dm::http {

namespace {

using Peer = restinio::asio_ns::ip::tcp::endpoint;

/// Counts connections, refuses those beyond the bound, knows whose they are, and tells which one
/// was closed. RESTinio's own limiter must outlive the connections, which the loop's queue may keep
/// longer than the server.
class ConnectionGate {
public:
    ConnectionGate(std::size_t max, std::function<void(restinio::connection_id_t)> on_closed)
        : max_(max), on_closed_(std::move(on_closed)) {}

    [[nodiscard]] std::optional<restinio::connection_id_t> connection_of(const Peer& peer) const {
        const auto found = connections_.find(peer);
        return found == connections_.end() ? std::nullopt : std::make_optional(found->second);
    }

    [[nodiscard]] restinio::ip_blocker::inspection_result_t inspect(
        const restinio::ip_blocker::incoming_info_t& /*peer*/) const noexcept {
        return connections_.size() < max_ ? restinio::ip_blocker::allow()
                                          : restinio::ip_blocker::deny();
    }

    void state_changed(const restinio::connection_state::notice_t& notice) noexcept {
        if (restinio::holds_alternative<restinio::connection_state::accepted_t>(notice.cause())) {
            connections_[notice.remote_endpoint()] = notice.connection_id();
        } else if (restinio::holds_alternative<restinio::connection_state::closed_t>(
                       notice.cause())) {
            connections_.erase(notice.remote_endpoint());
            on_closed_(notice.connection_id());
        }
    }

private:
    std::size_t max_;
    std::map<Peer, restinio::connection_id_t> connections_;
    std::function<void(restinio::connection_id_t)> on_closed_;
};

struct StreamTraits : restinio::default_single_thread_traits_t {
    using request_handler_t =
        std::function<restinio::request_handling_status_t(restinio::request_handle_t)>;
    using connection_state_listener_t = ConnectionGate;
    using ip_blocker_t = ConnectionGate;
    using stream_socket_t = StrictSocket;
};

using ChunkedReply = restinio::response_builder_t<restinio::chunked_output_t>;
using UserTimeout =
    restinio::asio_ns::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;

HttpResponse internal_error() {
    HttpResponse response;
    response.status = 500;
    response.content_type = "application/problem+json";
    response.body = R"({"title":"Internal Server Error","status":500,"code":"internal"})";
    return response;
}

}  // namespace

class StreamServer::Impl {
public:
    Impl(asio::io_context& io, StreamSettings settings, RequestListener& listener)
        : io_(io), settings_(std::move(settings)), listener_(listener) {}

    tl::expected<void, std::string> start() {
        server_.emplace(restinio::external_io_context(io_), make_settings());
        if (auto opened = open_port(*server_, settings_); !opened) {
            server_.reset();
            return opened;
        }
        return {};
    }

    void close_port() {
        if (server_) {
            server_->close_sync();
        }
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }

    [[nodiscard]] std::size_t open() const { return exchanges_.size(); }

    void answer(ExchangeId id, HttpResponse response) {
        Exchange* exchange = find(id);
        if (exchange == nullptr || exchange->stream || exchange->over) {
            return;
        }
        const restinio::request_handle_t request = std::move(exchange->request);
        exchange->over = true;
        auto reply = request->create_response(status_line(response.status));
        write_head(reply, response, request->header().should_keep_alive());
        if (request->header().method() != restinio::http_method_head()) {
            reply.set_body(std::move(response.body));
        }
        reply.done(while_alive([this, id](const auto& /*error*/) { release(id); }));
    }

    void begin_stream(ExchangeId id, HttpResponse head) {
        Exchange* exchange = find(id);
        if (exchange == nullptr || exchange->stream || exchange->over) {
            return;
        }
        const restinio::request_handle_t request = std::move(exchange->request);
        exchange->stream.emplace(
            request->create_response<restinio::chunked_output_t>(status_line(head.status)));
        exchange->queue = std::move(head.body);
        write_head(*exchange->stream, head, request->header().should_keep_alive());
        schedule_write(id, *exchange);
    }

    bool send(ExchangeId id, const std::string& piece) {
        Exchange* exchange = find(id);
        if (exchange == nullptr || !exchange->stream || exchange->over) {
            return false;
        }
        if (exchange->queue.size() + exchange->in_flight + piece.size() >
            settings_.limits.max_unsent_bytes) {
            exchange->queue.clear();
            exchange->over = true;
            schedule_write(id, *exchange);
            restinio::asio_ns::post(io_, [this, id] { listener_.on_gone(id); });
            return false;
        }
        exchange->queue += piece;
        schedule_write(id, *exchange);
        return true;
    }

    void end_stream(ExchangeId id) {
        Exchange* exchange = find(id);
        if (exchange == nullptr || !exchange->stream || exchange->over) {
            return;
        }
        exchange->over = true;
        schedule_write(id, *exchange);
    }

private:
    struct Exchange {
        restinio::connection_id_t connection = 0;
        restinio::request_handle_t request;  ///< until the answer begins
        std::optional<ChunkedReply> stream;
        std::string queue;
        std::size_t in_flight = 0;
        bool writing = false;    ///< a write is under way; nothing is handed over meanwhile
        bool scheduled = false;  ///< a write begins in the loop's next turn
        bool over = false;       ///< for the listener
    };

    restinio::server_settings_t<StreamTraits> make_settings() {
        const StreamLimits& limits = settings_.limits;
        const auto gate = std::make_shared<ConnectionGate>(
            limits.max_connections,
            [this](restinio::connection_id_t connection) { closed(connection); });
        restinio::server_settings_t<StreamTraits> made;
        set_common(made, settings_, port_);
        made.max_pipelined_requests(2)  // one is answered, and the connection still read
            .handle_request_timeout(limits.handle_timeout)
            .strict(strict_settings(gate))
            .socket_options_setter([limits](restinio::socket_options_t& options) {
                using Milliseconds = std::chrono::milliseconds;
                restinio::asio_ns::error_code ignored;
                options.set_option(restinio::asio_ns::ip::tcp::no_delay(true), ignored);
                options.set_option(restinio::asio_ns::socket_base::send_buffer_size(
                                       static_cast<int>(limits.send_buffer_bytes)),
                                   ignored);
                options.set_option(
                    UserTimeout(static_cast<int>(Milliseconds(limits.user_timeout).count())),
                    ignored);
            })
            .connection_state_listener(gate)
            .ip_blocker(gate)
            .request_handler([this](restinio::request_handle_t incoming) {
                take(std::move(incoming));
                return restinio::request_accepted();
            });
        return made;
    }

    std::shared_ptr<const StrictSettings> strict_settings(
        const std::shared_ptr<const ConnectionGate>& gate) {
        auto made = std::make_shared<StrictSettings>();
        made->limits = settings_.limits.head;
        made->may_answer = [this, gate, alive = std::weak_ptr<bool>(alive_)](
                               const Peer& peer, const HeadRefusal& refusal) {
            if (alive.expired()) {
                return false;
            }
            listener_.on_refused(text_of(peer), refusal.status, refusal.why);
            const auto connection = gate->connection_of(peer);
            return connection && by_connection_.count(*connection) == 0;
        };
        return made;
    }

    void take(restinio::request_handle_t incoming) {
        const restinio::connection_id_t connection = incoming->connection_id();
        if (by_connection_.count(connection) != 0) {
            throw std::runtime_error("a request before the answer to the last one");  // → closed
        }
        const ExchangeId id = ++last_id_;
        HttpRequest request = to_request(*incoming);
        by_connection_[connection] = id;
        Exchange& exchange = exchanges_[id];
        exchange.connection = connection;
        exchange.request = std::move(incoming);
        try {
            listener_.on_request(id, std::move(request));
        } catch (const std::exception&) {
            answer(id, internal_error());
        }
    }

    void closed(restinio::connection_id_t connection) {
        const auto found = by_connection_.find(connection);
        if (found == by_connection_.end()) {
            return;
        }
        const ExchangeId id = found->second;
        const bool over = exchanges_.at(id).over;
        // Later: the stack may be inside a call for this exchange, or for the connection.
        restinio::asio_ns::post(io_, [this, id, over] {
            release(id);
            if (!over) {
                listener_.on_gone(id);
            }
        });
    }

    void release(ExchangeId id) {
        const auto found = exchanges_.find(id);
        if (found != exchanges_.end()) {
            by_connection_.erase(found->second.connection);
            exchanges_.erase(found);
        }
    }

    /// Not at once: what is sent within one turn of the loop leaves in one write.
    void schedule_write(ExchangeId id, Exchange& exchange) {
        if (exchange.writing || exchange.scheduled) {
            return;
        }
        exchange.scheduled = true;
        restinio::asio_ns::post(io_, [this, id] {
            if (Exchange* found = find(id)) {
                found->scheduled = false;
                write(id, *found);
            }
        });
    }

    void write(ExchangeId id, Exchange& exchange) {
        exchange.writing = true;
        exchange.in_flight = exchange.queue.size();
        ChunkedReply& stream = *exchange.stream;
        stream.append_chunk(std::exchange(exchange.queue, {}));
        if (exchange.over) {
            ChunkedReply last = std::move(stream);  // may end with the exchange
            last.done(while_alive([this, id](const auto& /*error*/) { release(id); }));
            return;
        }
        stream.flush(while_alive([this, id](const auto& error) {
            if (!error) {
                restinio::asio_ns::post(io_, [this, id] { written(id); });
            }
        }));
    }

    void written(ExchangeId id) {
        Exchange* exchange = find(id);
        if (exchange == nullptr) {
            return;
        }
        exchange->writing = false;
        exchange->in_flight = 0;
        if (!exchange->queue.empty() || exchange->over) {
            write(id, *exchange);
        } else {
            listener_.on_drained(id);
        }
    }

    /// RESTinio calls back about unfinished writes also when the loop is destroyed after this.
    template <class Then>
    restinio::write_status_cb_t while_alive(Then then) {
        return [alive = std::weak_ptr<bool>(alive_), then](const auto& error) {
            if (!alive.expired()) {
                then(error);
            }
        };
    }

    Exchange* find(ExchangeId id) {
        const auto found = exchanges_.find(id);
        return found == exchanges_.end() ? nullptr : &found->second;
    }

    asio::io_context& io_;
    const StreamSettings settings_;
    RequestListener& listener_;
    std::uint16_t port_ = 0;  ///< written before start() returns
    std::optional<restinio::http_server_t<StreamTraits>> server_;
    ExchangeId last_id_ = 0;
    std::unordered_map<ExchangeId, Exchange> exchanges_;
    std::unordered_map<restinio::connection_id_t, ExchangeId> by_connection_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

StreamServer::StreamServer(asio::io_context& io, StreamSettings settings, RequestListener& listener)
    : impl_(std::make_unique<Impl>(io, std::move(settings), listener)) {}

StreamServer::~StreamServer() = default;

tl::expected<void, std::string> StreamServer::start() {
    return impl_->start();
}

void StreamServer::close_port() {
    impl_->close_port();
}

std::uint16_t StreamServer::port() const {
    return impl_->port();
}

std::size_t StreamServer::open() const {
    return impl_->open();
}

void StreamServer::answer(ExchangeId exchange, HttpResponse response) {
    impl_->answer(exchange, std::move(response));
}

void StreamServer::begin_stream(ExchangeId exchange, HttpResponse head) {
    impl_->begin_stream(exchange, std::move(head));
}

bool StreamServer::send(ExchangeId exchange, std::string piece) {
    return impl_->send(exchange, piece);
}

void StreamServer::end_stream(ExchangeId exchange) {
    impl_->end_stream(exchange);
}

}  // namespace dm::http
