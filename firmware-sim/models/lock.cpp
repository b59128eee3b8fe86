#include "firmware-sim/models/lock.hpp"

#include <algorithm>

namespace dm::sim {

void Lock::switch_power(bool on) {
    if (locked_ != on) {
        locked_ = on;
        ++turns_;
    }
}

std::optional<Result> Lock::execute(std::string_view command, const Args& args) {
    static_cast<void>(args);
    if (command != "lock" && command != "unlock") {
        return std::nullopt;
    }
    switch_power(command == "lock");
    return ok(state());
}

std::string Lock::state() const {
    return JsonObject{}.boolean("locked", locked_).number("turns", turns_).str();
}

Reading Lock::read(Random& random) {
    battery_ = std::max(0.0, battery_ - random.between(0.0, 0.01));
    return {"battery", JsonObject{}.number("percent", battery_).boolean("locked", locked_).str()};
}

Alarm Lock::alarm(Random& random) const {
    return random.chance(0.2) ? Alarm{proto::Severity::critical, "bolt blocked"}
                              : Alarm{proto::Severity::info, "wrong code entered"};
}

}  // namespace dm::sim
