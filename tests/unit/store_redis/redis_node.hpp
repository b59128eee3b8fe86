#pragma once

#include "device-mgmt/redis/redis_store.hpp"
#include "tests/support/device_ids.hpp"
#include "tests/support/posted.hpp"
#include "tests/support/redis_process.hpp"
#include "tests/support/store_samples.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace dm::test {

/// A clock that begins at kStart and goes as the real one does.
inline core::Clock running_clock() {
    const core::Moment begun = core::read_clock();
    return [begun] { return later(core::read_clock().mono - begun.mono); };
}

inline redis::RedisSettings settings_of(const RedisProcess& server, const std::string& node) {
    static std::atomic<int> boots{0};
    redis::RedisSettings settings;
    settings.url = server.url();
    settings.node = node;
    settings.boot = "boot" + std::to_string(++boots);
    settings.instance = "disk of " + node;
    settings.clock = running_clock();
    return settings;
}

/// A node's store, whose completions run on the test's thread.
class RedisNode {
public:
    RedisNode(const RedisProcess& server, const std::string& name)
        : RedisNode(settings_of(server, name)) {}

    explicit RedisNode(const redis::RedisSettings& settings) {
        store::StoreEvents events;
        events.on_writable = [this](bool writable, const std::string& reason) {
            (writable ? became_writable : became_unwritable) += 1;
            why = reason;
        };
        // Called on the store's thread; noted on ours.
        events.on_fatal = [this](const std::string& reason) {
            posted.post()([this, reason] { fatal = reason; });
        };
        auto opened = redis::RedisStore::open(settings, posted.post(), std::move(events));
        if (!opened) {
            throw std::runtime_error(opened.error());
        }
        store_ = std::move(*opened);
        store_->listen({[this](const proto::DeviceId& device) { lost.push_back(device.str()); },
                        [this](store::Lease lease) { leases.push_back(lease); }});
        loaded = store_->load(settings.clock());
    }

    redis::RedisStore* operator->() { return store_.get(); }

    void close() { store_.reset(); }

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

    void put(const store::OutboxRow& row) {
        wait([&](auto done) { store_->put_outbox(row, std::move(done)); });
    }

    std::optional<core::FinishedCommand> find(const core::CommandKey& wanted) {
        return ask<std::optional<core::FinishedCommand>>(
            [&](auto keep) { store_->find_finished(wanted, std::move(keep)); });
    }

    std::vector<store::OutboxRow> find_outbox(const std::vector<std::uint64_t>& numbers) {
        return ask<std::vector<store::OutboxRow>>(
            [&](auto keep) { store_->find_outbox(numbers, std::move(keep)); });
    }

    std::optional<store::CommandRecord> query(const core::CommandKey& wanted) {
        using Found = tl::expected<std::optional<store::CommandRecord>, store::QueryProblem>;
        return ask<Found>([&](auto keep) { store_->find_command(wanted, std::move(keep)); })
            .value();
    }

    std::optional<proto::DeviceDetails> find_device(const std::string& device) {
        using Found = tl::expected<std::optional<proto::DeviceDetails>, store::QueryProblem>;
        return ask<Found>(
                   [&](auto keep) { store_->find_device(device_id(device), std::move(keep)); })
            .value();
    }

    store::AttachResult try_attach(const std::string& device, const std::string& remote = "peer") {
        return ask<store::AttachResult>(
            [&](auto keep) { store_->attach(device_id(device), remote, std::move(keep)); });
    }

    store::Attached attach(const std::string& device, const std::string& remote = "peer") {
        return std::get<store::Attached>(try_attach(device, remote));
    }

    bool detach(const std::string& device, std::uint64_t epoch) {
        return ask<bool>(
            [&](auto keep) { store_->detach(device_id(device), epoch, std::move(keep)); });
    }

    store::OwnResult try_own(const std::string& device) {
        return ask<store::OwnResult>(
            [&](auto keep) { store_->own(device_id(device), std::move(keep)); });
    }

    std::vector<store::Adopted> adopt() {
        return ask<std::vector<store::Adopted>>([&](auto keep) { store_->adopt(std::move(keep)); });
    }

    std::vector<std::uint64_t> adopt_outbox(std::uint64_t after) {
        return ask<std::vector<std::uint64_t>>(
            [&](auto keep) { store_->adopt_outbox(after, std::move(keep)); });
    }

    /// Everything called before has its answer.
    void settle() { static_cast<void>(find(key("none", "none"))); }

    void until(const std::function<bool()>& done) { posted.run_until(done); }

    /// Asks Redis for something again and again until `done()`; throws when it never is.
    void ask_until(const std::function<bool()>& done) {
        const core::Instant begun = core::read_clock().mono;
        while (!done()) {
            settle();
            if (core::read_clock().mono - begun > Posted::kWatchdog) {
                throw std::runtime_error("it did not happen");
            }
        }
    }

    Posted posted;
    store::Loaded loaded;
    int became_unwritable = 0;
    int became_writable = 0;
    std::string why;
    std::string fatal;
    std::vector<std::string> lost;
    std::vector<store::Lease> leases;

private:
    template <class What>
    What ask(const std::function<void(std::function<void(What)>)>& call) {
        std::optional<What> result;
        call([&](What what) { result = std::move(what); });
        posted.run_until([&] { return result.has_value(); });
        return *std::move(result);
    }

    std::unique_ptr<redis::RedisStore> store_;
};

}  // namespace dm::test
