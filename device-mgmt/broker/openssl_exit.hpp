#pragma once

namespace dm::broker {

/// First in main(), before anything uses OpenSSL: nothing of OpenSSL is taken apart at exit. Paho
/// does not wait for the last moments of its threads, in which OpenSSL forgets what it held for
/// each; at exit that could meet locks that are gone.
void keep_openssl_at_exit();

}  // namespace dm::broker
