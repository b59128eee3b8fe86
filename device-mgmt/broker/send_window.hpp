#pragma once

#include "device-mgmt/broker/broker.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace dm::broker {

/// The publishes the library holds: which ticket sits in which slot, and their bytes. A slot is
/// taken when a message is handed over and given back by its outcome, so the library never holds
/// more than `capacity`. Not synchronised.
class SendWindow {
public:
    /// Forgets every slot; from now on `capacity` of them.
    void reset(std::size_t capacity);

    /// A free slot for `ticket` (0 for a publish nobody asks about) of so many bytes; empty when
    /// all are taken.
    [[nodiscard]] std::optional<std::size_t> take(PublishTicket ticket, std::size_t bytes);

    /// Frees `slot` and returns its ticket; empty when it was free already.
    [[nodiscard]] std::optional<PublishTicket> give_back(std::size_t slot);

    /// Frees every slot and returns the tickets that were in them, without the zeros.
    [[nodiscard]] std::vector<PublishTicket> give_back_all();

    [[nodiscard]] std::size_t taken() const { return slots_.size() - free_.size(); }

    /// Of all that is taken.
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

    [[nodiscard]] bool full() const { return free_.empty(); }

private:
    struct Taken {
        PublishTicket ticket;
        std::size_t bytes;
    };

    std::vector<std::optional<Taken>> slots_;
    std::vector<std::size_t> free_;
    std::size_t bytes_ = 0;
};

}  // namespace dm::broker
