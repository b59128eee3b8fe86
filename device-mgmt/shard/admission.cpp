#include "device-mgmt/shard/admission.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace dm::shard {

namespace {

tl::unexpected<Refused> refuse(int status, std::string reason, std::string detail = {}) {
    return tl::unexpected(Refused{{status, std::move(reason), std::nullopt}, std::move(detail)});
}

struct Choice {
    proto::Format format;
    std::string_view subprotocol;
};

std::optional<Choice> choose_subprotocol(const std::vector<std::string_view>& offered) {
    if (offered.empty()) {
        return Choice{proto::Format::json, {}};
    }
    for (const std::string_view name : offered) {
        if (name == proto::kSubprotocolJson) {
            return Choice{proto::Format::json, proto::kSubprotocolJson};
        }
        if (name == proto::kSubprotocolCbor) {
            return Choice{proto::Format::cbor, proto::kSubprotocolCbor};
        }
    }
    return std::nullopt;
}

}  // namespace

tl::expected<Admitted, Refused> admit(const net::UpgradeRequest& request,
                                      const std::vector<std::string>& origins,
                                      auth::Authenticator& authenticator,
                                      proto::WallTime now) {
    if (request.path != kDevicePath) {
        return refuse(404, "no such path; devices connect to /v1/device");
    }
    // Only browsers send an Origin (RFC 6455 section 10.2); a foreign one is a page that uses its
    // visitor's certificate or place in the network.
    if (request.origin &&
        std::find(origins.begin(), origins.end(), *request.origin) == origins.end()) {
        return refuse(403, "this Origin is not allowed");
    }
    const auto choice = choose_subprotocol(request.protocols);
    if (!choice) {
        return refuse(400, "none of the offered subprotocols; use dm.v1.json or dm.v1.cbor");
    }
    auth::Presented presented;
    if (request.certificate_cn) {
        presented.certificate_cn = *request.certificate_cn;
    }
    presented.authorization = request.authorization;
    presented.query = request.query;
    auto identity = authenticator.check(presented, now);
    if (!identity) {
        return refuse(
            401, "identity missing or not accepted", std::string(auth::word(identity.error())));
    }
    return Admitted{std::move(*identity), choice->format, choice->subprotocol};
}

}  // namespace dm::shard
