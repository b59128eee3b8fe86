#include "firmware-sim/load.hpp"

#include "firmware-sim/command_ids.hpp"
#include "firmware-sim/console_loop.hpp"
#include "firmware-sim/fleet.hpp"
#include "firmware-sim/json_text.hpp"
#include "firmware-sim/ledger.hpp"
#include "firmware-sim/load_report.hpp"
#include "firmware-sim/operator_link.hpp"
#include "firmware-sim/pacer.hpp"
#include "firmware-sim/progress.hpp"
#include "firmware-sim/publisher_records.hpp"
#include "firmware-sim/rate.hpp"
#include "firmware-sim/report.hpp"
#include "firmware-sim/run.hpp"
#include "protocol/operator_messages.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

namespace dm::sim {
namespace {

constexpr std::chrono::milliseconds kTick{1};
/// Publishes in one go, so that arrivals are looked at in between.
constexpr std::uint64_t kMaxBurst = 1000;

std::string unique_name() {
    return fmt::format("load-{:x}-{:x}",
                       read_clock().wall.time_since_epoch().count(),
                       static_cast<unsigned>(getpid()));
}

std::chrono::milliseconds millis(double seconds) {
    return std::chrono::milliseconds{static_cast<std::int64_t>(seconds * 1000)};
}

std::chrono::milliseconds patience_of(const LoadOptions& options) {
    return std::chrono::seconds{options.ttl_s + options.timeout_s} + millis(options.grace_s);
}

std::chrono::milliseconds repeat_after(const LoadOptions& options) {
    return options.repeat_until_accepted ? millis(options.repeat_after_s)
                                         : std::chrono::milliseconds{0};
}

std::size_t window_of(const LoadOptions& options) {
    if (options.window > 0) {
        return options.window;
    }
    return parse_rate(options.rate).value_or(0) > 0 ? kOpenWindow : kClosedWindow;
}

/// The payload of every command, but for its id.
proto::CommandRequest request_of(const LoadOptions& options) {
    proto::CommandRequest request;
    request.command = options.command;
    request.args = options.args;
    request.timeout = std::chrono::seconds{options.timeout_s};
    request.ttl = std::chrono::seconds{options.ttl_s};
    request.report_states = options.report_states;
    return request;
}

/// One `firmware-sim load` from start to report. Main thread.
class Load {
public:
    Load(const LoadOptions& options, const std::string& name, std::unique_ptr<History> history)
        : options_(options),
          ids_(name),
          records_(std::move(history)),
          link_(options, name),
          ledger_(patience_of(options), repeat_after(options)),
          request_(request_of(options)),
          window_(window_of(options)),
          progress_(false) {}

    int execute() {
        started_ = last_event_ = read_clock().mono;
        link_.start();
        const bool interrupted = loop_.run(kTick, [this] { return tick(read_clock().mono); });
        summary_.seconds = std::chrono::duration<double>(last_event_ - started_).count();
        summary_.refused_publishes = link_.refused();
        summary_.foreign += link_.foreign();
        progress_.finish();
        link_.stop();
        return report(interrupted);
    }

private:
    /// False: the run is over.
    bool tick(Instant now) {
        show_trouble();
        take_arrivals();
        if (!pacer_) {
            if (!link_.ready()) {
                return true;
            }
            started_ = now;
            last_event_ = now;
            pacer_.emplace(parse_rate(options_.rate).value_or(0), now);
        }
        ask_again();
        repeat(now);
        send(now);
        if (progress_.due(now)) {
            progress_.status(status(now), now);
        }
        if (!all_sent(now) || ledger_.outstanding() > 0) {
            return true;
        }
        return now - last_event_ < millis(options_.linger_s);
    }

    void show_trouble() {
        const auto trouble = link_.take_trouble();
        if (!trouble.empty() && trouble != last_trouble_) {
            progress_.say("broker: " + trouble);
            last_trouble_ = trouble;
        }
    }

    [[nodiscard]] bool all_sent(Instant now) const {
        const bool enough = options_.commands > 0 && ledger_.tally().sent >= options_.commands;
        const bool late = options_.duration_s > 0 && now - started_ >= millis(options_.duration_s);
        return enough || late;
    }

    void send(Instant now) {
        for (std::uint64_t burst = 0;
             burst < kMaxBurst && !all_sent(now) && ledger_.outstanding() < window_ &&
             ledger_.tally().sent < pacer_->due(now) && link_.has_room();
             ++burst) {
            const CommandNumber number = ledger_.send(read_clock().mono);
            publish(number, false);
            if (options_.triple_every > 0 && number % options_.triple_every == 0) {
                publish_again(number);
                publish_again(number);
            }
        }
    }

    /// What ended while the broker had no session of ours went to nobody: the same id again gets
    /// the stored outcome.
    void ask_again() {
        if (!link_.take_fresh_session()) {
            return;
        }
        records_.connected(false, read_clock());
        if (options_.repeat_until_accepted) {
            for (const CommandNumber number : ledger_.unfinished()) {
                publish_again(number);
            }
        }
    }

    void repeat(Instant now) {
        if (link_.has_room()) {
            for (const CommandNumber number : ledger_.due(now, kMaxBurst)) {
                publish(number, true);
            }
        }
    }

    void publish_again(CommandNumber number) {
        ledger_.repeated();
        publish(number, true);
    }

    void publish(CommandNumber number, bool repeated) {
        request_.id = ids_.id(number);
        const auto device =
            device_name(options_.prefix, options_.first + number % options_.devices);
        records_.submitting(device, request_, repeated, read_clock());
        if (!link_.publish(device, proto::to_json(request_), *request_.id)) {
            ++summary_.unsent_publishes;  // the ledger has it sent again
        }
    }

    void take_arrivals() {
        for (auto& arrival : link_.take_arrivals()) {
            take(arrival);
        }
    }

    void take(const Arrival& arrival) {
        const auto outcome = proto::parse_outcome(arrival.message.payload);
        const auto number = outcome && outcome->id ? ids_.number(*outcome->id) : std::nullopt;
        if (!number) {
            ++summary_.foreign;
            return;
        }
        records_.received(arrival.message, read_clock());
        last_event_ = arrival.at;
        const auto& correlation = arrival.message.correlation;
        if (correlation && *correlation != *outcome->id) {
            ++summary_.wrong_correlation;
        }
        const auto state = proto::parse_command_state(outcome->state);
        if (outcome->state == "rejected") {
            ledger_.rejected(*number, outcome->error ? outcome->error->code : "unknown");
        } else if (outcome->state == "accepted") {
            ledger_.accepted(*number, arrival.at);
        } else if (state && proto::is_terminal(*state)) {
            ledger_.finished(*number, outcome->state, message_id(arrival.message), arrival.at);
        } else {
            ++summary_.states[outcome->state];
        }
    }

    static std::string_view message_id(const broker::InboundMessage& message) {
        for (const auto& [name, value] : message.user_properties) {
            if (name == "message_id") {
                return value;
            }
        }
        return {};
    }

    std::string status(Instant now) {
        const Tally& tally = ledger_.tally();
        const double span =
            std::chrono::duration<double>(now - last_status_.value_or(started_)).count();
        const double rate =
            span > 0 ? static_cast<double>(tally.finished - last_finished_) / span : 0;
        last_status_ = now;
        last_finished_ = tally.finished;
        return fmt::format(
            "sent {}  accepted {}  answered {} ({:.0f}/s)  rejected {}  waiting {}  lost {}  "
            "duplicated {}  p50 {:.1f} ms",
            tally.sent,
            tally.accepted,
            tally.finished,
            rate,
            tally.rejected(),
            ledger_.outstanding(),
            tally.lost,
            tally.duplicated,
            static_cast<double>(ledger_.round_trips().quantile(0.5).count()) / 1000);
    }

    int report(bool interrupted) {
        summary_.interrupted = interrupted && !(all_sent(last_event_) && pacer_);
        summary_.unrecorded = records_.lost();
        const auto failed = failures(options_, ledger_, summary_);
        progress_.say(summary_text(ledger_, summary_));
        for (const auto& failure : failed) {
            fmt::print(stderr, "firmware-sim: {}\n", failure);
        }
        if (!options_.json.empty()) {
            const auto json = summary_json(options_, ledger_, summary_, failed);
            if (auto written = write_report(options_.json, json); !written) {
                fmt::print(stderr, "firmware-sim: {}\n", written.error());
                return kExitFailed;
            }
        }
        return failed.empty() ? kExitOk : kExitFailed;
    }

    const LoadOptions& options_;
    CommandIds ids_;
    PublisherRecords records_;
    OperatorLink link_;
    Ledger ledger_;
    proto::CommandRequest request_;
    std::size_t window_;
    ConsoleLoop loop_;
    Progress progress_;
    Summary summary_;
    std::optional<Pacer> pacer_;  ///< from the first connection on
    Instant started_;
    Instant last_event_;
    std::string last_trouble_;
    std::optional<Instant> last_status_;
    std::uint64_t last_finished_ = 0;
};

}  // namespace

int run_load(const LoadOptions& options) {
    const auto last = device_name(options.prefix, options.first + options.devices - 1);
    if (auto id = proto::DeviceId::parse(last); !id) {
        fmt::print(
            stderr, "firmware-sim: '{}' is no device id: {}\n", last, proto::what(id.error()));
        return kExitUsage;
    }
    std::unique_ptr<History> history;
    if (!options.history.empty()) {
        auto opened = History::open(options.history);
        if (!opened) {
            fmt::print(stderr, "firmware-sim: {}\n", opened.error());
            return kExitUsage;
        }
        history = *std::move(opened);
    }
    const auto name = options.name.empty() ? unique_name() : options.name;
    return Load{options, name, std::move(history)}.execute();
}

}  // namespace dm::sim
