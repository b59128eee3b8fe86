#include "device-mgmt/store/operations.hpp"

#include <algorithm>

namespace dm::store {

namespace {

struct Urgent {
    bool operator()(const RemoveOutboxOp& /*op*/) const { return false; }

    bool operator()(const ImportedOp& /*op*/) const { return false; }

    bool operator()(const AcknowledgedOp& /*op*/) const { return false; }

    bool operator()(const EpochOp& /*op*/) const { return false; }

    bool operator()(const DeviceOp& /*op*/) const { return false; }

    bool operator()(const MarkOp& op) const { return static_cast<bool>(op.done); }

    template <class Other>
    bool operator()(const Other& /*op*/) const {
        return true;
    }
};

struct Bytes {
    std::size_t operator()(const AcceptOp& op) const {
        return op.command.content.args.size() + op.command.content.command.size();
    }

    std::size_t operator()(const FinishOp& op) const {
        return op.finished.content.args.size() + op.finished.payload.size() +
               (op.row ? op.row->payload.size() : 0);
    }

    std::size_t operator()(const PutOutboxOp& op) const { return op.row.payload.size(); }

    std::size_t operator()(const RemoveOutboxOp& op) const {
        return op.numbers.size() * sizeof(std::uint64_t);
    }

    std::size_t operator()(const DeviceOp& op) const {
        return op.device.labels ? op.device.labels->size() : 0;
    }

    template <class Other>
    std::size_t operator()(const Other& /*op*/) const {
        return 0;
    }
};

}  // namespace

bool is_heavy(const Op& op) {
    return std::holds_alternative<FindOp>(op) || std::holds_alternative<FindOutboxOp>(op) ||
           std::holds_alternative<QueryOp>(op) || std::holds_alternative<RemoveOutboxOp>(op);
}

bool is_urgent(const Op& op) {
    return std::visit(Urgent{}, op);
}

std::size_t urgent_in(const std::vector<Op>& batch) {
    return static_cast<std::size_t>(std::count_if(batch.begin(), batch.end(), is_urgent));
}

std::size_t bytes_of(const Op& op) {
    return sizeof(Op) + std::visit(Bytes{}, op);
}

}  // namespace dm::store
