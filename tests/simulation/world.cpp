#include "tests/simulation/world.hpp"

#include "tests/support/device_ids.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace dm::simulation {

namespace {

using namespace std::chrono_literals;

/// How long things go wrong, and how long after it the last deadline can be: ttl_s, timeout_s, and
/// a moment to end and tell it.
constexpr std::chrono::milliseconds kTrouble{25'000};
constexpr std::chrono::seconds kLongestCommand{90};
constexpr std::chrono::seconds kGrace{60};
/// Of the outbox after the PUBACK, with the ticks until it is noticed.
constexpr std::chrono::seconds kTail{75};

/// Of a device without an acknowledgement, when everything is calm.
constexpr std::chrono::milliseconds kPatience{20'000};

/// Events between two looks whether everything has come to its end.
constexpr std::size_t kLookEvery = 32;

core::DispatchSettings dispatch_settings(Chance& chance) {
    static constexpr std::array<std::size_t, 4> kWindows{1, 2, 3, 16};
    static constexpr std::array<std::size_t, 3> kQueues{2, 5, 100};
    static constexpr std::array<std::size_t, 3> kMostUnfinished{4, 20, 1000};
    core::DispatchSettings settings;
    settings.window = chance.of(kWindows);
    settings.queue_per_device = chance.of(kQueues);
    settings.max_unfinished = chance.of(kMostUnfinished);
    return settings;
}

core::SessionSettings session_settings(Chance& chance) {
    core::SessionSettings settings;
    settings.node = "n1";
    if (chance.one_in(4)) {
        settings.refresh = std::chrono::seconds(10);
    }
    return settings;
}

}  // namespace

World::World(std::uint64_t seed, Lie lie, std::FILE* trace, ops::Metrics& metrics)
    : run_(seed, lie, trace),
      disk_(run_),
      dispatch_(dispatch_settings(run_.chance)),
      session_(session_settings(run_.chance)),
      ledger_(run_, disk_, dispatch_.window),
      broker_(
          run_,
          [this](const broker::OutboundMessage& message) { ledger_.published(message); },
          [this](const broker::OutboundMessage& message) { ledger_.delivered(message); },
          [this](const broker::InboundMessage& message) { ledger_.arrived(*message.correlation); }),
      metrics_(metrics),
      is_thorough_(run_.chance.one_in(8)) {
    std::vector<proto::DeviceId> ids;
    const unsigned count = 1 + run_.chance.below(2);
    for (unsigned i = 0; i < count; ++i) {
        ids.push_back(test::device_id("dev-" + std::to_string(i)));
        devices_.push_back(
            std::make_unique<Device>(run_, ledger_, ids.back(), [this] { return node_.get(); }));
    }
    operators_ = std::make_unique<Operators>(run_, ledger_, broker_, std::move(ids));
}

World::~World() = default;

std::string World::run() {
    start_node();
    for (const auto& device : devices_) {
        device->start();
    }
    operators_->plan(4 + run_.chance.below(10), run_.chance.one_in(2) ? kTrouble : kTrouble / 5);
    plan_faults();
    const core::Instant calm_at = run_.now().mono + kTrouble;
    run_.schedule.at(calm_at, Schedule::kNobody, [this] { calm_down(); });
    while (run_.failure.empty() && run_.schedule.step()) {
        if (!run_.calm || run_.schedule.happened() % kLookEvery != 0) {
            continue;
        }
        const core::Instant limit =
            calm_at + kLongestCommand + kGrace + run_.clock_steps + (is_thorough_ ? kTail : 0s);
        if (is_settled() || run_.now().mono > limit) {
            break;
        }
    }
    if (run_.failure.empty()) {
        check_end();
    }
    return run_.failure;
}

// ---- what goes wrong ----

void World::plan_faults() {
    for (unsigned i = run_.chance.below(6); i > 0; --i) {
        run_.schedule.after(
            run_.chance.between(0ms, kTrouble), Schedule::kNobody, [this] { fail_somewhere(); });
    }
    for (const auto& device : devices_) {
        for (unsigned i = run_.chance.below(8); i > 0; --i) {
            run_.schedule.after(run_.chance.between(0ms, kTrouble),
                                Schedule::kNobody,
                                [this, &one = *device] { upset(one); });
        }
    }
}

void World::fail_somewhere() {
    const auto until = run_.now().mono + run_.chance.between(0ms, 8000ms);
    switch (run_.chance.below(12)) {
        case 0:
        case 1:
            return broker_.cut();
        case 2:
        case 3:
            return kill_broker();
        case 4:
            run_.note("the store stalls");
            run_.trouble_until = std::max(run_.trouble_until, until);
            return node_ != nullptr ? node_->stall_store(until) : void();
        case 5:
            run_.note("the relay stalls");
            run_.trouble_until = std::max(run_.trouble_until, until);
            return node_ != nullptr ? node_->stall_relay(until) : void();
        case 6:
            return run_.chance.one_in(4) ? step_clock() : void();
        default:
            return kill_node();
    }
}

void World::upset(Device& device) {
    switch (run_.chance.below(8)) {
        case 0:
        case 1:
            return device.lose_network();
        case 2:
            return device.leave();
        case 3:
        case 4:
            return device.connect_again();
        case 5:
            return device.power_cycle();
        default:
            return device.babble();
    }
}

void World::kill_node() {
    if (node_ == nullptr) {
        return;
    }
    ++kills_;
    node_.reset();
    if (run_.lies(Lie::ingress_is_lost)) {
        disk_.ingress.records.clear();
    }
    const auto down = run_.chance.between(10ms, 4000ms);
    run_.trouble_until = std::max(run_.trouble_until, run_.now().mono + down);
    run_.schedule.after(down, Schedule::kNobody, [this] { start_node(); });
}

void World::start_node() {
    if (node_ == nullptr) {
        ledger_.started();
        node_ = std::make_unique<Node>(
            NodeSurroundings{run_, disk_, broker_, ledger_, metrics_}, dispatch_, session_);
    }
}

void World::kill_broker() {
    ++broker_kills_;
    ledger_.broker_killed();
    broker_.kill();
    const auto down = run_.chance.between(10ms, 4000ms);
    run_.trouble_until = std::max(run_.trouble_until, run_.now().mono + down);
    run_.schedule.after(down, Schedule::kNobody, [this] { broker_.restart(); });
}

void World::step_clock() {
    const auto by = run_.chance.between(0ms, 120'000ms);
    run_.clock_steps += by;
    run_.schedule.step_wall(run_.chance.one_in(2) ? by : -by);
    run_.note("the wall clock is set");
}

// ---- the end ----

void World::calm_down() {
    run_.note("calm");
    run_.calm = true;
    broker_.restart();
    start_node();
    run_.trouble_until = run_.now().mono;
    // An acknowledgement for which there was no room is not sent: a device that misses one repeats
    // its reply in its next session.
    run_.schedule.after(kPatience, Schedule::kNobody, [this] {
        for (const auto& device : devices_) {
            if (!device->is_settled()) {
                device->leave();
            }
        }
    });
}

bool World::is_present(const Device& device) const {
    const std::string* retained = broker_.retained("dm/presence/" + device.id().str());
    return ledger_.presence(device.id()) == std::make_pair(device.epoch(), true) &&
           retained != nullptr &&
           retained->find(fmt::format(R"("online":true,"epoch":{},)", device.epoch())) !=
               std::string::npos;
}

bool World::is_settled() const {
    const bool are_devices =
        std::all_of(devices_.begin(), devices_.end(), [this](const auto& device) {
            return device->is_settled() && is_present(*device);
        });
    return are_devices && broker_.is_idle() && ledger_.is_settled() &&
           (!is_thorough_ || disk_.outbox.empty());
}

void World::check_end() {
    ledger_.check_end();
    for (const auto& device : devices_) {
        const std::string& id = device->id().str();
        run_.require(device->is_settled(), "not greeted, or a reply not acknowledged", id);
        run_.require(is_present(*device), "presence is not what it says", id);
    }
    run_.require(!disk_.has_unfinished(), "commands are left", "disk");
    run_.require(!is_thorough_ || disk_.outbox.empty(), "messages are left", "disk");
}

Tally World::tally() const {
    return {run_.schedule.happened(),
            disk_.all_accepted().size(),
            ledger_.executions(),
            kills_,
            broker_kills_};
}

}  // namespace dm::simulation
