#include "tests/unit/core/dispatcher_model.hpp"

#include "tests/support/device_ids.hpp"

#include <algorithm>
#include <array>
#include <variant>

namespace dm::test {

using core::CommandKey;
using core::SessionRef;
using namespace std::chrono_literals;

namespace {

template <typename T, std::size_t N>
T pick(std::mt19937_64& random, const std::array<T, N>& values) {
    return values[std::uniform_int_distribution<std::size_t>(0, N - 1)(random)];
}

}  // namespace

DispatcherModel::DispatcherModel(std::uint64_t seed)
    : random_(seed),
      settings_{"n1",
                pick<std::size_t>(random_, std::array<std::size_t, 4>{1, 2, 3, 16}),
                pick<std::size_t>(random_, std::array<std::size_t, 3>{2, 5, 100}),
                pick<std::size_t>(random_, std::array<std::size_t, 3>{4, 20, 1000})},
      dispatcher_(settings_),
      devices_{{device_id("dev-0"), {}, {}}, {device_id("dev-1"), {}, {}}} {}

std::string DispatcherModel::run(int steps) {
    for (int i = 0; i < steps && failure_.empty(); ++i) {
        step();
        carry_out();
        forget_closed();
        require(dispatcher_.waiting() <= dispatcher_.unfinished(), "more waiting than unfinished");
    }
    settle();
    check_no_stall();
    for (auto& [number, session] : sessions_) {
        session.second->lose();
    }
    for (int i = 0; i < 4; ++i) {  // times out, expires, and stores the ends
        settle();
        clock_.advance(10min);
        dispatcher_.advance(clock_.now());
        carry_out();
    }
    settle();
    check_all_ended();
    return failure_;
}

void DispatcherModel::step() {
    const auto [device, session] = any_session();
    switch (chance(22)) {
        case 0:
        case 1:
        case 2:
        case 3:
            return submit();
        case 4:
            return cancel();
        case 5:
            return connect(static_cast<std::size_t>(chance(2)));
        case 6:
        case 7:
            return pass_time();
        case 8:
            return chance(20) == 0 ? settle() : void();
        case 9:
        case 10:
        case 11:
            return complete_store_call();
        default:
            break;
    }
    if (session == nullptr) {
        return;
    }
    switch (chance(11)) {
        case 0:
            return chance(4) == 0 ? session->lose() : void();
        case 1:
        case 2:
        case 3:
        case 8:
            return deliver_order(*session);
        case 4:
        case 5:
        case 6:
            return deliver_report(device, *session);
        case 7:
            return read_frame(device, *session);
        default:
            return speak(device, *session);
    }
}

// ---- operators ----

void DispatcherModel::submit() {
    core::Submission submission{devices_[static_cast<std::size_t>(chance(2))].id, {}, {}, {}, {}};
    proto::CommandRequest& request = submission.request;
    request.command = chance(10) == 0 ? "other" : "reboot";
    if (chance(8) != 0) {
        request.id = "c" + std::to_string(chance(40));
        // Decided by the id, so that most repetitions have the same content.
        const auto variant = std::hash<std::string>{}(*request.id);
        request.args = R"({"x":")" + std::string(variant % 5 * 50, 'x') + R"("})";
        request.ttl = std::array{0s, 2s, 10s, 60s}[variant / 5 % 4];
        request.timeout = std::array{1s, 5s, 30s}[variant / 20 % 3];
    }
    submission.fallback_id = "made-" + std::to_string(++made_ids_);
    request.delivery =
        chance(4) == 0 ? proto::Delivery::at_most_once : proto::Delivery::at_least_once;
    std::optional<core::FinishedCommand> finished;
    if (request.id && !dispatcher_.holds({submission.device, *request.id})) {
        finished = find_finished({submission.device, *request.id});
    }
    dispatcher_.submit(submission, finished, clock_.now());
}

void DispatcherModel::cancel() {
    const CommandKey key{devices_[static_cast<std::size_t>(chance(2))].id,
                         "c" + std::to_string(chance(40))};
    const Track* known = track(key);
    const auto result = dispatcher_.cancel(key, clock_.now());
    using Result = core::Dispatcher::CancelResult;
    require((result == Result::unknown) == (known == nullptr || known->end_committed),
            "cancel of " + key.id);
    require(result != Result::cancelled || known->left == 0, "cancelled after it left: " + key.id);
}

// ---- the store ----

void DispatcherModel::complete_store_call() {
    if (store_.empty()) {
        return;
    }
    const StoreCall call = store_.front();
    store_.pop_front();
    Track& done = tracks_.at(call.number);
    if (call.what == StoreCall::mark) {
        done.marked_at = clock_.now().mono;
        dispatcher_.marked(done.key, clock_.now());
    } else if (call.what == StoreCall::end) {
        require(done.committed, "the end was stored before the acceptance");
        done.end_committed = true;
        dispatcher_.stored_end(done.key);
    } else {
        done.committed = true;
        done.committed_at = clock_.now().mono;
        dispatcher_.stored(done.key, clock_.now());
    }
    carry_out();
}

std::optional<core::FinishedCommand> DispatcherModel::find_finished(const CommandKey& key) {
    const Track* known = track(key);
    if (known == nullptr || known->ends == 0) {
        return std::nullopt;
    }
    return core::FinishedCommand{
        key, known->command.content, proto::CommandState::succeeded, true, "", "", {}, {}};
}

// ---- connections and devices ----

void DispatcherModel::connect(std::size_t device) {
    const SessionRef ref{static_cast<std::uint32_t>(chance(2)), next_session_++};
    sessions_.emplace(ref.session,
                      std::make_pair(device,
                                     std::make_unique<ModelSession>(
                                         ref, session_settings_, devices_[device].id, clock_)));
}

std::pair<std::size_t, ModelSession*> DispatcherModel::any_session() {
    if (sessions_.empty()) {
        return {0, nullptr};
    }
    auto it = sessions_.begin();
    std::advance(it, chance(static_cast<int>(sessions_.size())));
    return {it->second.first, it->second.second.get()};
}

void DispatcherModel::deliver_order(ModelSession& session) {
    if (session.orders.empty()) {
        return;
    }
    const core::OrderBody order = std::move(session.orders.front());
    session.orders.pop_front();
    if (const auto* send = std::get_if<core::SendCommand>(&order)) {
        session.session.send_command(send->frame);
    } else if (const auto* welcome = std::get_if<core::Welcome>(&order)) {
        session.session.welcome(welcome->epoch);
    } else if (const auto* ack = std::get_if<core::AcknowledgeReply>(&order)) {
        session.session.acknowledge(ack->ack);
    } else {
        session.session.close(proto::CloseCode::replaced, {});
    }
}

void DispatcherModel::read_frame(std::size_t device, ModelSession& session) {
    const std::string frame = session.read();
    if (frame.empty()) {
        return;
    }
    // Read like this because decoding takes as long as everything else together.
    const auto is = [&](std::string_view type) {
        return frame.find(R"("type":")" + std::string(type) + '"') != std::string::npos;
    };
    require(session.welcomed || is("welcome"), "another frame before the welcome");
    session.welcomed = true;
    if (!is("command")) {
        return;
    }
    const std::size_t begin = frame.find(R"("id":")") + 6;
    const std::string id = frame.substr(begin, frame.find('"', begin) - begin);
    ++received_;
    if (const Track* known = track({devices_[device].id, id})) {
        require(known->command.number > session.last_received,
                "overtaken by a younger command: " + id);
        session.last_received = known->command.number;
    } else {
        fail("received a command that was never accepted: " + id);
    }
    devices_[device].known.emplace(id, 0);
}

void DispatcherModel::speak(std::size_t device, ModelSession& session) {
    std::string id = "c" + std::to_string(chance(40));
    auto& known = devices_[device].known;
    if (!known.empty() && chance(8) != 0) {
        auto it = known.begin();
        std::advance(it, chance(static_cast<int>(known.size())));
        if (++it->second > 4) {
            return;
        }
        id = it->first;
    }
    if (chance(10) == 0) {
        return session.session.on_frame(core::FrameKind::text, R"({"type":"heartbeat"})");
    }
    const auto frame = chance(3) == 0
                           ? proto::DeviceFrame(proto::Ack{id})
                           : proto::DeviceFrame(proto::Reply{id, "ok", std::nullopt, {}, {}});
    session.session.on_frame(core::FrameKind::text, proto::encode(proto::Format::json, frame));
}

void DispatcherModel::pass_time() {
    clock_.advance(std::chrono::milliseconds(chance(chance(5) == 0 ? 8000 : 300)));
    if (chance(5) != 0) {
        dispatcher_.advance(clock_.now());
    }
}

// ---- the end ----

void DispatcherModel::settle() {
    bool busy = true;
    while (busy && failure_.empty()) {
        busy = !store_.empty();
        while (!store_.empty()) {
            complete_store_call();
        }
        for (auto& [number, owned] : sessions_) {
            auto& [device, session] = owned;
            busy = busy || !session->orders.empty() || !session->reports.empty() ||
                   session->unsent_bytes() > 0;
            while (!session->orders.empty()) {
                deliver_order(*session);
            }
            while (session->unsent_bytes() > 0) {
                read_frame(device, *session);
            }
            while (!session->reports.empty()) {
                deliver_report(device, *session);
            }
        }
        forget_closed();
        dispatcher_.advance(clock_.now());
        carry_out();
    }
}

void DispatcherModel::forget_closed() {
    for (auto it = sessions_.begin(); it != sessions_.end();) {
        const ModelSession& session = *it->second.second;
        const bool over =
            session.session.closed() && session.reports.empty() && session.orders.empty();
        it = over ? sessions_.erase(it) : std::next(it);
    }
}

void DispatcherModel::check_no_stall() {
    for (const Device& device : devices_) {
        const auto owner = device.owner ? sessions_.find(device.owner->session) : sessions_.end();
        if (owner == sessions_.end() || !owner->second.second->open) {
            continue;
        }
        const bool waits = std::any_of(tracks_.begin(), tracks_.end(), [&](const auto& one) {
            return one.second.key.device == device.id && one.second.where == Track::Where::waiting;
        });
        require(!waits || in_flight(device.id) >= settings_.window,
                "a command waits although its device is connected and the window has room");
    }
}

void DispatcherModel::check_all_ended() {
    for (const auto& [number, known] : tracks_) {
        require(known.ends == 1 && known.end_committed,
                known.key.id + " ended " + std::to_string(known.ends) + " times");
        require(known.told_accepted >= 1, known.key.id + " was never told accepted");
    }
    for (const auto& [who, count] : unacknowledged_) {
        require(count == 0,
                std::to_string(count) + " replies to " + who.second + " without a reply_ack");
    }
    require(dispatcher_.unfinished() == 0, "unfinished() is not 0");
    require(dispatcher_.waiting() == 0, "waiting() is not 0");
    require(dispatcher_.mailboxes() == 0, "mailboxes are left");
    require(!dispatcher_.next_deadline(), "a deadline is left");
    require(sessions_.empty(), "sessions are left");
}

// ---- odds and ends ----

DispatcherModel::Track* DispatcherModel::track(const CommandKey& key) {
    const auto it = numbers_.find({key.device.str(), key.id});
    return it == numbers_.end() ? nullptr : &tracks_.at(it->second);
}

std::size_t DispatcherModel::in_flight(const proto::DeviceId& device) const {
    return static_cast<std::size_t>(
        std::count_if(tracks_.begin(), tracks_.end(), [&](const auto& one) {
            const Track& known = one.second;
            return known.key.device == device && known.where != Track::Where::waiting &&
                   known.where != Track::Where::ended;
        }));
}

int DispatcherModel::chance(int below) {
    return std::uniform_int_distribution<int>(0, below - 1)(random_);
}

void DispatcherModel::require(bool right, const std::string& what) {
    if (!right) {
        fail(what);
    }
}

void DispatcherModel::fail(const std::string& what) {
    if (failure_.empty()) {
        failure_ = what;
    }
}

}  // namespace dm::test
