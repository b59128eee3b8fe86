#include "firmware-sim/models/meter.hpp"

namespace dm::sim {

Meter::Meter(Random& random) : total_(random.between(100.0, 90000.0)) {}

void Meter::switch_power(bool on) {
    connected_ = on;
}

std::optional<Result> Meter::execute(std::string_view command, const Args& args) {
    static_cast<void>(args);
    if (command != "read") {
        return std::nullopt;
    }
    return ok(state());
}

std::string Meter::state() const {
    return JsonObject{}
        .boolean("on", connected_)
        .number("kwh", total_)
        .number("watts", connected_ ? power_ : 0.0)
        .str();
}

Reading Meter::read(Random& random) {
    constexpr double kWattMinutesPerKwh = 60'000;  // a reading stands for about a minute
    power_ = connected_ ? random.between(80.0, 2500.0) : 0.0;
    total_ += power_ / kWattMinutesPerKwh;
    return {"energy", JsonObject{}.number("kwh", total_).number("watts", power_).str()};
}

Alarm Meter::alarm(Random& random) const {
    return random.chance(0.2) ? Alarm{proto::Severity::critical, "cover opened"}
                              : Alarm{proto::Severity::warning, "voltage out of range"};
}

}  // namespace dm::sim
