#pragma once

#include <cstddef>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace dm::sim {

/// What the threads that run devices want a person to read. Thread-safe.
class Notices {
public:
    /// Different texts that are said once; further ones are dropped.
    static constexpr std::size_t kMaxOnce = 50;
    /// Lines that wait to be shown; further ones are dropped and counted.
    static constexpr std::size_t kMaxWaiting = 10'000;

    /// Says `text` the first time it comes up: a fleet fails thousandfold for one reason.
    void once(const std::string& text);
    void line(std::string text);

    /// What has gathered since the last call.
    [[nodiscard]] std::vector<std::string> take();

private:
    void add(std::string text);

    std::mutex mutex_;
    std::set<std::string> said_;
    std::vector<std::string> waiting_;
    std::size_t dropped_ = 0;
};

}  // namespace dm::sim
