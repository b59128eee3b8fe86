#include "control/tokens/authority.hpp"

#include <algorithm>

namespace dm::control {

namespace {

constexpr std::size_t kMaxTokenBytes = 128;

/// The token of `Bearer <token>`; the scheme in any case (RFC 9110 section 11.1).
std::optional<std::string_view> bearer(std::string_view authorization) {
    constexpr std::string_view kScheme = "bearer ";
    if (authorization.size() <= kScheme.size()) {
        return std::nullopt;
    }
    const bool same =
        std::equal(kScheme.begin(), kScheme.end(), authorization.begin(), [](char a, char b) {
            return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
        });
    const std::string_view token = authorization.substr(kScheme.size());
    return same && token.size() <= kMaxTokenBytes ? std::optional(token) : std::nullopt;
}

}  // namespace

std::optional<Operator> Authority::identify(std::optional<std::string_view> authorization) const {
    const auto token = authorization ? bearer(*authorization) : std::nullopt;
    if (!token) {
        return std::nullopt;
    }
    const auth::Sha256 hash = auth::sha256(*token);
    const OperatorToken* found = nullptr;
    for (const OperatorToken& known : tokens_) {
        if (auth::equal_in_constant_time(known.hash, hash)) {
            found = &known;
        }
    }
    return found == nullptr ? std::nullopt
                            : std::optional(Operator{found->name.str(), found->role});
}

}  // namespace dm::control
