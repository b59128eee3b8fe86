#include "device-mgmt/broker/openssl_exit.hpp"

#include <openssl/crypto.h>

namespace dm::broker {

void keep_openssl_at_exit() {
    // Fails only without memory; then OpenSSL starts as it always does.
    static_cast<void>(OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr));
}

}  // namespace dm::broker
