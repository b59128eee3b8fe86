#include "device-mgmt/net/lean_stream.hpp"
#include "device-mgmt/net/tls_context.hpp"
#include "tests/net/certificates.hpp"
#include "tests/net/raw_client.hpp"
#include "tests/net/tls_client.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <asio/buffer.hpp>
#include <doctest/doctest.h>

namespace dm::net::test {
namespace {

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

TEST_CASE(
    "with other client CAs open connections whose certificate they do not accept are told of") {
    const Authority authority;
    World world{{}, loaded(authority.mutual(false))};
    const Certificate kept{"kept", &authority.ca};
    const Certificate gone{"gone", &authority.ca};
    std::vector<std::unique_ptr<TlsClient>> clients;
    for (const Certificate* own : {&kept, &gone, static_cast<const Certificate*>(nullptr)}) {
        auto& client = *clients.emplace_back(std::make_unique<TlsClient>(world, authority.ca, own));
        CHECK_FALSE(client.shake_hands());
        CHECK(client.upgrade() == "HTTP/1.1 101 Switching Protocols");
    }
    // Shook hands before, and asks for its upgrade afterwards.
    TlsClient late{world, authority.ca, &gone};
    CHECK_FALSE(late.shake_hands());
    const auto told = [&] {
        std::vector<std::size_t> counts;
        for (const auto& session : world.sessions) {
            counts.push_back(session.listener->revoked);
        }
        return counts;
    };

    auto files = authority.mutual(false);
    world.endpoint->replace_tls(loaded(files));  // as after a rotation of ticket keys
    CHECK(told() == std::vector<std::size_t>{0, 0, 0});

    files.client_ca = authority.folder.write("revoked.pem",
                                             authority.ca.pem() + authority.ca.revocation_of(gone));
    world.endpoint->replace_tls(loaded(files));
    CHECK(told() == std::vector<std::size_t>{0, 1, 0});
    CHECK(late.upgrade() == "HTTP/1.1 401 Unauthorized");

    files.client_ca = authority.folder.write("strangers.pem", authority.strangers_ca.pem());
    world.endpoint->replace_tls(loaded(files));
    CHECK(told() == std::vector<std::size_t>{1, 2, 0});
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
