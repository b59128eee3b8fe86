#pragma once

#include "firmware-sim/history.hpp"
#include "firmware-sim/operator_link.hpp"
#include "protocol/operator_messages.hpp"

#include <memory>
#include <string>
#include <utility>

namespace dm::sim {

/// What an operator did and saw, as lines of a history. One thread.
class PublisherRecords {
public:
    /// Null: nothing is written.
    explicit PublisherRecords(std::unique_ptr<History> history) : history_(std::move(history)) {}

    /// Before a publish; `repeated`: not the command's first.
    void submitting(const std::string& device,
                    const proto::CommandRequest& request,
                    bool repeated,
                    Moment now);

    /// A message of the server, payload and all.
    void received(const broker::InboundMessage& message, Moment now);

    void connected(bool session_present, Moment now);

    [[nodiscard]] std::uint64_t lost() const { return history_ ? history_->lost() : 0; }

private:
    std::unique_ptr<History> history_;
};

}  // namespace dm::sim
