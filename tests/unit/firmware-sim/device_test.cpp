#include "firmware-sim/device.hpp"

#include <optional>
#include <string>
#include <variant>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using namespace dm;
using sim::Device;
using sim::Instant;
using sim::Moment;

namespace {

struct RecordingJournal : sim::CommandJournal {
    std::vector<std::string> entries;
    bool works = true;

    bool begun(const proto::DeviceId& /*device*/,
               std::uint64_t epoch,
               const proto::CommandFrame& command,
               Moment /*now*/) override {
        entries.push_back("begun " + command.id + " in " + std::to_string(epoch));
        return works;
    }

    void replied(const proto::DeviceId& /*device*/, const proto::Reply& reply) override {
        entries.push_back("replied " + reply.id + " " + reply.status);
    }

    void acknowledged(const proto::DeviceId& /*device*/, const std::string& id) override {
        entries.push_back("acknowledged " + id);
    }
};

/// A device with a clock that is moved by hand.
struct Bench {
    sim::Profile profile;
    sim::Counters counters;
    Moment now{Instant{} + 1000s, proto::WallTime{} + 1'700'000'000s};
    Device::Frames out;
    RecordingJournal journal;
    std::optional<Device> device;
    std::uint64_t epoch = 100;

    Bench() { profile.telemetry_period = 0ms; }

    Device& make(std::string_view model = "lamp", const sim::Credentials* credentials = nullptr) {
        device.emplace(*proto::DeviceId::parse("sim-00001"),
                       model,
                       profile,
                       credentials,
                       counters,
                       42,
                       &journal);
        return *device;
    }

    void advance(std::chrono::milliseconds by) {
        now.mono += by;
        now.wall += by;
    }

    Device::Frames welcome(std::optional<proto::WallTime> expires = {}) {
        device->on_open(now.mono);
        return frame(proto::Welcome{*proto::DeviceId::parse("sim-00001"),
                                    "node-1",
                                    ++epoch,
                                    20s,
                                    65536,
                                    now.wall,
                                    expires});
    }

    Device::Frames frame(const proto::ServerFrame& frame) {
        out.clear();
        device->on_frame(frame, now, out);
        return std::move(out);
    }

    Device::Frames command(const std::string& id,
                           const std::string& name,
                           const std::string& args = "{}",
                           std::uint32_t attempt = 1) {
        return frame(
            proto::CommandFrame{id, name, args, now.wall, now.wall + 30s, 30'000ms, attempt});
    }

    Device::Frames tick() {
        out.clear();
        device->on_time(now, out);
        return std::move(out);
    }
};

template <class Frame>
const Frame* find(const Device::Frames& frames) {
    for (const auto& frame : frames) {
        if (const auto* found = std::get_if<Frame>(&frame)) {
            return found;
        }
    }
    return nullptr;
}

struct FixedCredentials final : sim::Credentials {
    [[nodiscard]] std::optional<std::string> authorization(const proto::DeviceId&,
                                                           proto::WallTime) const override {
        return "Bearer first";
    }

    [[nodiscard]] std::optional<std::string> renewal(const proto::DeviceId&,
                                                     proto::WallTime) const override {
        return "fresh";
    }
};

}  // namespace

TEST_SUITE("firmware-sim/device") {
    TEST_CASE("nothing is sent before welcome; then hello with model, firmware and labels") {
        Bench bench;
        bench.profile.labels = {{"site", "north \"1\""}};
        bench.make("meter").on_open(bench.now.mono);
        CHECK(bench.tick().empty());
        const auto frames = bench.welcome();
        REQUIRE(frames.size() == 1);
        const auto* hello = find<proto::Hello>(frames);
        REQUIRE(hello != nullptr);
        CHECK(hello->model == "meter");
        CHECK(hello->firmware == "1.0.0");
        CHECK(hello->labels == R"({"site":"north \"1\""})");
    }

    TEST_CASE("streams of the profile are subscribed after every welcome") {
        Bench bench;
        bench.profile.streams = {{false, *proto::Name::parse("news")}};
        bench.make();
        for (int session = 0; session < 2; ++session) {
            const auto frames = bench.welcome();
            const auto* subscribe = find<proto::Subscribe>(frames);
            REQUIRE(subscribe != nullptr);
            CHECK(subscribe->streams.size() == 1);
            bench.device->on_close();
        }
    }

    TEST_CASE("a command is acknowledged, then answered") {
        Bench bench;
        bench.make("lamp");
        bench.welcome();
        const auto frames = bench.command("c-1", "turn_on");
        REQUIRE(frames.size() == 2);
        CHECK(std::get<proto::Ack>(frames[0]).id == "c-1");
        const auto& reply = std::get<proto::Reply>(frames[1]);
        CHECK(reply.id == "c-1");
        CHECK(reply.status == "ok");
        CHECK(reply.data == R"({"on":true,"brightness":100})");
    }

    TEST_CASE("without ack in the profile the reply comes alone") {
        Bench bench;
        bench.profile.ack = false;
        bench.make();
        bench.welcome();
        const auto frames = bench.command("c-1", "turn_on");
        REQUIRE(frames.size() == 1);
        CHECK(find<proto::Reply>(frames) != nullptr);
    }

    TEST_CASE("an id is executed once: a redelivery gets the stored reply again") {
        Bench bench;
        bench.make("lock");
        bench.welcome();
        const auto first = bench.command("c-1", "unlock");
        bench.command("c-2", "lock");
        bench.advance(1s);
        const auto again = bench.command("c-1", "unlock", "{}", 2);
        REQUIRE(find<proto::Reply>(again) != nullptr);
        CHECK(find<proto::Reply>(again)->data == find<proto::Reply>(first)->data);
        CHECK(find<proto::Reply>(again)->time == find<proto::Reply>(first)->time);
        const auto state = bench.command("c-3", "get_state");
        CHECK(find<proto::Reply>(state)->data == R"({"locked":true,"turns":2})");
        CHECK(bench.counters.executed.value() == 3);
        CHECK(bench.counters.redelivered.value() == 1);
    }

    TEST_CASE("a reply without reply_ack is repeated after a reconnect, with it it is not") {
        Bench bench;
        bench.make();
        bench.welcome();
        bench.command("c-1", "turn_on");
        bench.command("c-2", "turn_off");
        bench.frame(proto::ReplyAck{"c-1", proto::ReplyResult::stored});
        bench.device->on_close();
        const auto frames = bench.welcome();
        REQUIRE(frames.size() == 2);  // hello and one reply
        CHECK(std::get<proto::Reply>(frames[1]).id == "c-2");
        CHECK(bench.counters.repeated.value() == 1);
        bench.frame(proto::ReplyAck{"c-2", proto::ReplyResult::duplicate});
        bench.device->on_close();
        CHECK(bench.welcome().size() == 1);
    }

    TEST_CASE("a slow command is answered when its time has come, not before") {
        Bench bench;
        bench.make();
        bench.welcome();
        CHECK(find<proto::Reply>(bench.command("c-1", "sleep", R"({"ms":1500})")) == nullptr);
        CHECK(find<proto::Reply>(bench.command("c-1", "sleep", R"({"ms":1500})", 2)) == nullptr);
        CHECK(bench.device->next_due() <= bench.now.mono + 1500ms);
        bench.advance(1499ms);
        CHECK(find<proto::Reply>(bench.tick()) == nullptr);
        bench.advance(1ms);
        const auto frames = bench.tick();
        REQUIRE(find<proto::Reply>(frames) != nullptr);
        CHECK(find<proto::Reply>(frames)->data == R"({"slept_ms":1500})");
        CHECK(bench.counters.executed.value() == 1);
    }

    TEST_CASE("a command whose connection goes is finished and answered after the next welcome") {
        Bench bench;
        bench.make();
        bench.welcome();
        bench.command("c-1", "sleep", R"({"ms":1000})");
        bench.device->on_close();
        CHECK(bench.device->next_due() == bench.now.mono + 1000ms);
        bench.advance(2s);
        CHECK(bench.tick().empty());
        const auto frames = bench.welcome();
        REQUIRE(find<proto::Reply>(frames) != nullptr);
        CHECK(find<proto::Reply>(frames)->id == "c-1");
    }

    TEST_CASE("a lost reply is sent by the next session") {
        Bench bench;
        bench.profile.reply_loss = 1;
        bench.make();
        bench.welcome();
        CHECK(find<proto::Reply>(bench.command("c-1", "turn_on")) == nullptr);
        bench.device->on_close();
        CHECK(find<proto::Reply>(bench.welcome()) != nullptr);
    }

    TEST_CASE("errors of the scenario are answers with status error") {
        Bench bench;
        bench.profile.error_probability = 1;
        bench.make();
        bench.welcome();
        const auto frames = bench.command("c-1", "turn_on");
        CHECK(find<proto::Reply>(frames)->status == "error");
    }

    TEST_CASE("heartbeats come every 0.9 to 1.0 of the period that welcome told") {
        Bench bench;
        bench.make();
        bench.welcome();
        bench.advance(20s);
        CHECK(find<proto::Heartbeat>(bench.tick()) != nullptr);
        for (int beat = 0; beat < 20; ++beat) {
            bench.frame(proto::HeartbeatAnswer{bench.now.wall});
            bench.advance(17'999ms);
            CHECK(find<proto::Heartbeat>(bench.tick()) == nullptr);
            bench.advance(2001ms);
            CHECK(find<proto::Heartbeat>(bench.tick()) != nullptr);
        }
    }

    TEST_CASE("a server that is silent for 2.5 heartbeats is dead, any sign keeps it alive") {
        Bench bench;
        bench.make();
        bench.welcome();
        bench.advance(49'999ms);
        CHECK_FALSE(bench.device->server_silent(bench.now.mono));
        bench.device->on_sign_of_life(bench.now.mono);
        bench.advance(49'999ms);
        CHECK_FALSE(bench.device->server_silent(bench.now.mono));
        bench.advance(1ms);
        CHECK(bench.device->server_silent(bench.now.mono));
        CHECK(bench.device->next_due() <= bench.now.mono);
    }

    TEST_CASE("readings come within ± 20 % of the period, with alerts when the dice say so") {
        Bench bench;
        bench.profile.telemetry_period = 10s;
        bench.profile.alert_probability = 1;
        bench.make("thermostat");
        bench.welcome();
        bench.advance(10s);
        const auto frames = bench.tick();
        REQUIRE(find<proto::Telemetry>(frames) != nullptr);
        CHECK(find<proto::Telemetry>(frames)->channel.str() == "temperature");
        CHECK(find<proto::Alert>(frames) != nullptr);
        bench.advance(7999ms);
        CHECK(find<proto::Telemetry>(bench.tick()) == nullptr);
        bench.advance(4001ms);
        CHECK(find<proto::Telemetry>(bench.tick()) != nullptr);
    }

    TEST_CASE("a token is renewed in band after four fifths of its life, and again") {
        Bench bench;
        const FixedCredentials credentials;
        bench.make("lamp", &credentials);
        bench.welcome(bench.now.wall + 1000s);
        bench.advance(799s);
        CHECK(find<proto::Token>(bench.tick()) == nullptr);
        bench.advance(1s);
        const auto frames = bench.tick();
        REQUIRE(find<proto::Token>(frames) != nullptr);
        CHECK(find<proto::Token>(frames)->jwt == "fresh");
        bench.frame(proto::TokenOk{bench.now.wall + 100s});
        bench.advance(80s);
        CHECK(find<proto::Token>(bench.tick()) != nullptr);
    }

    TEST_CASE("the advice of a reconnect frame holds for its own connection only") {
        Bench bench;
        bench.make();
        bench.welcome();
        bench.frame(proto::Reconnect{"drain", 2500ms, "wss://other:1"});
        REQUIRE(bench.device->advice());
        CHECK(bench.device->advice()->retry_after == 2500ms);
        bench.device->on_close();
        bench.welcome();
        CHECK_FALSE(bench.device->advice());
    }

    TEST_CASE("an epoch that does not rise and a command after its deadline are counted") {
        Bench bench;
        bench.make();
        bench.welcome();
        bench.device->on_close();
        bench.epoch -= 1;
        bench.welcome();
        CHECK(bench.counters.stale_epochs.value() == 1);
        bench.frame(proto::CommandFrame{"c", "turn_on", "{}", {}, {}, 0ms, 1});
        CHECK(bench.counters.overdue_commands.value() == 1);
        CHECK(bench.counters.sessions.value() == 2);
        CHECK(bench.counters.devices_seen.value() == 1);
    }

    TEST_CASE("an id is in the journal before it is executed, its reply before it is sent") {
        Bench bench;
        bench.profile.reply_delay_min = bench.profile.reply_delay_max = 50ms;
        bench.make();
        bench.welcome();
        bench.command("a", "get_state");
        CHECK(bench.journal.entries == std::vector<std::string>{"begun a in 101", "replied a ok"});
        bench.command("a", "get_state", "{}", 2);
        bench.advance(50ms);
        bench.tick();
        bench.frame(proto::ReplyAck{"a", proto::ReplyResult::stored});
        bench.frame(proto::ReplyAck{"of nobody", proto::ReplyResult::unknown});
        CHECK(bench.journal.entries.size() == 3);
        CHECK(bench.journal.entries[2] == "acknowledged a");
    }

    TEST_CASE("what the journal does not take is neither acknowledged nor executed") {
        Bench bench;
        bench.make();
        bench.welcome();
        bench.journal.works = false;
        CHECK(bench.command("a", "get_state").empty());
        CHECK(bench.counters.executed.value() == 0);
        bench.journal.works = true;
        CHECK(find<proto::Reply>(bench.command("a", "get_state", "{}", 2)) != nullptr);
    }

    TEST_CASE("after a restart replies are repeated, and what was interrupted has failed") {
        Bench bench;
        bench.make();
        sim::ReplyMemory left;
        for (const char* id : {"told", "kept", "cut"}) {
            static_cast<void>(left.begin(id));
        }
        left.finish({"told", "ok", {}, {}, {}});
        left.acknowledged("told");
        left.finish({"kept", "ok", R"({"value":1})", {}, {}});
        bench.device->restore(left, bench.now.wall);
        CHECK(bench.journal.entries == std::vector<std::string>{"replied cut error"});
        const auto frames = bench.welcome();
        REQUIRE(frames.size() == 3);  // hello, and two replies
        CHECK(std::get<proto::Reply>(frames[1]).data == R"({"value":1})");
        CHECK(std::get<proto::Reply>(frames[2]).id == "cut");
        const auto again = bench.command("told", "get_state", "{}", 2);
        CHECK(find<proto::Reply>(again) != nullptr);
        CHECK(bench.counters.executed.value() == 0);
    }
}
