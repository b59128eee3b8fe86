#include "tests/simulation/self_test.hpp"

#include "tests/simulation/world.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <utility>

namespace dm::simulation {

namespace {

constexpr std::uint64_t kMostSeeds = 2000;

constexpr std::array kLies{
    std::pair{Lie::commit_is_early, std::string_view("commit_is_early")},
    std::pair{Lie::ends_are_forgotten, std::string_view("ends_are_forgotten")},
    std::pair{Lie::rows_are_lost, std::string_view("rows_are_lost")},
    std::pair{Lie::epoch_is_forgotten, std::string_view("epoch_is_forgotten")},
    std::pair{Lie::ingress_is_lost, std::string_view("ingress_is_lost")},
    std::pair{Lie::puback_is_false, std::string_view("puback_is_false")},
    std::pair{Lie::payload_is_altered, std::string_view("payload_is_altered")},
    std::pair{Lie::message_id_changes, std::string_view("message_id_changes")},
    std::pair{Lie::acceptance_is_silent, std::string_view("acceptance_is_silent")},
    std::pair{Lie::sendings_swap, std::string_view("sendings_swap")},
    std::pair{Lie::sending_is_denied, std::string_view("sending_is_denied")},
    std::pair{Lie::window_is_wider, std::string_view("window_is_wider")},
    std::pair{Lie::clock_is_stopped, std::string_view("clock_is_stopped")},
    std::pair{Lie::executes_twice, std::string_view("executes_twice")},
    std::pair{Lie::reply_is_altered, std::string_view("reply_is_altered")},
    std::pair{Lie::ack_is_wrong, std::string_view("ack_is_wrong")},
    std::pair{Lie::presence_is_stale, std::string_view("presence_is_stale")},
};

}  // namespace

std::optional<Lie> parse_lie(std::string_view name) {
    for (const auto& [lie, word] : kLies) {
        if (word == name) {
            return lie;
        }
    }
    return std::nullopt;
}

bool self_test() {
    ops::Metrics metrics("simulation");
    bool passed = true;
    for (const auto& [lie, name] : kLies) {
        std::string failure;
        std::uint64_t seed = 0;
        while (failure.empty() && seed < kMostSeeds) {
            failure = World(++seed, lie, nullptr, metrics).run();
        }
        // What goes wrong without the lie as well does not show that the lie is noticed.
        const bool is_noticed =
            !failure.empty() && World(seed, Lie::none, nullptr, metrics).run().empty();
        fmt::print("{:<22} {}, seed {}: {}\n",
                   name,
                   is_noticed ? "noticed" : "NOT NOTICED",
                   seed,
                   failure);
        passed = passed && is_noticed;
    }
    return passed;
}

}  // namespace dm::simulation
