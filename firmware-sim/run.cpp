#include "firmware-sim/run.hpp"

#include "firmware-sim/console_loop.hpp"
#include "firmware-sim/fleet.hpp"
#include "firmware-sim/history.hpp"
#include "firmware-sim/json_text.hpp"
#include "firmware-sim/progress.hpp"
#include "firmware-sim/rate.hpp"
#include "firmware-sim/report.hpp"
#include "firmware-sim/run_setup.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace dm::sim {
namespace {

constexpr std::chrono::milliseconds kTick{50};

double seconds(Instant::duration duration) {
    return std::chrono::duration<double>(duration).count();
}

/// One `firmware-sim run` from start to report. Main thread.
class Run {
public:
    Run(const RunOptions& options, const RunSetup& setup)
        : options_(options),
          setup_(setup),
          progress_(!options.exit_when.empty()),
          replies_wanted_(replies_to_wait_for(options.exit_when)) {}

    int execute() {
        auto fleet = make_fleet();
        if (!fleet) {
            fmt::print(stderr, "firmware-sim: {}\n", fleet.error());
            return kExitFailed;
        }
        fleet_ = *std::move(fleet);
        started_ = read_clock().mono;
        fleet_->start();
        loop_.run(kTick, [this] { return tick(read_clock().mono); });
        ended_ = read_clock().mono;
        connected_at_end_ = fleet_->total(&Counters::connected);
        progress_.finish();
        fleet_->stop();
        show_notices();
        return report();
    }

private:
    tl::expected<std::unique_ptr<Fleet>, std::string> make_fleet() {
        FleetSettings settings;
        settings.target = setup_.target;
        settings.format = options_.format == "cbor" ? proto::Format::cbor : proto::Format::json;
        settings.tls = setup_.tls.get();
        settings.credentials = setup_.credentials.get();
        settings.resume_tls = options_.resume_tls;
        settings.report_states = options_.report_states;
        settings.longest_pause =
            std::chrono::milliseconds{static_cast<std::int64_t>(options_.longest_pause_s * 1000)};
        if (!options_.history.empty()) {
            auto history = History::open(options_.history);
            if (!history) {
                return tl::unexpected(history.error());
            }
            history_ = *std::move(history);
            settings.history = history_.get();
        }
        const FleetSize size{options_.devices,
                             options_.first,
                             options_.prefix,
                             parse_rate(options_.rate).value_or(1),
                             options_.threads,
                             options_.journal};
        return Fleet::make(settings, size, setup_.scenario, setup_.sources, notices_);
    }

    /// False: the run is over.
    bool tick(Instant now) {
        show_notices();
        const auto connected = fleet_->total(&Counters::connected);
        if (!all_connected_ && connected == options_.devices) {
            all_connected_ = now;
            progress_.say(fmt::format("all {} devices connected", options_.devices));
        }
        if (progress_.due(now)) {
            progress_.status(status(now), now);
        }
        if (options_.exit_when == "connected" && all_connected_) {
            return false;
        }
        if (replies_wanted_ > 0 && fleet_->total(&Counters::replies) >= replies_wanted_) {
            return false;
        }
        return options_.duration_s <= 0 || seconds(now - started_) < options_.duration_s;
    }

    void show_notices() {
        for (const auto& line : notices_.take()) {
            progress_.say(line);
        }
    }

    std::string status(Instant now) {
        const auto commands = fleet_->total(&Counters::commands);
        const double span = seconds(now - last_status_.value_or(started_));
        const double rate = span > 0 ? static_cast<double>(commands - last_commands_) / span : 0.0;
        last_status_ = now;
        last_commands_ = commands;
        return fmt::format(
            "connected {}/{}  connecting {}  commands {} ({:.0f}/s)  replies {}  "
            "readings {}  failed {}  dropped {}",
            fleet_->total(&Counters::connected),
            options_.devices,
            fleet_->total(&Counters::connecting),
            commands,
            rate,
            fleet_->total(&Counters::replies),
            fleet_->total(&Counters::telemetry),
            fleet_->total(&Counters::connect_failures) + fleet_->total(&Counters::refusals),
            fleet_->total(&Counters::unexpected_closes));
    }

    [[nodiscard]] std::vector<std::string> failures(const Experience& experience) const {
        std::vector<std::string> list;
        const auto expect_none = [&](std::uint64_t count, std::string_view what) {
            if (count > 0) {
                list.push_back(fmt::format("{} {}", count, what));
            }
        };
        const auto seen = fleet_->total(&Counters::devices_seen);
        expect_none(options_.devices - seen, "devices never got connected");
        if (!options_.allow_drops) {
            expect_none(seen - connected_at_end_, "devices were not connected at the end");
            expect_none(fleet_->total(&Counters::unexpected_closes),
                        "sessions were closed unexpectedly");
        }
        expect_none(fleet_->total(&Counters::stale_epochs), "epochs did not rise");
        expect_none(fleet_->total(&Counters::bad_frames), "frames of the server were unreadable");
        expect_none(fleet_->total(&Counters::error_frames), "error frames came from the server");
        expect_none(experience.defects, "exceptions reached the loop");
        expect_none(fleet_->total(&Counters::journal_failures), "entries the journal did not take");
        expect_none(history_ ? history_->lost() : 0, "lines the history did not take");
        return list;
    }

    int report() {
        const Experience experience = fleet_->experience();
        const auto failed = failures(experience);
        if (!options_.json.empty()) {
            if (auto written = write_report(options_.json, json(experience, failed)); !written) {
                fmt::print(stderr, "firmware-sim: {}\n", written.error());
                return kExitFailed;
            }
        }
        if (options_.exit_when.empty() && experience.connect_times.count() > 0) {
            progress_.say(
                fmt::format("connect times: {}", quantiles_text(experience.connect_times)));
        }
        for (const auto& failure : failed) {
            fmt::print(stderr, "firmware-sim: {}\n", failure);
        }
        return failed.empty() ? kExitOk : kExitFailed;
    }

    [[nodiscard]] std::string json(const Experience& experience,
                                   const std::vector<std::string>& failed) const {
        JsonObject counters;
        for (const auto& [name, counter] : kCounterNames) {
            counters.number(name, fleet_->total(counter));
        }
        JsonObject object;
        object.text("program", "firmware-sim run")
            .text("version", DM_VERSION)
            .text("url", options_.url)
            .number("devices", options_.devices)
            .number("seconds", seconds(ended_ - started_))
            .number("devices_seen", fleet_->total(&Counters::devices_seen))
            .number("connected_at_end", connected_at_end_);
        if (all_connected_) {
            object.number("all_connected_after_s", seconds(*all_connected_ - started_));
        }
        object.json("connect_ms", quantiles_json(experience.connect_times))
            .json("counters", counters.str())
            .json("closes", counts_json(experience.closes))
            .json("refusals", counts_json(experience.refusals))
            .boolean("ok", failed.empty())
            .json("failures", texts_json(failed));
        return object.str();
    }

    const RunOptions& options_;
    const RunSetup& setup_;
    Notices notices_;
    std::unique_ptr<History> history_;
    std::unique_ptr<Fleet> fleet_;
    ConsoleLoop loop_;
    Progress progress_;
    std::uint64_t replies_wanted_;
    Instant started_;
    Instant ended_;
    std::optional<Instant> all_connected_;
    std::uint64_t connected_at_end_ = 0;
    std::optional<Instant> last_status_;
    std::uint64_t last_commands_ = 0;
};

}  // namespace

int run(const RunOptions& options) {
    const auto setup = prepare(options);
    if (!setup) {
        for (const auto& problem : setup.error()) {
            fmt::print(stderr, "firmware-sim: {}\n", problem);
        }
        return kExitUsage;
    }
    return Run{options, *setup}.execute();
}

}  // namespace dm::sim
