#include "tests/simulation/device.hpp"

#include "tests/simulation/node.hpp"

#include <array>
#include <iterator>
#include <utility>
#include <variant>

namespace dm::simulation {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kHeartbeat{20'000};

}  // namespace

Device::Device(Run& run, Ledger& ledger, proto::DeviceId id, FindNode node)
    : run_(run),
      ledger_(ledger),
      id_(std::move(id)),
      node_(std::move(node)),
      power_(run.schedule.begin_owner()) {}

// ---- what may happen to it ----

void Device::lose_network() {
    run_.note("{}: network lost", id_.str());
    Node* node = node_();
    if (Connection* connection = node == nullptr ? nullptr : node->connection(link_)) {
        connection->cut();
    }
    on_closed(link_, std::nullopt);
}

void Device::leave() {
    run_.note("{}: leaves", id_.str());
    Node* node = node_();
    if (Connection* connection = node == nullptr ? nullptr : node->connection(link_)) {
        connection->leave();
    }
    on_closed(link_, std::nullopt);
}

void Device::power_cycle() {
    run_.schedule.end_owner(power_);
    power_ = run_.schedule.begin_owner();
    is_connecting_ = false;
    lose_network();
    connect_later(run_.chance.between(5ms, 6000ms));
}

void Device::babble() {
    const std::string* known = nullptr;
    if (!journal_.empty()) {
        auto it = journal_.begin();
        std::advance(it, run_.chance.below(static_cast<unsigned>(journal_.size())));
        known = &it->first;
    }
    switch (run_.chance.below(5)) {
        case 0:
            return say(proto::Reply{"never-heard-of", "ok", std::nullopt, {}, {}});
        case 1:
            return say(proto::Hello{"lamp", "1.0", std::nullopt});
        case 2:
            return say(proto::Ack{known != nullptr ? *known : "never-heard-of"});
        case 3:
            return known != nullptr ? reply(*known) : void();
        default:
            if (Node* node = node_()) {
                if (Connection* connection = node->connection(link_)) {
                    connection->say(R"({"type":)");
                }
            }
    }
}

// ---- its connections ----

void Device::connect_later(std::chrono::milliseconds wait) {
    if (!is_connecting_) {
        is_connecting_ = true;
        run_.schedule.after(wait, power_, [this] {
            is_connecting_ = false;
            connect();
        });
    }
}

void Device::connect() {
    epoch_ = 0;
    link_ = 0;
    Node* node = node_();
    if (node == nullptr) {
        return connect_later(run_.chance.between(100ms, 3000ms));
    }
    link_ = ledger_.next_link();
    run_.note("{}: connects, link {}", id_.str(), link_);
    node->connect(*this, link_);
    keep_alive();
}

void Device::keep_alive() {
    run_.schedule.after(kHeartbeat, power_, [this, link = link_] {
        if (link == link_) {
            say(proto::Heartbeat{});
            keep_alive();
        }
    });
}

void Device::on_closed(LinkNumber link, std::optional<std::chrono::milliseconds> retry_after) {
    if (link != link_ || link == 0) {
        return;
    }
    link_ = 0;
    epoch_ = 0;
    connect_later(retry_after.value_or(run_.chance.between(5ms, run_.calm ? 500ms : 6000ms)));
}

void Device::say(const proto::DeviceFrame& frame) {
    Node* node = node_();
    if (Connection* connection = node == nullptr ? nullptr : node->connection(link_)) {
        connection->say(proto::encode(proto::Format::json, frame));
    }
}

void Device::on_frame(LinkNumber link, std::string_view bytes) {
    if (link != link_) {
        return;  // of a connection that it has given up
    }
    const auto frame = proto::decode_server_frame(proto::Format::json, bytes);
    if (!frame) {
        run_.require(false, "a frame that is none", bytes);
        return;
    }
    if (const auto* welcome = std::get_if<proto::Welcome>(&*frame)) {
        run_.require(epoch_ == 0, "welcome twice", id_.str());
        epoch_ = welcome->epoch;
        ledger_.greeted(id_, epoch_);
        for (const auto& [id, reply] : unacknowledged_) {
            say(reply);
        }
        return;
    }
    if (const auto* command = std::get_if<proto::CommandFrame>(&*frame)) {
        run_.require(epoch_ != 0, "a command before the welcome", id_.str());
        take(link, *command);
    } else if (const auto* ack = std::get_if<proto::ReplyAck>(&*frame)) {
        ledger_.acknowledged({id_, ack->id}, ack->result);
        unacknowledged_.erase(ack->id);
    }
}

// ---- commands ----

void Device::take(LinkNumber link, const proto::CommandFrame& command) {
    ledger_.received({id_, command.id}, link, command);
    const auto known = journal_.find(command.id);
    const bool is_new = known == journal_.end() || run_.lies(Lie::executes_twice);
    const Execution& execution = is_new ? execute(command.id) : known->second;
    if (execution.acks) {
        run_.schedule.after(
            run_.chance.hop(), power_, [this, id = command.id] { say(proto::Ack{id}); });
    }
    const auto work = run_.chance.one_in(4) ? run_.chance.between(0ms, 8000ms) : run_.chance.hop();
    for (unsigned i = 0; i < execution.replies; ++i) {
        run_.schedule.after(work + i * 5ms, power_, [this, id = command.id] { reply(id); });
    }
}

Device::Execution& Device::execute(const std::string& id) {
    static constexpr std::array<std::string_view, 5> kStatuses{
        "ok", "ok", "error", "rejected", "half done"};
    Execution& execution = journal_[id];
    execution.status = run_.chance.of(kStatuses);
    execution.data = fmt::format(R"({{"n":{}}})", run_.chance.below(1'000'000));
    execution.acks = run_.chance.one_in(3);
    const unsigned luck = run_.chance.below(8);
    execution.replies = luck == 0 ? 0 : luck == 1 ? 2 : 1;
    ledger_.executed({id_, id}, execution.status, execution.data);
    return execution;
}

void Device::reply(const std::string& id) {
    const Execution& execution = journal_.at(id);
    proto::Reply reply{id, execution.status, execution.data, std::nullopt, std::nullopt};
    if (run_.lies(Lie::reply_is_altered) && run_.chance.one_in(4)) {
        reply.data = R"({"n":-1})";
    }
    unacknowledged_.insert_or_assign(id, reply);
    ledger_.replied({id_, id});
    say(reply);
}

}  // namespace dm::simulation
