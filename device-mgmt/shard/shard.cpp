#include "device-mgmt/shard/shard.hpp"

#include "device-mgmt/log/log.hpp"
#include "device-mgmt/shard/admission.hpp"

#include <algorithm>
#include <utility>

#include <asio/post.hpp>

namespace dm::shard {

namespace {

constexpr std::chrono::milliseconds kShortestRetry{1000};

/// A silent session is to be gone by `dead_after`, not from then on: it counts as dead so much
/// earlier, or by a sixtieth. That covers the half second that the peer has to answer the close,
/// the wheel's tick, and a busy loop.
constexpr std::chrono::milliseconds kDeadBefore{750};

ShardSettings closing_in_time(ShardSettings settings) {
    settings.session.dead_after -= std::min(kDeadBefore, settings.session.dead_after / 60);
    return settings;
}

/// Telemetry and alerts may be lost when the relay is behind; a reply or its ack may not: its
/// device has to come back and say it again.
bool may_be_lost(const core::ReportBody& body) {
    const auto* frame = std::get_if<core::ForwardedFrame>(&body);
    return frame != nullptr && (std::holds_alternative<proto::Telemetry>(*frame) ||
                                std::holds_alternative<proto::Alert>(*frame));
}

}  // namespace

/// A session and what it needs from here.
class Shard::Host final : public core::SessionHost {
public:
    Host(Shard& shard, core::SessionRef ref, Admitted admitted, core::DeviceLink& link)
        : shard_(shard),
          ref_(ref),
          method_(admitted.identity.method),
          proof_(admitted.identity.proof),
          opened_(core::read_clock().mono),
          remote_(link.remote()),
          session_(shard.settings_.session,
                   std::move(admitted.identity.device),
                   admitted.format,
                   admitted.identity.expires_at,
                   link,
                   *this) {
        report(
            core::SessionOpened{remote_, std::move(admitted.identity.groups), admitted.admitted});
    }

    [[nodiscard]] core::Session& session() { return session_; }

    [[nodiscard]] bool is_proven_by(const auth::KeyRing& keys) const {
        return keys.still_proves(method_, proof_, session_.device());
    }

    void report(core::ReportBody body) override {
        const bool expendable = may_be_lost(body);
        if (!shard_.upstream_.report({ref_, session_.device(), std::move(body)}) && !expendable) {
            session_.close(proto::CloseCode::overloaded, kShortestRetry);
        }
    }

    void check_at(core::Instant when) override {
        shard_.wake_for(shard_.checks_.add(when, ref_.session));
    }

    [[nodiscard]] tl::expected<proto::WallTime, std::string> renew_token(
        std::string_view jwt) override {
        const auto identity = shard_.authenticator_.check_token(jwt, now().wall);
        if (!identity) {
            return tl::unexpected(std::string(auth::word(identity.error())));
        }
        if (identity->device != session_.device() || !identity->expires_at) {
            return tl::unexpected(std::string("subject is not this session's device"));
        }
        return *identity->expires_at;
    }

    void count_in(std::string_view type) override { shard_.metrics_.frame_in(type); }

    void count_out(std::string_view type) override { shard_.metrics_.frame_out(type); }

    void log_close(proto::CloseCode code, std::string_view reason) override {
        const auto age = std::chrono::duration_cast<std::chrono::seconds>(now().mono - opened_);
        shard_.metrics_.session_closed(proto::word(code));
        log::info("session_closed",
                  {{"device", session_.device().str()},
                   {"remote", remote_},
                   {"code", static_cast<int>(code)},
                   {"reason", reason},
                   {"age_s", age.count()}});
        shard_.count_.fetch_sub(1, std::memory_order_relaxed);
        // Destroyed with the next tick: this call comes out of the session itself.
        shard_.gone_.push_back(ref_.session);
    }

    [[nodiscard]] core::Moment now() const override { return core::read_clock(); }

private:
    Shard& shard_;
    core::SessionRef ref_;
    auth::Method method_;
    std::uint64_t proof_;
    core::Instant opened_;
    std::string remote_;
    core::Session session_;
};

Shard::Shard(ShardSettings settings,
             std::shared_ptr<const net::TlsContext> tls,
             std::shared_ptr<const auth::KeyRing> keys,
             Upstream& upstream,
             ops::Metrics& metrics)
    : settings_(closing_in_time(std::move(settings))),
      upstream_(upstream),
      metrics_(metrics),
      loop_("shard-" + std::to_string(settings_.index)),
      authenticator_(std::move(keys)),
      orders_(loop_.io(), [this](std::vector<core::Order>& orders) { carry_out(orders); }),
      arriving_(loop_.io(),
                [this](std::vector<core::Delivery>& batch) {
                    for (core::Delivery& delivery : batch) {
                        deliveries_.add(std::move(delivery));
                    }
                }),
      deliveries_(
          loop_.io(),
          metrics,
          Deliveries::kPause,
          [this](std::uint64_t session) {
              Host* found = host(session);
              return found == nullptr ? nullptr : &found->session();
          },
          [this](core::Delivered delivered) { upstream_.delivered(delivered); }),
      checks_(core::read_clock().mono),
      check_timer_(loop_.io()),
      random_(std::random_device{}()),
      endpoint_(loop_.io(), settings_.endpoint, std::move(tls), *this, observer()) {}

Shard::~Shard() {
    stop();
}

net::EndpointObserver Shard::observer() {
    return {
        [this](std::chrono::steady_clock::duration took) { metrics_.handshake(took); },
        [this](int status) { metrics_.upgrade_refused(status); },
        [this](const std::string& what) {
            metrics_.handshake_failed(what);
            log::debug("handshake_failed", {{"what", what}});
        },
    };
}

tl::expected<void, std::string> Shard::listen() {
    return endpoint_.listen();
}

void Shard::start() {
    metrics_.loop_lag(loop_.name(), loop_.lag());
    loop_.start([this](core::Moment now) { on_tick(now); });
}

tl::expected<net::Admission, net::Refusal> Shard::on_upgrade(const net::UpgradeRequest& request) {
    const core::Moment now = core::read_clock();
    auto admitted = admit(request, settings_.origins, authenticator_, now.wall);
    if (!admitted) {
        const Refused& refused = admitted.error();
        if (!refused.detail.empty()) {
            metrics_.auth_refused(refused.detail);
        }
        log::warn("upgrade_refused",
                  {{"remote", request.remote},
                   {"status", refused.answer.status},
                   {"reason", refused.answer.reason},
                   {"detail", refused.detail}});
        return tl::unexpected(refused.answer);
    }
    admitted->admitted = now.mono;
    net::Admission admission;
    admission.subprotocol = admitted->subprotocol;
    admission.identity = std::move(*admitted);
    return admission;
}

core::LinkListener* Shard::on_open(core::DeviceLink& link, std::any identity) {
    const core::SessionRef ref{settings_.index, next_session_++};
    auto admitted = std::any_cast<Admitted>(std::move(identity));
    count_.fetch_add(1, std::memory_order_relaxed);
    metrics_.session_opened();
    log::info("session_opened",
              {{"device", admitted.identity.device.str()},
               {"remote", link.remote()},
               {"method", auth::word(admitted.identity.method)},
               {"format", admitted.format == proto::Format::json ? "json" : "cbor"}});
    auto& host = hosts_[ref.session];
    host = std::make_unique<Host>(*this, ref, std::move(admitted), link);
    if (draining_) {
        close_for_drain(*host);
    }
    return &host->session();
}

Shard::Host* Shard::host(std::uint64_t session) {
    const auto it = hosts_.find(session);
    return it == hosts_.end() || it->second->session().closed() ? nullptr : it->second.get();
}

void Shard::carry_out(std::vector<core::Order>& orders) {
    for (core::Order& order : orders) {
        carry_out(host(order.to.session), order);
    }
}

void Shard::carry_out(Host* target, core::Order& order) {
    if (auto* send = std::get_if<core::SendCommand>(&order.body)) {
        if (target != nullptr) {
            target->session().send_command(send->frame);
        } else {
            static_cast<void>(upstream_.report(
                {order.to,
                 std::move(send->device),
                 core::CommandSent{std::move(send->frame.id), false, core::read_clock()}}));
        }
    } else if (target == nullptr) {
        return;
    } else if (const auto* welcome = std::get_if<core::Welcome>(&order.body)) {
        target->session().welcome(welcome->epoch);
    } else if (const auto* reply = std::get_if<core::AcknowledgeReply>(&order.body)) {
        target->session().acknowledge(reply->ack);
    } else if (const auto* refuse = std::get_if<core::RefuseFrame>(&order.body)) {
        target->session().refuse(refuse->error);
    } else if (const auto* close = std::get_if<core::CloseSession>(&order.body)) {
        target->session().close(close->code, close->retry_after);
    }
}

void Shard::on_tick(core::Moment now) {
    for (const std::uint64_t session : std::exchange(gone_, {})) {
        hosts_.erase(session);
    }
    while (!drain_plan_.empty() && drain_plan_.back().when <= now.mono) {
        if (Host* found = host(drain_plan_.back().session)) {
            close_for_drain(*found);
        }
        drain_plan_.pop_back();
    }
    if (draining_ && hosts_.empty() && endpoint_.handshakes() == 0) {
        drained_.store(true, std::memory_order_relaxed);
    }
    metrics_.loop_lag(loop_.name(), loop_.lag());
}

void Shard::wake_for(core::Instant due) {
    if (due >= next_check_) {
        return;
    }
    next_check_ = due;
    check_timer_.expires_at(due);
    check_timer_.async_wait([this](const std::error_code& cancelled) {
        if (!cancelled) {
            next_check_ = core::Instant::max();
            check_due();
        }
    });
}

void Shard::check_due() {
    const core::Instant now = core::read_clock().mono;
    looks_.add(checks_.due(now));
    const bool through = looks_.turn([this](std::uint64_t session) {
        Host* found = host(session);
        return found != nullptr && found->session().check();
    });
    if (!through) {
        wake_for(now + core::LookQueue::kBetweenTurns);
    }
    if (const auto next = checks_.next()) {
        wake_for(*next);
    }
}

void Shard::reload(std::shared_ptr<const net::TlsContext> tls,
                   std::shared_ptr<const auth::KeyRing> keys,
                   std::function<void()> in_force) {
    asio::post(
        loop_.io(),
        [this, tls = std::move(tls), keys = std::move(keys), in_force = std::move(in_force)] {
            if (tls != nullptr) {
                endpoint_.replace_tls(tls);
            }
            authenticator_.replace_keys(keys);
            for (const auto& [number, found] : hosts_) {
                if (!found->is_proven_by(*keys)) {
                    found->session().revoke();
                }
            }
            in_force();
        });
}

void Shard::drain(Drain wanted) {
    asio::post(loop_.io(), [this, wanted] { plan_drain(wanted); });
}

void Shard::plan_drain(Drain wanted) {
    if (draining_) {
        return;
    }
    draining_ = wanted;
    endpoint_.stop_accepting();
    const core::Instant now = core::read_clock().mono;
    returns_from_ = wanted.others_are_up ? now : now + wanted.spread;
    std::uniform_int_distribution<std::int64_t> moment(0, wanted.spread.count());
    for (const auto& [session, unused] : hosts_) {
        drain_plan_.push_back({now + std::chrono::milliseconds(moment(random_)), session});
    }
    std::sort(drain_plan_.begin(), drain_plan_.end(), [](const DrainSlot& a, const DrainSlot& b) {
        return a.when > b.when;
    });
}

void Shard::close_for_drain(Host& host) {
    const auto until_returns = std::chrono::ceil<std::chrono::milliseconds>(
        std::max(core::Instant::duration::zero(), returns_from_ - core::read_clock().mono));
    std::uniform_int_distribution<std::int64_t> retry(
        kShortestRetry.count(), std::max(kShortestRetry, draining_->spread).count());
    host.session().close(proto::CloseCode::drain,
                         until_returns + std::chrono::milliseconds(retry(random_)));
}

void Shard::stop() {
    loop_.run_and_wait([this] {
        endpoint_.stop_accepting();
        endpoint_.abort_all();
    });
    loop_.run_and_wait([] {});  // behind the last on_close of the sessions that were aborted
    loop_.stop();
}

}  // namespace dm::shard
