#include "firmware-sim/clock.hpp"

namespace dm::sim {

Moment read_clock() {
    return {
        std::chrono::steady_clock::now(),
        std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now())};
}

}  // namespace dm::sim
