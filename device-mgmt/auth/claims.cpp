#include "device-mgmt/auth/claims.hpp"

#include "protocol/json_fields.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace dm::auth {

namespace {

using proto::Field;
using proto::JsonKind;
using Fields = std::vector<Field>;

// The end of year 9999: beyond it RFC 3339 cannot write the time, and it is most likely a number of
// milliseconds.
constexpr std::int64_t kMaxUnixTime = 253'402'300'799;

const Field* find(const Fields& fields, std::string_view name) {
    const auto found = std::find_if(
        fields.begin(), fields.end(), [&](const Field& field) { return field.name == name; });
    return found == fields.end() ? nullptr : &*found;
}

/// A NumericDate (RFC 7519 section 2): seconds since 1970, perhaps with a fraction, which is cut.
std::optional<proto::WallTime> numeric_date(const Field& field) {
    std::int64_t seconds = 0;
    if (field.kind == JsonKind::natural && field.natural <= std::uint64_t{kMaxUnixTime}) {
        seconds = static_cast<std::int64_t>(field.natural);
    } else if (field.kind == JsonKind::real) {
        double value = -1;
        std::from_chars(field.raw.data(), field.raw.data() + field.raw.size(), value);
        if (!(value >= 0 && value <= static_cast<double>(kMaxUnixTime))) {
            return std::nullopt;
        }
        seconds = static_cast<std::int64_t>(value);
    } else {
        return std::nullopt;
    }
    return proto::WallTime{std::chrono::seconds{seconds}};
}

/// Whether `aud` is `wanted` or a list that contains it (RFC 7519 section 4.1.3).
bool is_meant_for(const Field* aud, const std::string& wanted) {
    if (aud == nullptr) {
        return false;
    }
    if (aud->kind == JsonKind::text) {
        return aud->text == wanted;
    }
    if (aud->kind != JsonKind::array) {
        return false;
    }
    const auto elements = proto::read_array(aud->raw);
    return elements && std::any_of(elements->begin(), elements->end(), [&](const Field& element) {
               return element.kind == JsonKind::text && element.text == wanted;
           });
}

tl::expected<std::vector<proto::Name>, AuthProblem> read_groups(const Field& field) {
    const auto malformed = tl::unexpected(AuthProblem::malformed);
    if (field.kind != JsonKind::array) {
        return malformed;
    }
    const auto elements = proto::read_array(field.raw);
    if (!elements || elements->size() > kMaxGroups) {
        return malformed;
    }
    std::vector<proto::Name> groups;
    for (const Field& element : *elements) {
        const auto name = proto::Name::parse(element.text);
        if (element.kind != JsonKind::text || !name) {
            return malformed;
        }
        if (std::find(groups.begin(), groups.end(), *name) == groups.end()) {
            groups.push_back(*name);
        }
    }
    return groups;
}

/// `nbf` and `iat` are optional; what is there must be a time.
tl::expected<proto::WallTime, AuthProblem> read_not_before(const Fields& fields) {
    proto::WallTime latest{};
    for (const char* name : {"nbf", "iat"}) {
        if (const Field* field = find(fields, name)) {
            const auto time = numeric_date(*field);
            if (!time) {
                return tl::unexpected(AuthProblem::malformed);
            }
            latest = std::max(latest, *time);
        }
    }
    return latest;
}

tl::expected<void, AuthProblem> check_purpose(const Fields& fields,
                                              const std::string& audience,
                                              const std::string& issuer) {
    if (!audience.empty() && !is_meant_for(find(fields, "aud"), audience)) {
        return tl::unexpected(AuthProblem::wrong_audience);
    }
    const Field* iss = find(fields, "iss");
    const bool same_issuer = iss != nullptr && iss->kind == JsonKind::text && iss->text == issuer;
    if (!issuer.empty() && !same_issuer) {
        return tl::unexpected(AuthProblem::wrong_issuer);
    }
    return {};
}

}  // namespace

tl::expected<Claims, AuthProblem> read_claims(std::string_view json,
                                              const std::string& audience,
                                              const std::string& issuer) {
    const auto fields = proto::read_object(json);
    if (!fields) {
        return tl::unexpected(AuthProblem::malformed);
    }
    const Field* exp = find(*fields, "exp");
    const Field* sub = find(*fields, "sub");
    const auto expires_at = exp == nullptr ? std::nullopt : numeric_date(*exp);
    if (!expires_at || sub == nullptr || sub->kind != JsonKind::text) {
        return tl::unexpected(AuthProblem::missing_claim);
    }
    const auto not_before = read_not_before(*fields);
    if (!not_before) {
        return tl::unexpected(not_before.error());
    }
    if (const auto purpose = check_purpose(*fields, audience, issuer); !purpose) {
        return tl::unexpected(purpose.error());
    }
    const auto device = proto::DeviceId::parse(sub->text);
    if (!device) {
        return tl::unexpected(AuthProblem::bad_device_id);
    }
    Claims claims{Identity{*device, Method::token, *expires_at, {}}, *not_before};
    if (const Field* groups = find(*fields, "groups")) {
        auto names = read_groups(*groups);
        if (!names) {
            return tl::unexpected(names.error());
        }
        claims.identity.groups = std::move(*names);
    }
    return claims;
}

tl::expected<void, AuthProblem> check_times(const Claims& claims,
                                            proto::WallTime now,
                                            std::chrono::seconds skew) {
    if (now >= *claims.identity.expires_at + skew) {
        return tl::unexpected(AuthProblem::expired);
    }
    if (claims.not_before > now + skew) {
        return tl::unexpected(AuthProblem::not_yet_valid);
    }
    return {};
}

}  // namespace dm::auth
