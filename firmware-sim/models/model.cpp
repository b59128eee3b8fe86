#include "firmware-sim/models/model.hpp"

#include "firmware-sim/models/lamp.hpp"
#include "firmware-sim/models/lock.hpp"
#include "firmware-sim/models/meter.hpp"
#include "firmware-sim/models/thermostat.hpp"

#include <utility>

#include <fmt/format.h>

namespace dm::sim {
namespace {

std::string reason_object(std::string_view reason) {
    return JsonObject{}.text("reason", reason).str();
}

Result sleep_for_a_while(const Args& args) {
    const auto wanted = args.number("ms", 0, static_cast<double>(kMaxSleep.count()));
    if (!wanted) {
        return failed(wanted.error());
    }
    const std::chrono::milliseconds span{static_cast<std::int64_t>(*wanted)};
    Result result = ok(JsonObject{}.number("slept_ms", span.count()).str());
    result.takes = span;
    return result;
}

/// What every device understands.
std::optional<Result> execute_common(Model& model,
                                     std::string_view command,
                                     const proto::JsonText& args,
                                     Random& random) {
    if (command == "turn_on" || command == "ACTIVATE") {
        model.switch_power(true);
        return ok(model.state());
    }
    if (command == "turn_off" || command == "DEACTIVATE") {
        model.switch_power(false);
        return ok(model.state());
    }
    if (command == "get_state") {
        return ok(model.state());
    }
    if (command == "SEND_READINGS") {
        return ok(model.read(random).data);
    }
    if (command == "echo") {
        return ok(args);
    }
    if (command == "fail") {
        return failed("told to fail");
    }
    if (command == "sleep") {
        return sleep_for_a_while(Args::parse(args));
    }
    return std::nullopt;
}

}  // namespace

Result ok(std::string data) {
    return {"ok", std::move(data)};
}

Result failed(std::string_view reason) {
    return {"error", reason_object(reason)};
}

Result rejected(std::string_view reason) {
    return {"rejected", reason_object(reason)};
}

std::unique_ptr<Model> make_model(std::string_view name, Random& random) {
    if (name == "thermostat") {
        return std::make_unique<Thermostat>(random);
    }
    if (name == "lamp") {
        return std::make_unique<Lamp>();
    }
    if (name == "meter") {
        return std::make_unique<Meter>(random);
    }
    if (name == "lock") {
        return std::make_unique<Lock>();
    }
    return nullptr;
}

Result execute(Model& model,
               std::string_view command,
               const proto::JsonText& args,
               Random& random) {
    if (auto common = execute_common(model, command, args, random)) {
        return *std::move(common);
    }
    if (auto own = model.execute(command, Args::parse(args))) {
        return *std::move(own);
    }
    return rejected(fmt::format("a {} does not know command '{}'", model.name(), command));
}

}  // namespace dm::sim
