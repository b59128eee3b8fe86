#include "device-mgmt/net/lean_stream.hpp"

#include "device-mgmt/net/tls_bio.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <asio/error.hpp>
#include <asio/ip/address.hpp>
#include <asio/ssl/error.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace dm::net {
namespace {

/// The most that one turn of the loop throws away of a connection that is being closed.
constexpr std::size_t kDrainBytesPerTurn = 1U << 20U;
/// The most that one turn of the loop writes for one connection.
constexpr std::size_t kWriteBytesPerTurn = 64UL * 1024UL;

std::error_code last_tls_error() {
    const unsigned long error = ERR_get_error();
    ERR_clear_error();
    if (error == 0) {
        return asio::error::make_error_code(asio::error::no_memory);
    }
    return {static_cast<int>(error), asio::error::get_ssl_category()};
}

std::error_code system_error(int error) {
    return {error, std::system_category()};
}

/// The buffer records are gathered in. Its content never outlives one SSL_write: on a retry the
/// same bytes are gathered again (SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER).
std::array<unsigned char, LeanStream::kRecordBytes>& record_buffer() {
    thread_local std::array<unsigned char, LeanStream::kRecordBytes> buffer;
    return buffer;
}

/// Skips `done` bytes, then offers the next record: a view of one large piece, or several small
/// ones (frame header and payload) copied together.
asio::const_buffer next_record(const LeanStream::Pieces& pieces, std::size_t done) {
    auto& record = record_buffer();
    std::size_t filled = 0;
    for (std::size_t i = 0; i < pieces.count && filled < record.size(); ++i) {
        asio::const_buffer piece = pieces.at[i];
        const std::size_t skipped = std::min(done, piece.size());
        done -= skipped;
        piece += skipped;
        const bool alone = i + 1 == pieces.count || piece.size() >= record.size();
        if (filled == 0 && alone && piece.size() > 0) {
            return asio::buffer(piece, record.size());
        }
        const std::size_t part = std::min(piece.size(), record.size() - filled);
        std::memcpy(record.data() + filled, piece.data(), part);
        filled += part;
    }
    return asio::buffer(record.data(), filled);
}

}  // namespace

void LeanStream::FreeSsl::operator()(SSL* ssl) const {
    SSL_free(ssl);
}

std::error_code LeanStream::use_tls(SSL_CTX* context, TlsRole role) {
    ERR_clear_error();
    ssl_.reset(SSL_new(context));
    if (!ssl_) {
        return last_tls_error();
    }
    SSL_set_mode(ssl_.get(),
                 SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                     SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_set_read_ahead(ssl_.get(), 1);
    if (role == TlsRole::server) {
        SSL_set_accept_state(ssl_.get());
    } else {
        SSL_set_connect_state(ssl_.get());
    }
    return {};
}

std::error_code LeanStream::expect_host(const std::string& host) {
    if (!ssl_) {
        return {};
    }
    ERR_clear_error();
    std::error_code no_address;
    asio::ip::make_address(host, no_address);
    int done = 0;
    if (!no_address) {
        // RFC 6066 section 3: literal addresses are not permitted as SNI.
        done = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host.c_str());
    } else {
        // What the macro SSL_set_tlsext_host_name does; OpenSSL copies the name.
        const bool named = SSL_ctrl(ssl_.get(),
                                    SSL_CTRL_SET_TLSEXT_HOSTNAME,
                                    TLSEXT_NAMETYPE_host_name,
                                    const_cast<char*>(host.c_str())) == 1;
        done = named ? SSL_set1_host(ssl_.get(), host.c_str()) : 0;
    }
    return done == 1 ? std::error_code{} : last_tls_error();
}

std::uint64_t LeanStream::taken_bytes() const {
    // Below OpenSSL, because a record counts as written only when all of it is.
    return ssl_ ? BIO_number_written(SSL_get_wbio(ssl_.get())) : plain_taken_;
}

void LeanStream::abort() {
    if (!socket_.is_open()) {
        return;
    }
    std::error_code ignored;
    socket_.set_option(asio::socket_base::linger{true, 0}, ignored);
    socket_.close(ignored);
}

LeanStream::Step LeanStream::tls_step(int result) {
    const int saved_errno = errno;
    switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            return {Want::read, {}, 0};
        case SSL_ERROR_WANT_WRITE:
            return {Want::write, {}, 0};
        case SSL_ERROR_ZERO_RETURN:
            return {Want::nothing, asio::error::make_error_code(asio::error::eof), 0};
        case SSL_ERROR_SYSCALL:
            tls_broken_ = true;
            if (ERR_peek_error() != 0) {
                return {Want::nothing, last_tls_error(), 0};
            }
            // A close without close_notify: WebSocket has its own closing handshake, so truncation
            // is noticed there.
            if (saved_errno == 0) {
                return {Want::nothing, asio::error::make_error_code(asio::error::eof), 0};
            }
            return {Want::nothing, system_error(saved_errno), 0};
        default:
            tls_broken_ = true;
            return {Want::nothing, last_tls_error(), 0};
    }
}

LeanStream::Step LeanStream::try_handshake() {
    if (!socket_.is_open()) {
        return {Want::nothing, asio::error::make_error_code(asio::error::operation_aborted), 0};
    }
    if (SSL_get_rbio(ssl_.get()) == nullptr) {
        std::error_code ec;
        socket_.native_non_blocking(true, ec);
        BIO* bio = new_socket_bio(socket_.native_handle());
        if (ec || bio == nullptr) {
            return {Want::nothing, ec ? ec : last_tls_error(), 0};
        }
        SSL_set_bio(ssl_.get(), bio, bio);
    }
    ERR_clear_error();
    errno = 0;
    const int result = SSL_do_handshake(ssl_.get());
    return result == 1 ? Step{} : tls_step(result);
}

bool LeanStream::may_have_input() const {
    return !drained_ || !socket_.is_open() || (ssl_ && SSL_has_pending(ssl_.get()) == 1);
}

LeanStream::Step LeanStream::try_read(asio::mutable_buffer into) {
    if (!socket_.is_open()) {
        return {Want::nothing, asio::error::make_error_code(asio::error::operation_aborted), 0};
    }
    drained_ = false;
    if (ssl_) {
        ERR_clear_error();
        errno = 0;
        std::size_t taken = 0;
        const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &taken);
        if (result != 1) {
            return tls_step(result);
        }
        drained_ = taken < into.size();
        return {Want::nothing, {}, taken};
    }
    const auto taken = ::recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
    if (taken > 0) {
        drained_ = static_cast<std::size_t>(taken) < into.size();
        return {Want::nothing, {}, static_cast<std::size_t>(taken)};
    }
    if (taken == 0) {
        return {Want::nothing, asio::error::make_error_code(asio::error::eof), 0};
    }
    if (errno == EAGAIN || errno == EINTR) {
        return {Want::read, {}, 0};
    }
    return {Want::nothing, system_error(errno), 0};
}

LeanStream::Step LeanStream::try_write(const Pieces& pieces) {
    if (!socket_.is_open()) {
        return {Want::nothing, asio::error::make_error_code(asio::error::operation_aborted), 0};
    }
    if (pieces.count == 0) {
        return {};
    }
    return ssl_ ? tls_write(pieces) : plain_write(pieces);
}

LeanStream::Step LeanStream::tls_write(const Pieces& pieces) {
    std::size_t written = 0;
    while (written < kWriteBytesPerTurn) {
        const asio::const_buffer record = next_record(pieces, written);
        if (record.size() == 0) {
            break;
        }
        ERR_clear_error();
        errno = 0;
        std::size_t taken = 0;
        const int result = SSL_write_ex(ssl_.get(), record.data(), record.size(), &taken);
        if (result != 1) {
            // A record that OpenSSL holds half written is offered again by the next call, as the
            // same bytes: it begins where this one's count ends.
            return written > 0 ? Step{Want::nothing, {}, written} : tls_step(result);
        }
        written += taken;
    }
    return {Want::nothing, {}, written};
}

LeanStream::Step LeanStream::plain_write(const Pieces& pieces) {
    std::array<iovec, kMaxPieces> vectors{};
    for (std::size_t i = 0; i < pieces.count; ++i) {
        // sendmsg() does not write through iov_base.
        vectors[i].iov_base = const_cast<void*>(pieces.at[i].data());
        vectors[i].iov_len = pieces.at[i].size();
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = pieces.count;
    const auto sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
        plain_taken_ += static_cast<std::size_t>(sent);
        return {Want::nothing, {}, static_cast<std::size_t>(sent)};
    }
    if (errno == EAGAIN || errno == EINTR) {
        return {Want::write, {}, 0};
    }
    return {Want::nothing, system_error(errno), 0};
}

void LeanStream::say_goodbye() {
    if (!socket_.is_open()) {
        return;
    }
    if (writing_) {
        // A close_notify cannot be put into the middle of a record, and this peer does not read.
        abort();
        return;
    }
    std::error_code ignored;
    socket_.cancel(ignored);
    if (ssl_ && !tls_broken_ && SSL_is_init_finished(ssl_.get()) == 1) {
        SSL_shutdown(ssl_.get());  // best effort; FIN follows whatever it answers
        ERR_clear_error();
    }
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
}

LeanStream::Step LeanStream::try_drain() {
    if (!socket_.is_open()) {
        return {};
    }
    for (std::size_t dropped = 0; dropped < kDrainBytesPerTurn;) {
        // MSG_TRUNC: TCP drops the bytes instead of copying them.
        const auto taken =
            ::recv(socket_.native_handle(), nullptr, kDrainBytesPerTurn, MSG_DONTWAIT | MSG_TRUNC);
        if (taken == 0 || (taken < 0 && errno != EAGAIN && errno != EINTR)) {
            return {};
        }
        if (taken < 0) {
            break;
        }
        dropped += static_cast<std::size_t>(taken);
    }
    return {Want::read, {}, 0};
}

}  // namespace dm::net
