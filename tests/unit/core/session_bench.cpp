#include "tests/unit/core/session_bench.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace dm::test {

namespace {

std::optional<proto::WallTime> expiry(const RecordingHost& host,
                                      std::optional<std::chrono::milliseconds> token_for) {
    if (!token_for) {
        return std::nullopt;
    }
    return host.clock.now().wall + *token_for;
}

void append(std::string& list, const std::string& one) {
    list += (list.empty() ? "" : " ") + one;
}

}  // namespace

SessionBench::SessionBench(Options options)
    : settings(std::move(options.settings)),
      format(options.format),
      session(settings,
              device_id("dev-1"),
              options.format,
              expiry(host, options.token_for),
              link,
              host) {
    if (options.welcomed) {
        session.welcome(7);
        link.sent.clear();
    }
}

void SessionBench::pass(std::chrono::milliseconds time) {
    const core::Instant end = host.clock.now().mono + time;
    while (true) {
        const auto next = std::min_element(host.looks.begin(), host.looks.end());
        if (next == host.looks.end() || *next > end) {
            break;
        }
        const core::Instant when = *next;
        host.looks.erase(next);
        if (when > host.clock.now().mono) {
            host.clock.advance(
                std::chrono::ceil<std::chrono::milliseconds>(when - host.clock.now().mono));
        }
        if (!session.closed()) {
            session.check();
        }
    }
    host.clock.advance(
        std::chrono::duration_cast<std::chrono::milliseconds>(end - host.clock.now().mono));
}

void SessionBench::send_command(std::string_view id, std::string args) {
    const auto now = host.clock.now();
    session.send_command(
        {std::string(id), "reboot", std::move(args), now.wall, now.wall + 30s, 30s, 1});
}

std::vector<proto::ServerFrame> SessionBench::frames() const {
    std::vector<proto::ServerFrame> found;
    found.reserve(link.sent.size());
    for (const auto& sent : link.sent) {
        found.push_back(proto::decode_server_frame(format, sent.payload).value());
    }
    return found;
}

std::string SessionBench::types() const {
    std::string found;
    for (const auto& frame : frames()) {
        append(found, std::string(proto::type_of(frame)));
    }
    return found;
}

int SessionBench::close_code() const {
    return link.closed ? static_cast<int>(link.closed->code) : 0;
}

std::string SessionBench::close_reason() const {
    return link.closed ? link.closed->reason : "open";
}

std::string SessionBench::sent_reports() const {
    std::string found;
    for (const core::ReportBody& body : host.reports) {
        if (const auto* sent = std::get_if<core::CommandSent>(&body)) {
            append(found, sent->id + (sent->ok ? ":yes" : ":no"));
        } else if (std::holds_alternative<core::SessionWritable>(body)) {
            append(found, "writable");
        }
    }
    return found;
}

}  // namespace dm::test
