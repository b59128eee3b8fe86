#pragma once

#include "firmware-sim/clock.hpp"
#include "protocol/frames.hpp"

#include <cstdint>
#include <string>

namespace dm::sim {

/// Where a device writes down what it must still know after its process was killed. Real:
/// DeviceRecords. Fake: a recording one in tests.
class CommandJournal {
public:
    virtual ~CommandJournal() = default;

    /// Called before `command` is executed. False: it could not be written down, and must not be
    /// executed.
    [[nodiscard]] virtual bool begun(const proto::DeviceId& device,
                                     std::uint64_t epoch,
                                     const proto::CommandFrame& command,
                                     Moment now) = 0;

    /// The reply that will be given, from now on, for its id.
    virtual void replied(const proto::DeviceId& device, const proto::Reply& reply) = 0;

    /// The server has the reply of `id`.
    virtual void acknowledged(const proto::DeviceId& device, const std::string& id) = 0;
};

}  // namespace dm::sim
