#include "tests/unit/core/dispatcher_model.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <doctest/doctest.h>

using dm::test::DispatcherModel;

namespace {

/// DM_MODEL_SEEDS asks for more runs than the few seconds of every build allow, DM_MODEL_SEED for
/// the one that failed.
std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): one thread
    return text == nullptr ? otherwise : std::stoull(text);
}

}  // namespace

TEST_CASE("whatever happens in whatever order, every accepted command ends exactly once") {
    const std::uint64_t asked = number_from("DM_MODEL_SEED", 0);
    const std::uint64_t first = std::max<std::uint64_t>(asked, 1);
    const std::uint64_t runs = number_from("DM_MODEL_SEEDS", asked == 0 ? 1500 : 1);
    std::size_t accepted = 0;
    std::size_t received = 0;
    for (std::uint64_t seed = first; seed < first + runs; ++seed) {
        DispatcherModel model(seed);
        const std::string failure = model.run(150);
        REQUIRE_MESSAGE(failure.empty(), "DM_MODEL_SEED=", seed, ": ", failure);
        accepted += model.accepted();
        received += model.received();
    }
    if (runs > 100) {  // the runs are worth something
        CHECK(accepted > runs * 8);
        CHECK(received > runs * 4);
    }
}
