#include "device-mgmt/net/upgrade_check.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace dm::net {
namespace {

constexpr std::size_t kMaxFields = 100;
constexpr std::size_t kMaxProtocols = 16;
constexpr std::size_t kKeyCharacters = 24;
constexpr std::string_view kEndOfLine = "\r\n";

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return lower(x) == lower(y);
    });
}

bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

/// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
    constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return is_alphanumeric(c) || kOthers.find(c) != std::string_view::npos;
    });
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view kBlank = " \t";
    const auto first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

/// The elements of a comma-separated list; empty ones are skipped (RFC 9110 section 5.6.1.2).
std::vector<std::string_view> elements(std::string_view list) {
    std::vector<std::string_view> found;
    while (!list.empty()) {
        const auto comma = list.find(',');
        const auto element = trim(list.substr(0, comma));
        if (!element.empty()) {
            found.push_back(element);
        }
        list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    }
    return found;
}

bool has_element(const std::vector<std::string_view>& lists, std::string_view wanted) {
    return std::any_of(lists.begin(), lists.end(), [&](std::string_view list) {
        const auto found = elements(list);
        return std::any_of(found.begin(), found.end(), [&](std::string_view element) {
            return equal_ignoring_case(element, wanted);
        });
    });
}

/// 16 bytes in base64: 22 characters and the padding.
bool is_key(std::string_view key) {
    return key.size() == kKeyCharacters && key.substr(kKeyCharacters - 2) == "==" &&
           std::all_of(key.begin(), key.end() - 2, [](char c) {
               return is_alphanumeric(c) || c == '+' || c == '/';
           });
}

bool is_target(std::string_view target) {
    return !target.empty() && target.front() == '/' &&
           std::all_of(target.begin(), target.end(), [](char c) {
               return c > ' ' && c < '\x7F' && c != '#';
           });
}

bool is_host(std::string_view host) {
    constexpr std::string_view kOthers = "-._~!$&'()*+,;=:[]%";
    return !host.empty() && std::all_of(host.begin(), host.end(), [&](char c) {
        return is_alphanumeric(c) || kOthers.find(c) != std::string_view::npos;
    });
}

Refusal refusal(int status, const char* reason) {
    return {status, reason, std::nullopt};
}

/// The fields of a head that matter here, every occurrence of each.
struct Fields {
    enum Name : std::size_t {
        host,
        upgrade,
        connection,
        key,
        version,
        protocol,
        authorization,
        origin,
        content_length,
        transfer_encoding,
        name_count,
    };

    static constexpr std::array<std::string_view, name_count> kNames = {"host",
                                                                        "upgrade",
                                                                        "connection",
                                                                        "sec-websocket-key",
                                                                        "sec-websocket-version",
                                                                        "sec-websocket-protocol",
                                                                        "authorization",
                                                                        "origin",
                                                                        "content-length",
                                                                        "transfer-encoding"};

    std::array<std::vector<std::string_view>, name_count> values;

    [[nodiscard]] const std::vector<std::string_view>& all(Name name) const {
        return values.at(name);
    }

    [[nodiscard]] bool at_most_one(Name name) const { return all(name).size() <= 1; }

    [[nodiscard]] std::optional<std::string_view> only(Name name) const {
        return all(name).empty() ? std::nullopt : std::optional{all(name).front()};
    }
};

/// `lines` begins after the request line and ends with the empty line.
tl::expected<Fields, Refusal> read_fields(std::string_view lines) {
    Fields fields;
    for (std::size_t count = 0; lines != kEndOfLine; ++count) {
        const auto end = lines.find(kEndOfLine);
        if (end == std::string_view::npos) {
            return tl::unexpected(refusal(400, "Unfinished header field."));
        }
        const auto line = lines.substr(0, end);
        lines.remove_prefix(end + kEndOfLine.size());
        if (count == kMaxFields) {
            return tl::unexpected(refusal(431, "Too many header fields."));
        }
        // No blanks before the colon and no folded lines (RFC 9112 sections 5.1 and 5.2): the
        // name is a token.
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
            return tl::unexpected(refusal(400, "Malformed header field."));
        }
        const auto value = trim(line.substr(colon + 1));
        for (std::size_t name = 0; name < Fields::name_count; ++name) {
            if (equal_ignoring_case(line.substr(0, colon), Fields::kNames.at(name))) {
                fields.values.at(name).push_back(value);
            }
        }
    }
    return fields;
}

/// What may be there once only, and what may not be there at all.
std::optional<Refusal> check_counts(const Fields& fields) {
    const auto host = fields.only(Fields::host);
    if (!fields.at_most_one(Fields::host) || !host || !is_host(*host)) {
        return refusal(400, "Exactly one valid Host is required.");
    }
    if (!fields.all(Fields::transfer_encoding).empty() ||
        !fields.at_most_one(Fields::content_length) ||
        fields.only(Fields::content_length).value_or("0") != "0") {
        return refusal(400, "A request body is not accepted.");
    }
    if (!fields.at_most_one(Fields::authorization)) {
        return refusal(400, "More than one Authorization.");
    }
    if (!fields.at_most_one(Fields::origin)) {
        return refusal(400, "More than one Origin.");
    }
    return std::nullopt;
}

std::optional<Refusal> check_websocket(const Fields& fields) {
    if (!has_element(fields.all(Fields::upgrade), "websocket") ||
        !has_element(fields.all(Fields::connection), "upgrade")) {
        return refusal(426, "This is a WebSocket endpoint.");
    }
    if (!fields.at_most_one(Fields::version)) {
        return refusal(400, "More than one Sec-WebSocket-Version.");
    }
    if (fields.only(Fields::version).value_or("") != "13") {
        return refusal(426, "Only WebSocket version 13 is spoken.");
    }
    if (!fields.at_most_one(Fields::key) || !is_key(fields.only(Fields::key).value_or(""))) {
        return refusal(400, "Sec-WebSocket-Key must be 16 bytes in base64.");
    }
    return std::nullopt;
}

tl::expected<std::vector<std::string_view>, Refusal> read_protocols(const Fields& fields) {
    std::vector<std::string_view> offered;
    for (const auto list : fields.all(Fields::protocol)) {
        const auto found = elements(list);
        offered.insert(offered.end(), found.begin(), found.end());
    }
    if (offered.size() > kMaxProtocols || !std::all_of(offered.begin(), offered.end(), is_token)) {
        return tl::unexpected(refusal(400, "Malformed Sec-WebSocket-Protocol."));
    }
    return offered;
}

}  // namespace

tl::expected<UpgradeHead, Refusal> check_upgrade(std::string_view head) {
    const auto line_end = head.find(kEndOfLine);
    if (line_end == std::string_view::npos) {
        return tl::unexpected(refusal(400, "Malformed request line."));
    }
    const auto line = head.substr(0, line_end);
    const auto first_blank = line.find(' ');
    const auto second_blank = line.find(' ', first_blank + 1);
    if (first_blank == std::string_view::npos || second_blank == std::string_view::npos ||
        !is_token(line.substr(0, first_blank)) || line.substr(second_blank + 1) != "HTTP/1.1") {
        return tl::unexpected(refusal(400, "Malformed request line."));
    }
    const auto target = line.substr(first_blank + 1, second_blank - first_blank - 1);
    auto fields = read_fields(head.substr(line_end + kEndOfLine.size()));
    if (!fields) {
        return tl::unexpected(std::move(fields.error()));
    }
    if (auto problem = check_counts(*fields)) {
        return tl::unexpected(std::move(*problem));
    }
    if (line.substr(0, first_blank) != "GET") {
        return tl::unexpected(refusal(405, "Only GET is answered."));
    }
    if (!is_target(target)) {
        return tl::unexpected(refusal(400, "Malformed request target."));
    }
    if (auto problem = check_websocket(*fields)) {
        return tl::unexpected(std::move(*problem));
    }
    auto protocols = read_protocols(*fields);
    if (!protocols) {
        return tl::unexpected(std::move(protocols.error()));
    }
    const auto question = target.find('?');
    return UpgradeHead{
        target.substr(0, question),
        question == std::string_view::npos ? std::string_view{} : target.substr(question + 1),
        *fields->only(Fields::key),
        fields->only(Fields::authorization),
        fields->only(Fields::origin),
        std::move(*protocols)};
}

void HeadReader::refuse(int status, const char* reason) {
    refusal_ = Refusal{status, reason, std::nullopt};
}

std::size_t HeadReader::consume(std::string_view bytes) {
    std::size_t taken = 0;
    head_.reserve(std::min(head_.size() + bytes.size(), kMaxBytes));
    while (taken < bytes.size() && !done()) {
        const char c = bytes[taken++];
        const char before = head_.empty() ? '\0' : head_.back();
        const bool allowed = static_cast<unsigned char>(c) >= 0x20
                                 ? c != '\x7F'
                                 : c == '\r' || c == '\n' || c == '\t';
        if (!allowed || (c == '\n') != (before == '\r')) {
            refuse(400, "Control character in the request.");
        } else if (head_.size() == kMaxBytes) {
            refuse(431, "Request head too large.");
        } else {
            head_.push_back(c);
            const auto size = head_.size();
            whole_ = size >= 4 && std::string_view{head_}.substr(size - 4) == "\r\n\r\n";
        }
    }
    return taken;
}

}  // namespace dm::net
