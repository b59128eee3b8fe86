#include "device-mgmt/auth/secret_lines.hpp"

#include <algorithm>
#include <cstddef>
#include <set>

#include <fmt/format.h>

namespace dm::auth {

namespace {

std::optional<SecretFields> fields_of(std::string_view line) {
    const std::size_t first = line.find('\t');
    const std::size_t second = first == std::string_view::npos ? first : line.find('\t', first + 1);
    if (second == std::string_view::npos) {
        return std::nullopt;
    }
    return SecretFields{
        line.substr(0, first), line.substr(first + 1, second - first - 1), line.substr(second + 1)};
}

}  // namespace

tl::expected<void, std::string> read_secret_lines(
    std::string_view text,
    std::string_view shape,
    const std::function<tl::expected<void, std::string>(const SecretFields&)>& take) {
    std::set<std::string_view> seen;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        if (line.empty() || line.front() == '#') {
            continue;
        }
        const auto fields = fields_of(line);
        if (!fields) {
            return tl::unexpected(fmt::format("line {}: must be {}", number, shape));
        }
        if (const auto taken = take(*fields); !taken) {
            return tl::unexpected(fmt::format("line {}: {}", number, taken.error()));
        }
        if (!seen.insert(fields->front()).second) {
            return tl::unexpected(
                fmt::format("line {}: {} is there twice", number, fields->front()));
        }
    }
    return {};
}

tl::expected<Sha256, std::string> parse_hash(std::string_view field) {
    const auto bytes = from_hex(field);
    Sha256 hash{};
    if (!bytes || bytes->size() != hash.size()) {
        return tl::unexpected(std::string{"the hash is not 64 digits of lower-case hex"});
    }
    std::copy(bytes->begin(), bytes->end(), hash.begin());
    return hash;
}

std::string secret_line(std::string_view whose, std::string_view what, const Sha256& hash) {
    return fmt::format("{}\t{}\t{}\n", whose, what, to_hex(std::string(hash.begin(), hash.end())));
}

}  // namespace dm::auth
