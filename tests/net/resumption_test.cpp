#include "device-mgmt/net/tls_tickets.hpp"
#include "tests/net/certificates.hpp"
#include "tests/net/raw_client.hpp"
#include "tests/net/tls_client.hpp"
#include "tests/support/temp_folder.hpp"

#include <ctime>
#include <memory>
#include <optional>
#include <string>

#include <doctest/doctest.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace dm::net::test {
namespace {

const std::string kSwitched = "HTTP/1.1 101 Switching Protocols";

using Session = std::shared_ptr<SSL_SESSION>;

/// The session of a client that came, was let in, and went.
Session earn(const Authority& authority,
             const std::shared_ptr<const TlsContext>& context,
             bool tls12 = false,
             const Certificate* own = nullptr) {
    World world{{}, context};
    TlsClient client{world, authority.ca, own};
    if (tls12) {
        client.use_tls12();
    }
    CHECK_FALSE(client.shake_hands());
    CHECK(client.upgrade() == kSwitched);
    CHECK_FALSE(client.resumed());
    auto session = client.session();
    CHECK(SSL_SESSION_has_ticket(session.get()) == 1);
    SSL_set_shutdown(client.stream().ssl(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    return session;
}

struct Return {
    bool resumed = false;
    std::string answer;
    std::optional<std::string> name;  ///< that the acceptor was told
};

Return come_back(const Authority& authority,
                 const std::shared_ptr<const TlsContext>& context,
                 const Session& session,
                 bool tls12 = false,
                 const Certificate* own = nullptr) {
    World world{{}, context};
    Return result;
    world.on_request = [&](const UpgradeRequest& request) { result.name = request.certificate_cn; };
    TlsClient client{world, authority.ca, own};
    if (tls12) {
        client.use_tls12();
    }
    client.offer(session.get());
    CHECK_FALSE(client.shake_hands());
    result.answer = client.upgrade();
    result.resumed = client.resumed();
    return result;
}

}  // namespace

TEST_CASE("a client resumes at any server with the same keys") {
    const Authority authority;
    const auto keys = TicketKeys::random();
    for (const bool tls12 : {false, true}) {
        CAPTURE(tls12);
        const auto session = earn(authority, loaded(authority.files(), keys), tls12);
        const auto back = come_back(authority, loaded(authority.files(), keys), session, tls12);
        CHECK(back.resumed);
        CHECK(back.answer == kSwitched);
        const auto elsewhere = come_back(authority, loaded(authority.files()), session, tls12);
        CHECK_FALSE(elsewhere.resumed);
        CHECK(elsewhere.answer == kSwitched);
    }
}

TEST_CASE("a ticket is good until its key has been rotated out") {
    const Authority authority;
    auto keys = TicketKeys::random();
    const auto session = earn(authority, loaded(authority.files(), keys));
    for (std::size_t i = 1; i < TicketKeys::kKeptKeys; ++i) {
        keys = keys.rotated();
        CHECK(come_back(authority, loaded(authority.files(), keys), session).resumed);
    }
    CHECK_FALSE(come_back(authority, loaded(authority.files(), keys.rotated()), session).resumed);
}

TEST_CASE("no ticket allows early data") {
    const Authority authority;
    const auto session = earn(authority, loaded(authority.files()));
    CHECK(SSL_SESSION_get_max_early_data(session.get()) == 0);
}

TEST_CASE("a resumed session keeps the name of its certificate") {
    const Authority authority;
    const auto context = loaded(authority.mutual(true));
    const Certificate own{"device-1", &authority.ca};
    for (const bool tls12 : {false, true}) {
        CAPTURE(tls12);
        const auto session = earn(authority, context, tls12, &own);
        const auto back = come_back(authority, context, session, tls12);
        CHECK(back.resumed);
        CHECK(back.name == "device-1");
    }
}

TEST_CASE("a certificate that has expired meanwhile does not come back by a ticket") {
    const Authority authority;
    const auto keys = TicketKeys::random();
    const Certificate own{"device-1", &authority.ca};
    const auto context = loaded(authority.mutual(true), keys);
    const auto session = earn(authority, context, false, &own);
    // The same server, days later.
    const auto later = loaded(authority.mutual(true), keys);
    constexpr std::time_t kDays = std::time_t{3} * 86400;
    X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(later->native()), std::time(nullptr) + kDays);
    const auto back = come_back(authority, later, session, false, &own);
    CHECK_FALSE(back.resumed);
    CHECK(back.answer.empty());
}

TEST_CASE("when the client CA, the list of revoked or the demand changes no ticket opens") {
    const Authority authority;
    const auto keys = TicketKeys::random();
    const Certificate own{"device-1", &authority.ca};
    auto files = authority.mutual(false);
    const auto session = earn(authority, loaded(files, keys), false, &own);

    files.require_client_certificate = true;
    CHECK_FALSE(come_back(authority, loaded(files, keys), session, false, &own).resumed);

    files.require_client_certificate = false;
    files.client_ca =
        authority.folder.write("two.pem", authority.ca.pem() + authority.strangers_ca.pem());
    const auto other_ca = come_back(authority, loaded(files, keys), session, false, &own);
    CHECK_FALSE(other_ca.resumed);
    CHECK(other_ca.name == "device-1");

    files.client_ca =
        authority.folder.write("revoked.pem", authority.ca.pem() + authority.ca.revocation_of(own));
    const auto revoked = come_back(authority, loaded(files, keys), session, false, &own);
    CHECK_FALSE(revoked.resumed);
    CHECK(revoked.answer.empty());
}

TEST_CASE("ticket files hold whole keys, and not too many") {
    const dm::test::TempFolder folder;
    const std::string key(TicketKeys::kKeyBytes, 'k');
    const auto problem = [&](const std::string& bytes) {
        const auto keys = TicketKeys::read(folder.write("tickets", bytes));
        return keys ? "" : keys.error();
    };
    CHECK(problem(key).empty());
    CHECK(problem(key + key).empty());
    CHECK(problem("").find("tickets: must hold 1 to 16 keys of 80 bytes") != std::string::npos);
    CHECK_FALSE(problem(key + "k").empty());
    std::string many;
    for (std::size_t i = 0; i <= TicketKeys::kMaxKeys; ++i) {
        many += key;
    }
    CHECK_FALSE(problem(many).empty());
    CHECK(TicketKeys::read("/nowhere/tickets").error() ==
          "ticket keys /nowhere/tickets: cannot be read");
}

TEST_CASE("the first key of a file seals and the others open") {
    const Authority authority;
    const std::string first(TicketKeys::kKeyBytes, '1');
    const std::string second(TicketKeys::kKeyBytes, '2');
    const auto read = [&](const std::string& bytes) {
        return *TicketKeys::read(authority.folder.write("tickets", bytes));
    };
    const auto session = earn(authority, loaded(authority.files(), read(first)));
    CHECK(come_back(authority, loaded(authority.files(), read(second + first)), session).resumed);
    CHECK_FALSE(come_back(authority, loaded(authority.files(), read(second)), session).resumed);
    const auto newer = earn(authority, loaded(authority.files(), read(second + first)));
    CHECK(come_back(authority, loaded(authority.files(), read(second)), newer).resumed);
}

}  // namespace dm::net::test
