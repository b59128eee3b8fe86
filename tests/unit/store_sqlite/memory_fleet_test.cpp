#include "tests/support/memory_store.hpp"
#include "tests/support/posted.hpp"
#include "tests/support/store_samples.hpp"

#include <chrono>
#include <memory>

#include <doctest/doctest.h>

namespace {

struct Memory {
    explicit Memory(dm::test::Posted& posted)
        : store(std::make_unique<dm::test::MemoryStore>(
              dm::test::MemoryStoreSettings{
                  std::chrono::hours(24), 10, "n1", dm::test::kDevicesKept},
              posted.post())) {}

    std::unique_ptr<dm::store::Store> store;
};

using FleetKind = Memory;

}  // namespace

#include "tests/support/fleet_behaviour.hpp"
