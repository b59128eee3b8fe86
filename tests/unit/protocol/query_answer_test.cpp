#include "protocol/query_answer.hpp"

#include "protocol/json_fields.hpp"
#include "protocol/operator_messages.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace dm::proto;

namespace {

const WallTime kTime = *parse_time("2026-11-22T08:15:30.123Z");
const DeviceId kDevice = *DeviceId::parse("lamp-7");
const AnswerWriter kAnswer("node-1", kTime);

CommandSummary summary(std::size_t command_bytes) {
    return {kDevice,
            "c-1",
            std::string(command_bytes, 'c'),
            CommandState::queued,
            0,
            kTime,
            kTime,
            {},
            {},
            {}};
}

DeviceDetails device(const std::string& id) {
    return {*DeviceId::parse(id),
            true,
            1,
            "node-1",
            kTime,
            "connected",
            {},
            {},
            R"({"site":")" + std::string(2000, 's') + R"("})",
            {},
            kTime,
            kTime};
}

/// The members refer to `answer`.
FieldReader read(const std::string& answer) {
    auto fields = read_object(answer);
    REQUIRE(fields.has_value());
    return FieldReader(*fields);
}

}  // namespace

TEST_CASE("a page of commands ends before it is too long, with the cursor of its last one") {
    const std::vector<CommandSummary> commands(100, summary(700));
    std::vector<std::uint64_t> places;
    for (std::uint64_t i = 0; i < commands.size(); ++i) {
        places.push_back(1000 - i);
    }
    const std::string answer = kAnswer.commands(kDevice, commands, places, std::nullopt);
    CHECK(answer.size() <= kMaxAnswerBytes);
    FieldReader in = read(answer);
    const std::size_t count = in.array("commands").size();
    CHECK(count > 50);
    CHECK(count < 100);
    CHECK(in.text("cursor", 64) == std::to_string(places[count - 1]));
}

TEST_CASE("a page that is the last one has no cursor") {
    CHECK_FALSE(read(kAnswer.commands(kDevice, {summary(3)}, {7}, std::nullopt)).has("cursor"));
    CHECK_FALSE(read(kAnswer.commands(kDevice, {}, {}, std::nullopt)).has("cursor"));
    CHECK_FALSE(read(kAnswer.devices({device("d-1")}, false)).has("cursor"));
    CHECK_FALSE(read(kAnswer.devices({}, false)).has("cursor"));
}

TEST_CASE("a page of devices ends before it is too long, with the id of its last one") {
    std::vector<DeviceDetails> devices;
    for (int i = 100; i < 200; ++i) {
        devices.push_back(device("d-" + std::to_string(i)));
    }
    const std::string answer = kAnswer.devices(devices, false);
    CHECK(answer.size() <= kMaxAnswerBytes);
    FieldReader in = read(answer);
    const std::size_t count = in.array("devices").size();
    CHECK(count > 20);
    CHECK(count < 100);
    CHECK(in.text("cursor", 64) == devices[count - 1].device.str());
}

TEST_CASE("a long history is cut, and its end comes without the terminal message") {
    CommandDetails command{summary(3), {}, "{}"};
    for (std::uint64_t i = 0; i < 1000; ++i) {
        command.history.push_back({i, CommandState::queued, 1, kTime, "node-1", "session lost"});
    }
    const std::string cut = read(kAnswer.command(command)).object("command");
    FieldReader in = read(cut);
    CHECK(in.array("history").size() < 1000);
    CHECK(in.boolean_if_any("history_cut") == true);
    CHECK_FALSE(in.has("terminal"));

    command.history.resize(10, command.history.front());
    const std::string short_one = read(kAnswer.command(command)).object("command");
    FieldReader whole = read(short_one);
    CHECK(whole.array("history").size() == 10);
    CHECK_FALSE(whole.has("history_cut"));
    CHECK(whole.has("terminal"));
}

TEST_CASE("commands of one id that do not fit are cut, and that is said") {
    CHECK(read(kAnswer.same_id({summary(3)}, true)).has("commands_cut"));
    CHECK_FALSE(read(kAnswer.same_id({summary(3)}, false)).has("commands_cut"));
    const std::string answer =
        kAnswer.same_id(std::vector<CommandSummary>(100, summary(700)), false);
    CHECK(answer.size() <= kMaxAnswerBytes);
    CHECK(read(answer).has("commands_cut"));
}

TEST_CASE("a failure without a readable query does not name one") {
    const std::string answer = kAnswer.failure("", {QueryError::bad_request, "query is missing"});
    CHECK_FALSE(read(answer).has("query"));
    CHECK(read(answer).object("error") == R"({"code":"bad_request","message":"query is missing"})");
}
