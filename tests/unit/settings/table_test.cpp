#include "device-mgmt/settings/table.hpp"

#include "tests/support/temp_folder.hpp"

#include <cstdint>
#include <string>

#include <doctest/doctest.h>

using namespace dm::settings;

namespace {

struct Example {
    std::string url = "wss://x";
    std::uint16_t port = 8443;
    bool tls = true;
    std::vector<std::string> origins;
    double share = 0.8;
    std::chrono::seconds beat{20};
    std::string password;
    std::string format = "text";

    Table table{{"example", "EXAMPLE_", "1.2", "shows a table."}};

    Example() {
        table.text("url", url, "Where to go.");
        table.integer("listen.port", port, {0, 65535}, "The port.");
        table.boolean("listen.tls", tls, "Whether to encrypt.");
        table.list("listen.origins", origins, "Who may come.", one_of({"a", "b"}));
        table.number("health.share", share, {0, 1}, "How much.");
        table.seconds("health.beat_s", beat, {1, 60}, "How often.");
        table.secret("broker.password", password, "Never shown.");
        table.text("log.format", format, "The form.", one_of({"text", "json"}));
    }

    /// The text of the Exit, or nothing.
    std::string load(std::vector<std::string> arguments,
                     const Environment& environment = {},
                     const std::function<void(Checks&)>& check = {}) {
        const auto loaded = table.load({std::move(arguments), environment}, check);
        return loaded ? "" : std::to_string(loaded.error().code) + " " + loaded.error().text;
    }
};

}  // namespace

TEST_CASE("without any source the fields keep their defaults") {
    Example example;
    CHECK(example.load({}) == "");
    CHECK(example.port == 8443);
    CHECK(example.url == "wss://x");
}

TEST_CASE("a flag wins over the environment, that over the file, that over the default") {
    const dm::test::TempFolder folder;
    const std::string file = folder.write(
        "a.toml", "url=\"file\"\n[listen]\nport=1\ntls=false\n[health]\nshare=1\nbeat_s=7\n");
    Example example;
    CHECK(example.load({"--config", file, "--listen.port", "3"},
                       {{"EXAMPLE_LISTEN_PORT", "2"},
                        {"EXAMPLE_URL", "environment"},
                        {"EXAMPLE_LISTEN_ORIGINS", "a,b"},
                        {"EXAMPLE_SERVICE_HOST", "10.0.0.1"}}) == "");
    CHECK(example.port == 3);
    CHECK(example.url == "environment");
    CHECK(example.tls == false);
    CHECK(example.share == 1.0);
    CHECK(example.beat == std::chrono::seconds{7});
    CHECK(example.origins == std::vector<std::string>{"a", "b"});
    CHECK(example.format == "text");
}

TEST_CASE("the file can be named by the environment") {
    const dm::test::TempFolder folder;
    const std::string file = folder.write("a.toml", "url=\"file\"\n");
    Example example;
    CHECK(example.load({}, {{"EXAMPLE_CONFIG", file}}) == "");
    CHECK(example.url == "file");
}

TEST_CASE("all problems are reported at once with source, key and reason") {
    const dm::test::TempFolder folder;
    const std::string file = folder.write("a.toml",
                                          "[listen]\n"
                                          "prot = 1\n"
                                          "tls = \"yes\"\n"
                                          "origins = [\"c\"]\n"
                                          "[health]\n"
                                          "share = 1.5\n"
                                          "[broker]\n"
                                          "password = 5\n");
    Example example;
    const std::string text = example.load(
        {"--config", file, "--log.format", "xml", "--health.beat_s=0", "--nonsense", "s3cret"},
        {{"EXAMPLE_LISTEN_PORT", "70000"}});
    CAPTURE(text);
    const auto has = [&](const std::string& line) {
        return text.find("\n  " + line + "\n") != std::string::npos;
    };
    CHECK(text.rfind("2 example: 9 problems in the configuration\n", 0) == 0);
    CHECK(has(file + ":2: listen.prot: unknown key; did you mean listen.port?"));
    CHECK(has(file + ":3: listen.tls: must be true or false, not a text (is \"yes\")"));
    CHECK(has(file + ":4: listen.origins: each item must be one of a, b (is [\"c\"])"));
    CHECK(has(file + ":6: health.share: must be from 0 to 1 (is 1.5)"));
    CHECK(has(file + ":8: broker.password: must be a text, not an integer"));
    CHECK(has("EXAMPLE_LISTEN_PORT: listen.port: must be from 0 to 65535 (is \"70000\")"));
    CHECK(has("--log.format: log.format: must be one of text, json (is \"xml\")"));
    CHECK(has("--health.beat_s: health.beat_s: must be from 1 to 60 (is \"0\")"));
    CHECK(text.find("s3cret") == std::string::npos);
    CHECK(example.port == 8443);
}

TEST_CASE("rules between keys blame the source of the key they name") {
    Example example;
    const auto check = [&](Checks& checks) {
        if (example.beat < std::chrono::seconds{30}) {
            checks.fail("health.beat_s", "is too short", {"listen.port"});
        }
    };
    CHECK(example.load({"--health.beat_s", "5"}, {}, check)
              .find("  --health.beat_s: health.beat_s: is too short\n") != std::string::npos);
    CHECK(example.load({"--health.beat_s", "0"}, {}, check).find("too short") == std::string::npos);
    CHECK(example.load({"--listen.port", "x"}, {}, check).find("too short") == std::string::npos);
    CHECK(example.load({"--helth.beat_s", "9", "--health.beat_s", "5"}, {}, check)
              .find("too short") != std::string::npos);
    CHECK(example.load({"--health.beat_s"}, {}, check).find("too short") == std::string::npos);
    CHECK(example.load({"--config", "/no/such/file"}, {}, check).find("too short") ==
          std::string::npos);
}

TEST_CASE("a command that needs a few keys may read the whole program's file") {
    const dm::test::TempFolder folder;
    const std::string file = folder.write("a.toml", "[listen]\nport=5\n[other]\nkey=1\n");
    Example example;
    CHECK(example.load({"--config", file}).find("other.key: unknown key") != std::string::npos);
    example.table.allow_other_keys_in_file();
    CHECK(example.load({"--config", file}) == "");
    CHECK(example.port == 5);
    CHECK(example.load({"--other.key", "1"}).find("unknown key") != std::string::npos);
}

TEST_CASE("help, version and checking end the program") {
    Example example;
    CHECK(example.load({"--version", "--listen.port", "x"}) == "0 example 1.2\n");
    CHECK(example.load({"--check-config"}) == "0 configuration ok\n");
    CHECK(example.load({"--check-config", "--listen.port", "x"}).rfind("2 ", 0) == 0);
    const std::string help = example.load({"--help"});
    for (const Key& key : example.table.keys()) {
        CAPTURE(key.name);
        CHECK(help.find("--" + key.name + " ") != std::string::npos);
        CHECK(help.find(key.doc) != std::string::npos);
    }
    CHECK(help.find("(default 8443)") != std::string::npos);
}

TEST_CASE("the printed file reads back as the defaults") {
    const dm::test::TempFolder folder;
    Example printed;
    const std::string text = printed.load({"--print-config"});
    REQUIRE(text.rfind("0 ", 0) == 0);
    const std::string file = folder.write("a.toml", text.substr(2));
    Example read;
    CHECK(read.load({"--config", file}) == "");
    CHECK(read.table.toml() == printed.table.toml());
    for (const Key& key : read.table.keys()) {
        CAPTURE(key.name);
        CHECK(key.source.rfind(file, 0) == 0);
    }
}
