#include "firmware-sim/models/thermostat.hpp"

#include <fmt/format.h>

namespace dm::sim {
namespace {

constexpr double kColdest = 5;
constexpr double kWarmest = 30;
constexpr double kRoom = 16;        ///< °C it drifts to when off
constexpr double kApproach = 0.25;  ///< share of the difference made up between two readings

double rounded(double celsius) {
    return static_cast<double>(static_cast<int>(celsius * 100)) / 100;
}

}  // namespace

Thermostat::Thermostat(Random& random) : temperature_(random.between(15.0, 22.0)) {}

void Thermostat::switch_power(bool on) {
    heating_ = on;
}

std::optional<Result> Thermostat::execute(std::string_view command, const Args& args) {
    if (command != "set_target") {
        return std::nullopt;
    }
    const auto target = args.number("target", kColdest, kWarmest);
    if (!target) {
        return failed(target.error());
    }
    target_ = *target;
    return ok(state());
}

std::string Thermostat::state() const {
    return JsonObject{}
        .boolean("on", heating_)
        .number("target", target_)
        .number("temperature", rounded(temperature_))
        .str();
}

Reading Thermostat::read(Random& random) {
    const double goal = heating_ ? target_ : kRoom;
    temperature_ += kApproach * (goal - temperature_) + random.between(-0.1, 0.1);
    return {
        "temperature",
        JsonObject{}.number("celsius", rounded(temperature_)).boolean("heating", heating_).str()};
}

Alarm Thermostat::alarm(Random& random) const {
    return {random.chance(0.1) ? proto::Severity::critical : proto::Severity::warning,
            fmt::format("temperature {} away from target {}", rounded(temperature_), target_)};
}

}  // namespace dm::sim
