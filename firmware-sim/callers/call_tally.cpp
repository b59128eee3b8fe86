#include "firmware-sim/callers/call_tally.hpp"

#include "protocol/operator_messages.hpp"

#include <fstream>

#include <unistd.h>

namespace dm::sim {

CallVerdict judge_answer(const std::string& payload,
                         const std::string& device,
                         const std::string& id,
                         std::string& state) {
    const auto outcome = proto::parse_outcome(payload);
    if (!outcome || outcome->device != device || outcome->id != id) {
        return CallVerdict::crossed;
    }
    state = outcome->state;
    return outcome->status ? CallVerdict::reply : CallVerdict::other;
}

std::uint64_t resident_kib(const std::vector<std::string>& pids) {
    const auto page_kib = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) / 1024;
    std::uint64_t sum = 0;
    for (const std::string& pid : pids) {
        std::ifstream file("/proc/" + pid + "/statm");
        std::uint64_t size = 0;
        std::uint64_t resident = 0;
        if (!(file >> size >> resident)) {
            return 0;
        }
        sum += resident * page_kib;
    }
    return sum;
}

}  // namespace dm::sim
