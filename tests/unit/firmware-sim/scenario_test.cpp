#include "firmware-sim/scenario.hpp"

#include <algorithm>
#include <string>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using dm::sim::Scenario;

TEST_SUITE("firmware-sim/scenario") {
    TEST_CASE("groups share the fleet in their order") {
        const auto scenario = Scenario::parse(R"(
[[group]]
name = "homes"
share = 3
model = "thermostat"
firmware = "2.1"
labels = { site = "north" }
subscribe = ["public.news", "private.orders"]
telemetry_s = 0.5
reply_delay_ms = [10, 20]
reply_loss = 0.25
error_probability = 0.5
ack = false
[[group]]
name = "doors"
model = "lock"
reply_delay_ms = 7
)",
                                              "test.toml");
        REQUIRE(scenario);
        CHECK(scenario->profile_of(0, 100).name == "homes");
        CHECK(scenario->profile_of(74, 100).name == "homes");
        CHECK(scenario->profile_of(75, 100).name == "doors");
        CHECK(scenario->profile_of(99, 100).name == "doors");
        const auto& homes = scenario->groups()[0].profile;
        CHECK(homes.labels.at("site") == "north");
        REQUIRE(homes.streams.size() == 2);
        CHECK(homes.streams[1].is_private);
        CHECK(homes.telemetry_period == 500ms);
        CHECK(homes.reply_delay_min == 10ms);
        CHECK(homes.reply_delay_max == 20ms);
        CHECK(homes.reply_loss == 0.25);
        CHECK_FALSE(homes.ack);
        CHECK(scenario->groups()[1].profile.reply_delay_max == 7ms);
    }

    TEST_CASE("all mistakes are told at once, each with its line") {
        const auto scenario = Scenario::parse(
            "speed = 1\n[[group]]\nmodel = \"toaster\"\nreply_loss = 2\ncolour = \"red\"\n"
            "subscribe = [\"nonsense\"]\nack = 1\nreply_delay_ms = [5, 1]\n",
            "bad.toml");
        REQUIRE_FALSE(scenario);
        const auto& problems = scenario.error();
        CHECK(problems.size() == 7);
        const auto told = [&](const std::string& start) {
            return std::any_of(problems.begin(), problems.end(), [&](const auto& problem) {
                return problem.compare(0, start.size(), start) == 0;
            });
        };
        CHECK(told("bad.toml:1:"));
        CHECK(told("bad.toml:3: 'model'"));
        CHECK(told("bad.toml:4: 'reply_loss'"));
        CHECK(told("bad.toml:5: 'colour'"));
    }

    TEST_CASE("a file without groups and one that is no TOML are refused") {
        CHECK_FALSE(Scenario::parse("", "empty.toml"));
        CHECK_FALSE(Scenario::parse("group = 3", "x.toml"));
        CHECK_FALSE(Scenario::parse("[[group", "x.toml"));
    }

    TEST_CASE("models take turns in a mixed group") {
        dm::sim::Profile profile;
        CHECK(dm::sim::model_of(profile, 0) == "thermostat");
        CHECK(dm::sim::model_of(profile, 5) == "lamp");
        profile.model = "meter";
        CHECK(dm::sim::model_of(profile, 5) == "meter");
    }
}
