#include "firmware-sim/history.hpp"

#include "firmware-sim/device_records.hpp"
#include "tests/support/temp_folder.hpp"

#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace std::chrono_literals;
using namespace dm;
using sim::History;
using sim::Moment;

namespace {

const proto::DeviceId kDevice = *proto::DeviceId::parse("sim-00001");
constexpr Moment kNow{sim::Instant{} + 5s, proto::WallTime{} + 1'700'000'000s};

struct Fixture {
    test::TempFolder folder;
    std::string path = (folder.path() / "history.jsonl").string();
    std::unique_ptr<History> history = *History::open(path);
    sim::Counters counters;

    [[nodiscard]] std::vector<nlohmann::json> lines() const {
        std::vector<nlohmann::json> found;
        std::ifstream file{path};
        for (std::string line; std::getline(file, line);) {
            found.push_back(nlohmann::json::parse(line));
        }
        return found;
    }
};

}  // namespace

TEST_SUITE("firmware-sim/history") {
    TEST_CASE_FIXTURE(Fixture,
                      "every line has both clocks, and is in the file when write returns") {
        auto line = History::line("device", "executed", kNow);
        history->write(line.text("id", "a\"b"));
        REQUIRE(lines().size() == 1);
        CHECK(lines()[0]["at"] == 5'000'000);
        CHECK(lines()[0]["time"] == 1'700'000'000'000);
        CHECK(lines()[0]["event"] == "executed");
        CHECK(lines()[0]["id"] == "a\"b");
        history = *History::open(path);
        history->write(line = History::line("device", "again", kNow));
        CHECK(lines().size() == 2);
    }

    TEST_CASE_FIXTURE(Fixture, "frames tell what a checker compares") {
        sim::DeviceRecords records{nullptr, history.get(), counters};
        const proto::CommandFrame command{
            "c1", "set", R"({"on":true})", kNow.wall, kNow.wall + 30s, 30'000ms, 2};
        records.received(
            kDevice, 0, proto::Welcome{kDevice, "node-1", 8, 20s, 65536, kNow.wall, {}}, kNow);
        records.received(kDevice, 8, command, kNow);
        CHECK(records.begun(kDevice, 8, command, kNow));
        records.sending(kDevice, 8, proto::Reply{"c1", "ok", "[1]", {}, {}}, kNow);
        records.closed(kDevice, 8, 1006, "gone", kNow);
        const auto found = lines();
        REQUIRE(found.size() == 5);
        CHECK(found[0]["type"] == "welcome");
        CHECK(found[0]["epoch"] == 8);
        CHECK(found[1]["attempt"] == 2);
        CHECK(found[1]["expires_at"] == 1'700'000'030'000);
        CHECK(found[2]["event"] == "executed");
        CHECK(found[2]["args"]["on"] == true);
        CHECK(found[3]["data"][0] == 1);
        CHECK(found[4]["code"] == 1006);
    }

    TEST_CASE("a history that cannot be opened is an error that names it") {
        const auto opened = History::open("/nowhere/history");
        REQUIRE_FALSE(opened);
        CHECK(opened.error().find("/nowhere/history") != std::string::npos);
    }

    TEST_CASE("lines that the disk does not take are counted") {
        auto full = History::open("/dev/full");
        REQUIRE(full);
        auto line = History::line("device", "x", kNow);
        (*full)->write(line);
        CHECK((*full)->lost() == 1);
    }
}
