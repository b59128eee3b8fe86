#include "tests/net/tls_client.hpp"

#include <array>
#include <optional>

#include <asio/buffer.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>
#include <doctest/doctest.h>

namespace dm::net::test {

TlsClient::TlsClient(World& world, const Certificate& trusted, const Certificate* own)
    : world_(world), context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free), stream_(world.io) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), trusted.certificate());
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    if (own != nullptr) {
        SSL_CTX_use_certificate(context_.get(), own->certificate());
        SSL_CTX_use_PrivateKey(context_.get(), own->key());
    }
    stream_.socket().connect({asio::ip::address_v4::loopback(), world.endpoint->port()});
    REQUIRE_FALSE(stream_.use_tls(context_.get(), TlsRole::client));
}

std::error_code TlsClient::shake_hands(const std::string& host) {
    REQUIRE_FALSE(stream_.expect_host(host));
    std::optional<std::error_code> ended;
    stream_.async_handshake([&](const std::error_code& ec) { ended = ec; });
    world_.until([&] { return ended.has_value(); });
    return *ended;
}

std::string TlsClient::upgrade() {
    const std::string request = handshake();
    std::string answer;
    bool ended = false;
    asio::async_write(stream_, asio::buffer(request), [](std::error_code, std::size_t) {});
    asio::async_read_until(
        stream_, asio::dynamic_buffer(answer), "\r\n", [&](std::error_code, std::size_t) {
            ended = true;
        });
    world_.until([&] { return ended; });
    return answer.substr(0, answer.find("\r\n"));
}

std::string TlsClient::server_name() {
    const X509* certificate = SSL_get0_peer_certificate(stream_.ssl());
    std::array<char, 64> name{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate),
                              NID_commonName,
                              name.data(),
                              static_cast<int>(name.size()));
    return name.data();
}

std::shared_ptr<SSL_SESSION> TlsClient::session() {
    return {SSL_get1_session(stream_.ssl()), &SSL_SESSION_free};
}

TlsFiles Authority::files() const {
    return {folder.write("cert.pem", server.pem()),
            folder.write("key.pem", server.key_pem()),
            "",
            false};
}

TlsFiles Authority::mutual(bool required) const {
    auto all = files();
    all.client_ca = folder.write("ca.pem", ca.pem());
    all.require_client_certificate = required;
    return all;
}

std::shared_ptr<const TlsContext> loaded(const TlsFiles& files, const TicketKeys& tickets) {
    auto context = TlsContext::load(files, tickets);
    REQUIRE(context);
    return *context;
}

}  // namespace dm::net::test
