#pragma once

#include "device-mgmt/store/shared_directory.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace dm::test {

/// A shared directory for the relay of one node: what the other nodes do is up to the test.
class ScriptedDirectory final : public store::SharedDirectory {
public:
    using Post = std::function<void(std::function<void()>)>;

    // ---- what the test says ----

    Post post;
    std::map<proto::DeviceId, std::string> elsewhere;  ///< device → the node that owns it
    std::map<proto::DeviceId, std::vector<core::Command>> left;  ///< unfinished commands
    std::map<proto::DeviceId, store::PreviousSession> previous;
    std::optional<store::Duel> duel;
    std::optional<std::string> owner_before;
    std::optional<std::string> taken_after_attach;  ///< by this node
    bool away = false;
    core::Instant trusted = core::Instant::max();
    std::vector<store::Adopted> orphans;
    std::vector<std::uint64_t> orphaned_messages;

    /// Answers wait until `answer`.
    bool holds = false;

    void answer() {
        holds = false;
        for (auto& one : std::exchange(held_, {})) {
            post(std::move(one));
        }
    }

    /// Another node takes the device with a session of its own.
    void take(const proto::DeviceId& device, const std::string& node) {
        owned_.erase(device);
        elsewhere[device] = node;
    }

    void refuse_write(const proto::DeviceId& device) {
        post([this, device] { events_.on_lost(device); });
    }

    void lease(store::Lease lease) {
        post([this, lease] { events_.on_lease(lease); });
    }

    // ---- store::SharedDirectory ----

    void listen(Events events) override { events_ = std::move(events); }

    [[nodiscard]] core::Instant trusted_until() const override { return trusted; }

    void attach(proto::DeviceId device,
                std::string /*remote*/,
                Answer<store::AttachResult> answer) override {
        if (away) {
            later([answer] { answer(store::NotNow{}); });
            return;
        }
        if (duel) {
            later([answer, duel = *duel] { answer(duel); });
            return;
        }
        elsewhere.erase(device);
        store::Attached attached;
        attached.epoch = ++epoch_;
        attached.owned_before = !owned_.insert(device).second;
        if (!attached.owned_before) {
            attached.unfinished = left[device];
        }
        if (const auto it = previous.find(device); it != previous.end()) {
            attached.previous = it->second;
        }
        attached.owner_before = owner_before;
        if (taken_after_attach) {
            elsewhere[device] = *taken_after_attach;
        }
        later([answer, attached] { answer(attached); });
    }

    void detach(proto::DeviceId device, std::uint64_t /*epoch*/, Answer<bool> was_last) override {
        later([was_last, last = elsewhere.count(device) == 0] { was_last(last); });
    }

    void own(proto::DeviceId device, Answer<store::OwnResult> answer) override {
        if (const auto it = elsewhere.find(device); it != elsewhere.end()) {
            later([answer, node = it->second] { answer(store::Elsewhere{node}); });
            return;
        }
        const bool before = !owned_.insert(device).second;
        later([answer, before, unfinished = left[device]] {
            answer(store::Owned{before, unfinished});
        });
    }

    void adopt(Answer<std::vector<store::Adopted>> answer) override {
        for (const store::Adopted& one : orphans) {
            owned_.insert(one.device);
        }
        later([answer, found = std::exchange(orphans, {})] { answer(found); });
    }

    void adopt_outbox(std::uint64_t /*after*/, Answer<std::vector<std::uint64_t>> answer) override {
        later([answer, found = std::exchange(orphaned_messages, {})] { answer(found); });
    }

    void verify(std::vector<proto::DeviceId> devices,
                Answer<std::vector<proto::DeviceId>> lost) override {
        std::vector<proto::DeviceId> others;
        for (proto::DeviceId& device : devices) {
            if (elsewhere.count(device) > 0) {
                others.push_back(std::move(device));
            }
        }
        later([lost, others] { lost(others); });
    }

private:
    void later(std::function<void()> answer) {
        if (holds) {
            held_.push_back(std::move(answer));
        } else {
            post(std::move(answer));
        }
    }

    Events events_;
    std::set<proto::DeviceId> owned_;
    std::uint64_t epoch_ = 1000;
    std::deque<std::function<void()>> held_;
};

}  // namespace dm::test
