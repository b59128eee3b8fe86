#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/handler_alloc_hook.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <openssl/types.h>

namespace dm::net {

enum class TlsRole { server, client };

/// A byte stream over one TCP socket, with TLS or without, for asio::async_read and async_write.
///
/// TLS runs on the non-blocking socket itself: SSL_read and SSL_write are tried, and only when they
/// want the peer does the stream wait on the socket. Nothing is buffered here, and OpenSSL gives
/// its record buffers back when they are empty, so an idle connection costs no buffers at all.
///
/// One thread. At most one read, one write and one handshake or shutdown at a time. The stream must
/// outlive its operations: handlers own it.
class LeanStream {
public:
    using executor_type = asio::ip::tcp::socket::executor_type;
    using lowest_layer_type = asio::ip::tcp::socket;

    /// Data gathered into one TLS record (RFC 8446 section 5.1).
    static constexpr std::size_t kRecordBytes = 16384;
    /// The most pieces of one gathered write.
    static constexpr std::size_t kMaxPieces = 64;

    explicit LeanStream(asio::io_context& io) : socket_(io) {}

    LeanStream(const LeanStream&) = delete;
    LeanStream& operator=(const LeanStream&) = delete;
    ~LeanStream() = default;

    executor_type get_executor() { return socket_.get_executor(); }

    [[nodiscard]] asio::ip::tcp::socket& socket() { return socket_; }

    [[nodiscard]] const asio::ip::tcp::socket& socket() const { return socket_; }

    lowest_layer_type& lowest_layer() { return socket_; }

    /// Makes this a TLS stream. `context` is shared: the stream holds a reference of its own.
    std::error_code use_tls(SSL_CTX* context, TlsRole role);

    /// Client: sends `host` as SNI (names only) and demands that the certificate is for it.
    std::error_code expect_host(const std::string& host);

    /// Null without TLS.
    [[nodiscard]] SSL* ssl() const { return ssl_.get(); }

    /// Bytes the kernel has taken from this stream so far; with TLS those of its records.
    [[nodiscard]] std::uint64_t taken_bytes() const;

    /// Resets the connection now and releases the descriptor; pending operations end with
    /// `operation_aborted`. Never calls a handler.
    void abort();

    template <class Handler>
    void async_handshake(Handler&& handler);

    template <class Buffers, class Handler>
    void async_read_some(const Buffers& buffers, Handler&& handler);

    template <class Buffers, class Handler>
    void async_write_some(const Buffers& buffers, Handler&& handler);

    /// Says goodbye (close_notify, FIN) and takes in and drops what the peer still sends until it
    /// closes, so that our last bytes are not destroyed by a reset. Ends pending reads. A stream
    /// with a write under way is reset instead. The caller bounds the time with abort().
    template <class Handler>
    void async_shutdown(Handler&& handler);

    // What follows is for the operations.

    enum class Want { nothing, read, write };

    /// The outcome of one try: done (nothing wanted), or what must happen before the next.
    struct Step {
        Want want = Want::nothing;
        std::error_code ec;
        std::size_t bytes = 0;
    };

    struct Pieces {
        std::array<asio::const_buffer, kMaxPieces> at;
        std::size_t count = 0;
    };

    [[nodiscard]] Step try_handshake();
    [[nodiscard]] Step try_read(asio::mutable_buffer into);
    [[nodiscard]] Step try_write(const Pieces& pieces);
    [[nodiscard]] Step try_drain();

    void write_done() { writing_ = false; }

private:
    struct FreeSsl {
        void operator()(SSL* ssl) const;
    };

    [[nodiscard]] Step tls_step(int result);
    [[nodiscard]] Step tls_write(const Pieces& pieces);
    [[nodiscard]] Step plain_write(const Pieces& pieces);
    /// False: neither OpenSSL nor, as far as we know, the kernel holds input.
    [[nodiscard]] bool may_have_input() const;
    void say_goodbye();

    template <class Attempt, class Handler>
    void start(Attempt attempt, Handler&& handler, Want first);

    asio::ip::tcp::socket socket_;
    std::unique_ptr<SSL, FreeSsl> ssl_;
    std::uint64_t plain_taken_ = 0;  ///< without TLS; with it the BIO counts
    bool tls_broken_ = false;        ///< after a fatal TLS error nothing more may be said
    bool writing_ = false;
    bool drained_ = false;  ///< the last read took all there was
};

namespace detail {

/// One asynchronous operation: tries, waits for what the try wants, tries again. Memory comes from
/// the handler's own allocator (websocketpp keeps a block for it in each connection).
template <class Attempt, class Handler>
class StreamOp {
public:
    StreamOp(LeanStream& stream, Attempt attempt, Handler handler)
        : stream_(&stream), attempt_(std::move(attempt)), handler_(std::move(handler)) {}

    /// From the initiating function: the handler must not be called inside it.
    static void begin(StreamOp op, LeanStream::Want first) {
        LeanStream::Step step{first, {}, 0};
        if (first == LeanStream::Want::nothing) {
            step = op.attempt_(*op.stream_);
        }
        if (step.want == LeanStream::Want::nothing) {
            auto executor = op.stream_->get_executor();
            asio::post(executor, [op = std::move(op), step]() mutable {
                op.attempt_.done(*op.stream_);
                op.handler_(step.ec, step.bytes);
            });
            return;
        }
        wait(std::move(op), step.want);
    }

    /// The socket is ready, or the wait was cancelled.
    void operator()(const std::error_code& ec) {
        LeanStream::Step step{LeanStream::Want::nothing, ec, 0};
        if (!ec) {
            step = attempt_(*stream_);
        }
        if (step.want != LeanStream::Want::nothing) {
            wait(std::move(*this), step.want);
            return;
        }
        attempt_.done(*stream_);
        handler_(step.ec, step.bytes);
    }

    friend void* asio_handler_allocate(std::size_t size, StreamOp* op) {
        using asio::asio_handler_allocate;
        return asio_handler_allocate(size, std::addressof(op->handler_));
    }

    friend void asio_handler_deallocate(void* pointer, std::size_t size, StreamOp* op) {
        using asio::asio_handler_deallocate;
        asio_handler_deallocate(pointer, size, std::addressof(op->handler_));
    }

private:
    static void wait(StreamOp op, LeanStream::Want want) {
        auto& socket = op.stream_->socket();
        socket.async_wait(want == LeanStream::Want::read ? asio::socket_base::wait_read
                                                         : asio::socket_base::wait_write,
                          std::move(op));
    }

    LeanStream* stream_;
    Attempt attempt_;
    Handler handler_;
};

struct HandshakeAttempt {
    LeanStream::Step operator()(LeanStream& stream) const { return stream.try_handshake(); }

    void done(LeanStream& /*stream*/) const {}
};

struct ReadAttempt {
    asio::mutable_buffer into;

    LeanStream::Step operator()(LeanStream& stream) const { return stream.try_read(into); }

    void done(LeanStream& /*stream*/) const {}
};

/// Keeps the caller's sequence, not a flat copy: operations stay small.
template <class Buffers>
struct WriteAttempt {
    Buffers buffers;

    LeanStream::Step operator()(LeanStream& stream) const {
        LeanStream::Pieces pieces;
        auto at = asio::buffer_sequence_begin(buffers);
        const auto end = asio::buffer_sequence_end(buffers);
        for (; at != end && pieces.count < LeanStream::kMaxPieces; ++at) {
            const asio::const_buffer piece{*at};
            if (piece.size() > 0) {
                pieces.at[pieces.count++] = piece;
            }
        }
        return stream.try_write(pieces);
    }

    void done(LeanStream& stream) const { stream.write_done(); }
};

struct DrainAttempt {
    LeanStream::Step operator()(LeanStream& stream) const { return stream.try_drain(); }

    void done(LeanStream& /*stream*/) const {}
};

/// For handlers that take only an error code.
template <class Handler>
struct WithoutCount {
    Handler handler;

    void operator()(const std::error_code& ec, std::size_t /*bytes*/) { handler(ec); }
};

/// However a connection came to be drained, it is over: an abort() meanwhile is no failure.
template <class Handler>
struct AlwaysDone {
    Handler handler;

    void operator()(const std::error_code& /*ec*/, std::size_t /*bytes*/) {
        handler(std::error_code{});
    }
};

}  // namespace detail

template <class Attempt, class Handler>
void LeanStream::start(Attempt attempt, Handler&& handler, Want first) {
    using Op = detail::StreamOp<Attempt, std::decay_t<Handler>>;
    Op::begin(Op{*this, std::move(attempt), std::forward<Handler>(handler)}, first);
}

template <class Handler>
void LeanStream::async_handshake(Handler&& handler) {
    using Plain = detail::WithoutCount<std::decay_t<Handler>>;
    start(detail::HandshakeAttempt{}, Plain{std::forward<Handler>(handler)}, Want::nothing);
}

template <class Buffers, class Handler>
void LeanStream::async_read_some(const Buffers& buffers, Handler&& handler) {
    asio::mutable_buffer into;
    for (auto at = asio::buffer_sequence_begin(buffers); at != asio::buffer_sequence_end(buffers);
         ++at) {
        into = *at;
        if (into.size() > 0) {
            break;
        }
    }
    // After a read that took everything, trying at once would only cost a system call.
    start(detail::ReadAttempt{into},
          std::forward<Handler>(handler),
          may_have_input() ? Want::nothing : Want::read);
}

template <class Buffers, class Handler>
void LeanStream::async_write_some(const Buffers& buffers, Handler&& handler) {
    writing_ = true;
    start(detail::WriteAttempt<Buffers>{buffers}, std::forward<Handler>(handler), Want::nothing);
}

template <class Handler>
void LeanStream::async_shutdown(Handler&& handler) {
    say_goodbye();
    using Done = detail::AlwaysDone<std::decay_t<Handler>>;
    start(detail::DrainAttempt{}, Done{std::forward<Handler>(handler)}, Want::nothing);
}

}  // namespace dm::net
