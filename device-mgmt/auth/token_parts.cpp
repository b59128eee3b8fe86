#include "device-mgmt/auth/token_parts.hpp"

#include "device-mgmt/auth/base64.hpp"
#include "protocol/json_fields.hpp"

#include <vector>

namespace dm::auth {

namespace {

using proto::Field;
using proto::JsonKind;

struct Header {
    Algorithm algorithm;
    std::optional<proto::Name> kid;
};

tl::expected<Header, AuthProblem> parse_header(std::string_view json) {
    const auto fields = proto::read_object(json);
    if (!fields) {
        return tl::unexpected(AuthProblem::malformed);
    }
    std::optional<Algorithm> algorithm;
    std::optional<proto::Name> kid;
    for (const Field& field : *fields) {
        if (field.name == "crit") {
            // RFC 7515 section 4.1.11: an extension that is not understood must be refused.
            return tl::unexpected(AuthProblem::malformed);
        }
        if (field.name == "alg" && field.kind == JsonKind::text) {
            algorithm = parse_algorithm(field.text);
        }
        if (field.name == "kid") {
            const auto name = proto::Name::parse(field.text);
            if (field.kind != JsonKind::text || !name) {
                return tl::unexpected(AuthProblem::unknown_key);
            }
            kid = *name;
        }
    }
    if (!algorithm) {
        return tl::unexpected(AuthProblem::bad_algorithm);
    }
    return Header{*algorithm, kid};
}

}  // namespace

tl::expected<TokenParts, AuthProblem> take_apart(std::string_view token) {
    const auto malformed = tl::unexpected(AuthProblem::malformed);
    if (token.size() > kMaxTokenBytes) {
        return malformed;
    }
    const std::size_t first = token.find('.');
    const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
    // A dot in the third part is no base64url.
    if (second == std::string_view::npos) {
        return malformed;
    }
    const auto header_json = decode_base64url(token.substr(0, first));
    auto claims = decode_base64url(token.substr(first + 1, second - first - 1));
    auto signature = decode_base64url(token.substr(second + 1));
    if (!header_json || !claims || !signature) {
        return malformed;
    }
    auto header = parse_header(*header_json);
    if (!header) {
        return tl::unexpected(header.error());
    }
    return TokenParts{header->algorithm,
                      std::move(header->kid),
                      token.substr(0, second),
                      std::move(*claims),
                      std::move(*signature)};
}

}  // namespace dm::auth
