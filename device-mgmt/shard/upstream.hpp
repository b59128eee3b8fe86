#pragma once

#include "device-mgmt/core/reports.hpp"

namespace dm::shard {

/// Where shards send what sessions report: the relay, and a recorder in tests.
class Upstream {
public:
    virtual ~Upstream() = default;

    /// Takes a report from any thread. False: too many are unprocessed and this one was not taken;
    /// that can only happen to a ForwardedFrame.
    [[nodiscard]] virtual bool report(core::Report report) = 0;

    /// Takes the answer to a delivery that wanted one, from any thread.
    virtual void delivered(core::Delivered delivered) = 0;
};

}  // namespace dm::shard
