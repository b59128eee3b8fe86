#include "firmware-sim/load_report.hpp"

#include "firmware-sim/json_text.hpp"
#include "firmware-sim/report.hpp"

#include <string_view>

#include <fmt/format.h>

namespace dm::sim {
namespace {

double per_second(std::uint64_t count, double seconds) {
    return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

}  // namespace

std::vector<std::string> failures(const LoadOptions& options,
                                  const Ledger& ledger,
                                  const Summary& summary) {
    const Tally& tally = ledger.tally();
    std::vector<std::string> list;
    const auto expect_none = [&](std::uint64_t count, std::string_view what) {
        if (count > 0) {
            list.push_back(fmt::format("{} {}", count, what));
        }
    };
    if (tally.sent == 0) {
        list.emplace_back("no command was sent");
    }
    if (options.commands > 0 && tally.sent < options.commands && options.duration_s <= 0) {
        expect_none(options.commands - tally.sent, "commands were not sent");
    }
    expect_none(tally.lost, "commands lost: no outcome in time");
    expect_none(ledger.outstanding(), "commands were still waiting at the end");
    expect_none(tally.duplicated, "second outcomes");
    expect_none(tally.contradicted, "commands both rejected and accepted");
    expect_none(tally.unknown, "messages about commands that were never sent");
    expect_none(summary.wrong_correlation, "messages with another command's correlation data");
    expect_none(summary.unrecorded, "lines the history did not take");
    if (!options.allow_rejected) {
        expect_none(tally.rejected(), "commands rejected");
    }
    if (!options.allow_unanswered) {
        expect_none(tally.unanswered(), "commands timed out, expired or cancelled");
    }
    if (!options.allow_failed) {
        const auto failed = tally.by_state.find("failed");
        expect_none(failed == tally.by_state.end() ? 0 : failed->second, "commands failed");
    }
    return list;
}

std::string summary_text(const Ledger& ledger, const Summary& summary) {
    const Tally& tally = ledger.tally();
    std::string text = fmt::format(
        "sent {}  accepted {}  answered {}  rejected {}  lost {}  duplicated {}  in {:.1f} s "
        "({:.0f}/s)",
        tally.sent,
        tally.accepted,
        tally.finished,
        tally.rejected(),
        tally.lost,
        tally.duplicated,
        summary.seconds,
        per_second(tally.finished, summary.seconds));
    for (const auto& [state, count] : tally.by_state) {
        text += fmt::format("\n  {} {}", state, count);
    }
    for (const auto& [code, count] : tally.by_rejection) {
        text += fmt::format("\n  rejected {} {}", code, count);
    }
    text += "\naccepted: " + quantiles_text(ledger.accept_times());
    text += "\nround trip: " + quantiles_text(ledger.round_trips());
    return text;
}

std::string summary_json(const LoadOptions& options,
                         const Ledger& ledger,
                         const Summary& summary,
                         const std::vector<std::string>& failed) {
    const Tally& tally = ledger.tally();
    JsonObject object;
    object.text("program", "firmware-sim load")
        .text("version", DM_VERSION)
        .text("broker", options.broker)
        .number("devices", options.devices)
        .text("command", options.command)
        .number("seconds", summary.seconds)
        .boolean("interrupted", summary.interrupted)
        .number("sent", tally.sent)
        .number("accepted", tally.accepted)
        .number("answered", tally.finished)
        .number("answered_per_s", per_second(tally.finished, summary.seconds))
        .number("rejected", tally.rejected())
        .number("lost", tally.lost)
        .number("never_accepted", tally.never_accepted)
        .number("late", tally.late)
        .number("duplicated", tally.duplicated)
        .number("repeated_terminals", tally.repeated_terminals)
        .number("contradicted", tally.contradicted)
        .number("repeated_sends", tally.repeated_sends)
        .number("outstanding", ledger.outstanding())
        .json("by_state", counts_json(tally.by_state))
        .json("by_rejection", counts_json(tally.by_rejection))
        .json("states", counts_json(summary.states))
        .number("unknown", tally.unknown)
        .number("foreign", summary.foreign)
        .number("wrong_correlation", summary.wrong_correlation)
        .number("refused_publishes", summary.refused_publishes)
        .number("unsent_publishes", summary.unsent_publishes)
        .json("accepted_ms", quantiles_json(ledger.accept_times()))
        .json("round_trip_ms", quantiles_json(ledger.round_trips()))
        .boolean("ok", failed.empty())
        .json("failures", texts_json(failed));
    return object.str();
}

}  // namespace dm::sim
