#include "firmware-sim/check/server_check.hpp"

#include <fmt/format.h>

namespace dm::sim {
namespace {

constexpr const char* kSection = "Connecting";

constexpr Check kNoIdentity{"refuses a device without identity", "Identity", "401", ""};
constexpr Check kBadToken{"refuses a token that is none", "Identity", "401", ""};
constexpr Check kBadBasic{"refuses a wrong password", "Identity", "401", ""};
constexpr Check kDisagreement{"refuses identities that disagree", "Identity", "401", ""};
constexpr Check kPath{"refuses another path", kSection, "404", ""};
constexpr Check kOrigin{"refuses a foreign Origin", kSection, "403", ""};
constexpr Check kSubprotocol{"refuses only unknown subprotocols", kSection, "400", ""};
constexpr Check kNoSubprotocol{"takes no subprotocol for JSON", kSection, "101 and no echo", ""};
constexpr Check kEcho{"chooses a subprotocol", kSection, "dm.v1.json out of several", ""};
constexpr Check kNoUpgrade{"refuses a request without upgrade", kSection, "426", ""};
constexpr Check kKey{"refuses a malformed key", kSection, "400", ""};

void expect_status(ServerCheck& check, const Check& row, const Opening& opening, int expected) {
    const int status = check.status_of(opening);
    check.table().add(row, status == expected, check.trouble());
}

void check_identity(ServerCheck& check) {
    Opening opening = check.opening();
    if (!opening.authorization) {
        // A client certificate speaks for itself on every connection.
        for (const auto& row : {kNoIdentity, kBadToken, kBadBasic, kDisagreement}) {
            check.table().add(row, Verdict::skipped, "the identity is a certificate");
        }
        return;
    }
    opening.authorization.reset();
    expect_status(check, kNoIdentity, opening, 401);
    opening.authorization = "Bearer e30.e30.e30";
    expect_status(check, kBadToken, opening, 401);
    opening.authorization = "Basic Y2hlY2s6d3Jvbmc=";
    expect_status(check, kBadBasic, opening, 401);
    const auto another = check.renewal("check-server-another");
    if (!another) {
        return check.table().add(kDisagreement, Verdict::skipped, "it takes tokens to try");
    }
    opening = check.opening();
    opening.path += "?access_token=" + *another;
    expect_status(check, kDisagreement, opening, 401);
}

void check_subprotocols(ServerCheck& check) {
    Opening opening = check.opening();
    opening.protocols = {"mqtt", "dm.v9.xml"};
    expect_status(check, kSubprotocol, opening, 400);

    for (const bool several : {false, true}) {
        const auto probe = check.connect();
        opening.protocols =
            several ? std::vector<std::string>{"mqtt", "dm.v1.json"} : std::vector<std::string>{};
        const Check& row = several ? kEcho : kNoSubprotocol;
        if (!probe || probe->open(opening, "localhost") != 101) {
            check.table().add(row, false, probe ? probe->seen() : check.trouble());
            continue;
        }
        const auto chosen = probe->header("Sec-WebSocket-Protocol");
        check.table().add(
            row, chosen == (several ? "dm.v1.json" : ""), chosen.empty() ? "101" : "101 " + chosen);
        probe->leave();
    }
}

}  // namespace

void check_openings(ServerCheck& check) {
    check_identity(check);
    Opening opening = check.opening();
    opening.path = "/v1/device/of/nobody";
    expect_status(check, kPath, opening, 404);
    opening = check.opening();
    opening.origin = "https://firmware-sim.invalid";
    expect_status(check, kOrigin, opening, 403);
    check_subprotocols(check);
    opening = check.opening();
    opening.upgrade = false;
    expect_status(check, kNoUpgrade, opening, 426);
    opening = check.opening();
    opening.key = "c2hvcnQ=";
    expect_status(check, kKey, opening, 400);
}

}  // namespace dm::sim
