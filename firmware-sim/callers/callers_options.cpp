#include "firmware-sim/callers/callers_options.hpp"

#include <algorithm>
#include <optional>

namespace dm::sim {

namespace {

using settings::NumberRange;
using settings::Table;

std::optional<std::string> check_url(const std::string& url) {
    const auto target = parse_http_url(url);
    return target ? std::nullopt : std::optional(target.error());
}

std::optional<std::string> check_pid(const std::string& pid) {
    const bool digits = !pid.empty() && std::all_of(pid.begin(), pid.end(), [](char c) {
        return c >= '0' && c <= '9';
    });
    return digits ? std::nullopt : std::optional<std::string>{"must be the number of a process"};
}

}  // namespace

tl::expected<HttpTarget, std::string> parse_http_url(const std::string& url) {
    constexpr std::size_t kScheme = 7;  // http://
    const std::size_t colon = url.rfind(':');
    const bool good = url.rfind("http://", 0) == 0 && colon > kScheme && colon + 1 < url.size() &&
                      std::all_of(url.begin() + static_cast<std::ptrdiff_t>(colon) + 1,
                                  url.end(),
                                  [](char c) { return c >= '0' && c <= '9'; });
    if (!good) {
        return tl::unexpected(std::string("must be http://HOST:PORT"));
    }
    return HttpTarget{url.substr(kScheme, colon - kScheme), url.substr(colon + 1)};
}

tl::expected<void, settings::Exit> load(CallersOptions& options, const settings::Sources& sources) {
    constexpr std::int64_t kMax = 1'000'000;
    constexpr double kMaxSeconds = 31'536'000;
    Table table{{"firmware-sim callers",
                 "FIRMWARE_SIM_",
                 DM_VERSION,
                 "operators over HTTP, each with one command at a time to a random device; exits 0 "
                 "only if every one got its own reply"}};
    table.list("url", options.urls, "http://host:port of control; several: in turn", check_url);
    table.secret("token", options.token, "Bearer token of an operator");
    table.integer("callers", options.callers, {1, kMax}, "Callers, each with its connection");
    table.number("duration", options.duration_s, NumberRange{1, kMaxSeconds}, "Seconds to call");
    table.number("pause", options.pause_s, NumberRange{0, 3600}, "Seconds between two calls");
    table.number(
        "ramp", options.ramp_s, NumberRange{0, 3600}, "The first calls begin within so long");
    table.integer("devices", options.devices, {1, kMax}, "Devices to choose from");
    table.text("prefix", options.prefix, "Device ids are this and five digits");
    table.integer("first", options.first, {0, kMax * 100}, "Number of the first device");
    table.text("command", options.command, "Name of the command");
    table.integer("timeout-s", options.timeout_s, {1, 300}, "timeout_s");
    table.integer("ttl-s", options.ttl_s, {0, 172'800}, "ttl_s");
    table.number("grace-s",
                 options.grace_s,
                 NumberRange{0, 3600},
                 "A call without an end is lost after ttl-s, timeout-s and this");
    table.boolean("wait", options.wait, "Wait for one JSON answer instead of a stream of states");
    table.list("pids",
               options.pids,
               "Processes of control on this machine, for the memory of each caller",
               check_pid);
    table.text("json", options.json, "File for the report");
    return table.load(sources, [&](settings::Checks& checks) {
        if (options.urls.empty()) {
            checks.fail("url", "is required");
        }
    });
}

}  // namespace dm::sim
