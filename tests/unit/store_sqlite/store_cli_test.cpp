#include "device-mgmt/store/store_cli.hpp"

#include "tests/unit/store_sqlite/samples.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace dm;
using namespace dm::test;
namespace fs = std::filesystem;

namespace {

store::CliResult run(std::vector<std::string> arguments, settings::Environment environment = {}) {
    return store::run_store({std::move(arguments), std::move(environment)});
}

}  // namespace

TEST_CASE("a backup beside a running server opens as a store with all that was completed") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    const std::string copy = (folder.path() / "copy.db").string();
    OpenStore store(path);
    for (int i = 0; i < 500; ++i) {
        store.accept(accepted(key("c-" + std::to_string(i))));
    }
    store.finish(finished(key("c-0")), message(1));
    const auto result = run({"backup", copy, "--store.sqlite", path});
    CHECK(result.code == 0);
    CHECK(result.err.empty());
    CHECK(result.out.find(copy + ": ") == 0);
    store.accept(accepted(key("after")));
    CHECK_FALSE(fs::exists(copy + ".part"));
    OpenStore restored(copy);
    CHECK(restored.loaded.unfinished.size() == 499);
    CHECK(restored.loaded.outbox.size() == 1);
    CHECK(restored.find(key("c-0")));
}

TEST_CASE("a backup never overwrites and names what is missing") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    OpenStore(path).close();
    const std::string there = folder.write("there.db", "mine");
    auto result = run({"backup", there, "--store.sqlite=" + path});
    CHECK(result.code == 1);
    CHECK(result.err.find("exists already") != std::string::npos);
    result = run({"backup", there + "2"}, {{"DEVICE_MGMT_STORE_SQLITE", path + "x"}});
    CHECK(result.code == 1);
    CHECK(result.err.find("no such file") != std::string::npos);
    CHECK_FALSE(fs::exists(path + "x"));
}

TEST_CASE("a check counts commands and finds a sound store sound") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    OpenStore store(path);
    store.accept(accepted(key("c-1")));
    store->imported(12);
    store.finish(finished(key("c-2")));
    const auto result = run({"check", "--store.sqlite", path});
    CHECK(result.code == 0);
    CHECK(result.out == path +
                            ": schema 4\n"
                            "unfinished accepted: 1\n"
                            "finished succeeded: 1\n"
                            "outbox: 0\n"
                            "ingress log imported up to: 12\n"
                            "sound\n");
}

TEST_CASE("a check finds a damaged page that opening does not see") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    {
        OpenStore store(path);
        for (int i = 0; i < 200; ++i) {
            store.accept(accepted(key("c-" + std::to_string(i))));
        }
    }
    {
        std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
        file.seekp(-4096, std::ios::end);
        file << std::string(4096, '\x5a');
    }
    const auto result = run({"check", "--store.sqlite", path});
    CHECK(result.code == 1);
    CHECK(result.err.find("is damaged: put back a backup") != std::string::npos);
}

TEST_CASE("wrong usage is told with the usage") {
    CHECK(run({}).code == 2);
    CHECK(run({"check"}).err.find("--store.sqlite PATH is missing") != std::string::npos);
    CHECK(run({"backup", "--store.sqlite", "x"}).code == 2);
    CHECK(run({"erase", "--store.sqlite", "x"}).code == 2);
    CHECK(run({"check", "--store.sqlit", "x"}).code == 2);
    CHECK(run({"--help"}).code == 0);
    CHECK(run({"--help"}).out.find("Usage:") == 0);
}
