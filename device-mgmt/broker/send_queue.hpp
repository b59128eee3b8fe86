#pragma once

#include "device-mgmt/broker/broker.hpp"
#include "device-mgmt/broker/send_window.hpp"

#include <cstddef>
#include <deque>
#include <vector>

namespace dm::broker {

/// Publishes that wait for room in the window and in the socket, within kMaxQueuedPublishes and
/// kMaxQueuedBytes. Not synchronised.
class SendQueue {
public:
    /// Messages taken at once: handed over between two looks at everything else.
    static constexpr std::size_t kBatch = 16;

    /// A message off the queue and its slot in the window.
    struct Taken {
        OutboundMessage message;
        std::size_t slot = 0;
    };

    [[nodiscard]] bool has_room(int qos, std::size_t bytes) const;

    /// `bytes`: of the whole packet.
    void push(OutboundMessage message, PublishTicket ticket, std::size_t bytes);

    [[nodiscard]] bool empty() const { return waiting_.empty(); }

    /// The next messages for which there is room: slots in `window`, and kMaxInFlightBytes less
    /// what the window holds and `unacknowledged` bytes in the socket. A message that is larger
    /// than that goes alone.
    [[nodiscard]] std::vector<Taken> take(SendWindow& window, std::size_t unacknowledged);

    /// Forgets all; their tickets, without the zeros.
    [[nodiscard]] std::vector<PublishTicket> give_up();

private:
    struct Waiting {
        OutboundMessage message;
        PublishTicket ticket = 0;
        std::size_t bytes = 0;
    };

    std::deque<Waiting> waiting_;
    std::size_t bytes_ = 0;
};

}  // namespace dm::broker
