#include "firmware-sim/load_options.hpp"
#include "firmware-sim/run_options.hpp"

#include <doctest/doctest.h>

using namespace dm;

TEST_SUITE("firmware-sim/options") {
    TEST_CASE("run: flags win over the environment") {
        sim::RunOptions options;
        const auto loaded =
            sim::load(options,
                      {{"--url", "wss://127.0.0.1:8443", "--devices", "7"},
                       {{"FIRMWARE_SIM_DEVICES", "3"}, {"FIRMWARE_SIM_JWT_KEY", "key.pem"}}});
        REQUIRE(loaded);
        CHECK(options.devices == 7);
        CHECK(options.jwt_key == "key.pem");
    }

    TEST_CASE("run: all problems come at once, with exit code 2") {
        sim::RunOptions options;
        const auto loaded = sim::load(options,
                                      {{"--url",
                                        "http://x",
                                        "--devices",
                                        "0",
                                        "--rate",
                                        "fast",
                                        "--model",
                                        "toaster",
                                        "--exit-when",
                                        "never"},
                                       {}});
        REQUIRE_FALSE(loaded);
        CHECK(loaded.error().code == 2);
        for (const char* key : {"url", "devices", "rate", "model", "exit-when"}) {
            CAPTURE(key);
            CHECK(loaded.error().text.find(key) != std::string::npos);
        }
    }

    TEST_CASE("run: two kinds of credentials are refused") {
        sim::RunOptions options;
        CHECK_FALSE(sim::load(
            options, {{"--url", "ws://h", "--jwt-key", "a.pem", "--credentials", "b.txt"}, {}}));
    }

    TEST_CASE("run: exit-when replies:N") {
        CHECK(sim::replies_to_wait_for("replies:1000") == 1000);
        CHECK(sim::replies_to_wait_for("replies:") == 0);
        CHECK(sim::replies_to_wait_for("connected") == 0);
    }

    TEST_CASE("load: needs a broker, and commands or a duration") {
        sim::LoadOptions options;
        const auto loaded = sim::load(options, {{}, {}});
        REQUIRE_FALSE(loaded);
        CHECK(loaded.error().text.find("broker") != std::string::npos);
        CHECK(loaded.error().text.find("commands") != std::string::npos);
        CHECK(sim::load(options, {{"--broker", "mqtt://h:1", "--duration", "5"}, {}}));
    }

    TEST_CASE("load: arguments must be a JSON object") {
        sim::LoadOptions options;
        CHECK_FALSE(sim::load(
            options, {{"--broker", "mqtt://h:1", "--commands", "5", "--args", "[1]"}, {}}));
    }
}
