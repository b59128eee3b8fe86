#pragma once

#include "firmware-sim/json_text.hpp"
#include "firmware-sim/random.hpp"
#include "protocol/frames.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace dm::sim {

/// What a command came to: a `reply` without its id.
struct Result {
    std::string status;
    std::optional<proto::JsonText> data;
    std::chrono::milliseconds takes{0};  ///< how long the work lasts, on top of the profile's delay
};

[[nodiscard]] Result ok(std::string data);

/// Status `error`: the command is known, its arguments make no sense or it failed.
[[nodiscard]] Result failed(std::string_view reason);

/// Status `rejected`: the device does not do that.
[[nodiscard]] Result rejected(std::string_view reason);

struct Reading {
    std::string_view channel;
    proto::JsonText data;
};

struct Alarm {
    proto::Severity severity;
    std::string message;
};

/// A kind of device: its state, and what it understands beyond what every device does.
class Model {
public:
    virtual ~Model() = default;

    [[nodiscard]] virtual std::string_view name() const = 0;

    /// On or off: what `turn_on`, `turn_off`, `ACTIVATE`, `DEACTIVATE` mean here.
    virtual void switch_power(bool on) = 0;

    /// Empty when this model does not know `command`.
    [[nodiscard]] virtual std::optional<Result> execute(std::string_view command,
                                                        const Args& args) = 0;

    /// The state as a JSON object.
    [[nodiscard]] virtual std::string state() const = 0;

    /// Lets some time pass and measures.
    [[nodiscard]] virtual Reading read(Random& random) = 0;

    [[nodiscard]] virtual Alarm alarm(Random& random) const = 0;
};

/// Names in the order in which a mixed fleet uses them.
inline constexpr std::array<std::string_view, 4> kModels{"thermostat", "lamp", "meter", "lock"};

/// Null for a name that is not in kModels.
[[nodiscard]] std::unique_ptr<Model> make_model(std::string_view name, Random& random);

/// The longest work that command `sleep` accepts.
inline constexpr std::chrono::milliseconds kMaxSleep{600'000};

/// Executes on any model: `turn_on`/`ACTIVATE`, `turn_off`/`DEACTIVATE`, `get_state`,
/// `SEND_READINGS`, the test aids `echo` (args come back), `fail` and `sleep {ms}`, then the
/// model's own; everything else is `rejected`.
[[nodiscard]] Result execute(Model& model,
                             std::string_view command,
                             const proto::JsonText& args,
                             Random& random);

}  // namespace dm::sim
