#include "device-mgmt/net/ws_endpoint.hpp"

#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/net/accept_loop.hpp"
#include "device-mgmt/net/capacity.hpp"
#include "device-mgmt/net/listen_socket.hpp"
#include "device-mgmt/net/tls_context.hpp"
#include "device-mgmt/net/tls_peer.hpp"
#include "device-mgmt/net/ws_config.hpp"
#include "device-mgmt/net/ws_link.hpp"
#include "device-mgmt/net/ws_processor.hpp"

#include <exception>
#include <list>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <system_error>
#include <unordered_set>
#include <utility>
#include <vector>

#include <asio/detail/socket_option.hpp>
#include <asio/post.hpp>
#include <netinet/tcp.h>
#include <websocketpp/server.hpp>

// Compiles all of websocketpp's server: half a minute and 0.5 GB.

namespace dm::net {
namespace {

using Server = websocketpp::server<WsConfig>;
using MessagePtr = WsConfig::message_type::ptr;
using UserTimeout = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;
using NotSentLowat = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;

/// websocketpp's own closing timer is only for closes that it begins; ours comes first otherwise.
constexpr std::chrono::milliseconds kCloseTimerMargin{500};
/// Those who are turned away come back at moments between these.
constexpr std::chrono::seconds kShortestRetryWhenFull{5};
constexpr std::chrono::seconds kLongestRetryWhenFull{15};
/// Certificates verified again per turn of the loop: some milliseconds.
constexpr std::size_t kVerifiedPerTurn = 32;
/// Handshakes under way while newcomers are turned away: each costs some 30 KiB and a
/// signature, the more so when memory or time is what is short.
constexpr std::size_t kMaxHandshakesOverloaded = 16;

std::string text_of(const asio::ip::tcp::endpoint& peer) {
    const auto address = peer.address().to_string();
    const auto port = std::to_string(peer.port());
    return peer.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

/// websocketpp finds the byte order out at the first long frame and keeps it in a static that
/// nothing guards. Before there are threads, then.
void find_byte_order_out() {
    static const std::uint64_t found = websocketpp::lib::net::_htonll(1);
    static_cast<void>(found);
}

}  // namespace

class WsEndpoint::Impl {
public:
    Impl(asio::io_context& io,
         EndpointSettings settings,
         std::shared_ptr<const TlsContext> tls,
         Acceptor& acceptor,
         EndpointObserver observer);
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl();

    tl::expected<void, std::string> listen();
    void stop_accepting();
    void abort_all();

    void replace_tls(std::shared_ptr<const TlsContext> tls);

    [[nodiscard]] std::uint16_t port() const { return accept_.port(); }

    [[nodiscard]] std::size_t connections() const { return live_.size() - handshaking_.size(); }

    [[nodiscard]] std::size_t handshakes() const { return handshaking_.size(); }

private:
    void accepted(AcceptedSocket& socket);
    std::error_code prepare(WsConnection& con, AcceptedSocket& socket);
    void set_handlers(WsConnection& con);
    void verify_some();
    [[nodiscard]] tl::expected<Admission, Refusal> decide(WsConnection& con);
    [[nodiscard]] Refusal no_room(std::string reason);
    [[nodiscard]] bool admit(WsConnection& con);
    void answer(WsConnection& con, const Refusal& refusal) const;
    void opened(WsConnection& con);
    void gone(WsConnection& con);
    void leave_handshake(WsConnection& con);
    [[nodiscard]] bool has_room() const;
    [[nodiscard]] bool make_room();
    /// A connection that is gone no longer counts in the shared capacity.
    void count_out(WsConnection& con) const;

    asio::io_context& io_;
    EndpointSettings settings_;
    std::shared_ptr<const TlsContext> tls_;
    Acceptor& acceptor_;
    LinkContext context_;
    Server server_;
    AcceptLoop accept_;
    std::unordered_set<WsConnection*> live_;
    std::list<WsConnection*> handshaking_;   ///< oldest first
    std::vector<WsConnection*> unverified_;  ///< live when the trust changed; some are gone since
    std::minstd_rand random_{std::random_device{}()};
};

WsEndpoint::Impl::Impl(asio::io_context& io,
                       EndpointSettings settings,
                       std::shared_ptr<const TlsContext> tls,
                       Acceptor& acceptor,
                       EndpointObserver observer)
    : io_(io),
      settings_(std::move(settings)),
      tls_(std::move(tls)),
      acceptor_(acceptor),
      context_{settings_.limits, std::move(observer)},
      accept_(io,
              {settings_.limits.accepts_per_address_per_s, settings_.limits.accept_backoff},
              {[this] { return has_room(); },
               [this] { return make_room(); },
               [this](AcceptedSocket& socket) { accepted(socket); },
               [this](const std::string& what) { context_.failed(what); }}) {
    server_.init_asio(&io);
    server_.set_user_agent("");  // no Server header
    server_.set_max_message_size(settings_.limits.max_message_bytes);
    server_.set_close_handshake_timeout(
        static_cast<long>((settings_.limits.close_timeout + kCloseTimerMargin).count()));
}

WsEndpoint::Impl::~Impl() {
    for (auto* con : std::exchange(live_, {})) {
        con->link.detach();
        count_out(*con);
    }
}

tl::expected<void, std::string> WsEndpoint::Impl::listen() {
    auto acceptor = open_listener(io_, settings_.address, settings_.port, settings_.reuse_port);
    if (!acceptor) {
        return tl::unexpected(acceptor.error());
    }
    accept_.start(std::move(*acceptor));
    return {};
}

void WsEndpoint::Impl::accepted(AcceptedSocket& socket) {
    Server::connection_ptr con;
    try {
        con = server_.get_connection();
        if (const auto ec = prepare(*con, socket)) {
            context_.failed("accept: " + ec.message());
            con->get_socket().abort();
            return;
        }
        con->link.begin(*con, context_, text_of(socket.peer()), core::read_clock().mono);
        set_handlers(*con);
        live_.insert(con.get());
        con->counted_socket = settings_.capacity != nullptr;
        if (con->counted_socket) {
            settings_.capacity->add_socket();
        }
        con->handshake = handshaking_.insert(handshaking_.end(), con.get());
        con->start();
    } catch (const std::exception& error) {
        context_.failed(std::string{"exception: "} + error.what());
        socket.reset_on_close();
        if (live_.erase(con.get()) > 0) {
            count_out(*con);
            leave_handshake(*con);
            con->link.detach();
        }
    }
}

std::error_code WsEndpoint::Impl::prepare(WsConnection& con, AcceptedSocket& socket) {
    std::error_code ec;
    auto& raw = con.get_raw_socket();
    raw.assign(socket.peer().protocol(), socket.descriptor(), ec);
    if (ec) {
        return ec;
    }
    socket.release();
    raw.set_option(asio::ip::tcp::no_delay{true}, ec);
    if (!ec) {
        raw.set_option(UserTimeout{static_cast<int>(settings_.limits.user_timeout.count())}, ec);
    }
    if (!ec) {
        raw.set_option(NotSentLowat{static_cast<int>(settings_.limits.kernel_unsent_bytes)}, ec);
    }
    if (!ec && tls_) {
        ec = con.use_tls(tls_->native());
    }
    return ec;
}

void WsEndpoint::Impl::set_handlers(WsConnection& con) {
    // Two pointers each: no allocation. `this` is used only while the link is attached.
    using Hdl = websocketpp::connection_hdl;
    auto* c = &con;
    auto* link = &con.link;
    con.set_tcp_post_init_handler(
        [link](const Hdl&) { link->guarded([&] { link->restart_handshake_timer(); }); });
    con.set_http_handler([this, c](const Hdl&) {
        c->link.guarded([&] { answer(*c, c->get_request().verdict().error()); });
    });
    con.set_validate_handler([this, c](const Hdl&) {
        bool admitted = false;
        c->link.guarded([&] { admitted = admit(*c); });
        return admitted;
    });
    con.set_open_handler([this, c](const Hdl&) { c->link.guarded([&] { opened(*c); }); });
    con.set_message_handler([link](const Hdl&, const MessagePtr& message) {
        const bool text = message->get_opcode() == websocketpp::frame::opcode::text;
        link->guarded([&] {
            link->frame(text ? core::FrameKind::text : core::FrameKind::binary,
                        message->get_payload());
        });
    });
    con.set_ping_handler([link](const Hdl&, const std::string& payload) {
        link->guarded([&] { link->ping(payload); });
        return false;  // answered
    });
    con.set_pong_handler(
        [link](const Hdl&, const std::string&) { link->guarded([&] { link->pong(); }); });
    con.set_termination_handler(
        [this, c](const Server::connection_ptr&) { c->link.guarded([&] { gone(*c); }); });
}

tl::expected<Admission, Refusal> WsEndpoint::Impl::decide(WsConnection& con) {
    const Capacity* capacity = settings_.capacity;
    if (capacity != nullptr && !capacity->has_connection()) {
        return tl::unexpected(no_room("No room for more connections."));
    }
    if (capacity != nullptr && capacity->overloaded()) {
        return tl::unexpected(no_room("Overloaded."));
    }
    if (tls_ && !still_verifies(con.native_tls(), tls_->native())) {
        return tl::unexpected(Refusal{401, "identity not accepted", std::nullopt});
    }
    const UpgradeHead& head = *con.get_request().verdict();
    return acceptor_.on_upgrade({head.path,
                                 head.query,
                                 head.authorization,
                                 head.origin,
                                 head.protocols,
                                 con.link.remote(),
                                 verified_common_name(con.native_tls())});
}

void WsEndpoint::Impl::replace_tls(std::shared_ptr<const TlsContext> tls) {
    const bool trust_changed = tls_ && tls && tls_->trust() != tls->trust();
    tls_ = std::move(tls);
    if (!trust_changed) {
        return;
    }
    const bool idle = unverified_.empty();
    unverified_.assign(live_.begin(), live_.end());
    if (idle) {
        verify_some();
    }
}

void WsEndpoint::Impl::verify_some() {
    for (std::size_t n = 0; n < kVerifiedPerTurn && !unverified_.empty(); ++n) {
        WsConnection* con = unverified_.back();
        unverified_.pop_back();
        // One that is new at an old one's address is verified once too often.
        if (live_.count(con) != 0 && !still_verifies(con->native_tls(), tls_->native())) {
            con->link.guarded([con] { con->link.revoked(); });
        }
    }
    if (!unverified_.empty()) {
        asio::post(io_, [this] { verify_some(); });
    }
}

Refusal WsEndpoint::Impl::no_room(std::string reason) {
    std::uniform_int_distribution<std::int64_t> seconds(kShortestRetryWhenFull.count(),
                                                        kLongestRetryWhenFull.count());
    return {503, std::move(reason), std::chrono::seconds{seconds(random_)}};
}

bool WsEndpoint::Impl::admit(WsConnection& con) {
    auto decision = decide(con);
    if (!decision) {
        answer(con, decision.error());
        return false;
    }
    std::error_code ec;
    con.select_subprotocol(decision->subprotocol, ec);
    if (ec) {
        throw std::logic_error("a subprotocol was chosen that was not offered");
    }
    con.link.keep_identity(std::move(decision->identity));
    return true;
}

void WsEndpoint::Impl::answer(WsConnection& con, const Refusal& refusal) const {
    con.set_status(static_cast<websocketpp::http::status_code::value>(refusal.status));
    con.replace_header("Connection", "close");
    con.replace_header("Content-Type", "text/plain; charset=utf-8");
    if (refusal.status == 405) {
        con.replace_header("Allow", "GET");
    }
    if (refusal.status == 426) {
        con.replace_header("Connection", "close, Upgrade");
        con.replace_header("Upgrade", "websocket");
        con.replace_header("Sec-WebSocket-Version", "13");
    }
    if (refusal.retry_after) {
        con.replace_header("Retry-After", std::to_string(refusal.retry_after->count()));
    }
    con.set_body(refusal.reason + "\n");
    if (context_.observer.refused) {
        context_.observer.refused(refusal.status);
    }
}

void WsEndpoint::Impl::opened(WsConnection& con) {
    leave_handshake(con);
    con.counted_open = settings_.capacity != nullptr;
    if (con.counted_open) {
        settings_.capacity->add_connection();
    }
    if (context_.observer.handshake_done) {
        context_.observer.handshake_done(core::read_clock().mono - con.link.accepted_at());
    }
    // The request holds tokens, and both hold memory; websocketpp looks at neither any more. Moved
    // out, not assigned over: a string that is assigned a short text keeps its memory.
    const HandshakeRequest request{std::move(const_cast<HandshakeRequest&>(con.get_request()))};
    const WsConfig::response_type response{
        std::move(const_cast<WsConfig::response_type&>(con.get_response()))};
    con.link.open(acceptor_);
}

void WsEndpoint::Impl::gone(WsConnection& con) {
    live_.erase(&con);
    count_out(con);
    accept_.resume();  // it may have waited for a socket
    if (con.handshake) {
        const auto tls = con.tls_failure();
        const auto ec = con.get_ec();
        leave_handshake(con);
        if (tls) {
            context_.failed("TLS: " + tls.message());
        } else if (con.get_response().get_status_code() ==
                   websocketpp::http::status_code::uninitialized) {
            context_.failed("handshake: " + ec.message());
        }
    }
    con.link.terminated();
}

void WsEndpoint::Impl::leave_handshake(WsConnection& con) {
    if (con.handshake) {
        handshaking_.erase(*std::exchange(con.handshake, std::nullopt));
        accept_.resume();
    }
}

void WsEndpoint::Impl::count_out(WsConnection& con) const {
    if (std::exchange(con.counted_socket, false)) {
        settings_.capacity->remove_socket();
    }
    if (std::exchange(con.counted_open, false)) {
        settings_.capacity->remove_connection();
    }
}

bool WsEndpoint::Impl::has_room() const {
    const Capacity* capacity = settings_.capacity;
    const bool overloaded = capacity != nullptr && capacity->overloaded();
    const std::size_t most =
        overloaded ? std::min(settings_.limits.max_handshakes, kMaxHandshakesOverloaded)
                   : settings_.limits.max_handshakes;
    return handshaking_.size() < most && (capacity == nullptr || capacity->has_socket());
}

bool WsEndpoint::Impl::make_room() {
    // Peers that drip their handshake must not keep others out for as long as one may take.
    const core::Instant now = core::read_clock().mono;
    for (WsConnection* con : handshaking_) {
        const auto age = now - con->link.accepted_at();
        if (age < settings_.limits.hello_patience) {
            break;
        }
        const bool stalled =
            !con->link.has_said_hello() || age >= settings_.limits.handshake_patience;
        if (stalled && con->link.is_waited_for()) {
            context_.failed("handshake: stalled while others wait");
            con->link.abort();
            count_out(*con);
            handshaking_.erase(*std::exchange(con->handshake, std::nullopt));
            return true;
        }
    }
    return false;
}

void WsEndpoint::Impl::stop_accepting() {
    accept_.stop();
}

void WsEndpoint::Impl::abort_all() {
    const std::vector<WsConnection*> all{live_.begin(), live_.end()};
    for (auto* con : all) {
        con->link.abort();
    }
}

// ---- WsEndpoint

WsEndpoint::WsEndpoint(asio::io_context& io,
                       EndpointSettings settings,
                       std::shared_ptr<const TlsContext> tls,
                       Acceptor& acceptor,
                       EndpointObserver observer)
    : impl_(std::make_unique<Impl>(
          io, std::move(settings), std::move(tls), acceptor, std::move(observer))) {
    find_byte_order_out();
}

WsEndpoint::~WsEndpoint() = default;

tl::expected<void, std::string> WsEndpoint::listen() {
    return impl_->listen();
}

std::uint16_t WsEndpoint::port() const {
    return impl_->port();
}

void WsEndpoint::replace_tls(std::shared_ptr<const TlsContext> tls) {
    impl_->replace_tls(std::move(tls));
}

void WsEndpoint::stop_accepting() {
    impl_->stop_accepting();
}

void WsEndpoint::abort_all() {
    impl_->abort_all();
}

std::size_t WsEndpoint::connections() const {
    return impl_->connections();
}

std::size_t WsEndpoint::handshakes() const {
    return impl_->handshakes();
}

}  // namespace dm::net
