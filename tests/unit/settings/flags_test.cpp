#include "device-mgmt/settings/flags.hpp"

#include <doctest/doctest.h>

using namespace dm::settings;

namespace {

const std::vector<std::pair<std::string, Type>> kKeys{{"listen.port", Type::integer},
                                                      {"listen.tls", Type::boolean},
                                                      {"listen.origins", Type::list},
                                                      {"node.name", Type::text},
                                                      {"url", Type::text}};

std::string text_of(const Flags& flags, const std::string& key) {
    for (const Entry& entry : flags.entries) {
        if (entry.key == key) {
            CHECK(entry.source == "--" + key);
            return std::get<RawText>(entry.value).text;
        }
    }
    return "(none)";
}

}  // namespace

TEST_CASE("a flag's value follows it or stands behind an equals sign") {
    const Flags flags =
        parse_flags({"--listen.port", "1", "--node.name=a=b", "--url", "wss://x:1/y"}, kKeys);
    CHECK(flags.problems.empty());
    CHECK(text_of(flags, "listen.port") == "1");
    CHECK(text_of(flags, "node.name") == "a=b");
    CHECK(text_of(flags, "url") == "wss://x:1/y");
    CHECK(text_of(flags, "listen.tls") == "(none)");
}

TEST_CASE("a boolean flag may stand alone") {
    CHECK(text_of(parse_flags({"--listen.tls"}, kKeys), "listen.tls") == "true");
    CHECK(text_of(parse_flags({"--listen.tls", "false"}, kKeys), "listen.tls") == "false");
    CHECK(text_of(parse_flags({"--listen.tls=false"}, kKeys), "listen.tls") == "false");
    const Flags followed = parse_flags({"--listen.tls", "--listen.port", "2"}, kKeys);
    CHECK(text_of(followed, "listen.tls") == "true");
    CHECK(text_of(followed, "listen.port") == "2");
}

TEST_CASE("values that look unusual are kept") {
    CHECK(text_of(parse_flags({"--listen.port", "-5"}, kKeys), "listen.port") == "-5");
    CHECK(text_of(parse_flags({"--node.name="}, kKeys), "node.name") == "");
    CHECK(text_of(parse_flags({"--node.name=", "--listen.tls"}, kKeys), "listen.tls") == "true");
    CHECK(text_of(parse_flags({"--node.name", ""}, kKeys), "node.name") == "");
    CHECK(text_of(parse_flags({"--node.name", "[a,b]"}, kKeys), "node.name") == "[a,b]");
    CHECK(text_of(parse_flags({"--node.name", "a b"}, kKeys), "node.name") == "a b");
}

TEST_CASE("a list flag may be repeated, another may not") {
    const Flags flags = parse_flags(
        {"--listen.origins", "a,b", "--listen.origins", "c", "--url", "1", "--url", "2"}, kKeys);
    CHECK(text_of(flags, "listen.origins") == "a,b,c");
    REQUIRE(flags.problems.size() == 1);
    CHECK(flags.problems[0].key == "url");
    CHECK(flags.problems[0].reason == "is given more than once");
}

TEST_CASE("every unknown flag is reported, its value is not shown") {
    const Flags flags =
        parse_flags({"--node.nam", "hunter2", "--listen.prot=5", "-x", "stray", "more"}, kKeys);
    REQUIRE(flags.problems.size() == 4);
    CHECK(flags.problems[0].source == "--node.nam");
    CHECK(flags.problems[0].reason == "unknown key; did you mean node.name?");
    CHECK(flags.problems[1].source == "--listen.prot");
    CHECK(flags.problems[2].source == "-x");
    CHECK(flags.problems[3].source == "more");
}

TEST_CASE("a flag without its value is a problem") {
    CHECK(parse_flags({"--listen.port"}, kKeys).problems.size() == 1);
    CHECK(parse_flags({"--config"}, kKeys).problems.size() == 1);
}

TEST_CASE("the built-in flags are known") {
    const Flags flags = parse_flags({"--check-config", "--config", "a.toml", "--version"}, kKeys);
    CHECK(flags.check_config);
    CHECK(flags.version);
    CHECK_FALSE(flags.help);
    CHECK(flags.config == "a.toml");
    CHECK(parse_flags({"-h"}, kKeys).help);
    CHECK(parse_flags({"--print-config"}, kKeys).print_config);
}
