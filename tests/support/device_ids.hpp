#pragma once

#include "protocol/ids.hpp"

#include <string_view>

namespace dm::test {

/// A device id that the test knows to be valid; throws otherwise.
[[nodiscard]] inline proto::DeviceId device_id(std::string_view text) {
    return proto::DeviceId::parse(text).value();
}

[[nodiscard]] inline proto::Name name(std::string_view text) {
    return proto::Name::parse(text).value();
}

}  // namespace dm::test
