// The relay's side towards other nodes that work with the same store: whose a device is.

#include "device-mgmt/log/log.hpp"
#include "device-mgmt/relay/relay.hpp"

#include <algorithm>
#include <utility>

namespace dm::relay {

namespace {

/// A session that cannot have its device now comes back after so long, and no two at once.
constexpr std::chrono::milliseconds kComeBackAfter{1000};
constexpr std::chrono::milliseconds kComeBackSpread{4000};

/// Ticks in which a node without the shared directory closes all of its sessions: 10 s.
constexpr std::size_t kTicksToClose = 40;

std::chrono::milliseconds come_back(core::SessionRef session) {
    return kComeBackAfter +
           std::chrono::milliseconds(session.session * 37 %
                                     static_cast<std::uint64_t>(kComeBackSpread.count()));
}

core::Submission to_submission(core::Command command) {
    core::Submission submission{std::move(command.key.device),
                                {std::move(command.key.id),
                                 std::move(command.content.command),
                                 std::move(command.content.args),
                                 command.content.timeout,
                                 command.content.ttl,
                                 command.delivery,
                                 command.report_states,
                                 std::nullopt},
                                std::move(command.reply_to),
                                std::move(command.traceparent),
                                std::move(command.operator_name)};
    submission.fallback_id = *submission.request.id;
    return submission;
}

}  // namespace

Ownership::Events Relay::ownership_events() {
    Ownership::Events events;
    events.take_over = [this](std::vector<core::Command> unfinished) {
        const core::Moment now = clock_();
        for (core::Command& command : unfinished) {
            dispatcher_.restore(std::move(command), now);
        }
        carry_out_effects();
    };
    events.release = [this](const auto& device) { release(device); };
    events.lose = [this](const auto& device, proto::CloseCode code) { lose(device, code); };
    events.ended = [this](const auto& device, const auto& session) { tell_ended(device, session); };
    events.adopt_outbox = [this](const auto& numbers) { outbox_.adopt(numbers); };
    events.last_outbox_number = [this] { return outbox_.last_number(); };
    events.trust = [this](bool trusted) { trust(trusted); };
    events.is_idle = [this](const auto& device) {
        return directory_.find(device) == nullptr && !dispatcher_.has_mailbox(device);
    };
    return events;
}

// ---- sessions ----

void Relay::claim(const core::Report& report, const core::SessionOpened& opened) {
    if (!ownership_.trusted()) {
        post_order_({report.from,
                     core::CloseSession{proto::CloseCode::overloaded, come_back(report.from)}});
        return;
    }
    const core::DirectoryEntry* entry = directory_.find(report.device);
    const auto claimed = claims_.admitted(report.device);
    if ((entry != nullptr && opened.admitted < entry->admitted) ||
        (claimed && opened.admitted < *claimed)) {
        metrics_.takeover();
        log::info("session_overtaken",
                  {{"device", report.device.str()}, {"remote", opened.remote}});
        post_order_({report.from, core::CloseSession{proto::CloseCode::replaced, std::nullopt}});
        return;
    }
    claims_.begin(report.device, {report.from, opened, clock_().mono});
    ownership_.attach(
        report.device,
        opened.remote,
        [this, device = report.device, session = report.from](const store::AttachResult& result) {
            attached(device, session, result);
        });
}

void Relay::attached(const proto::DeviceId& device,
                     core::SessionRef session,
                     const store::AttachResult& result) {
    std::optional<Claim> claim = claims_.take(device, session);
    if (!claim) {
        return;
    }
    if (std::holds_alternative<store::NotNow>(result)) {
        if (!claim->given_up) {
            post_order_(
                {session, core::CloseSession{proto::CloseCode::overloaded, come_back(session)}});
        }
        return;
    }
    const auto* attached = std::get_if<store::Attached>(&result);
    if (attached != nullptr) {
        settle(device, session, claim->opened, grant(device, *claim, *attached));
    } else {
        const auto& duel = std::get<store::Duel>(result);
        core::DirectoryEntry owner{};
        owner.remote = duel.owner.remote;
        settle(device, session, claim->opened, {false, 0, std::move(owner), duel.retry_after});
    }
    carry_out_effects();
    for (core::Report& held : claim->held) {
        take(held);
    }
}

core::Directory::Claim Relay::grant(const proto::DeviceId& device,
                                    const Claim& claim,
                                    const store::Attached& attached) {
    const auto tell = [&](const std::string& node) {
        say(node, {true, device, attached.epoch, settings_.node});
    };
    if (attached.owner_before) {
        tell(*attached.owner_before);
    }
    if (const auto& previous = attached.previous; previous && previous->node != settings_.node) {
        if (previous->node != attached.owner_before) {
            tell(previous->node);
        }
        if (!previous->over) {
            metrics_.takeover();
            log::info("session_taken_over",
                      {{"device", device.str()},
                       {"remote", claim.opened.remote},
                       {"old_remote", previous->remote},
                       {"old_node", previous->node},
                       {"epoch", attached.epoch}});
        }
    }
    return directory_.grant(device,
                            {claim.session,
                             attached.epoch,
                             clock_().wall,
                             claim.opened.remote,
                             std::nullopt,
                             std::nullopt,
                             claim.opened.admitted});
}

void Relay::take(const NodeWord& word) {
    if (!word.taken) {
        // What that node has said of its own session, maybe after us, is replaced.
        const core::DirectoryEntry* entry = directory_.find(word.device);
        if (entry != nullptr && entry->epoch == word.epoch) {
            outbox_.put_retained(publications_.online(word.device, *entry));
        }
        return;
    }
    ownership_.check(word.device, [this, word] {
        say(word.node, {false, word.device, word.epoch, settings_.node});
    });
}

void Relay::say(const std::string& node, const NodeWord& word) {
    if (!outbox_.put_expendable(publications_.word_to(node, word).message)) {
        metrics_.broker_dropped("node");
    }
}

void Relay::release(const proto::DeviceId& device) {
    for (core::Command& command : dispatcher_.release(device)) {
        broadcasts_.stored(command.key);
        reroute(to_submission(std::move(command)));
    }
    continue_broadcasts();
}

void Relay::lose(const proto::DeviceId& device, proto::CloseCode code) {
    if (const core::DirectoryEntry* entry = directory_.find(device)) {
        const core::SessionRef session = entry->session;
        post_order_({session, core::CloseSession{code, std::nullopt}});
        directory_.release(device, session);
        subscriptions_.drop(device);
        groups_.leave(device);
        // Whoever has it now is to know that we say nothing more.
        store_.find_device(device, [this](const auto& found) {
            if (found && *found && (*found)->node != settings_.node) {
                say((*found)->node, {false, (*found)->device, (*found)->epoch, settings_.node});
            }
        });
    }
    release(device);
}

void Relay::tell_ended(const proto::DeviceId& device, const store::PreviousSession& session) {
    store_.find_device(device, [this, device, session](const auto& found) {
        const bool known = found && *found;
        // It may have come back meanwhile, here or elsewhere.
        if ((known && (*found)->epoch > session.epoch) || directory_.find(device) != nullptr) {
            return;
        }
        const proto::WallTime now = clock_().wall;
        proto::DeviceDetails details{
            device, false, session.epoch, session.node, now, {}, {}, {}, {}, {}, now, now};
        if (known && (*found)->epoch == session.epoch) {
            details = **found;
        }
        details.online = false;
        details.reason = store::kNodeStopped;
        details.since = now;
        tell_stopped(details);
        store_.save_device(std::move(details));
    });
}

// ---- commands ----

void Relay::reroute(core::Submission submission, Patience patience) {
    const auto shared = std::make_shared<core::Submission>(std::move(submission));
    look_up(shared, [this, shared, patience](const auto& elsewhere, const auto& finished) {
        if (elsewhere) {
            hand_over(*elsewhere, *shared);
        } else {
            decide(*shared, finished, patience);
        }
    });
}

void Relay::hand_over(const std::string& node, const core::Submission& submission) {
    metrics_.handed_over();
    outbox_.put(publications_.handed_over(node, submission));
}

void Relay::hand_over(const std::string& node, const relay::Cancel& cancel) {
    metrics_.handed_over();
    outbox_.put(publications_.handed_over(node, cancel));
}

// ---- time ----

void Relay::trust(bool trusted) {
    const bool was_away = health_.shared_store_away.exchange(!trusted, std::memory_order_relaxed);
    if (!trusted) {
        dispatcher_.pause();
        if (!was_away) {
            log::error("shared_store_away",
                       {{"why", "nothing is sent or accepted until it is back"}});
        }
        return;
    }
    log::info("shared_store_back");
    dispatcher_.send_until(ownership_.trusted_until(), clock_());
    tell_presence();  // not while it was unknown whose the devices are
    dispatcher_.go_on(clock_());
    carry_out_effects();
    inlet_.pump();
}

void Relay::watch_nodes() {
    const core::Instant now = clock_().mono;
    dispatcher_.send_until(ownership_.trusted_until(), clock_());
    carry_out_effects();
    if (state_ == "up") {
        ownership_.tick(now);
    }
    for (const core::SessionRef session : claims_.overdue(now)) {
        post_order_(
            {session, core::CloseSession{proto::CloseCode::overloaded, come_back(session)}});
    }
    for (core::Submission& follower : followers_.take_overdue(now)) {
        reroute(std::move(follower), Patience::none);
    }
    if (!ownership_.is_away_too_long(now)) {
        return;
    }
    const auto& entries = directory_.entries();
    for (std::size_t left = entries.bucket_count() / kTicksToClose + 1; left > 0; --left) {
        close_bucket_ = close_bucket_ + 1 < entries.bucket_count() ? close_bucket_ + 1 : 0;
        for (auto it = entries.cbegin(close_bucket_); it != entries.cend(close_bucket_); ++it) {
            const core::SessionRef session = it->second.session;
            post_order_({session, core::CloseSession{proto::CloseCode::drain, come_back(session)}});
        }
    }
}

}  // namespace dm::relay
