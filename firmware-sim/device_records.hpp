#pragma once

#include "firmware-sim/command_journal.hpp"
#include "firmware-sim/counters.hpp"
#include "firmware-sim/history.hpp"
#include "firmware-sim/journal.hpp"
#include "protocol/frames.hpp"

#include <memory>
#include <string_view>
#include <utility>

namespace dm::sim {

/// Everything the devices of one thread write down: the journal they need themselves and the
/// history for others. Both are optional. One thread.
class DeviceRecords final : public CommandJournal {
public:
    /// Either may be null; `history` and `counters` outlive this.
    DeviceRecords(std::unique_ptr<Journal> journal, History* history, Counters& counters)
        : journal_(std::move(journal)), history_(history), counters_(counters) {}

    [[nodiscard]] Journal* journal() { return journal_.get(); }

    // An id is in the journal before the history says that it was executed, and that before its
    // reply is in the journal: wherever the process is killed, the history tells of each execution
    // whose reply can still be sent, and of none twice.
    [[nodiscard]] bool begun(const proto::DeviceId& device,
                             std::uint64_t epoch,
                             const proto::CommandFrame& command,
                             Moment now) override;
    void replied(const proto::DeviceId& device, const proto::Reply& reply) override;
    void acknowledged(const proto::DeviceId& device, const std::string& id) override;

    // ---- history only ----

    void received(const proto::DeviceId& device,
                  std::uint64_t epoch,
                  const proto::ServerFrame& frame,
                  Moment now);
    void sending(const proto::DeviceId& device,
                 std::uint64_t epoch,
                 const proto::DeviceFrame& frame,
                 Moment now);
    void closed(const proto::DeviceId& device,
                std::uint64_t epoch,
                int code,
                std::string_view reason,
                Moment now);

private:
    void check(bool written);

    std::unique_ptr<Journal> journal_;
    History* history_;
    Counters& counters_;
};

}  // namespace dm::sim
