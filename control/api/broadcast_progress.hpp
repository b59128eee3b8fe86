#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace dm::control {

/// Which answers a broadcast has got and which it still waits for; what became of its commands, by
/// device. Costs some hundred bytes for each of these. Pure.
class BroadcastProgress {
public:
    /// One message on its Response Topic.
    struct Read {
        std::string name;      ///< of the event; empty: nothing to tell
        bool refused = false;  ///< a node knows no such group, or turned the whole away
        std::string code;      ///< then
        std::string message;   ///< then
    };

    /// A device whose command has ended.
    struct Ended {
        std::string_view device;
        std::string_view state;
    };

    [[nodiscard]] Read take(const std::string& payload);

    /// Whether `nodes` have answered and every command that one has addressed has ended.
    [[nodiscard]] bool is_complete(std::size_t nodes) const;

    [[nodiscard]] std::size_t answers() const { return answered_.size() + refusals_; }

    [[nodiscard]] bool all_refused() const { return answered_.empty() && refusals_ > 0; }

    /// Whom its commands go to, in the order in which nodes told it. Grows.
    [[nodiscard]] const std::vector<std::string>& devices() const { return devices_; }

    /// In the order of their ends. Grows; views are valid as long as this object.
    [[nodiscard]] const std::vector<Ended>& ended() const { return ended_; }

    /// `{"addressed":2,"succeeded":1,…}`
    [[nodiscard]] std::string summary() const;

private:
    std::set<std::string> answered_;      ///< nodes that told how many they address, or sent
    std::set<std::string> addressed_by_;  ///< nodes whose `addressed` is counted
    std::size_t refusals_ = 0;
    std::size_t addressed_ = 0;
    std::set<std::pair<std::string, std::size_t>> parts_;  ///< of a node's list, that are here
    std::vector<std::string> devices_;
    std::unordered_map<std::string, std::string_view> end_of_;  ///< state by device
    std::vector<Ended> ended_;
    std::map<std::string, std::size_t> ends_;  ///< by state
    std::size_t sent_ = 0;
};

}  // namespace dm::control
