#include "device-mgmt/config.hpp"
#include "device-mgmt/config_keys.hpp"

#include <fstream>
#include <iterator>
#include <string>

#include <doctest/doctest.h>

namespace {

const std::string kConfFile = std::string{DM_SOURCE_DIR} + "/conf/device-mgmt.toml";

}  // namespace

TEST_CASE("conf/device-mgmt.toml is what the program prints") {
    std::ifstream file(kConfFile);
    REQUIRE(file);
    const std::string content{std::istreambuf_iterator<char>{file}, {}};
    const auto printed = dm::load_config({{"--print-config"}, {}});
    REQUIRE_FALSE(printed);
    // To renew it: build/dev/bin/device-mgmt --print-config > conf/device-mgmt.toml
    CHECK(content == printed.error().text);
}

TEST_CASE("conf/device-mgmt.toml holds every key and its values are the defaults") {
    dm::Config read;
    dm::settings::Table table({"device-mgmt", "DEVICE_MGMT_", "0", ""});
    dm::add_keys(table, read);
    REQUIRE(table.load({{"--config", kConfFile}, {}}));
    for (const dm::settings::Key& key : table.keys()) {
        CAPTURE(key.name);
        CHECK(key.source.rfind(kConfFile, 0) == 0);
        CHECK_FALSE(key.doc.empty());
    }
    dm::settings::Table again({"device-mgmt", "DEVICE_MGMT_", "0", ""});
    dm::add_keys(again, read);
    for (std::size_t i = 0; i < again.keys().size(); ++i) {
        CAPTURE(again.keys()[i].name);
        CHECK(again.keys()[i].default_value == table.keys()[i].default_value);
    }
}
