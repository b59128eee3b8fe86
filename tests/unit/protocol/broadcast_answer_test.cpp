#include "protocol/broadcast_answer.hpp"

#include "protocol/operator_messages.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace dm::proto;

TEST_CASE("the longest part of a broadcast's answer fits in a payload") {
    const DeviceId longest = *DeviceId::parse(std::string(DeviceId::kMaxLength, 'd'));
    BroadcastAddressed answer{std::string(64, 'i'),
                              *Name::parse(std::string(Name::kMaxLength, 'g')),
                              std::string(64, 'n'),
                              *parse_time("2026-11-22T08:15:30.123Z"),
                              1'000'000,
                              1000,
                              1112,
                              std::vector<DeviceId>(kMaxDevicesPerPart, longest)};
    CHECK(to_json(answer).size() <= kMaxOperatorPayloadBytes);
}
