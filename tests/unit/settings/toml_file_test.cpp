#include "device-mgmt/settings/toml_file.hpp"

#include "tests/support/temp_folder.hpp"

#include <doctest/doctest.h>

using namespace dm::settings;

namespace {

const Entry* find(const std::vector<Entry>& entries, const std::string& key) {
    for (const Entry& entry : entries) {
        if (entry.key == key) {
            return &entry;
        }
    }
    return nullptr;
}

}  // namespace

TEST_CASE("a file's entries are dotted keys with their lines") {
    const dm::test::TempFolder folder;
    const std::string path = folder.write("a.toml",
                                          "url = \"x\"\n"
                                          "[listen]\n"
                                          "port = 1\n"
                                          "origins = [\"a\", \"b\"]\n"
                                          "odd = [1]\n"
                                          "day = 2026-11-22\n"
                                          "[[many]]\n");
    const auto entries = read_toml_file(path);
    REQUIRE(entries);
    REQUIRE(find(*entries, "listen.port") != nullptr);
    CHECK(find(*entries, "listen.port")->source == path + ":3");
    CHECK(std::get<Value>(find(*entries, "listen.port")->value) == Value{std::int64_t{1}});
    CHECK(find(*entries, "url")->source == path + ":1");
    CHECK(std::get<Value>(find(*entries, "listen.origins")->value) ==
          Value{std::vector<std::string>{"a", "b"}});
    CHECK(std::holds_alternative<Unusable>(find(*entries, "listen.odd")->value));
    CHECK(std::holds_alternative<Unusable>(find(*entries, "listen.day")->value));
    CHECK(std::holds_alternative<Unusable>(find(*entries, "many")->value));
}

TEST_CASE("a syntax error names its line") {
    const dm::test::TempFolder folder;
    const std::string path = folder.write("bad.toml", "[listen]\nport = \n");
    const auto entries = read_toml_file(path);
    REQUIRE_FALSE(entries);
    CHECK(entries.error().source == path + ":2");
    CHECK_FALSE(entries.error().reason.empty());
}

TEST_CASE("what cannot be read is named with the reason") {
    const dm::test::TempFolder folder;
    const auto missing = read_toml_file((folder.path() / "no.toml").string());
    REQUIRE_FALSE(missing);
    CHECK(missing.error().reason == "cannot be read: No such file or directory");
    CHECK(read_toml_file(folder.path().string()).error().reason == "is a folder, not a file");
    const std::string huge = folder.write("huge.toml", std::string(kMaxFileBytes + 1, '#'));
    CHECK_FALSE(read_toml_file(huge));
}
