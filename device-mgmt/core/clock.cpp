#include "device-mgmt/core/clock.hpp"

namespace dm::core {

Moment read_clock() {
    return {
        std::chrono::steady_clock::now(),
        std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now())};
}

}  // namespace dm::core
