#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace dm::sim {

/// Durations in buckets of at most 1.6 % of their value: constant memory, whatever the number.
/// Longer than kLongest counts as kLongest. Not thread-safe.
class Histogram {
public:
    static constexpr std::chrono::microseconds kLongest{std::chrono::hours{24}};

    void record(std::chrono::microseconds duration);
    void merge(const Histogram& other);

    [[nodiscard]] std::uint64_t count() const { return count_; }

    /// The smallest bucket bound that at least `share` (0 … 1) of the durations do not exceed;
    /// never above max(). 0 when there are none.
    [[nodiscard]] std::chrono::microseconds quantile(double share) const;

    [[nodiscard]] std::chrono::microseconds max() const { return max_; }

private:
    static constexpr std::size_t kStepBits = 6;  ///< 64 buckets per doubling
    static constexpr std::size_t kBuckets = (38 - kStepBits) << kStepBits;

    [[nodiscard]] static std::size_t bucket_of(std::uint64_t micros);
    [[nodiscard]] static std::uint64_t upper_bound(std::size_t bucket);

    std::array<std::uint64_t, kBuckets> counts_{};
    std::uint64_t count_ = 0;
    std::chrono::microseconds max_{0};
};

}  // namespace dm::sim
