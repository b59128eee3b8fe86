#include "device-mgmt/core/check_wheel.hpp"

#include <algorithm>

namespace dm::core {

std::uint64_t CheckWheel::ticks(Instant when) const {
    if (when <= start_) {
        return 0;
    }
    return static_cast<std::uint64_t>((when - start_) / kTick);
}

Instant CheckWheel::add(Instant when, Number number) {
    const std::uint64_t wanted = ticks(when) + 1;  // rounded up: never before `when`
    const std::uint64_t tick = std::clamp(wanted, done_ + 1, done_ + kSlots - 1);
    slots_[tick % kSlots].push_back(number);
    return start_ + kTick * tick;
}

std::optional<Instant> CheckWheel::next() const {
    for (std::uint64_t tick = done_ + 1; tick <= done_ + kSlots; ++tick) {
        if (!slots_[tick % kSlots].empty()) {
            return start_ + kTick * tick;
        }
    }
    return std::nullopt;
}

std::vector<CheckWheel::Number> CheckWheel::due(Instant now) {
    std::vector<Number> found;
    // After a long stop (SIGSTOP) once around the wheel is enough to see every slot.
    const std::uint64_t current = ticks(now);
    const std::uint64_t last = std::min(current, done_ + kSlots);
    while (done_ < last) {
        ++done_;
        auto& slot = slots_[done_ % kSlots];
        if (found.empty()) {
            found.swap(slot);
        } else {
            found.insert(found.end(), slot.begin(), slot.end());
        }
        std::vector<Number>().swap(slot);
    }
    done_ = std::max(done_, current);
    return found;
}

}  // namespace dm::core
