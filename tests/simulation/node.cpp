#include "tests/simulation/node.hpp"

#include "tests/simulation/device.hpp"

#include <algorithm>
#include <utility>

#include <asio/post.hpp>

namespace dm::simulation {

namespace {

using namespace std::chrono_literals;

relay::RelaySettings relay_settings(const Run& run, core::DispatchSettings dispatch) {
    relay::RelaySettings settings;
    settings.node = "n1";
    settings.version = "simulation";
    settings.dispatch = std::move(dispatch);
    if (run.lies(Lie::window_is_wider)) {
        settings.dispatch.window += 2;
    }
    return settings;
}

}  // namespace

Node::Node(NodeSurroundings surroundings,
           const core::DispatchSettings& dispatch,
           core::SessionSettings session)
    : in_(surroundings),
      run_(surroundings.run),
      session_settings_(std::move(session)),
      process_(run_.schedule.begin_owner()),
      store_(run_,
             in_.disk,
             process_,
             [this](std::function<void()> done) {
                 asio::post(loop_.io(), std::move(done));
                 wake();
             }),
      broker_(run_, in_.broker, process_),
      tick_(run_.chance.between(loop::Loop::kTick, 3000ms)),
      relay_(relay_settings(run_, dispatch),
             {loop_,
              broker_,
              store_,
              in_.disk.ingress,
              in_.metrics,
              health_,
              [this](core::Order order) { post(std::move(order)); },
              [this](const std::string& reason) { run_.require(false, "fatal", reason); }},
             store_.load(run_.now()),
             {[this] { return run_.now(); },
              relay::UuidSource(run_.chance.number()),
              relay::UuidSource(run_.chance.number())}) {
    run_.note("node: started");
    broker_.when_called([this] { wake(); });
    relay_.begin();
    wake();
    tick();
}

Node::~Node() {
    run_.note("node: killed");
    run_.schedule.end_owner(process_);
    store_.kill();
    for (const auto& [number, connection] : connections_) {
        Device& device = connection->device();
        const auto notices = run_.chance.between(0ms, run_.chance.one_in(4) ? 5000ms : 20ms);
        run_.schedule.after(notices, Schedule::kNobody, [&device, lost = number] {
            device.on_closed(lost, std::nullopt);
        });
    }
}

// ---- the relay's thread ----

void Node::wake() {
    if (!is_due_) {
        is_due_ = true;
        run_.schedule.at(std::max(stalled_until_, run_.now().mono + run_.chance.hop()),
                         process_,
                         [this] { turn(); });
    }
}

void Node::turn() {
    is_due_ = false;
    while (loop_.io().poll_one() > 0) {
        if (run_.chance.one_in(8)) {  // the rest later: others may come in between
            wake();
            break;
        }
    }
    arm();
}

void Node::tick() {
    run_.schedule.at(std::max(stalled_until_, run_.now().mono + tick_), process_, [this] {
        relay_.tick();
        wake();
        tick();
    });
}

void Node::arm() {
    const auto next = relay_.next_deadline();
    if (!next || (armed_ && *armed_ <= *next) || run_.lies(Lie::clock_is_stopped)) {
        return;
    }
    armed_ = next;
    run_.schedule.at(std::max(stalled_until_, *next), process_, [this, when = *next] {
        if (armed_ == when) {
            armed_.reset();
        }
        relay_.advance();
        wake();
        arm();
    });
}

// ---- the shards ----

void Node::connect(Device& device, LinkNumber number) {
    const core::SessionRef ref{run_.chance.below(2), next_session_++};
    connections_.emplace(
        number, std::make_unique<Connection>(run_, *this, device, number, ref, session_settings_));
}

Connection* Node::connection(LinkNumber number) {
    const auto it = connections_.find(number);
    return it == connections_.end() || it->second->session().closed() ? nullptr : it->second.get();
}

Connection* Node::find(core::SessionRef ref) {
    for (const auto& [number, connection] : connections_) {
        if (connection->ref() == ref && !connection->session().closed()) {
            return connection.get();
        }
    }
    return nullptr;
}

void Node::forget_later(LinkNumber number) {
    run_.schedule.after(0ms, process_, [this, number] { connections_.erase(number); });
}

void Node::report(Connection& connection, core::ReportBody body) {
    core::Report report{connection.ref(), connection.device().id(), std::move(body)};
    if (auto* sent = std::get_if<core::CommandSent>(&report.body);
        sent != nullptr && run_.lies(Lie::sending_is_denied)) {
        sent->ok = sent->ok && !run_.chance.one_in(4);
    }
    if (!relay_.report(std::move(report))) {
        run_.require(false, "a report was not taken", connection.device().id().str());
    }
    wake();
}

void Node::post(core::Order order) {
    in_.ledger.ordered(order);
    Shard& shard = shards_.at(order.to.shard);
    shard.orders.push_back(std::move(order));
    if (!shard.is_due) {
        shard.is_due = true;
        const std::uint32_t index = shard.orders.back().to.shard;
        run_.schedule.after(run_.chance.hop(), process_, [this, index] { take_orders(index); });
    }
}

void Node::take_orders(std::uint32_t of) {
    Shard& shard = shards_.at(of);
    shard.is_due = false;
    if (run_.lies(Lie::sendings_swap) && shard.orders.size() > 1) {
        std::swap(shard.orders[0], shard.orders[1]);
    }
    while (!shard.orders.empty()) {
        core::Order order = std::move(shard.orders.front());
        shard.orders.pop_front();
        carry_out(order);
    }
}

void Node::carry_out(core::Order& order) {
    Connection* target = find(order.to);
    if (auto* send = std::get_if<core::SendCommand>(&order.body)) {
        if (target != nullptr) {
            target->session().send_command(send->frame);
            return;
        }
        // As shard::Shard answers for a session that is gone.
        static_cast<void>(
            relay_.report({order.to,
                           std::move(send->device),
                           core::CommandSent{std::move(send->frame.id), false, run_.now()}}));
        wake();
    } else if (target == nullptr) {
        return;
    } else if (const auto* welcome = std::get_if<core::Welcome>(&order.body)) {
        target->session().welcome(welcome->epoch);
    } else if (auto* reply = std::get_if<core::AcknowledgeReply>(&order.body)) {
        if (run_.lies(Lie::ack_is_wrong) && run_.chance.one_in(4)) {
            reply->ack.result = proto::ReplyResult::unknown;
        }
        target->session().acknowledge(reply->ack);
    } else if (const auto* refuse = std::get_if<core::RefuseFrame>(&order.body)) {
        target->session().refuse(refuse->error);
    } else if (const auto* close = std::get_if<core::CloseSession>(&order.body)) {
        target->session().close(close->code, close->retry_after);
    }
}

}  // namespace dm::simulation
