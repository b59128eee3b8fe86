#include "device-mgmt/store/ingress_log.hpp"
#include "tests/support/temp_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace fs = std::filesystem;
using dm::store::IngressLog;
using dm::store::IngressSettings;
using dm::store::Lsn;

namespace {

constexpr Lsn kRecords = 60;

std::string payload(Lsn lsn) {
    return "record " + std::to_string(lsn) + std::string(lsn * 7 % 131, static_cast<char>(lsn));
}

IngressSettings settings(const fs::path& folder) {
    return {folder.string(), 4096, 1U << 20U, 0};
}

void make_log(const fs::path& folder) {
    auto log = IngressLog::open(settings(folder), 0);
    REQUIRE(log);
    for (Lsn lsn = 1; lsn <= kRecords; ++lsn) {
        REQUIRE((*log)->append(payload(lsn)));
    }
}

std::vector<fs::path> segments(const fs::path& folder) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == ".log") {
            found.push_back(entry.path());
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::string read(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

void write(const fs::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

/// Cuts a file or turns a bit of it.
void damage(const fs::path& file, std::mt19937& random) {
    std::string bytes = read(file);
    const std::size_t at = random() % bytes.size();
    if (random() % 2 == 0) {
        bytes.resize(at);
    } else {
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << (random() % 8)));
    }
    write(file, bytes);
}

struct Found {
    Lsn last = 0;
    bool damaged = false;
};

/// Opens a log and checks that what is left is the beginning of what was appended.
Found reopen(const fs::path& folder) {
    auto log = IngressLog::open(settings(folder), 0);
    REQUIRE_MESSAGE(log, log.error());
    Found found{0, (*log)->recovery().damaged};
    const auto end = (*log)->replay(0, kRecords + 1, [&](Lsn lsn, std::string_view bytes) {
        CHECK(lsn == found.last + 1);
        CHECK(bytes == payload(lsn));
        found.last = lsn;
    });
    CHECK(end == found.last);
    CHECK((*log)->last() == found.last);
    // It can be used, and what is written now is found again.
    CHECK((*log)->append(payload(found.last + 1)) == found.last + 1);
    return found;
}

}  // namespace

TEST_CASE("a thousand random truncations and bit flips are all detected") {
    const dm::test::TempFolder folder;
    const fs::path good = folder.path() / "good";
    make_log(good);
    REQUIRE(segments(good).size() > 1);
    std::mt19937 random(7);
    int cut_short = 0;
    for (int round = 0; round < 1000; ++round) {
        const fs::path bad = folder.path() / "bad";
        fs::remove_all(bad);
        fs::copy(good, bad);
        const auto files = segments(bad);
        damage(files[random() % files.size()], random);
        const Found found = reopen(bad);
        CHECK(found.damaged);
        cut_short += found.last < kRecords ? 1 : 0;
        if (round % 10 == 0) {
            // The repair leaves a sound log.
            const Found again = reopen(bad);
            CHECK_FALSE(again.damaged);
            CHECK(again.last == found.last + 1);
        }
    }
    CHECK(cut_short > 300);
}

TEST_CASE("a torn last record is cut off and its bytes are counted") {
    const dm::test::TempFolder folder;
    const fs::path log = folder.path() / "log";
    make_log(log);
    const fs::path last = segments(log).back();
    std::string bytes = read(last);
    const std::size_t end = bytes.find_last_not_of('\0') + 1;
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(end) - 5,
              bytes.begin() + static_cast<std::ptrdiff_t>(end),
              '\0');
    write(last, bytes);
    const auto opened = IngressLog::open(settings(log), 0);
    REQUIRE(opened);
    CHECK((*opened)->last() == kRecords - 1);
    CHECK((*opened)->recovery().damaged);
    CHECK((*opened)->recovery().dropped_bytes == 16 + payload(kRecords).size() - 5);
    CHECK((*opened)->recovery().detail.find("cut after lsn 59") != std::string::npos);
}

TEST_CASE("damage in the middle ends the log there") {
    const dm::test::TempFolder folder;
    const fs::path log = folder.path() / "log";
    make_log(log);
    const auto files = segments(log);
    std::string bytes = read(files.front());
    bytes[100] = static_cast<char>(bytes[100] ^ 1);
    write(files.front(), bytes);
    const Found found = reopen(log);
    CHECK(found.damaged);
    CHECK(found.last < 5);
    CHECK(segments(log).size() == 1);
}

TEST_CASE("a segment that was just being made is no damage") {
    const dm::test::TempFolder folder;
    const fs::path log = folder.path() / "log";
    make_log(log);
    const std::string name = dm::store::segment_name(kRecords + 1);
    write(log / (name + std::string(dm::store::kMakingSuffix)), std::string(4096, '\0'));
    const Found found = reopen(log);
    CHECK_FALSE(found.damaged);
    CHECK(found.last == kRecords);
    CHECK(segments(log).size() == 2);
}

TEST_CASE("a missing first segment is told, the rest is replayed") {
    const dm::test::TempFolder folder;
    const fs::path log = folder.path() / "log";
    make_log(log);
    fs::remove(segments(log).front());
    const auto opened = IngressLog::open(settings(log), 0);
    REQUIRE(opened);
    CHECK((*opened)->recovery().damaged);
    CHECK((*opened)->recovery().detail.find("are missing") != std::string::npos);
    CHECK((*opened)->last() == kRecords);
}
