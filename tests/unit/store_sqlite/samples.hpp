#pragma once

#include "device-mgmt/store/command_store.hpp"
#include "device-mgmt/store/query.hpp"
#include "device-mgmt/store/sqlite_store.hpp"
#include "tests/support/device_ids.hpp"
#include "tests/support/posted.hpp"
#include "tests/support/store_samples.hpp"
#include "tests/support/temp_folder.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// A store for tests of the store.
namespace dm::test {

/// A SQLite store whose completions run on the test's thread, with a clock set by hand.
class OpenStore {
public:
    explicit OpenStore(std::string path, store::SqliteSettings settings = {})
        : settings_(std::move(settings)) {
        settings_.path = std::move(path);
        settings_.node = "n1";
        settings_.clock = [this] { return core::Moment{mono, wall}; };
        store::StoreEvents events;
        events.on_writable = [this](bool writable, const std::string& reason) {
            (writable ? became_writable : became_full) += 1;
            full_reason = reason;
        };
        // Called on the store's thread; counted on ours.
        events.on_fatal = [this](const std::string& /*reason*/) {
            posted.post()([this] { ++died; });
        };
        auto opened = store::SqliteStore::open(settings_, posted.post(), std::move(events));
        if (!opened) {
            throw std::runtime_error(opened.error());
        }
        store_ = std::move(*opened);
        loaded = store_->load(kStart);
    }

    store::SqliteStore* operator->() { return store_.get(); }

    void close() { store_.reset(); }

    void set_clock(core::Moment now) {
        mono = now.mono;
        wall = now.wall;
    }

    /// Runs a call that completes, until it has.
    void wait(const std::function<void(store::CommandStore::Done)>& call) {
        bool done = false;
        call([&] { done = true; });
        posted.run_until([&] { return done; });
    }

    void accept(const core::Command& command) {
        wait([&](auto done) { store_->accept(command, std::move(done)); });
    }

    void finish(const core::FinishedCommand& ended, std::optional<store::OutboxRow> row = {}) {
        wait([&](auto done) { store_->finish(ended, std::move(row), std::move(done)); });
    }

    std::optional<core::FinishedCommand> find(const core::CommandKey& wanted) {
        std::optional<core::FinishedCommand> result;
        wait([&](auto done) {
            store_->find_finished(wanted, [&result, done = std::move(done)](const auto& found) {
                result = found;
                done();
            });
        });
        return result;
    }

    std::vector<store::OutboxRow> find_outbox(std::vector<std::uint64_t> numbers) {
        std::vector<store::OutboxRow> result;
        wait([&](auto done) {
            store_->find_outbox(std::move(numbers), [&result, done = std::move(done)](auto rows) {
                result = std::move(rows);
                done();
            });
        });
        return result;
    }

    std::optional<store::CommandRecord> query(const core::CommandKey& wanted) {
        std::optional<store::CommandRecord> result;
        wait([&](auto done) {
            store_->find_command(wanted, [&result, done = std::move(done)](auto answer) {
                result = answer.value();
                done();
            });
        });
        return result;
    }

    Posted posted;
    store::Loaded loaded;
    int became_full = 0;
    int became_writable = 0;
    int died = 0;
    std::string full_reason;

private:
    // Set while the store's thread reads them.
    std::atomic<core::Instant> mono{kStart.mono};
    std::atomic<proto::WallTime> wall{kStart.wall};
    store::SqliteSettings settings_;
    std::unique_ptr<store::SqliteStore> store_;
};

}  // namespace dm::test
