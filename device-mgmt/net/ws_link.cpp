#include "device-mgmt/net/ws_link.hpp"

#include "device-mgmt/net/ws_config.hpp"
#include "device-mgmt/net/ws_processor.hpp"

#include <system_error>
#include <utility>

#include <asio/post.hpp>
#include <openssl/ssl.h>
#include <websocketpp/connection.hpp>

namespace dm::net {
namespace {

using MessagePtr = WsConfig::message_type::ptr;

/// What a message costs beside its payload: header, control block and websocketpp's object. Without
/// it, many small messages would be far larger than the bound they are held to.
constexpr std::size_t kMessageBytes = 256;
/// Pongs under way; of more pings the last one is answered.
constexpr std::uint8_t kMaxPongs = 16;

}  // namespace

void Link::begin(WsConnection& connection,
                 const LinkContext& context,
                 std::string remote,
                 core::Instant now) {
    connection_ = &connection;
    context_ = &context;
    remote_ = std::move(remote);
    accepted_at_ = now;
    start_timer(context.limits.handshake_timeout, "handshake time-out");
}

void Link::restart_handshake_timer() {
    if (stage_ == Stage::handshake) {
        start_timer(context_->limits.handshake_timeout, "handshake time-out");
    }
}

bool Link::is_waited_for() const {
    std::error_code ec;
    return connection_->get_raw_socket().available(ec) == 0;
}

bool Link::has_said_hello() const {
    const SSL* tls = connection_->native_tls();
    return tls == nullptr || SSL_get_state(tls) != TLS_ST_BEFORE;
}

void Link::start_timer(std::chrono::milliseconds after, const char* what) {
    timer_ = std::make_unique<asio::steady_timer>(connection_->get_socket().get_executor(), after);
    timer_->async_wait([this, alive = connection_->get_handle(), what](const std::error_code& ec) {
        const auto keep = alive.lock();
        if (!ec && keep && attached()) {
            if (stage_ == Stage::handshake) {
                context_->failed(what);
            }
            abort();
        }
    });
}

void Link::open(Acceptor& acceptor) {
    timer_.reset();
    if (stage_ != Stage::handshake) {
        return;
    }
    stage_ = Stage::open;
    listener_ = acceptor.on_open(*this, std::exchange(identity_, {}));
}

template <class Action>
void Link::post(Action action) {
    asio::post(connection_->get_socket().get_executor(),
               [keep = connection_->get_shared(), action] {
                   keep->link.guarded([&] { action(keep->link); });
               });
}

template <class OnWritten>
bool Link::enqueue(std::uint8_t opcode, std::string_view payload, OnWritten on_written) {
    namespace frame = websocketpp::frame;
    const auto op = static_cast<frame::opcode::value>(opcode);
    // websocketpp's own count of unsent bytes leaves out the batch that is being written; here the
    // message itself tells when it is released, which is after its write.
    const MessagePtr message{new WsConfig::message_type{nullptr, op, payload.size()},
                             [on_written](const WsConfig::message_type* done) {
                                 delete done;
                                 on_written();
                             }};
    message->append_payload(payload.data(), payload.size());
    message->set_header(frame::prepare_header(frame::basic_header{op, payload.size(), true, false},
                                              frame::extended_header{payload.size()}));
    message->set_prepared(true);
    return !connection_->send(message);
}

core::SendResult Link::send(core::FrameKind kind, std::string_view payload) {
    const auto opcode = kind == core::FrameKind::text ? Opcode::text : Opcode::binary;
    const std::size_t bytes = payload.size() + kMessageBytes;
    if (stage_ != Stage::open || unsent_ + bytes > context_->limits.max_unsent_bytes) {
        was_dropped_ = true;
        return core::SendResult::dropped;
    }
    unsent_ += bytes;
    const bool taken =
        enqueue(static_cast<std::uint8_t>(opcode), payload, [this, bytes] { written(bytes); });
    return taken ? core::SendResult::ok : core::SendResult::dropped;
}

std::uint64_t Link::taken_bytes() const {
    return connection_->get_socket().taken_bytes();
}

void Link::written(std::size_t bytes) {
    unsent_ -= bytes;
    if (!was_dropped_ || stage_ != Stage::open || !attached() ||
        unsent_ > context_->limits.max_unsent_bytes / 2) {
        return;
    }
    was_dropped_ = false;
    post([](Link& link) {
        if (link.listener_ != nullptr && link.stage_ == Stage::open) {
            link.listener_->on_writable();
        }
    });
}

void Link::send_pong(std::string_view payload) {
    ++pongs_;
    static_cast<void>(
        enqueue(static_cast<std::uint8_t>(Opcode::pong), payload, [this] { pong_written(); }));
}

void Link::pong_written() {
    --pongs_;
    if (owed_pong_ && stage_ == Stage::open && attached()) {
        post([](Link& link) {
            if (link.owed_pong_ && link.stage_ == Stage::open) {
                link.send_pong(*std::exchange(link.owed_pong_, nullptr));
            }
        });
    }
}

void Link::close(proto::CloseCode code, std::string_view reason) {
    if (stage_ != Stage::open) {
        return;
    }
    stage_ = Stage::closing;
    code_ = code;
    reason_ = reason;
    const bool lost =
        code == proto::CloseCode::heartbeat_missed || code == proto::CloseCode::too_slow;
    start_timer(lost ? context_->limits.lost_peer_timeout : context_->limits.close_timeout,
                "close time-out");
    std::error_code ec;
    connection_->close(static_cast<std::uint16_t>(code), reason_, ec);
    if (ec) {
        abort();
    }
}

void Link::abort() {
    if (stage_ == Stage::over) {
        return;
    }
    const bool was_open = stage_ != Stage::handshake;
    drop_socket();
    if (was_open && attached()) {
        post([](Link& link) { link.notify_closed(); });
    }
}

void Link::drop_socket() {
    stage_ = Stage::over;
    timer_.reset();
    connection_->get_socket().abort();
}

void Link::frame(core::FrameKind kind, std::string_view payload) {
    if (stage_ == Stage::open && listener_ != nullptr) {
        listener_->on_frame(kind, payload);
    }
}

void Link::ping(std::string_view payload) {
    if (stage_ != Stage::open) {
        return;
    }
    if (listener_ != nullptr) {
        listener_->on_control_frame();
    }
    if (pongs_ < kMaxPongs) {
        send_pong(payload);
    } else {
        owed_pong_ = std::make_unique<std::string>(payload);
    }
}

void Link::pong() {
    if (stage_ == Stage::open && listener_ != nullptr) {
        listener_->on_control_frame();
    }
}

void Link::revoked() {
    if (stage_ == Stage::open && listener_ != nullptr) {
        listener_->on_revoked();
    }
}

void Link::notify_closed() {
    auto* listener = std::exchange(listener_, nullptr);
    if (listener == nullptr) {
        return;
    }
    // Ours if we closed; else the peer's; else what websocketpp closed with (1002, 1007, 1009), or
    // 1006.
    const auto& con = *connection_;
    const bool by_peer = con.get_remote_close_code() != websocketpp::close::status::abnormal_close;
    if (!code_) {
        code_ = static_cast<proto::CloseCode>(by_peer ? con.get_remote_close_code()
                                                      : con.get_local_close_code());
        reason_ = by_peer ? con.get_remote_close_reason() : con.get_local_close_reason();
    }
    listener->on_close(*code_, reason_);
}

void Link::terminated() {
    drop_socket();
    notify_closed();
}

void Link::detach() {
    context_ = nullptr;
    listener_ = nullptr;
    drop_socket();
}

}  // namespace dm::net
