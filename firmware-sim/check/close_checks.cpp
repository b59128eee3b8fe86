#include "firmware-sim/check/server_check.hpp"

#include <functional>

#include <fmt/format.h>

namespace dm::sim {
namespace {

constexpr const char* kSection = "Close codes";
constexpr std::string_view kEchoed = "1000 comes back";

/// What ends a session, and with which code.
struct Offence {
    Check row;
    int code;
    std::function<void(Probe&)> commit;
    proto::Format format = proto::Format::json;
};

void send_bad_frames(Probe& probe) {
    constexpr int kTenAndSome = 12;
    for (int i = 0; i < kTenAndSome; ++i) {
        probe.send(Opcode::text, "nonsense");
    }
}

std::vector<Offence> offences() {
    constexpr std::size_t kTooLong = 65537;
    constexpr std::uint8_t kRsv1 = 0x40;
    constexpr auto kReservedOpcode = static_cast<Opcode>(0x3);
    const auto* const heartbeat = R"({"type":"heartbeat"})";
    return {
        {{"closes for binary on JSON", kSection, "1003 unacceptable", ""},
         1003,
         [=](Probe& probe) { probe.send(Opcode::binary, heartbeat); }},
        {{"closes for text on CBOR", kSection, "1003 unacceptable", ""},
         1003,
         [=](Probe& probe) { probe.send(Opcode::text, heartbeat); },
         proto::Format::cbor},
        {{"closes for a message over 65,536 bytes", kSection, "1009 too_big", ""},
         1009,
         [](Probe& probe) { probe.send(Opcode::text, std::string(kTooLong, ' ')); }},
        {{"closes for text that is no UTF-8", kSection, "1007 bad_payload", ""},
         1007,
         [](Probe& probe) { probe.send(Opcode::text, "{\"type\":\"\xC3\x28\"}"); }},
        {{"closes for an unmasked frame", kSection, "1002 protocol_error", ""},
         1002,
         [=](Probe& probe) {
             probe.send(Opcode::text, heartbeat, {true, false, 0});
         }},
        {{"closes for reserved bits", kSection, "1002 protocol_error", ""},
         1002,
         [=](Probe& probe) {
             probe.send(Opcode::text, heartbeat, {true, true, kRsv1});
         }},
        {{"closes for a reserved opcode", kSection, "1002 protocol_error", ""},
         1002,
         [](Probe& probe) { probe.send(kReservedOpcode, "?"); }},
        {{"closes for a ping in fragments", kSection, "1002 protocol_error", ""},
         1002,
         [](Probe& probe) {
             probe.send(Opcode::ping, "?", {false, true, 0});
         }},
        {{"closes after ten bad frames", kSection, "1008 policy", ""}, 1008, send_bad_frames},
        {{"answers a close", kSection, kEchoed, ""},
         1000,
         [](Probe& probe) {
             probe.send(Opcode::close, std::string_view{"\x03\xE8", 2});
         }},
    };
}

}  // namespace

void check_closes(ServerCheck& check) {
    for (const Offence& offence : offences()) {
        auto session = check.session(offence.row, offence.format);
        if (!session) {
            continue;
        }
        offence.commit(*session->probe);
        const int code = session->probe->await_close();
        // The answer to a close is the code alone; a close of the server's own has a word, too.
        const bool told = offence.row.expected == kEchoed ||
                          session->probe->seen() == fmt::format("close {}", offence.row.expected);
        check.table().add(offence.row,
                          code == offence.code && told,
                          code == 0 ? "it stays open" : session->probe->seen());
        if (code == 0) {
            session->probe->leave();
        }
    }
}

}  // namespace dm::sim
