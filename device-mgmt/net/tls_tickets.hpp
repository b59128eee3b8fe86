#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

// OpenSSL's types by name only: its headers stay inside net/.
struct ssl_ctx_st;

namespace dm::net {

/// Keys that seal TLS session tickets, the current one first. Who holds them can resume, and forge,
/// the sessions of whoever shares them.
class TicketKeys {
public:
    /// What `openssl rand 80` makes.
    static constexpr std::size_t kKeyBytes = 80;
    /// In a file; rotated() keeps kKeptKeys.
    static constexpr std::size_t kMaxKeys = 16;
    static constexpr std::size_t kKeptKeys = 4;
    /// How long a client may resume with a ticket. RFC 8446 section 4.6.1 allows seven days.
    static constexpr std::chrono::hours kLifetime{24};
    /// Rotated so often, a key opens for as long as what it sealed last is good.
    static constexpr std::chrono::hours kRotation = kLifetime / (kKeptKeys - 1);

    /// From a file of one or more keys of kKeyBytes: the first seals, all open. The error names the
    /// file.
    [[nodiscard]] static tl::expected<TicketKeys, std::string> read(const std::string& path);

    /// One that nobody else has.
    [[nodiscard]] static TicketKeys random();

    /// The same behind a new one; the oldest are dropped, and what they sealed with them.
    [[nodiscard]] TicketKeys rotated() const;

private:
    TicketKeys() = default;

    friend void use_tickets(ssl_ctx_st* context, const TicketKeys& keys, std::string_view trust);

    using Key = std::array<unsigned char, kKeyBytes>;

    std::vector<Key> keys_;
};

/// Makes servers of `context` resume sessions, of TLS 1.2 and 1.3, from tickets only.
///
/// A resumed session skips the check of the client's certificate. So the keys in use are derived
/// from `keys` and `trust`, what decides about certificates: with another trust no ticket opens.
/// What passes by itself, a certificate's or CRL's time, is checked again for each ticket; one that
/// does not hold means a full handshake. Early data is never accepted.
void use_tickets(ssl_ctx_st* context, const TicketKeys& keys, std::string_view trust);

}  // namespace dm::net
