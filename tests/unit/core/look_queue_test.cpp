#include "device-mgmt/core/look_queue.hpp"

#include <numeric>
#include <vector>

#include <doctest/doctest.h>

using dm::core::LookQueue;

namespace {

std::vector<LookQueue::Number> numbers(std::size_t count) {
    std::vector<LookQueue::Number> all(count);
    std::iota(all.begin(), all.end(), 0);
    return all;
}

}  // namespace

TEST_CASE("looks that end nothing are all taken in one turn") {
    LookQueue looks;
    looks.add(numbers(500));
    std::size_t looked = 0;
    CHECK(looks.turn([&](LookQueue::Number) {
        ++looked;
        return false;
    }));
    CHECK(looked == 500);
}

TEST_CASE("a turn ends a few sessions, in order, and no look is lost or done twice") {
    LookQueue looks;
    looks.add(numbers(5));
    std::vector<LookQueue::Number> ended;
    const auto end_all = [&](LookQueue::Number number) {
        ended.push_back(number);
        return true;
    };
    std::size_t turns = 1;
    for (; !looks.turn(end_all); ++turns) {
        CHECK(ended.size() == turns * LookQueue::kEndsPerTurn);
    }
    CHECK(turns > 1);
    CHECK(ended == numbers(5));
    CHECK(looks.turn(end_all));
    CHECK(ended.size() == 5);
}

TEST_CASE("thousands of sessions end within a second") {
    LookQueue looks;
    looks.add(numbers(10'000));
    std::size_t ended = 0;
    std::size_t turns = 1;
    while (!looks.turn([&](LookQueue::Number) {
        ++ended;
        return true;
    })) {
        ++turns;
    }
    CHECK(ended == 10'000);
    CHECK(turns * LookQueue::kBetweenTurns < std::chrono::seconds(1));
}
