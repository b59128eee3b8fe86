#include "tests/support/memory_store.hpp"
#include "tests/support/posted.hpp"

#include <chrono>
#include <memory>

#include <doctest/doctest.h>

namespace {

struct Memory {
    explicit Memory(dm::test::Posted& posted)
        : store(std::make_unique<dm::test::MemoryStore>(
              dm::test::MemoryStoreSettings{std::chrono::hours(24), 10, "n1"}, posted.post())) {}

    std::unique_ptr<dm::test::MemoryStore> store;
};

using StoreKind = Memory;

}  // namespace

#include "tests/support/store_behaviour.hpp"
