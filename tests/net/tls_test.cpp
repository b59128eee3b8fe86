#include "device-mgmt/net/lean_stream.hpp"
#include "device-mgmt/net/tls_context.hpp"
#include "tests/net/certificates.hpp"
#include "tests/net/raw_client.hpp"
#include "tests/support/temp_folder.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <asio/buffer.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>
#include <doctest/doctest.h>
#include <openssl/ssl.h>

namespace dm::net::test {
namespace {

/// A client on LeanStream: the other role of what the server runs on.
class TlsClient {
public:
    TlsClient(World& world, const Certificate& trusted, const Certificate* own = nullptr)
        : world_(world),
          context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free),
          stream_(world.io) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), trusted.certificate());
        SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
        if (own != nullptr) {
            SSL_CTX_use_certificate(context_.get(), own->certificate());
            SSL_CTX_use_PrivateKey(context_.get(), own->key());
        }
        stream_.socket().connect({asio::ip::address_v4::loopback(), world.endpoint->port()});
        REQUIRE_FALSE(stream_.use_tls(context_.get(), TlsRole::client));
    }

    /// TLS only; what it ended with.
    std::error_code shake_hands(const std::string& host = "localhost") {
        REQUIRE_FALSE(stream_.expect_host(host));
        std::optional<std::error_code> ended;
        stream_.async_handshake([&](const std::error_code& ec) { ended = ec; });
        world_.until([&] { return ended.has_value(); });
        return *ended;
    }

    /// The first line of the answer to a WebSocket handshake; empty when the connection ended.
    std::string upgrade() {
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

    LeanStream& stream() { return stream_; }

    std::string server_name() {
        const X509* certificate = SSL_get0_peer_certificate(stream_.ssl());
        std::array<char, 64> name{};
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate),
                                  NID_commonName,
                                  name.data(),
                                  static_cast<int>(name.size()));
        return name.data();
    }

private:
    World& world_;
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    LeanStream stream_;
};

struct Authority {
    dm::test::TempFolder folder;
    Certificate ca{"test CA"};
    Certificate server{"server", &ca};
    Certificate strangers_ca{"another CA"};

    [[nodiscard]] TlsFiles files() const {
        return {folder.write("cert.pem", server.pem()),
                folder.write("key.pem", server.key_pem()),
                "",
                false};
    }

    [[nodiscard]] TlsFiles mutual(bool required) const {
        auto all = files();
        all.client_ca = folder.write("ca.pem", ca.pem());
        all.require_client_certificate = required;
        return all;
    }
};

std::shared_ptr<const TlsContext> loaded(const TlsFiles& files) {
    auto context = TlsContext::load(files);
    REQUIRE(context);
    return *context;
}

std::string problem(const TlsFiles& files) {
    const auto context = TlsContext::load(files);
    return context ? "" : context.error();
}

/// What the acceptor is told about a client that comes with `own`.
std::optional<std::string> name_told(const Authority& authority, const Certificate& own) {
    World world{{}, loaded(authority.mutual(false))};
    std::optional<std::string> told;
    world.on_request = [&](const UpgradeRequest& request) { told = request.certificate_cn; };
    TlsClient client{world, authority.ca, &own};
    CHECK_FALSE(client.shake_hands());
    CHECK(client.upgrade() == "HTTP/1.1 101 Switching Protocols");
    return told;
}

}  // namespace

TEST_CASE("what is wrong with TLS files is told with file and reason") {
    const Authority authority;
    const auto good = authority.files();
    CHECK(problem(good).empty());

    auto files = good;
    files.certificate = "/nowhere/cert.pem";
    CHECK(problem(files).find("/nowhere/cert.pem: No such file") != std::string::npos);
    files = good;
    files.key = authority.folder.write("other.pem", authority.strangers_ca.key_pem());
    CHECK(problem(files).find("other.pem: key values mismatch") != std::string::npos);
    files = good;
    files.key = authority.folder.write("garbage.pem", "garbage");
    CHECK(problem(files).find("garbage.pem: ") != std::string::npos);
    files = good;
    files.client_ca = authority.folder.write("empty.pem", "");
    CHECK(problem(files).find("empty.pem: ") != std::string::npos);
}

TEST_CASE("a client accepts the server for its name and its CA only") {
    const Authority authority;
    World world{{}, loaded(authority.files())};
    CHECK_FALSE(TlsClient(world, authority.ca).shake_hands());
    CHECK(TlsClient(world, authority.ca).shake_hands("elsewhere"));
    CHECK(TlsClient(world, authority.ca).shake_hands("127.0.0.1"));
    CHECK(TlsClient(world, authority.strangers_ca).shake_hands());
    world.until([&] { return world.endpoint->handshakes() == 0; });
    CHECK(world.failed_with("TLS: "));
}

TEST_CASE("the name of a client certificate that verifies is told") {
    const Authority authority;
    CHECK(name_told(authority, Certificate{"device-1", &authority.ca}) == "device-1");
}

TEST_CASE("a name with NUL in it is not told") {
    const Authority authority;
    const std::string_view two_names{"device-1\0evil", 13};
    CHECK_FALSE(name_told(authority, Certificate{two_names, &authority.ca}));
}

TEST_CASE("a client certificate that does not verify ends in an alert") {
    const Authority authority;
    World world{{}, loaded(authority.mutual(false))};
    const Certificate forged{"device-1", &authority.strangers_ca};
    TlsClient client{world, authority.ca, &forged};
    // With TLS 1.3 the client learns it with its first read.
    CHECK_FALSE(client.shake_hands());
    CHECK(client.upgrade().empty());
    world.until([&] { return world.failed_with("TLS: "); });
    CHECK(world.paths.empty());
}

TEST_CASE("clients without a certificate come in unless one is required") {
    const Authority authority;
    World optional{{}, loaded(authority.mutual(false))};
    TlsClient client{optional, authority.ca};
    CHECK_FALSE(client.shake_hands());
    CHECK(client.upgrade() == "HTTP/1.1 101 Switching Protocols");

    World required{{}, loaded(authority.mutual(true))};
    TlsClient refused{required, authority.ca};
    CHECK_FALSE(refused.shake_hands());
    CHECK(refused.upgrade().empty());
}

TEST_CASE("new connections use new certificates and old ones stay") {
    const Authority authority;
    World world{{}, loaded(authority.files())};
    TlsClient old_client{world, authority.ca};
    CHECK_FALSE(old_client.shake_hands());
    CHECK(old_client.server_name() == "server");

    Authority next;
    const Certificate renewed{"renewed", &authority.ca};
    world.endpoint->replace_tls(loaded({next.folder.write("cert.pem", renewed.pem()),
                                        next.folder.write("key.pem", renewed.key_pem()),
                                        "",
                                        false}));
    TlsClient new_client{world, authority.ca};
    CHECK_FALSE(new_client.shake_hands());
    CHECK(new_client.server_name() == "renewed");
    CHECK(old_client.upgrade() == "HTTP/1.1 101 Switching Protocols");
}

TEST_CASE("a shutdown tells the peer, and abort() ends what is pending") {
    const Authority authority;
    World world{{}, loaded(authority.files())};
    TlsClient client{world, authority.ca};
    CHECK_FALSE(client.shake_hands());
    std::array<char, 16> buffer{};
    std::optional<std::error_code> read_end;
    std::optional<std::error_code> shutdown_end;
    client.stream().async_read_some(asio::buffer(buffer),
                                    [&](std::error_code ec, std::size_t) { read_end = ec; });
    client.stream().async_shutdown([&](std::error_code ec) { shutdown_end = ec; });
    world.until([&] { return read_end.has_value(); });
    CHECK(*read_end == asio::error::operation_aborted);
    world.until([&] { return world.endpoint->handshakes() == 0; });
    client.stream().abort();
    world.until([&] { return shutdown_end.has_value(); });
    CHECK_FALSE(*shutdown_end);
}

}  // namespace dm::net::test
