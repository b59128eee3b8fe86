// The relay's side towards the shards: what sessions report.

#include "device-mgmt/failpoint/failpoint.hpp"
#include "device-mgmt/log/log.hpp"
#include "device-mgmt/relay/relay.hpp"

#include <utility>

namespace dm::relay {

void Relay::take(core::Report& report) {
    if (!claims_.empty()) {
        const Claims::Held held = claims_.hold(report);
        if (held == Claims::Held::dropped) {
            dropped(report);
        }
        if (held != Claims::Held::no) {
            return;
        }
    }
    if (const auto* login = std::get_if<core::SessionOpened>(&report.body)) {
        opened(report, *login);
    } else if (const auto* end = std::get_if<core::SessionClosed>(&report.body)) {
        closed(report, *end);
    } else if (const auto* sent = std::get_if<core::CommandSent>(&report.body)) {
        --unconfirmed_;
        if (sent->ok) {
            failpoint::pass(failpoint::Point::command_sent);
        }
        dispatcher_.sent(report.device, report.from, sent->id, sent->ok, sent->at);
    } else if (std::holds_alternative<core::SessionWritable>(report.body)) {
        dispatcher_.writable(report.device, report.from, clock_());
    } else if (auto* frame = std::get_if<core::ForwardedFrame>(&report.body)) {
        forwarded(report, *frame);
    }
    carry_out_effects();
}

// What a device can repeat is not dropped silently: its session ends, as beyond kMaxReportsHard.
void Relay::dropped(const core::Report& report) {
    metrics_.broker_dropped("report");
    const auto* frame = std::get_if<core::ForwardedFrame>(&report.body);
    if (frame != nullptr && !core::is_expendable(*frame)) {
        post_order_({report.from, core::CloseSession{proto::CloseCode::overloaded, std::nullopt}});
    }
}

void Relay::opened(const core::Report& report, const core::SessionOpened& opened) {
    if (ownership_.is_shared()) {
        claim(report, opened);
        return;
    }
    settle(report.device,
           report.from,
           opened,
           directory_.claim(report.device, report.from, opened.remote, clock_(), opened.admitted));
}

void Relay::settle(const proto::DeviceId& device,
                   core::SessionRef session,
                   const core::SessionOpened& opened,
                   const core::Directory::Claim& claim) {
    const core::Moment now = clock_();
    if (claim.overtaken) {
        metrics_.takeover();
        log::info("session_overtaken",
                  {{"device", device.str()},
                   {"remote", opened.remote},
                   {"owner_remote", claim.replaced->remote}});
        post_order_({session, core::CloseSession{proto::CloseCode::replaced, std::nullopt}});
        return;
    }
    if (!claim.granted) {
        log::error("device_id_duel",
                   {{"device", device.str()},
                    {"remote", opened.remote},
                    {"owner_remote", claim.replaced->remote},
                    {"retry_after_ms", claim.retry_after.count()}});
        post_order_({session, core::CloseSession{proto::CloseCode::overloaded, claim.retry_after}});
        return;
    }
    if (claim.replaced) {
        metrics_.takeover();
        log::info("session_replaced",
                  {{"device", device.str()},
                   {"remote", opened.remote},
                   {"old_remote", claim.replaced->remote},
                   {"epoch", claim.epoch}});
        post_order_({claim.replaced->session,
                     core::CloseSession{proto::CloseCode::replaced, std::nullopt}});
    }
    epochs_.cover(claim.epoch, now.wall);
    subscriptions_.drop(device);
    groups_.join(device, opened.groups);
    post_order_({session, core::Welcome{claim.epoch}});
    const core::DirectoryEntry& entry = *directory_.find(device);
    outbox_.put_retained(publications_.online(device, entry));
    remember_online(device, entry, std::nullopt);
    dispatcher_.attach(device, session, now);
}

void Relay::closed(const core::Report& report, const core::SessionClosed& closed) {
    const core::Moment now = clock_();
    dispatcher_.detach(report.device, report.from, now);
    const auto entry = directory_.release(report.device, report.from);
    if (!entry) {
        return;
    }
    proto::DeviceDetails details = offline(report.device, *entry, closed.code, now.wall);
    subscriptions_.drop(report.device);
    groups_.leave(report.device);
    // A later session elsewhere has told already that the device is online.
    ownership_.detach(report.device,
                      entry->epoch,
                      [this, entry = *entry, details = std::move(details)](bool was_last) mutable {
                          if (was_last) {
                              outbox_.put_retained(publications_.offline(
                                  details.device, entry, details.reason, details.since));
                              store_.save_device(std::move(details));
                          }
                      });
}

void Relay::forwarded(const core::Report& report, core::ForwardedFrame& frame) {
    // A session that no longer owns its device is not listened to: its epoch is over.
    core::DirectoryEntry* entry = directory_.owned(report.device, report.from);
    if (entry == nullptr) {
        return;
    }
    const core::Moment now = clock_();
    if (auto* reply = std::get_if<proto::Reply>(&frame)) {
        failpoint::pass(failpoint::Point::reply_received);
        replied(report, *reply);
    } else if (const auto* ack = std::get_if<proto::Ack>(&frame)) {
        dispatcher_.acked(report.device, report.from, ack->id, now);
    } else if (const auto* telemetry = std::get_if<proto::Telemetry>(&frame)) {
        publish_expendable(publications_.telemetry(report.device, *telemetry, now.wall),
                           "telemetry");
    } else if (const auto* alert = std::get_if<proto::Alert>(&frame)) {
        if (!outbox_.put_expendable(publications_.alert(report.device, *alert, now.wall))) {
            metrics_.broker_dropped("alert");
        }
    } else if (auto* hello = std::get_if<proto::Hello>(&frame)) {
        entry->model = std::move(hello->model);
        entry->firmware = std::move(hello->firmware);
        outbox_.put_retained(publications_.online(report.device, *entry));
        if (hello->labels) {
            groups_.describe(report.device, *hello->labels);
        }
        remember_online(report.device, *entry, std::move(hello->labels));
    } else if (const auto* wanted = std::get_if<proto::Subscribe>(&frame)) {
        subscribe(report, *wanted);
    } else if (const auto* unwanted = std::get_if<proto::Unsubscribe>(&frame)) {
        unsubscribe(report, *unwanted);
    }
}

void Relay::tell_stopped(const proto::DeviceDetails& device) {
    if (directory_.find(device.device) == nullptr) {  // else it is back, with a higher epoch
        outbox_.put_retained(publications_.offline(
            device.device,
            {{}, device.epoch, device.since, {}, device.model, device.firmware},
            device.reason,
            device.since));
    }
}

void Relay::remember_online(const proto::DeviceId& device,
                            const core::DirectoryEntry& entry,
                            std::optional<proto::JsonText> labels) {
    store_.save_device({device,
                        true,
                        entry.epoch,
                        settings_.node,
                        entry.since,
                        "connected",
                        entry.model,
                        entry.firmware,
                        std::move(labels),
                        groups_.of(device),
                        entry.since,
                        entry.since});
}

proto::DeviceDetails Relay::offline(const proto::DeviceId& device,
                                    const core::DirectoryEntry& entry,
                                    proto::CloseCode code,
                                    proto::WallTime now) const {
    return {device,
            false,
            entry.epoch,
            settings_.node,
            now,
            std::string(proto::word(code)),
            entry.model,
            entry.firmware,
            std::nullopt,
            groups_.of(device),
            entry.since,
            now};
}

void Relay::replied(const core::Report& report, proto::Reply& reply) {
    if (dispatcher_.replied(report.device, report.from, reply, clock_())) {
        return;
    }
    if (!ownership_.trusted()) {
        return;  // nobody could answer; the device repeats it
    }
    core::CommandKey key{report.device, reply.id};
    store_.find_finished(
        key,
        [this, device = report.device, session = report.from, reply = std::move(reply)](
            const auto& finished) {
            dispatcher_.reply_to_finished(device, session, reply, finished, clock_());
            carry_out_effects();
        });
}

}  // namespace dm::relay
