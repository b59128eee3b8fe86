#include "control/config.hpp"
#include "device-mgmt/settings/table.hpp"

#include <fstream>
#include <iterator>
#include <string>

#include <doctest/doctest.h>

namespace {

const std::string kConfFile = std::string{DM_SOURCE_DIR} + "/conf/control.toml";

}  // namespace

TEST_CASE("conf/control.toml is what the program prints") {
    std::ifstream file(kConfFile);
    REQUIRE(file);
    const std::string content{std::istreambuf_iterator<char>{file}, {}};
    const auto printed = dm::control::load_config({{"--print-config"}, {}});
    REQUIRE_FALSE(printed);
    // To renew it: build/dev/bin/control --print-config > conf/control.toml
    CHECK(content == printed.error().text);
}

TEST_CASE("conf/control.toml holds every key and its values are the defaults") {
    dm::control::Config read;
    dm::settings::Table table({"control", "CONTROL_", "0", ""});
    dm::control::add_keys(table, read);
    REQUIRE(table.load({{"--config", kConfFile}, {}}));
    for (const dm::settings::Key& key : table.keys()) {
        CAPTURE(key.name);
        CHECK(key.source.rfind(kConfFile, 0) == 0);
        CHECK_FALSE(key.doc.empty());
    }
}

TEST_CASE("control tells every error of its configuration at once") {
    const auto config = dm::control::load_config({{"--listen.port",
                                                   "70000",
                                                   "--ops.address",
                                                   "0.0.0.0",
                                                   "--broker.ca",
                                                   "/ca.pem",
                                                   "--broker.password",
                                                   "secret"},
                                                  {{"CONTROL_LISTEN_ADDRESS", "localhost"}}});
    REQUIRE_FALSE(config);
    CHECK(config.error().code == 2);
    for (const char* key : {"listen.port",
                            "CONTROL_LISTEN_ADDRESS",
                            "ops.token",
                            "broker.ca",
                            "broker.username",
                            "auth.operator_tokens"}) {
        CAPTURE(key);
        CHECK(config.error().text.find(key) != std::string::npos);
    }
    CHECK(config.error().text.find("secret") == std::string::npos);
}
