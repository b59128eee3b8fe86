#include "device-mgmt/auth/credentials_cli.hpp"

#include "tests/support/temp_folder.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using dm::auth::CliResult;
using dm::auth::credentials_command;
using dm::test::TempFolder;

TEST_CASE("credentials are made, listed and removed by command") {
    const TempFolder folder;
    const std::string file = (folder.path() / "credentials").string();
    const auto run = [&](std::vector<std::string> arguments) {
        arguments.emplace_back("--auth.credentials");
        arguments.push_back(file);
        return dm::auth::run(credentials_command(), dm::settings::Sources{arguments, {}});
    };
    const CliResult added = run({"add", "d-1"});
    CHECK(added.code == 0);
    CHECK(added.out.size() == 44);
    CHECK(run({"add", "d-2"}).code == 0);
    CHECK(run({"list"}).out == "d-1\nd-2\n");
    CHECK(run({"remove", "d-1"}).code == 0);
    CHECK(run({"list"}).out == "d-2\n");
    const CliResult missing = run({"remove", "d-1"});
    CHECK(missing.code == 1);
    CHECK(missing.err.find("has no d-1") != std::string::npos);
}

TEST_CASE("the credentials file comes from flag, environment or configuration") {
    const TempFolder folder;
    const std::string file = folder.write("credentials", "");
    const std::string config =
        folder.write("a.toml", "[auth]\ncredentials = \"" + file + "\"\n[listen]\nport = 1\n");
    CHECK(dm::auth::run(credentials_command(), {{"--auth.credentials=" + file, "list"}, {}}).code ==
          0);
    CHECK(dm::auth::run(credentials_command(), {{"--config", config, "list"}, {}}).code == 0);
    CHECK(dm::auth::run(credentials_command(), {{"list"}, {{"DEVICE_MGMT_AUTH_CREDENTIALS", file}}})
              .code == 0);
}

TEST_CASE("wrong usage is explained") {
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{},
                                                      {"list"},
                                                      {"add", "--auth.credentials", "f"},
                                                      {"add", "a", "b", "--auth.credentials", "f"},
                                                      {"add", "a/b", "--auth.credentials", "f"},
                                                      {"list", "a", "--auth.credentials", "f"},
                                                      {"change", "a", "--auth.credentials", "f"},
                                                      {"list", "--auth.credential", "f"}}) {
        const CliResult result =
            dm::auth::run(credentials_command(), dm::settings::Sources{arguments, {}});
        CHECK(result.code == 2);
        CHECK(result.out.empty());
        CHECK_FALSE(result.err.empty());
    }
    const CliResult help = dm::auth::run(credentials_command(), {{"--help"}, {}});
    CHECK(help.code == 0);
    CHECK(help.out.find("credentials add ID") != std::string::npos);
}
