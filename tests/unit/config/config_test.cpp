#include "device-mgmt/config.hpp"

#include "protocol/ids.hpp"
#include "tests/support/temp_folder.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using dm::load_config;
using dm::settings::Environment;

namespace {

/// The least that is accepted.
const std::vector<std::string> kLeast{
    "--listen.tls=false", "--auth.jwt_keys", "keys", "--node.name", "n-1"};

std::vector<std::string> least_and(const std::vector<std::string>& more) {
    std::vector<std::string> arguments = kLeast;
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

/// What is printed when the configuration is refused; empty: it was accepted.
std::string refusal(const std::vector<std::string>& arguments,
                    const Environment& environment = {}) {
    const auto loaded = load_config({arguments, environment});
    if (loaded) {
        return "";
    }
    CHECK(loaded.error().code == dm::settings::kExitBadConfiguration);
    return loaded.error().text;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the least configuration has the documented defaults") {
    const auto loaded = load_config({kLeast, {}});
    REQUIRE(loaded);
    CHECK(loaded->listen.port == 8443);
    CHECK(loaded->session.heartbeat == std::chrono::seconds{20});
    CHECK(loaded->session.dead_after == std::chrono::seconds{50});
    CHECK(loaded->commands.window == 16);
    CHECK(loaded->commands.queue_per_device == 100);
    CHECK(loaded->broker.prefix == "dm");
    CHECK(loaded->store.keep_finished == std::chrono::hours{24});
    CHECK(loaded->store.keep_finished_max == 5'000'000);
    CHECK(loaded->ops.address == "127.0.0.1");
    CHECK(loaded->ops.port == 9464);
    CHECK(loaded->health.max_load == 0.8);
    CHECK(loaded->drain.spread == std::chrono::seconds{10});
    CHECK(loaded->drain.deadline == std::chrono::seconds{40});
}

TEST_CASE("the drain deadline follows the spread unless it is set") {
    CHECK(load_config({least_and({"--drain.spread_s", "60"}), {}})->drain.deadline ==
          std::chrono::seconds{90});
    CHECK(load_config({least_and({"--drain.deadline_s", "15"}), {}})->drain.deadline ==
          std::chrono::seconds{15});
    CHECK(contains(refusal(least_and({"--drain.deadline_s", "5"})),
                   "drain.deadline_s: must not be below drain.spread_s (10)"));
}

TEST_CASE("a node name that is not given is the host name, if that is one") {
    const auto loaded = load_config({{"--listen.tls=false", "--auth.credentials", "file"}, {}});
    if (loaded) {
        CHECK(dm::proto::Name::parse(loaded->node.name));
    } else {
        CHECK(contains(loaded.error().text, "node.name: must be set"));
    }
}

TEST_CASE("no device could log in without an identity method") {
    CHECK(contains(refusal({"--listen.tls=false", "--node.name", "n"}),
                   "auth.jwt_keys: or auth.credentials or auth.mtls must be set"));
    CHECK(refusal({"--listen.tls=false", "--node.name", "n", "--auth.credentials", "f"}) == "");
}

TEST_CASE("TLS needs a certificate and its key, client certificates need TLS and an authority") {
    const std::string text = refusal({"--auth.jwt_keys", "k", "--node.name", "n"});
    CHECK(contains(text, "listen.cert: is needed"));
    CHECK(contains(text, "listen.key: is needed"));
    const std::string mtls = refusal(least_and({"--auth.mtls"}));
    CHECK(contains(mtls, "auth.mtls: needs listen.tls"));
    CHECK(contains(mtls, "auth.client_ca: is needed"));
}

TEST_CASE("a device must be given two heartbeats before it counts as dead") {
    CHECK(contains(refusal(least_and({"--session.dead_after_s", "39"})),
                   "session.dead_after_s: must be at least twice session.heartbeat_s (20)"));
    CHECK(refusal(least_and({"--session.dead_after_s", "40"})) == "");
}

TEST_CASE("the operations endpoint needs a token off loopback") {
    CHECK(contains(refusal(least_and({"--ops.address", "0.0.0.0"})), "ops.token: is needed"));
    CHECK(refusal(least_and({"--ops.address", "0.0.0.0"}), {{"DEVICE_MGMT_OPS_TOKEN", "t0ken"}}) ==
          "");
}

TEST_CASE("every problem of file, environment and flags comes at once") {
    const dm::test::TempFolder folder;
    const std::string file = folder.write(
        "a.toml", "[listen]\nprot = 1\n[broker]\nurl = \"tcp://x\"\nprefix = \"a/#\"\n");
    const std::string text = refusal(
        least_and({"--config", file, "--commands.window", "0", "--ops.address", "0.0.0.0"}),
        {{"DEVICE_MGMT_LISTEN_PORT", "70000"}, {"DEVICE_MGMT_BROKER_RESPONSE_TOPICS", "a#"}});
    CAPTURE(text);
    CHECK(contains(text, "7 problems"));
    CHECK(contains(text, file + ":2: listen.prot: unknown key; did you mean listen.port?"));
    CHECK(contains(text, file + ":4: broker.url: must be mqtt://"));
    CHECK(contains(text, file + ":5: broker.prefix: "));
    CHECK(contains(text, "--commands.window: commands.window: must be from 1 to 1024"));
    CHECK(contains(text, "DEVICE_MGMT_LISTEN_PORT: listen.port: "));
    CHECK(contains(text, "DEVICE_MGMT_BROKER_RESPONSE_TOPICS: broker.response_topics: "));
    CHECK(contains(text, "default: ops.token: is needed"));
}

TEST_CASE("secrets are shown neither by help nor by errors") {
    const Environment secrets{{"DEVICE_MGMT_BROKER_PASSWORD", "hunter2"},
                              {"DEVICE_MGMT_OPS_TOKEN", "hunter3"}};
    CHECK_FALSE(contains(refusal(least_and({"--listen.port", "x"}), secrets), "hunter"));
    for (const char* flag : {"--help", "--check-config", "--print-config"}) {
        const auto ended = load_config({least_and({flag, "--broker.username", "u"}), secrets});
        REQUIRE_FALSE(ended);
        CHECK(ended.error().code == 0);
        CHECK_FALSE(contains(ended.error().text, "hunter"));
    }
}

TEST_CASE("checking a good configuration says so") {
    const auto ended = load_config({least_and({"--check-config"}), {}});
    REQUIRE_FALSE(ended);
    CHECK(ended.error().code == 0);
    CHECK(ended.error().text == "configuration ok\n");
}
