#pragma once

#include "protocol/ids.hpp"
#include "protocol/time.hpp"

#include <optional>
#include <string>

namespace dm::sim {

/// How devices prove who they are, beyond a client certificate. Used by several threads at once.
class Credentials {
public:
    virtual ~Credentials() = default;

    /// The value of the `Authorization` header; empty: none.
    [[nodiscard]] virtual std::optional<std::string> authorization(const proto::DeviceId& device,
                                                                   proto::WallTime now) const = 0;

    /// A fresh token for an open session; empty when this kind of identity has none.
    [[nodiscard]] virtual std::optional<std::string> renewal(const proto::DeviceId& device,
                                                             proto::WallTime now) const = 0;
};

}  // namespace dm::sim
