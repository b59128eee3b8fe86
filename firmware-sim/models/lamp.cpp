#include "firmware-sim/models/lamp.hpp"

namespace dm::sim {

void Lamp::switch_power(bool on) {
    on_ = on;
    if (on_ && brightness_ == 0) {
        brightness_ = 100;
    }
}

std::optional<Result> Lamp::execute(std::string_view command, const Args& args) {
    if (command != "set_brightness") {
        return std::nullopt;
    }
    const auto brightness = args.number("brightness", 0, 100);
    if (!brightness) {
        return failed(brightness.error());
    }
    brightness_ = *brightness;
    on_ = brightness_ > 0;
    return ok(state());
}

std::string Lamp::state() const {
    return JsonObject{}.boolean("on", on_).number("brightness", on_ ? brightness_ : 0.0).str();
}

Reading Lamp::read(Random& random) {
    constexpr double kWattsPerPercent = 0.09;
    constexpr double kStandby = 0.4;
    const double watts =
        kStandby + (on_ ? brightness_ * kWattsPerPercent * random.between(0.98, 1.02) : 0.0);
    return {"power", JsonObject{}.boolean("on", on_).number("watts", watts).str()};
}

Alarm Lamp::alarm(Random& random) const {
    return {proto::Severity::info, random.chance(0.5) ? "driver is warm" : "switched by hand"};
}

}  // namespace dm::sim
