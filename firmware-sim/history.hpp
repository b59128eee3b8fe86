#pragma once

#include "firmware-sim/clock.hpp"
#include "protocol/json_writer.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace dm::sim {

/// What happened, as JSON lines appended to a file, for whoever checks it afterwards. Every line is
/// one write(2): what was told before the process is killed stays. Thread-safe.
///
/// A line begins with `at` (monotonic microseconds; comparable between processes of one machine),
/// `time` (Unix milliseconds), `source` and `event`.
class History {
public:
    /// Appends to `path`. The error is a sentence.
    [[nodiscard]] static tl::expected<std::unique_ptr<History>, std::string> open(
        const std::string& path);
    ~History();
    History(const History&) = delete;
    History& operator=(const History&) = delete;

    /// The beginning of a line; add to it and hand it to `write`.
    [[nodiscard]] static proto::JsonWriter line(std::string_view source,
                                                std::string_view event,
                                                Moment now);

    void write(proto::JsonWriter& line);

    /// Lines that the disk did not take.
    [[nodiscard]] std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

private:
    explicit History(int fd) : fd_(fd) {}

    int fd_;
    std::atomic<std::uint64_t> lost_{0};
};

}  // namespace dm::sim
