#include "firmware-sim/ledger.hpp"

#include "firmware-sim/command_ids.hpp"
#include "firmware-sim/pacer.hpp"
#include "firmware-sim/rate.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using dm::sim::CommandIds;
using dm::sim::Instant;
using dm::sim::Ledger;
using Numbers = std::vector<dm::sim::CommandNumber>;

TEST_SUITE("firmware-sim/ledger") {
    const Instant kStart{};

    TEST_CASE("a command that is accepted and finished leaves nothing open") {
        Ledger ledger{60s, 5s};
        const auto number = ledger.send(kStart);
        CHECK(ledger.outstanding() == 1);
        ledger.accepted(number, kStart + 2ms);
        ledger.finished(number, "succeeded", "m-1", kStart + 10ms);
        CHECK(ledger.outstanding() == 0);
        CHECK(ledger.tally().accepted == 1);
        CHECK(ledger.tally().by_state.at("succeeded") == 1);
        CHECK(ledger.accept_times().max() == 2ms);
        CHECK(ledger.round_trips().max() == 10ms);
        CHECK(ledger.due(kStart + 100s).empty());
        CHECK(ledger.tally().lost == 0);
    }

    TEST_CASE("accepted may come after the terminal message, and twice") {
        Ledger ledger{60s, 5s};
        const auto number = ledger.send(kStart);
        ledger.finished(number, "failed", "m-1", kStart);
        ledger.accepted(number, kStart);
        ledger.accepted(number, kStart);
        CHECK(ledger.tally().accepted == 1);
        CHECK(ledger.tally().contradicted == 0);
    }

    TEST_CASE("the same terminal message again is a repetition, another one a duplicate") {
        Ledger ledger{60s, 5s};
        const auto number = ledger.send(kStart);
        ledger.finished(number, "succeeded", "m-1", kStart);
        ledger.finished(number, "succeeded", "m-1", kStart);
        CHECK(ledger.tally().repeated_terminals == 1);
        CHECK(ledger.tally().duplicated == 0);
        ledger.finished(number, "timed_out", "m-2", kStart);
        CHECK(ledger.tally().duplicated == 1);
        CHECK(ledger.tally().finished == 1);
        CHECK(ledger.tally().by_state.count("timed_out") == 0);
    }

    TEST_CASE("unfinished are those that were accepted and have no outcome") {
        Ledger ledger{60s, 5s};
        const auto finished = ledger.send(kStart);
        const auto open = ledger.send(kStart);
        const auto rejected = ledger.send(kStart);
        const auto silent = ledger.send(kStart);
        ledger.accepted(finished, kStart);
        ledger.accepted(open, kStart);
        ledger.finished(finished, "succeeded", "m-1", kStart);
        ledger.rejected(rejected, "queue_full");
        CHECK(ledger.unfinished() == Numbers{open});
        ledger.accepted(silent, kStart);
        CHECK(ledger.unfinished() == Numbers{open, silent});
        static_cast<void>(ledger.due(kStart + 60s));
        CHECK(ledger.unfinished().empty());
    }

    TEST_CASE("a command is sent again every repeat_after until it is accepted") {
        Ledger ledger{60s, 5s};
        const auto a = ledger.send(kStart);
        const auto b = ledger.send(kStart + 1s);
        CHECK(ledger.due(kStart + 4999ms).empty());
        CHECK(ledger.due(kStart + 5s) == Numbers{a});
        CHECK(ledger.due(kStart + 5s).empty());
        CHECK(ledger.due(kStart + 6s) == Numbers{b});
        ledger.accepted(a, kStart + 7s);
        CHECK(ledger.due(kStart + 30s) == Numbers{b});
        ledger.finished(b, "succeeded", "m", kStart + 31s);
        CHECK(ledger.due(kStart + 40s).empty());
        CHECK(ledger.tally().repeated_sends == 3);
    }

    TEST_CASE("no more are repeated at once than asked for; the others stay due") {
        Ledger ledger{60s, 5s};
        const auto a = ledger.send(kStart);
        const auto b = ledger.send(kStart);
        const auto c = ledger.send(kStart);
        CHECK(ledger.due(kStart + 5s, 2) == Numbers{a, b});
        CHECK(ledger.due(kStart + 5s, 2) == Numbers{c});
        CHECK(ledger.due(kStart + 5s, 2).empty());
    }

    TEST_CASE("repeat_after zero: never again") {
        Ledger ledger{60s, 0s};
        static_cast<void>(ledger.send(kStart));
        CHECK(ledger.due(kStart + 59s).empty());
    }

    TEST_CASE("without an outcome a command is lost after the patience, accepted or not") {
        Ledger ledger{60s, 0s};
        const auto a = ledger.send(kStart);
        const auto b = ledger.send(kStart + 1s);
        ledger.accepted(b, kStart + 1s);
        static_cast<void>(ledger.due(kStart + 59'999ms));
        CHECK(ledger.tally().lost == 0);
        static_cast<void>(ledger.due(kStart + 61s));
        CHECK(ledger.tally().lost == 2);
        CHECK(ledger.tally().never_accepted == 1);
        CHECK(ledger.outstanding() == 0);
        ledger.finished(a, "succeeded", "m", kStart + 70s);
        CHECK(ledger.tally().late == 1);
        CHECK(ledger.tally().finished == 1);
        CHECK(ledger.outstanding() == 0);
    }

    TEST_CASE("an old command that is still open does not hide younger lost ones") {
        Ledger ledger{60s, 0s};
        const auto a = ledger.send(kStart);
        static_cast<void>(ledger.send(kStart + 1s));
        static_cast<void>(ledger.send(kStart + 2s));
        ledger.finished(a, "succeeded", "m", kStart + 3s);
        static_cast<void>(ledger.due(kStart + 62s));
        CHECK(ledger.tally().lost == 2);
    }

    TEST_CASE("a rejection ends a command; rejected and accepted is a contradiction") {
        Ledger ledger{60s, 5s};
        const auto a = ledger.send(kStart);
        ledger.rejected(a, "queue_full");
        ledger.rejected(a, "queue_full");
        CHECK(ledger.outstanding() == 0);
        CHECK(ledger.tally().rejected() == 1);
        CHECK(ledger.due(kStart + 100s).empty());
        ledger.accepted(a, kStart);
        CHECK(ledger.tally().contradicted == 1);

        const auto b = ledger.send(kStart);
        ledger.accepted(b, kStart);
        ledger.rejected(b, "busy");
        CHECK(ledger.tally().contradicted == 2);
        CHECK(ledger.outstanding() == 1);
    }

    TEST_CASE("messages about numbers that were never sent are counted apart") {
        Ledger ledger{60s, 5s};
        ledger.finished(7, "succeeded", "m", kStart);
        CHECK(ledger.tally().unknown == 1);
        CHECK(ledger.tally().finished == 0);
    }

    TEST_CASE("timed out, expired and cancelled are no answers of the device") {
        Ledger ledger{60s, 5s};
        for (const char* state : {"succeeded", "failed", "timed_out", "expired", "cancelled"}) {
            ledger.finished(ledger.send(kStart), state, state, kStart);
        }
        CHECK(ledger.tally().unanswered() == 3);
        CHECK(ledger.tally().finished == 5);
    }
}

TEST_SUITE("firmware-sim/command_ids") {
    TEST_CASE("an id gives its number back, and only to its own run") {
        const CommandIds ids{"load-1"};
        CHECK(ids.id(17) == "load-1-17");
        CHECK(ids.number("load-1-17") == 17U);
        CHECK_FALSE(ids.number("load-1-17x"));
        CHECK_FALSE(ids.number("load-1-"));
        CHECK_FALSE(ids.number("load-2-17"));
        CHECK_FALSE(ids.number(""));
    }
}

TEST_SUITE("firmware-sim/pacer") {
    TEST_CASE("a late tick makes up for what was due") {
        const Instant start{};
        const dm::sim::Pacer pacer{100, start};
        CHECK(pacer.due(start) == 1);
        CHECK(pacer.due(start + 1s) == 101);
        CHECK(dm::sim::Pacer{0, start}.due(start) == UINT64_MAX);
    }

    TEST_CASE("rates are numbers with or without /s") {
        CHECK(dm::sim::parse_rate("50") == 50);
        CHECK(dm::sim::parse_rate("0.5/s") == 0.5);
        CHECK_FALSE(dm::sim::parse_rate("/s"));
        CHECK_FALSE(dm::sim::parse_rate("50/m"));
        CHECK_FALSE(dm::sim::parse_rate("-1"));
        CHECK_FALSE(dm::sim::parse_rate("nan"));
    }
}
