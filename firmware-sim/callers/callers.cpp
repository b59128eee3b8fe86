#include "firmware-sim/callers/callers.hpp"

#include "firmware-sim/callers/caller.hpp"
#include "firmware-sim/console_loop.hpp"
#include "firmware-sim/json_text.hpp"
#include "firmware-sim/progress.hpp"
#include "firmware-sim/report.hpp"
#include "firmware-sim/run.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <asio/ip/tcp.hpp>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

namespace dm::sim {

namespace {

constexpr std::chrono::milliseconds kTick{200};

/// A connection for each caller.
bool raise_descriptors(std::size_t wanted) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur >= wanted + 64;
}

tl::expected<std::vector<asio::ip::tcp::endpoint>, std::string> resolve(
    asio::io_context& io, const CallersOptions& options) {
    std::vector<asio::ip::tcp::endpoint> found;
    asio::ip::tcp::resolver resolver(io);
    for (const std::string& url : options.urls) {
        const auto target = parse_http_url(url);
        std::error_code failed;
        const auto results = resolver.resolve(target->host, target->port, failed);
        if (failed) {
            return tl::unexpected(fmt::format("{}: {}", url, failed.message()));
        }
        found.push_back(results.begin()->endpoint());
    }
    return found;
}

/// Each holds a connection all the time, whether it waits for a reply or for its next call.
std::uint64_t per_caller_kib(const CallersOptions& options, const CallersMemory& memory) {
    const std::uint64_t grown = memory.most_kib - std::min(memory.most_kib, memory.before_kib);
    return grown / std::max<std::size_t>(options.callers, 1);
}

std::string summary_text(const CallersOptions& options,
                         const CallTally& tally,
                         const CallersMemory& memory,
                         double seconds) {
    std::string text = fmt::format(
        "calls {}  replies {}  lost {}  crossed {}  broken {}  in {:.1f} s ({:.0f}/s), at most {} "
        "waiting",
        tally.calls,
        tally.replies,
        tally.lost,
        tally.crossed,
        tally.broken,
        seconds,
        seconds > 0 ? static_cast<double>(tally.replies) / seconds : 0,
        tally.most_waiting);
    for (const auto& [state, count] : tally.ends) {
        text += fmt::format("\n  {} {}", state, count);
    }
    for (const auto& [status, count] : tally.refused) {
        text += fmt::format("\n  status {} {}", status, count);
    }
    text += "\naccepted: " + quantiles_text(tally.first_events);
    text += "\nround trip: " + quantiles_text(tally.round_trips);
    if (memory.before_kib != 0) {
        text += fmt::format("\nmemory: {} KiB before, {} KiB at most: {} KiB for a waiting caller",
                            memory.before_kib,
                            memory.most_kib,
                            per_caller_kib(options, memory));
    }
    return text;
}

}  // namespace

std::vector<std::string> failures(const CallTally& tally) {
    std::vector<std::string> list;
    const auto expect_none = [&](std::uint64_t count, const char* what) {
        if (count > 0) {
            list.push_back(fmt::format("{} {}", count, what));
        }
    };
    if (tally.replies == 0) {
        list.emplace_back("no caller got a reply");
    }
    expect_none(tally.lost, "calls lost: no end in time");
    expect_none(tally.crossed, "answers about another command");
    expect_none(tally.broken, "connections broken before the answer");
    expect_none(tally.waiting, "calls still waiting at the end");
    for (const auto& [status, count] : tally.refused) {
        list.push_back(fmt::format("{} calls answered with status {}", count, status));
    }
    return list;
}

std::string summary_json(const CallersOptions& options,
                         const CallTally& tally,
                         const CallersMemory& memory,
                         double seconds) {
    const auto failed = failures(tally);
    JsonObject object;
    object.text("program", "firmware-sim callers")
        .text("version", DM_VERSION)
        .number("callers", options.callers)
        .number("devices", options.devices)
        .number("seconds", seconds)
        .number("calls", tally.calls)
        .number("replies", tally.replies)
        .number("lost", tally.lost)
        .number("crossed", tally.crossed)
        .number("broken", tally.broken)
        .number("most_waiting", tally.most_waiting)
        .json("by_state", counts_json(tally.ends))
        .json("by_status", counts_json(tally.refused))
        .json("accepted_ms", quantiles_json(tally.first_events))
        .json("round_trip_ms", quantiles_json(tally.round_trips))
        .number("memory_before_kib", memory.before_kib)
        .number("memory_most_kib", memory.most_kib)
        .number("memory_per_caller_kib", per_caller_kib(options, memory))
        .boolean("ok", failed.empty())
        .json("failures", texts_json(failed));
    return object.str();
}

namespace {

using Callers = std::vector<std::unique_ptr<Caller>>;

/// Everybody begins within the ramp.
Callers start_callers(asio::io_context& io,
                      const CallersOptions& options,
                      const std::vector<asio::ip::tcp::endpoint>& targets,
                      CallTally& tally) {
    const auto wall = read_clock().wall.time_since_epoch().count();
    const std::string run = fmt::format("call-{:x}-{:x}", wall, getpid());
    Random random(static_cast<std::uint64_t>(wall));
    Callers callers;
    callers.reserve(options.callers);
    for (std::size_t i = 0; i < options.callers; ++i) {
        const std::size_t at = i % targets.size();
        callers.push_back(std::make_unique<Caller>(io,
                                                   options,
                                                   targets[at],
                                                   options.urls[at].substr(7),
                                                   fmt::format("{}-{}", run, i),
                                                   random.next(),
                                                   tally));
        callers.back()->start(std::chrono::milliseconds(
            static_cast<std::int64_t>(random.between(0.0, options.ramp_s) * 1000)));
    }
    return callers;
}

/// Prints what came of it, and writes the report; the exit code.
int conclude(const CallersOptions& options,
             const CallTally& tally,
             const CallersMemory& memory,
             double seconds,
             Progress& progress) {
    progress.finish();
    progress.say(summary_text(options, tally, memory, seconds));
    const auto failed = failures(tally);
    for (const std::string& failure : failed) {
        progress.say("not as expected: " + failure);
    }
    if (!options.json.empty()) {
        if (const auto written =
                write_report(options.json, summary_json(options, tally, memory, seconds));
            !written) {
            progress.say("firmware-sim: " + written.error());
            return kExitFailed;
        }
    }
    return failed.empty() ? kExitOk : kExitFailed;
}

}  // namespace

int run_callers(const CallersOptions& options) {
    Progress progress(false);
    if (!raise_descriptors(options.callers)) {
        progress.say("firmware-sim: not enough descriptors for so many callers (ulimit -n)");
        return kExitFailed;
    }
    ConsoleLoop loop;
    const auto targets = resolve(loop.io(), options);
    if (!targets) {
        progress.say("firmware-sim: " + targets.error());
        return kExitFailed;
    }
    CallTally tally;
    CallersMemory memory;
    memory.before_kib = resident_kib(options.pids);
    memory.most_kib = memory.before_kib;
    const Callers callers = start_callers(loop.io(), options, *targets, tally);
    const Instant begun = read_clock().mono;
    bool finishing = false;
    loop.run(kTick, [&] {
        const Instant now = read_clock().mono;
        memory.most_kib = std::max(memory.most_kib, resident_kib(options.pids));
        if (!finishing && now - begun >= std::chrono::duration<double>(options.duration_s)) {
            finishing = true;
            for (const auto& caller : callers) {
                caller->finish();
            }
        }
        if (progress.due(now)) {
            progress.status(fmt::format("calls {}  replies {}  waiting {}  lost {}  broken {}",
                                        tally.calls,
                                        tally.replies,
                                        tally.waiting,
                                        tally.lost,
                                        tally.broken),
                            now);
        }
        return !finishing || tally.waiting > 0;
    });
    const double seconds = std::chrono::duration<double>(read_clock().mono - begun).count();
    return conclude(options, tally, memory, seconds, progress);
}

}  // namespace dm::sim
