#include "device-mgmt/auth/credentials.hpp"

#include "tests/support/temp_folder.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <doctest/doctest.h>
#include <sys/stat.h>

using namespace dm::auth;
using dm::proto::DeviceId;
using dm::test::TempFolder;

namespace {

DeviceId device(const std::string& id) {
    return *DeviceId::parse(id);
}

std::string content(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>{file}, {}};
}

std::size_t files_in(const TempFolder& folder) {
    const std::filesystem::directory_iterator files(folder.path());
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

}  // namespace

TEST_CASE("credentials are added, listed and removed in order") {
    const TempFolder folder;
    const std::string file = (folder.path() / "credentials").string();
    REQUIRE(add_credential(file, device("b")));
    REQUIRE(add_credential(file, device("a")));
    const auto both = list_credentials(file);
    REQUIRE(both);
    CHECK(*both == std::vector<DeviceId>{device("b"), device("a")});
    REQUIRE(remove_credential(file, device("b")));
    CHECK(*list_credentials(file) == std::vector<DeviceId>{device("a")});
    CHECK(remove_credential(file, device("b")).error() == file + ": has no b");
    CHECK(files_in(folder) == 1);
}

TEST_CASE("the file holds no secret and is the owner's alone") {
    const TempFolder folder;
    const std::string file = (folder.path() / "credentials").string();
    const auto secret = add_credential(file, device("a"));
    REQUIRE(secret);
    CHECK(secret->size() == 43);
    CHECK(content(file).find(*secret) == std::string::npos);

    struct stat status {};

    REQUIRE(::stat(file.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600U);
}

TEST_CASE("adding an id again replaces its secret") {
    const TempFolder folder;
    const std::string file = (folder.path() / "credentials").string();
    const auto first = add_credential(file, device("a"));
    const std::string before = content(file);
    const auto second = add_credential(file, device("a"));
    CHECK(*first != *second);
    CHECK(content(file) != before);
    CHECK(list_credentials(file)->size() == 1);
}

TEST_CASE("a link to the file stays a link") {
    const TempFolder folder;
    const std::string file = folder.write("real", "");
    const auto link = folder.path() / "link";
    std::filesystem::create_symlink(file, link);
    REQUIRE(add_credential(link.string(), device("a")));
    CHECK(std::filesystem::is_symlink(link));
    CHECK(list_credentials(file)->size() == 1);
}

TEST_CASE("a file that cannot be understood is left as it is") {
    const TempFolder folder;
    const std::string file = folder.write("credentials", "what is this\n");
    CHECK_FALSE(add_credential(file, device("a")));
    CHECK_FALSE(remove_credential(file, device("a")));
    CHECK_FALSE(list_credentials(file));
    CHECK(content(file) == "what is this\n");
    CHECK(files_in(folder) == 1);
}

TEST_CASE("what cannot work is refused") {
    const TempFolder folder;
    const std::string file = (folder.path() / "credentials").string();
    CHECK_FALSE(add_credential(file, device("urn:x")));
    CHECK_FALSE(remove_credential(file, device("a")));
    CHECK_FALSE(list_credentials(file));
    CHECK_FALSE(add_credential((folder.path() / "no" / "such").string(), device("a")));
    CHECK(files_in(folder) == 0);
}
