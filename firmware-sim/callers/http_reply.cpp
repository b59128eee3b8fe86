#include "firmware-sim/callers/http_reply.hpp"

#include <algorithm>
#include <charconv>

namespace dm::sim {

namespace {

constexpr std::string_view kLineEnd = "\r\n";

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

std::optional<std::size_t> number(std::string_view text, int base) {
    std::size_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, problem] = std::from_chars(text.data(), end, value, base);
    return problem == std::errc{} && stopped == end ? std::optional(value) : std::nullopt;
}

}  // namespace

HttpReply::Progress HttpReply::take(std::string_view bytes) {
    waiting_.append(bytes);
    if (!head_read_) {
        if (waiting_.find("\r\n\r\n") == std::string::npos) {
            return Progress::more;
        }
        if (!read_head()) {
            return Progress::broken;
        }
    }
    return chunked_ ? read_chunks() : read_body();
}

bool HttpReply::read_head() {
    const std::size_t end = waiting_.find("\r\n\r\n");
    const std::string head = waiting_.substr(0, end + kLineEnd.size());
    waiting_.erase(0, end + 2 * kLineEnd.size());
    head_read_ = true;
    constexpr std::string_view kVersion = "HTTP/1.1 ";
    const auto status = number(head.substr(kVersion.size(), 3), 10);
    if (head.compare(0, kVersion.size(), kVersion) != 0 || !status) {
        return false;
    }
    status_ = static_cast<int>(*status);
    for (std::size_t begin = head.find(kLineEnd) + 2; begin < head.size();) {
        const std::size_t line_end = head.find(kLineEnd, begin);
        const std::string line = lower(head.substr(begin, line_end - begin));
        begin = line_end + kLineEnd.size();
        constexpr std::string_view kLength = "content-length: ";
        if (line == "transfer-encoding: chunked") {
            chunked_ = true;
        } else if (line == "connection: close") {
            keep_alive_ = false;
        } else if (line.compare(0, kLength.size(), kLength) == 0) {
            length_ = number(line.substr(kLength.size()), 10).value_or(0);
        }
    }
    return true;
}

HttpReply::Progress HttpReply::read_body() {
    const std::size_t wanted = std::min(length_ - body_.size(), waiting_.size());
    body_.append(waiting_, 0, wanted);
    waiting_.erase(0, wanted);
    return body_.size() == length_ ? Progress::complete : Progress::more;
}

HttpReply::Progress HttpReply::read_chunks() {
    for (;;) {
        const std::size_t line_end = waiting_.find(kLineEnd);
        if (line_end == std::string::npos) {
            return Progress::more;
        }
        const auto size = number(std::string_view(waiting_).substr(0, line_end), 16);
        if (!size) {
            return Progress::broken;
        }
        const std::size_t whole = line_end + 2 * kLineEnd.size() + *size;
        if (waiting_.size() < whole) {
            return Progress::more;
        }
        body_.append(waiting_, line_end + kLineEnd.size(), *size);
        waiting_.erase(0, whole);
        if (*size == 0) {
            return Progress::complete;
        }
    }
}

std::optional<LastEvent> last_event(std::string_view stream) {
    std::optional<LastEvent> last;
    LastEvent event;
    while (!stream.empty()) {
        const std::size_t end = stream.find('\n');
        if (end == std::string_view::npos) {
            break;
        }
        const std::string_view line = stream.substr(0, end);
        stream.remove_prefix(end + 1);
        if (line.substr(0, 7) == "event: ") {
            event.name = line.substr(7);
        } else if (line.substr(0, 6) == "data: ") {
            event.data += line.substr(6);
        } else if (line.empty()) {
            if (!event.data.empty()) {
                last = event;
            }
            event = {};
        }
    }
    return last;
}

}  // namespace dm::sim
