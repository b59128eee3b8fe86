#include "firmware-sim/device_records.hpp"

#include <variant>

namespace dm::sim {
namespace {

using proto::JsonWriter;

JsonWriter line(std::string_view event,
                const proto::DeviceId& device,
                std::uint64_t epoch,
                Moment now) {
    auto writer = History::line("device", event, now);
    writer.text("device", device.str()).number("epoch", epoch);
    return writer;
}

std::uint64_t unix_ms(proto::WallTime time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

/// What of a frame is worth keeping besides its type.
struct AddFields {
    JsonWriter& line;

    void operator()(const proto::Welcome& welcome) const { line.text("node", welcome.node); }

    void operator()(const proto::CommandFrame& command) const {
        line.text("id", command.id)
            .number("attempt", std::uint64_t{command.attempt})
            .text("command", command.command)
            .json("args", command.args)
            .number("frame_time", unix_ms(command.time))
            .number("expires_at", unix_ms(command.expires_at))
            .number("expires_in_ms", command.expires_in);
    }

    void operator()(const proto::ReplyAck& ack) const {
        line.text("id", ack.id).text("result", proto::word(ack.result));
    }

    void operator()(const proto::ErrorFrame& error) const {
        line.text("code", proto::word(error.code)).text_if_any("id", error.id);
    }

    void operator()(const proto::Reply& reply) const {
        line.text("id", reply.id).text("status", reply.status).json_if_any("data", reply.data);
    }

    void operator()(const proto::Ack& ack) const { line.text("id", ack.id); }

    template <class Other>
    void operator()(const Other& /*frame*/) const {}
};

}  // namespace

void DeviceRecords::check(bool written) {
    if (!written) {
        counters_.journal_failures.add();
    }
}

bool DeviceRecords::begun(const proto::DeviceId& device,
                          std::uint64_t epoch,
                          const proto::CommandFrame& command,
                          Moment now) {
    if (journal_ && !journal_->begun(device, command.id)) {
        counters_.journal_failures.add();
        return false;
    }
    if (history_ != nullptr) {
        auto text = line("executed", device, epoch, now);
        AddFields{text}(command);
        history_->write(text);
    }
    return true;
}

void DeviceRecords::replied(const proto::DeviceId& device, const proto::Reply& reply) {
    check(!journal_ || journal_->replied(device, reply));
}

void DeviceRecords::acknowledged(const proto::DeviceId& device, const std::string& id) {
    check(!journal_ || journal_->acknowledged(device, id));
}

void DeviceRecords::received(const proto::DeviceId& device,
                             std::uint64_t epoch,
                             const proto::ServerFrame& frame,
                             Moment now) {
    if (history_ != nullptr) {
        const auto* welcome = std::get_if<proto::Welcome>(&frame);
        auto text = line("received", device, welcome != nullptr ? welcome->epoch : epoch, now);
        text.text("type", proto::type_of(frame));
        std::visit(AddFields{text}, frame);
        history_->write(text);
    }
}

void DeviceRecords::sending(const proto::DeviceId& device,
                            std::uint64_t epoch,
                            const proto::DeviceFrame& frame,
                            Moment now) {
    if (history_ != nullptr) {
        auto text = line("sent", device, epoch, now);
        text.text("type", proto::type_of(frame));
        std::visit(AddFields{text}, frame);
        history_->write(text);
    }
}

void DeviceRecords::closed(const proto::DeviceId& device,
                           std::uint64_t epoch,
                           int code,
                           std::string_view reason,
                           Moment now) {
    if (history_ != nullptr) {
        auto text = line("closed", device, epoch, now);
        text.number("code", static_cast<std::uint64_t>(code)).text("reason", reason);
        history_->write(text);
    }
}

}  // namespace dm::sim
