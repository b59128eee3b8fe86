#include "firmware-sim/load_report.hpp"

#include <algorithm>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using namespace dm::sim;

TEST_SUITE("firmware-sim/load_report") {
    TEST_CASE("a run where every command got its answer has no failures") {
        Ledger ledger{60s, 5s};
        ledger.finished(ledger.send(Instant{}), "succeeded", "m", Instant{});
        CHECK(failures(LoadOptions{}, ledger, Summary{}).empty());
    }

    TEST_CASE("nothing sent, lost, waiting and doubled commands are failures") {
        LoadOptions options;
        CHECK_FALSE(failures(options, Ledger{60s, 5s}, Summary{}).empty());

        Ledger lost{60s, 0s};
        static_cast<void>(lost.send(Instant{}));
        CHECK(failures(options, lost, Summary{}).size() == 1);
        static_cast<void>(lost.due(Instant{} + 60s));
        CHECK(failures(options, lost, Summary{}).size() == 1);

        Ledger doubled{60s, 0s};
        const auto number = doubled.send(Instant{});
        doubled.finished(number, "succeeded", "m-1", Instant{});
        doubled.finished(number, "succeeded", "m-2", Instant{});
        CHECK(failures(options, doubled, Summary{}).size() == 1);
    }

    TEST_CASE("rejections and missing answers are failures unless they are allowed") {
        Ledger ledger{60s, 0s};
        ledger.rejected(ledger.send(Instant{}), "busy");
        ledger.finished(ledger.send(Instant{}), "expired", "m", Instant{});
        LoadOptions options;
        CHECK(failures(options, ledger, Summary{}).size() == 2);
        options.allow_rejected = true;
        options.allow_unanswered = true;
        CHECK(failures(options, ledger, Summary{}).empty());
    }

    TEST_CASE("fewer commands than asked for is a failure") {
        Ledger ledger{60s, 0s};
        ledger.finished(ledger.send(Instant{}), "succeeded", "m", Instant{});
        LoadOptions options;
        options.commands = 2;
        CHECK(failures(options, ledger, Summary{}).size() == 1);
    }
}
