#pragma once

#include "device-mgmt/core/clock.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace dm::relay {

/// Which messages of the store's outbox are not in memory, by number: those that are still to be
/// published, and those that the broker has acknowledged. A PUBACK is not durable at the broker, so
/// the latter are kept for kTail. A broker that comes back may have lost them: they are doubted,
/// and published again at a pace that leaves room for what is new. 16 bytes each.
class StoredMessages {
public:
    static constexpr std::chrono::seconds kTail{60};
    /// Acknowledged and doubted ones beyond this are given up before their time: 3,300 a second for
    /// kTail.
    static constexpr std::size_t kMaxTail = 200'000;
    /// Of those that the broker refused the latest are kept, to be tried again by the next process.
    static constexpr std::size_t kMaxParked = 10'000;

    /// Doubted ones that are read within kPaceStep at the least. All are through within kTail.
    static constexpr std::size_t kLeastPace = 250;
    static constexpr std::chrono::milliseconds kPaceStep{250};

    /// To be read and published, after those that are already.
    void add(std::uint64_t number) { unread_.push_back(number); }

    /// The same for one that the broker acknowledged to an earlier process.
    void add_doubted(std::uint64_t number);

    void acknowledged(std::uint64_t number, core::Instant now) { tail_.push_back({now, number}); }

    void parked(std::uint64_t number) { parked_.push_back(number); }

    /// The broker may have lost what it acknowledged.
    void distrust_broker();

    /// At most `at_most` numbers to be read now.
    [[nodiscard]] std::vector<std::uint64_t> take_unread(std::size_t at_most);

    /// Doubted ones to be read now; call once within kPaceStep.
    [[nodiscard]] std::vector<std::uint64_t> take_doubted();

    /// What the store need not keep any longer.
    [[nodiscard]] std::vector<std::uint64_t> take_expired(core::Instant now);

    [[nodiscard]] std::size_t unread() const { return unread_.size(); }

    [[nodiscard]] std::size_t doubted() const { return doubted_.size(); }

    [[nodiscard]] std::size_t tail() const { return tail_.size(); }

private:
    struct Acknowledged {
        core::Instant at;
        std::uint64_t number;
    };

    void set_pace();

    std::deque<std::uint64_t> unread_;
    std::deque<std::uint64_t> doubted_;
    std::size_t pace_ = kLeastPace;
    std::deque<Acknowledged> tail_;  ///< by time
    std::deque<std::uint64_t> parked_;
};

}  // namespace dm::relay
