#include "device-mgmt/failpoint/failpoint.hpp"

#include <array>
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <unistd.h>

namespace dm::failpoint {
namespace {

constexpr std::array<std::pair<std::string_view, Point>, 8> kPoints{{
    {"publish_read", Point::publish_read},
    {"ingress_appended", Point::ingress_appended},
    {"puback_sent", Point::puback_sent},
    {"committed", Point::committed},
    {"command_sent", Point::command_sent},
    {"reply_received", Point::reply_received},
    {"reply_published", Point::reply_published},
    {"reply_acknowledged", Point::reply_acknowledged},
}};

/// What the environment says; a misspelt one ends the process, else a test would pass for nothing.
std::optional<Arming> armed() {
    const char* text = std::getenv("DEVICE_MGMT_FAILPOINT");  // NOLINT(concurrency-mt-unsafe)
    if (text == nullptr || *text == '\0') {
        return std::nullopt;
    }
    const auto arming = parse(text);
    if (!arming) {
        std::fprintf(stderr, "DEVICE_MGMT_FAILPOINT: '%s' is no <point>:<passing>\n", text);
        std::_Exit(2);
    }
    return arming;
}

}  // namespace

std::optional<Arming> parse(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    const auto name = text.substr(0, colon);
    const auto number = text.substr(colon + 1);
    std::uint64_t passing = 0;
    const auto [rest, error] =
        std::from_chars(number.data(), number.data() + number.size(), passing);
    if (error != std::errc{} || rest != number.data() + number.size() || passing == 0) {
        return std::nullopt;
    }
    for (const auto& [known, point] : kPoints) {
        if (known == name) {
            return Arming{point, passing};
        }
    }
    return std::nullopt;
}

void detail::pass(Point point) {
    static const std::optional<Arming> arming = armed();
    static std::atomic<std::uint64_t> passed{0};
    if (arming && arming->point == point && passed.fetch_add(1) + 1 == arming->passing) {
        ::kill(::getpid(), SIGKILL);
        for (;;) {
            ::pause();  // the signal is on its way
        }
    }
}

}  // namespace dm::failpoint
