#pragma once

#include "device-mgmt/core/ports.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dm::test {

/// A device's connection that writes down what it is asked to do. Full or not is said by the test.
class RecordingLink final : public core::DeviceLink {
public:
    struct Sent {
        core::FrameKind kind;
        std::string payload;
    };

    struct Closed {
        proto::CloseCode code;
        std::string reason;
    };

    [[nodiscard]] core::SendResult send(core::FrameKind kind, std::string_view payload) override {
        if (closed || aborted || unsent + payload.size() > max_unsent) {
            return core::SendResult::dropped;
        }
        sent.push_back({kind, std::string(payload)});
        return core::SendResult::ok;
    }

    void close(proto::CloseCode code, std::string_view reason) override {
        ++closes;
        closed = Closed{code, std::string(reason)};
    }

    void abort() override { aborted = true; }

    [[nodiscard]] std::size_t unsent_bytes() const override { return unsent; }

    [[nodiscard]] std::uint64_t taken_bytes() const override { return taken; }

    [[nodiscard]] std::string_view remote() const override { return "192.0.2.1:4711"; }

    std::vector<Sent> sent;
    std::optional<Closed> closed;
    int closes = 0;
    bool aborted = false;
    std::size_t unsent = 0;  ///< as the test says; sending does not add to it
    std::size_t max_unsent = 256 * 1024;
    std::uint64_t taken = 0;
};

}  // namespace dm::test
