#include "firmware-sim/mint.hpp"

#include "firmware-sim/basic_credentials.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <unistd.h>

using namespace dm;

namespace {

/// A file that goes with its test.
class TemporaryFile {
public:
    explicit TemporaryFile(const std::string& content)
        : path_(std::filesystem::temp_directory_path() /
                ("dm-sim-" + std::to_string(getpid()) + "-" + std::to_string(++count))) {
        std::ofstream{path_, std::ios::binary} << content;
    }

    ~TemporaryFile() { std::filesystem::remove(path_); }

    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    [[nodiscard]] std::string path() const { return path_.string(); }

private:
    static inline int count = 0;
    std::filesystem::path path_;
};

std::string private_pem(const char* curve) {
    EVP_PKEY* key = EVP_EC_gen(curve);
    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(memory, key, nullptr, nullptr, 0, nullptr, nullptr);
    char* data = nullptr;
    const auto size = BIO_get_mem_data(memory, &data);
    std::string pem(data, static_cast<std::size_t>(size));
    BIO_free(memory);
    EVP_PKEY_free(key);
    return pem;
}

const proto::WallTime kNow{std::chrono::seconds{1'700'000'000}};

proto::DeviceId device() {
    return *proto::DeviceId::parse("sim-00001");
}

std::string decoded(const std::string& base64url) {
    std::string text = base64url;
    for (auto& c : text) {
        c = c == '-' ? '+' : (c == '_' ? '/' : c);
    }
    const std::size_t padding = (4 - text.size() % 4) % 4;
    text.append(padding, '=');
    std::string out(text.size(), '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
    out.resize(static_cast<std::size_t>(size) - padding);
    return out;
}

}  // namespace

TEST_SUITE("firmware-sim/mint") {
    TEST_CASE("an HS256 token has the header, claims and signature of RFC 7515") {
        const TemporaryFile secret{"0123456789abcdef0123456789abcdef"};
        sim::MintSettings settings;
        settings.secret = secret.path();
        settings.kid = "dev";
        settings.audience = "device-mgmt";
        const auto mint = sim::make_mint(settings);
        REQUIRE(mint);
        const std::string token = *(*mint)->renewal(device(), kNow);
        const auto first = token.find('.');
        const auto second = token.rfind('.');
        CHECK(decoded(token.substr(0, first)) == R"({"alg":"HS256","typ":"JWT","kid":"dev"})");
        CHECK(decoded(token.substr(first + 1, second - first - 1)) ==
              R"({"sub":"sim-00001","iat":1700000000,"exp":1700003600,"aud":"device-mgmt"})");
        // Computed with Python's hmac from the same inputs.
        CHECK(token.substr(second + 1) == "ewC8qUD6LOgfE3McWHFvErYG5M0iAJVlYPy5nrfyOR0");
        CHECK((*mint)->authorization(device(), kNow) == "Bearer " + token);
    }

    TEST_CASE("an EC P-256 key makes ES256 tokens with a signature of 64 bytes") {
        const TemporaryFile key{private_pem("P-256")};
        const auto mint = sim::make_mint({key.path(), "", "", "", ""});
        REQUIRE(mint);
        for (int i = 0; i < 50; ++i) {  // DER integers vary in length, JWS' do not
            const std::string token = *(*mint)->renewal(device(), kNow);
            CHECK(decoded(token.substr(token.rfind('.') + 1)).size() == 64);
        }
    }

    TEST_CASE("other curves, missing files and empty secrets are refused by name") {
        const TemporaryFile other{private_pem("P-384")};
        const TemporaryFile empty{""};
        CHECK(sim::make_mint({other.path(), "", "", "", ""}).error().find("P-256") !=
              std::string::npos);
        CHECK_FALSE(sim::make_mint({"/nowhere/key.pem", "", "", "", ""}));
        CHECK_FALSE(sim::make_mint({"", empty.path(), "", "", ""}));
    }
}

TEST_SUITE("firmware-sim/basic_credentials") {
    TEST_CASE("each device gets its own header, unknown ones none") {
        const TemporaryFile file{"# made by hand\nsim-00001\ts3cret\n\nsim-00002\tother\n"};
        const auto credentials = sim::read_basic_credentials(file.path());
        REQUIRE(credentials);
        CHECK((*credentials)->authorization(device(), kNow) == "Basic c2ltLTAwMDAxOnMzY3JldA==");
        CHECK_FALSE((*credentials)->authorization(*proto::DeviceId::parse("sim-00003"), kNow));
        CHECK_FALSE((*credentials)->renewal(device(), kNow));
    }

    TEST_CASE("a bad line is named by its number") {
        const TemporaryFile file{"sim-00001\ts3cret\nsim-00002 other\n"};
        const auto credentials = sim::read_basic_credentials(file.path());
        REQUIRE_FALSE(credentials);
        CHECK(credentials.error().find(":2:") != std::string::npos);
        const TemporaryFile colon{"a:b\tsecret\n"};
        CHECK_FALSE(sim::read_basic_credentials(colon.path()));
    }
}
