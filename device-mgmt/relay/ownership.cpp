#include "device-mgmt/relay/ownership.hpp"

#include "device-mgmt/log/log.hpp"
#include "device-mgmt/loop/loop.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

namespace dm::relay {

namespace {

/// Adopted messages get numbers beyond those that this node gives out until it knows of them.
constexpr std::uint64_t kNumberGap = 1'000'000;

}  // namespace

Ownership::Ownership(store::SharedDirectory* directory, Events events)
    : directory_(directory), events_(std::move(events)) {
    if (directory_ != nullptr) {
        directory_->listen(
            {[this](const proto::DeviceId& device) { lost(device, proto::CloseCode::replaced); },
             [this](store::Lease state) { lease(state); }});
    }
}

void Ownership::route(const proto::DeviceId& device, Routed routed) {
    if (owns(device)) {
        routed(std::nullopt);
        return;
    }
    directory_->own(device, [this, device, routed = std::move(routed)](store::OwnResult result) {
        if (const auto* elsewhere = std::get_if<store::Elsewhere>(&result)) {
            routed(elsewhere->node);
            return;
        }
        took(device, std::move(std::get<store::Owned>(result).unfinished));
        routed(std::nullopt);
    });
}

void Ownership::attach(const proto::DeviceId& device,
                       std::string remote,
                       store::SharedDirectory::Answer<store::AttachResult> answer) {
    directory_->attach(
        device,
        std::move(remote),
        [this, device, answer = std::move(answer)](store::AttachResult result) {
            auto* attached = std::get_if<store::Attached>(&result);
            if (attached != nullptr && attached->owned_before && !owns(device)) {
                // The directory believes that its commands are here: ask for them.
                route(device, [answer, result](const auto& elsewhere) {
                    answer(elsewhere ? store::AttachResult(store::NotNow{}) : result);
                });
                return;
            }
            if (attached != nullptr) {
                if (!attached->owned_before && owned_.erase(device) > 0) {
                    events_.release(device);
                }
                took(device, std::move(attached->unfinished));
            }
            answer(std::move(result));
        });
}

void Ownership::detach(const proto::DeviceId& device,
                       std::uint64_t epoch,
                       store::SharedDirectory::Answer<bool> was_last) {
    if (is_shared()) {
        directory_->detach(device, epoch, std::move(was_last));
    } else {
        was_last(true);
    }
}

void Ownership::took(const proto::DeviceId& device, std::vector<core::Command> unfinished) {
    // Known already: what the answer names is here, and may be further by now.
    if (owned_.insert(device).second) {
        events_.take_over(std::move(unfinished));
    }
}

void Ownership::lost(const proto::DeviceId& device, proto::CloseCode code) {
    const bool owned = owned_.erase(device) > 0;
    if (owned || !events_.is_idle(device)) {
        log::info("device_taken_by_other_node", {{"device", device.str()}});
        events_.lose(device, code);
    }
}

void Ownership::check(const proto::DeviceId& device, std::function<void()> then) {
    if (!is_shared()) {
        then();
        return;
    }
    // Also of a device that is not ours yet: the answer to a claim may still be on its way, and the
    // one to this comes after it.
    verify({device}, proto::CloseCode::replaced, std::move(then));
}

// ---- the lease ----

void Ownership::lease(store::Lease lease) {
    if (lease == store::Lease::doubtful) {
        trusted_ = false;
        events_.trust(false);
    } else if (lease == store::Lease::lapsed) {
        verify_all();
    } else if (!trusted_) {
        trusted_ = true;
        events_.trust(true);
    }
}

void Ownership::verify_all() {
    trusted_ = false;
    events_.trust(false);
    const std::uint64_t lapse = ++lapses_;
    log::warn("lease_lapsed", {{"devices", owned_.size()}});
    std::vector<proto::DeviceId> slice;
    for (const proto::DeviceId& device : owned_) {
        slice.push_back(device);
        if (slice.size() == kSlice) {
            verify(std::exchange(slice, {}), proto::CloseCode::owned_elsewhere);
        }
    }
    // Answers come in order: after this one all others are there.
    verify(std::move(slice), proto::CloseCode::owned_elsewhere, [this, lapse] {
        if (lapse == lapses_) {
            lease(store::Lease::held);
        }
    });
}

void Ownership::verify(std::vector<proto::DeviceId> devices,
                       proto::CloseCode code,
                       std::function<void()> then) {
    directory_->verify(
        std::move(devices),
        [this, code, then = std::move(then)](const std::vector<proto::DeviceId>& others) {
            for (const proto::DeviceId& device : others) {
                lost(device, code);
            }
            if (then) {
                then();
            }
        });
}

bool Ownership::is_away_too_long(core::Instant now) const {
    return away_since_ && now - *away_since_ >= kAwayPatience;
}

// ---- time ----

void Ownership::tick(core::Instant now) {
    if (!is_shared()) {
        return;
    }
    if (trusted_) {
        away_since_.reset();
    } else if (!away_since_) {
        away_since_ = now;
    }
    if (!trusted_) {
        return;
    }
    verify_some();
    if (!adopt_at_ || *adopt_at_ <= now) {
        adopt_at_ = now + kAdoptEvery;
        adopt();
        adopt_messages();
    }
}

void Ownership::verify_some() {
    constexpr auto kTicks = kRound / loop::Loop::kTick;
    const std::size_t buckets = owned_.bucket_count();
    std::vector<proto::DeviceId> slice;
    std::vector<proto::DeviceId> idle;
    for (std::size_t left = buckets / static_cast<std::size_t>(kTicks) + 1; left > 0; --left) {
        next_bucket_ = next_bucket_ + 1 < buckets ? next_bucket_ + 1 : 0;
        for (auto it = owned_.cbegin(next_bucket_); it != owned_.cend(next_bucket_); ++it) {
            (events_.is_idle(*it) ? idle : slice).push_back(*it);
        }
    }
    for (const proto::DeviceId& device : idle) {
        owned_.erase(device);
    }
    for (std::size_t begin = 0; begin < slice.size(); begin += kSlice) {
        const auto first = slice.begin() + static_cast<std::ptrdiff_t>(begin);
        const auto last =
            slice.begin() + static_cast<std::ptrdiff_t>(std::min(begin + kSlice, slice.size()));
        verify({first, last}, proto::CloseCode::replaced);
    }
}

// ---- what others have left ----

void Ownership::adopt() {
    if (!std::exchange(adopting_, true)) {
        directory_->adopt(
            [this](std::vector<store::Adopted> devices) { adopted(std::move(devices)); });
    }
}

void Ownership::adopted(std::vector<store::Adopted> devices) {
    adopting_ = false;
    if (devices.empty()) {
        return;
    }
    std::size_t commands = 0;
    for (store::Adopted& one : devices) {
        commands += one.unfinished.size();
        if (!one.owned_before) {
            lost(one.device, proto::CloseCode::replaced);  // what is held is older
        }
        took(one.device, std::move(one.unfinished));
        if (one.ended) {
            events_.ended(one.device, *one.ended);
        }
    }
    log::info("devices_adopted", {{"devices", devices.size()}, {"commands", commands}});
    // One answer at a time: the calls of the relay come in between.
    if (trusted_) {
        adopt();
    }
}

void Ownership::adopt_messages() {
    if (std::exchange(adopting_messages_, true)) {
        return;
    }
    directory_->adopt_outbox(events_.last_outbox_number() + kNumberGap,
                             [this](const std::vector<std::uint64_t>& numbers) {
                                 adopting_messages_ = false;
                                 if (numbers.empty()) {
                                     return;
                                 }
                                 log::info("messages_adopted", {{"count", numbers.size()}});
                                 events_.adopt_outbox(numbers);
                                 if (trusted_) {
                                     adopt_messages();
                                 }
                             });
}

}  // namespace dm::relay
