#include "control/tokens/authority.hpp"
#include "control/tokens/token_file.hpp"
#include "control/tokens/tokens_cli.hpp"
#include "tests/support/temp_folder.hpp"

#include <fstream>
#include <iterator>

#include <doctest/doctest.h>

using namespace dm::control;
using dm::test::TempFolder;

namespace {

dm::proto::Name name(const char* text) {
    return *dm::proto::Name::parse(text);
}

std::string content(const std::string& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>{in}, {}};
}

}  // namespace

TEST_CASE("a token is told once and only its hash is kept") {
    const TempFolder folder;
    const std::string file = (folder.path() / "tokens").string();
    const auto token = add_token(file, name("alice"), Role::operator_);
    REQUIRE(token);
    CHECK(token->size() == 43);
    CHECK(content(file).find(*token) == std::string::npos);
    const Authority authority(*read_tokens(file));
    const auto who = authority.identify("Bearer " + *token);
    REQUIRE(who);
    CHECK(who->name == "alice");
    CHECK(who->role == Role::operator_);
}

TEST_CASE("what is no valid bearer token is nobody") {
    const TempFolder folder;
    const std::string file = (folder.path() / "tokens").string();
    const std::string token = *add_token(file, name("eve"), Role::viewer);
    const Authority authority(*read_tokens(file));
    CHECK(authority.identify("bearer " + token));
    CHECK_FALSE(authority.identify(std::nullopt));
    for (const std::string& header : {std::string(),
                                      std::string("Bearer"),
                                      std::string("Bearer "),
                                      token,
                                      "Basic " + token,
                                      "Bearer  " + token,
                                      "Bearer " + token + " ",
                                      "Bearer " + token.substr(1),
                                      "Bearer " + token + "x",
                                      "Bearer " + std::string(5000, 'x')}) {
        CAPTURE(header);
        CHECK_FALSE(authority.identify(header));
    }
}

TEST_CASE("a name has one token, and none once it is removed") {
    const TempFolder folder;
    const std::string file = (folder.path() / "tokens").string();
    REQUIRE(add_token(file, name("a"), Role::viewer));
    CHECK_FALSE(add_token(file, name("a"), Role::viewer));
    CHECK(remove_token(file, name("a")));
    CHECK_FALSE(remove_token(file, name("a")));
    CHECK(read_tokens(file)->empty());
}

TEST_CASE("a broken file is refused with its line") {
    for (const char* text :
         {"a", "a\tviewer", "a\troot\t00", "a/b\tviewer\t00", "a\tviewer\t00", "a\tviewer\tzz"}) {
        CAPTURE(text);
        const auto tokens = parse_tokens(std::string("# comment\n\n") + text);
        REQUIRE_FALSE(tokens);
        CHECK(tokens.error().rfind("line 3: ", 0) == 0);
    }
    const std::string line = "a\tviewer\t" + std::string(64, '0') + "\n";
    CHECK(parse_tokens(line));
    CHECK_FALSE(parse_tokens(line + line));
}

TEST_CASE("tokens are made, listed and removed by command") {
    const TempFolder folder;
    const std::string file = (folder.path() / "tokens").string();
    const auto run = [&](std::vector<std::string> arguments) {
        arguments.push_back("--auth.operator_tokens=" + file);
        return dm::auth::run(tokens_command(), dm::settings::Sources{arguments, {}});
    };
    CHECK(run({"add", "alice", "--role", "operator"}).out.size() == 44);
    CHECK(run({"add", "bob", "--role=viewer"}).code == 0);
    CHECK(run({"list"}).out == "alice\toperator\nbob\tviewer\n");
    CHECK(run({"remove", "alice"}).code == 0);
    CHECK(run({"remove", "alice"}).code == 1);
    CHECK(run({"list"}).out == "bob\tviewer\n");
}

TEST_CASE("wrong usage of the token commands is explained") {
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{},
          {"list"},
          {"add", "a", "--auth.operator_tokens", "f"},
          {"add", "a", "--role", "root", "--auth.operator_tokens", "f"},
          {"add", "a/b", "--role", "viewer", "--auth.operator_tokens", "f"},
          {"add", "a", "b", "--role", "viewer", "--auth.operator_tokens", "f"},
          {"drop", "a", "--auth.operator_tokens", "f"}}) {
        const dm::auth::CliResult result =
            dm::auth::run(tokens_command(), dm::settings::Sources{arguments, {}});
        CHECK(result.code == 2);
        CHECK(result.err.find("Usage") != std::string::npos);
    }
}
