#include "device-mgmt/net/tls_bio.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <openssl/bio.h>
#include <sys/socket.h>

namespace dm::net {
namespace {

int descriptor_of(BIO* bio) {
    return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

bool is_retry(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

int bio_write(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    const auto sent =
        ::send(descriptor_of(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (sent < 0 && is_retry(errno)) {
        BIO_set_retry_write(bio);
    }
    return static_cast<int>(sent);
}

int bio_read(BIO* bio, char* into, int size) {
    BIO_clear_retry_flags(bio);
    const auto taken = ::recv(descriptor_of(bio), into, static_cast<std::size_t>(size), 0);
    if (taken < 0 && is_retry(errno)) {
        BIO_set_retry_read(bio);
    }
    return static_cast<int>(taken);
}

long bio_ctrl(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

/// Made once, never freed: BIOs of open connections refer to it.
const BIO_METHOD* socket_method() {
    static const BIO_METHOD* const method_of_all = [] {
        BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
        if (method != nullptr) {
            BIO_meth_set_write(method, bio_write);
            BIO_meth_set_read(method, bio_read);
            BIO_meth_set_ctrl(method, bio_ctrl);
        }
        return method;
    }();
    return method_of_all;
}

}  // namespace

BIO* new_socket_bio(int descriptor) {
    BIO* bio = BIO_new(socket_method());
    if (bio != nullptr) {
        const std::intptr_t number = descriptor;
        // A number that is never used as a pointer. NOLINTNEXTLINE(performance-no-int-to-ptr)
        BIO_set_data(bio, reinterpret_cast<void*>(number));
        BIO_set_init(bio, 1);
    }
    return bio;
}

}  // namespace dm::net
