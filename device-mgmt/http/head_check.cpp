#include "device-mgmt/http/head_check.hpp"

#include "device-mgmt/http/http_message.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace dm::http {

namespace {

/// Those that some route might know; RFC 9110 section 9.1 wants 501 for others.
constexpr std::array<std::string_view, 7> kMethods{
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
constexpr std::string_view kVersion = "HTTP/1.1";

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// RFC 9110 section 5.6.2.
bool is_token(char c) {
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') ||
           std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

bool is_space(char c) {
    return c == ' ' || c == '\t';
}

/// Of a header's value: visible, space, tab, or beyond ASCII.
bool is_text(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
}

bool is_version(std::string_view text) {
    return text.size() == kVersion.size() && text.substr(0, 5) == "HTTP/" && is_digit(text[5]) &&
           text[6] == '.' && is_digit(text[7]);
}

/// The `code` of the problem that is told.
std::string_view code_of(int status) {
    switch (status) {
        case 411:
            return "length_required";
        case 413:
            return "too_large";
        default:
            return "bad_request";
    }
}

std::optional<HeadRefusal> refuse(int status, std::string_view why) {
    return HeadRefusal{status, why};
}

}  // namespace

void HeadCheck::Word::add(char c) {
    if (size_ < bytes_.size()) {
        bytes_.at(size_++) = c;
    }
}

std::optional<HeadRefusal> HeadCheck::feed(std::string_view bytes) {
    while (!bytes.empty()) {
        if (body_left_ > 0) {
            const auto part = std::min<std::uint64_t>(body_left_, bytes.size());
            body_left_ -= part;
            bytes.remove_prefix(static_cast<std::size_t>(part));
            continue;
        }
        if (auto refusal = take(bytes.front())) {
            return refusal;
        }
        bytes.remove_prefix(1);
    }
    return std::nullopt;
}

HeadCheck::Found HeadCheck::take(char c) {
    if (++head_bytes_ > limits_.max_head_bytes) {
        return refuse(431, "The head of the request is too large.");
    }
    const bool ends_line = at_ == At::blank_end || at_ == At::line_end || at_ == At::head_end;
    if ((c == '\n') != ends_line) {
        return refuse(400, "Lines end with CR LF.");
    }
    switch (at_) {
        case At::before:
            if (c == '\r' && !blank_skipped_) {
                at_ = At::blank_end;
                return std::nullopt;
            }
            at_ = At::method;
            return take_method(c);
        case At::blank_end:
            blank_skipped_ = true;
            at_ = At::before;
            return std::nullopt;
        case At::method:
            return take_method(c);
        case At::target:
            return take_target(c);
        case At::version:
            return take_version(c);
        case At::line_end:
            at_ = At::line_begin;
            return std::nullopt;
        case At::line_begin:
            return take_line_begin(c);
        case At::name:
            return take_name(c);
        case At::value:
            return take_value(c);
        case At::head_end:
            return end_head();
    }
    return std::nullopt;
}

HeadCheck::Found HeadCheck::take_method(char c) {
    if (c != ' ') {
        word_.add(c);
        return is_token(c) ? std::nullopt : refuse(400, "This is no HTTP request.");
    }
    if (word_.text().empty()) {
        return refuse(400, "This is no HTTP request.");
    }
    if (std::find(kMethods.begin(), kMethods.end(), word_.text()) == kMethods.end()) {
        return refuse(501, "This method is not known.");
    }
    word_.clear();
    at_ = At::target;
    return std::nullopt;
}

HeadCheck::Found HeadCheck::take_target(char c) {
    if (c == ' ' && part_bytes_ > 0) {
        at_ = At::version;
        return std::nullopt;
    }
    if (part_bytes_ == 0 && c != '/') {
        return refuse(400, "The target must be a path.");
    }
    if (c <= ' ' || c > '~') {
        return refuse(400, "The target has a character that must be encoded.");
    }
    if (++part_bytes_ > limits_.max_target_bytes) {
        return refuse(414, "The target is too long.");
    }
    return std::nullopt;
}

HeadCheck::Found HeadCheck::take_version(char c) {
    if (c != '\r') {
        word_.add(c);
        return std::nullopt;
    }
    if (word_.text() != kVersion) {
        return is_version(word_.text()) ? refuse(505, "This server speaks HTTP/1.1.")
                                        : refuse(400, "This is no HTTP request.");
    }
    at_ = At::line_end;
    return std::nullopt;
}

HeadCheck::Found HeadCheck::take_line_begin(char c) {
    if (c == '\r') {
        at_ = At::head_end;
        return std::nullopt;
    }
    if (is_space(c)) {
        return refuse(400, "A header must not be continued on the next line.");
    }
    if (++headers_ > limits_.max_headers) {
        return refuse(431, "There are too many headers.");
    }
    word_.clear();
    part_bytes_ = 0;
    at_ = At::name;
    return take_name(c);
}

HeadCheck::Found HeadCheck::take_name(char c) {
    if (c == ':' && part_bytes_ > 0) {
        return begin_value();
    }
    if (!is_token(c)) {
        return refuse(400, "The name of a header has a character that is not allowed.");
    }
    word_.add(lower(c));
    return ++part_bytes_ > limits_.max_header_bytes ? refuse(431, "A header is too large.")
                                                    : std::nullopt;
}

HeadCheck::Found HeadCheck::begin_value() {
    is_length_ = word_.text() == "content-length";
    is_coding_ = word_.text() == "transfer-encoding";
    has_coding_ = has_coding_ || is_coding_;
    if (is_length_ && length_) {
        return refuse(400, "There is more than one Content-Length.");
    }
    length_ended_ = false;
    part_bytes_ = 0;
    at_ = At::value;
    return std::nullopt;
}

HeadCheck::Found HeadCheck::take_value(char c) {
    if (c == '\r') {
        at_ = At::line_end;
        return is_length_ && !length_ ? refuse(400, "Content-Length is no number.") : std::nullopt;
    }
    if (!is_text(c)) {
        return refuse(400, "A header has a character that is not allowed.");
    }
    if (++part_bytes_ > limits_.max_header_bytes) {
        return refuse(431, "A header is too large.");
    }
    if (is_coding_ && !is_space(c)) {
        coding_.add(lower(c));
    }
    if (!is_length_) {
        return std::nullopt;
    }
    if (is_space(c)) {
        length_ended_ = length_.has_value();
        return std::nullopt;
    }
    if (!is_digit(c) || length_ended_) {
        return refuse(400, "Content-Length is no number.");
    }
    length_ = length_.value_or(0) * 10 + static_cast<std::uint64_t>(c - '0');
    return *length_ > limits_.max_body_bytes ? refuse(413, "The body is too large.") : std::nullopt;
}

HeadCheck::Found HeadCheck::end_head() {
    if (has_coding_) {
        if (length_) {
            return refuse(400, "There are both Content-Length and Transfer-Encoding.");
        }
        return coding_.text() == "chunked" ? refuse(411, "Content-Length is required.")
                                           : refuse(501, "This Transfer-Encoding is not known.");
    }
    body_left_ = length_.value_or(0);
    begin_head();
    return std::nullopt;
}

void HeadCheck::begin_head() {
    at_ = At::before;
    blank_skipped_ = false;
    head_bytes_ = 0;
    part_bytes_ = 0;
    headers_ = 0;
    word_.clear();
    coding_.clear();
    is_length_ = false;
    is_coding_ = false;
    length_.reset();
}

std::string response_of(const HeadRefusal& refusal, std::string_view date) {
    const std::string_view title = reason_phrase(refusal.status);
    const std::string body =
        fmt::format(R"({{"title":"{}","status":{},"code":"{}","detail":"{}"}})",
                    title,
                    refusal.status,
                    code_of(refusal.status),
                    refusal.why);
    return fmt::format(
        "HTTP/1.1 {} {}\r\nDate: {}\r\nContent-Type: application/problem+json\r\n"
        "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
        refusal.status,
        title,
        date,
        body.size(),
        body);
}

}  // namespace dm::http
