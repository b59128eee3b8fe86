#include "firmware-sim/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace dm::sim {

// Values below 2^(kStepBits+1) have a bucket of their own; above, a value is shifted right until it
// has kStepBits+1 bits, and the number of shifts selects the row of buckets.
std::size_t Histogram::bucket_of(std::uint64_t micros) {
    std::size_t shifts = 0;
    while ((micros >> shifts) >= (std::uint64_t{2} << kStepBits)) {
        ++shifts;
    }
    return (shifts << kStepBits) + static_cast<std::size_t>(micros >> shifts);
}

std::uint64_t Histogram::upper_bound(std::size_t bucket) {
    if (bucket < (std::size_t{2} << kStepBits)) {
        return bucket;
    }
    const std::size_t shifts = (bucket >> kStepBits) - 1;
    const std::uint64_t mantissa = bucket - (shifts << kStepBits);
    return ((mantissa + 1) << shifts) - 1;
}

void Histogram::record(std::chrono::microseconds duration) {
    const auto kept = std::clamp(duration, std::chrono::microseconds{0}, kLongest);
    const std::size_t bucket = bucket_of(static_cast<std::uint64_t>(kept.count()));
    ++counts_.at(std::min(bucket, kBuckets - 1));
    ++count_;
    max_ = std::max(max_, kept);
}

void Histogram::merge(const Histogram& other) {
    std::transform(counts_.begin(),
                   counts_.end(),
                   other.counts_.begin(),
                   counts_.begin(),
                   [](std::uint64_t a, std::uint64_t b) { return a + b; });
    count_ += other.count_;
    max_ = std::max(max_, other.max_);
}

std::chrono::microseconds Histogram::quantile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(
        std::max(1.0, std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_))));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
        seen += counts_.at(bucket);
        if (seen >= wanted) {
            return std::min(max_, std::chrono::microseconds{upper_bound(bucket)});
        }
    }
    return max_;
}

}  // namespace dm::sim
