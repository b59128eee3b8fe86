// The simulation: runs of a whole node among operators, devices, a broker and a disk that do what
// chance says.
//
//     simulation --seeds 1..10000          runs these; a failure prints its seed and ends it
//     simulation --seeds 1..9 --keep-going  does not stop at the first failure
//     simulation --seed 4711 --trace       runs one and tells what happens
//     simulation --self-test               shows that lies of the surroundings are noticed
//     simulation --seed 4711 --lie NAME    runs one with a lie

#include "device-mgmt/log/log.hpp"
#include "tests/simulation/self_test.hpp"
#include "tests/simulation/world.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using dm::simulation::Lie;
using dm::simulation::Tally;
using dm::simulation::World;

constexpr std::uint64_t kProgressEvery = 100'000;

struct Options {
    std::uint64_t first = 1;
    std::uint64_t last = 1000;
    bool trace = false;
    bool keep_going = false;
    bool self_test = false;
    Lie lie = Lie::none;
};

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(number)
                                                                    : std::nullopt;
}

/// `A..B`
bool parse_range(std::string_view text, Options& options) {
    const std::size_t dots = text.find("..");
    if (dots == std::string_view::npos) {
        return false;
    }
    const auto first = parse_number(text.substr(0, dots));
    const auto last = parse_number(text.substr(dots + 2));
    options.first = first.value_or(0);
    options.last = last.value_or(0);
    return first && last && *first <= *last;
}

bool parse_valued(std::string_view name, std::string_view value, Options& options) {
    if (name == "--seeds") {
        return parse_range(value, options);
    }
    if (name == "--seed") {
        const auto seed = parse_number(value);
        options.first = options.last = seed.value_or(0);
        return seed.has_value();
    }
    if (name == "--lie") {
        const auto lie = dm::simulation::parse_lie(value);
        options.lie = lie.value_or(Lie::none);
        return lie.has_value();
    }
    return false;
}

std::optional<Options> parse(const std::vector<std::string_view>& arguments) {
    Options options;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i] == "--trace") {
            options.trace = true;
        } else if (arguments[i] == "--keep-going") {
            options.keep_going = true;
        } else if (arguments[i] == "--self-test") {
            options.self_test = true;
        } else if (i + 1 == arguments.size() ||
                   !parse_valued(arguments[i], arguments[i + 1], options)) {
            return std::nullopt;
        } else {
            ++i;
        }
    }
    return options;
}

void add(Tally& sum, const Tally& one) {
    sum.events += one.events;
    sum.commands += one.commands;
    sum.executions += one.executions;
    sum.kills += one.kills;
    sum.broker_kills += one.broker_kills;
}

bool run_all(const Options& options) {
    dm::ops::Metrics metrics("simulation");
    Tally sum;
    std::uint64_t failures = 0;
    const auto begun = std::chrono::steady_clock::now();
    for (std::uint64_t seed = options.first; seed <= options.last; ++seed) {
        World world(seed, options.lie, options.trace ? stdout : nullptr, metrics);
        const std::string failure = world.run();
        add(sum, world.tally());
        if (!failure.empty()) {
            fmt::print("FAILED: {}\nreplay: simulation --seed {} --trace\n", failure, seed);
            ++failures;
            if (!options.keep_going) {
                return false;
            }
        }
        if (seed % kProgressEvery == 0) {
            fmt::print("{} seeds\n", seed - options.first + 1);
            std::fflush(stdout);
        }
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    const std::uint64_t runs = options.last - options.first + 1;
    fmt::print(
        "{} seeds, {} events, {} commands, {} executions, {} kills of the node, {} of the "
        "broker; {:.1f} s, {:.0f} seeds/s\n",
        runs,
        sum.events,
        sum.commands,
        sum.executions,
        sum.kills,
        sum.broker_kills,
        took.count(),
        static_cast<double>(runs) / took.count());
    // A simulation in which nothing happens finds nothing.
    const bool is_worth_it = runs < 100 || (sum.commands > runs && sum.executions > runs / 2 &&
                                            sum.kills > runs / 4 && sum.broker_kills > runs / 10);
    if (!is_worth_it) {
        fmt::print("FAILED: too little happens\n");
    }
    return is_worth_it && failures == 0;
}

}  // namespace

int main(int argc, char** argv) {
    const auto options = parse({argv + 1, argv + argc});
    if (!options) {
        fmt::print(stderr,
                   "usage: simulation [--seeds A..B | --seed N] [--trace] [--keep-going] "
                   "[--lie NAME] [--self-test]\n");
        return 2;
    }
    dm::log::configure(dm::log::Level::off, dm::log::LineFormat::text);
    const bool passed = options->self_test ? dm::simulation::self_test() : run_all(*options);
    return passed ? 0 : 1;
}
