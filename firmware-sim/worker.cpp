#include "firmware-sim/worker.hpp"

#include "protocol/frame_codec.hpp"

#include <algorithm>
#include <exception>
#include <utility>
#include <variant>

#include <asio/post.hpp>
#include <fmt/format.h>

namespace dm::sim {
namespace {

std::chrono::milliseconds millis(Instant::duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
}

/// Closes by which a server sends its devices elsewhere, or back, in good order.
bool is_planned(proto::CloseCode code) {
    return code == proto::CloseCode::going_away || code == proto::CloseCode::drain ||
           code == proto::CloseCode::session_refresh;
}

}  // namespace

Worker::Member::Member(const MemberPlan& plan,
                       const FleetSettings& settings,
                       Counters& counters,
                       CommandJournal* journal)
    : device(
          plan.id, plan.model, *plan.profile, settings.credentials, counters, plan.seed, journal),
      source(plan.source),
      backoff(settings.longest_pause),
      attempt_at(plan.start) {}

Worker::Worker(const FleetSettings& settings,
               const std::vector<MemberPlan>& plans,
               std::unique_ptr<Journal> journal,
               Notices& notices)
    : settings_(settings),
      notices_(notices),
      records_(std::move(journal), settings.history, counters_),
      work_(asio::make_work_guard(io_)),
      timer_(io_),
      client_(io_, settings.tls, settings.resume_tls, plans.size(), *this),
      deadlines_(plans.size()),
      unfinished_(plans.size()),
      stop_timer_(io_) {
    members_.reserve(plans.size());
    for (const auto& member : plans) {
        members_.emplace_back(member, settings_, counters_, &records_);
    }
    if (records_.journal() != nullptr) {
        restore_devices();
    }
}

void Worker::restore_devices() {
    const auto now = read_clock().wall;
    for (auto& member : members_) {
        member.device.restore(records_.journal()->take(member.device.id()), now);
    }
}

/// Blocks this thread for as long as the disk takes; bounded by what the devices remember.
void Worker::rewrite_journal() {
    const bool written = records_.journal()->rewrite([this](Journal::Lines& lines) {
        for (const auto& member : members_) {
            lines.remember(member.device.id(), member.device.memory());
        }
    });
    if (!written) {
        counters_.journal_failures.add();
        notices_.once("the journal cannot be rewritten; it goes on growing");
    }
}

Worker::~Worker() {
    io_.stop();
    join();
}

void Worker::start() {
    for (Slot slot = 0; slot < members_.size(); ++slot) {
        plan(slot);
    }
    thread_ = std::thread{[this] { run(); }};
}

void Worker::join() {
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Worker::run() {
    for (bool again = true; again;) {
        try {
            io_.run();
            again = false;
        } catch (const std::exception& error) {
            ++experience_.defects;
            notices_.once(fmt::format("defect: {}", error.what()));
        }
    }
}

// ---- time ----

void Worker::arm() {
    const Instant next = deadlines_.earliest();
    if (next >= armed_) {
        return;
    }
    armed_ = next;
    timer_.expires_at(next);
    timer_.async_wait([this](const std::error_code& cancelled) {
        if (!cancelled) {
            on_timer();
        }
    });
}

void Worker::on_timer() {
    armed_ = Instant::max();
    const Moment now = read_clock();
    for (const Slot slot : deadlines_.take_due(now.mono)) {
        wake(slot, now);
    }
    arm();
}

/// Sets the member's next deadline from its state.
void Worker::plan(Slot slot) {
    const Member& member = members_[slot];
    Instant due = Instant::max();
    switch (member.phase) {
        case Phase::waiting:
            due = std::min(member.attempt_at, member.device.next_due());
            break;
        case Phase::connecting:
            due = member.attempt_at + kAttemptTimeout;
            break;
        case Phase::open:
        case Phase::in_line:
            due = member.device.next_due();
            break;
        case Phase::closing:
        case Phase::done:
            break;
    }
    deadlines_.set(slot, due);
    arm();
}

void Worker::wake(Slot slot, Moment now) {
    Member& member = members_[slot];
    switch (member.phase) {
        case Phase::waiting:
        case Phase::in_line:
            member.device.on_time(now, outgoing_);
            outgoing_.clear();  // nobody to send to: replies are kept by the device
            if (member.phase == Phase::waiting && now.mono >= member.attempt_at) {
                attempt(slot, now);
            }
            plan(slot);
            break;
        case Phase::connecting:
            client_.abort(slot);  // on_failed follows
            break;
        case Phase::open:
            wake_open(slot, now);
            break;
        case Phase::closing:
        case Phase::done:
            break;
    }
}

void Worker::wake_open(Slot slot, Moment now) {
    Member& member = members_[slot];
    if (member.device.server_silent(now.mono)) {
        counters_.silent_servers.add();
        client_.abort(slot);  // on_close follows
        member.phase = Phase::closing;
        return;
    }
    member.device.on_time(now, outgoing_);
    send_all(slot);
    plan(slot);
}

// ---- connecting ----

void Worker::attempt(Slot slot, Moment now) {
    Member& member = members_[slot];
    if (connecting_ >= kMaxConnecting) {
        member.phase = Phase::in_line;
        line_.push_back(slot);
        return;
    }
    ++connecting_;
    counters_.connecting.add();
    member.phase = Phase::connecting;
    member.attempt_at = now.mono;

    ConnectRequest request;
    request.target = member.elsewhere.value_or(settings_.target);
    member.elsewhere.reset();
    request.source = member.source;
    request.device = member.device.id().str();
    request.format = settings_.format;
    if (settings_.credentials != nullptr) {
        request.authorization = settings_.credentials->authorization(member.device.id(), now.wall);
    }
    client_.connect(slot, request);
}

void Worker::place_is_free(Moment now) {
    --connecting_;
    counters_.connecting.sub();
    while (!line_.empty() && connecting_ < kMaxConnecting) {
        const Slot next = line_.front();
        line_.pop_front();
        if (members_[next].phase == Phase::in_line) {
            attempt(next, now);
            plan(next);
        }
    }
}

void Worker::on_failed(Slot slot, const ConnectFailure& failure) {
    const Moment now = read_clock();
    Member& member = members_[slot];
    place_is_free(now);
    if (stopping_) {
        finish(member);
        return;
    }
    if (failure.status != 0) {
        counters_.refusals.add();
        ++experience_.refusals[failure.status];
    } else {
        counters_.connect_failures.add();
    }
    notices_.once(now.mono - member.attempt_at >= kAttemptTimeout
                      ? fmt::format("no answer within {} s", kAttemptTimeout.count())
                      : failure.reason);
    member.phase = Phase::waiting;
    member.attempt_at =
        now.mono + member.backoff.after_refusal(member.device.random(), failure.retry_after);
    plan(slot);
}

void Worker::on_open(Slot slot) {
    const Moment now = read_clock();
    Member& member = members_[slot];
    member.phase = Phase::open;
    member.opened = now.mono;
    member.device.on_open(now.mono);
    if (client_.resumed(slot)) {
        counters_.resumed.add();
    }
    place_is_free(now);
    if (stopping_) {
        stop_member(slot);
        return;
    }
    plan(slot);
}

// ---- frames ----

void Worker::on_control_frame(Slot slot) {
    members_[slot].device.on_sign_of_life(read_clock().mono);
}

void Worker::on_message(Slot slot, bool binary, std::string_view payload) {
    const Moment now = read_clock();
    Member& member = members_[slot];
    if (member.phase != Phase::open) {
        return;
    }
    const bool right_kind = binary == (settings_.format == proto::Format::cbor);
    const auto frame = proto::decode_server_frame(settings_.format, payload);
    if (!right_kind || !frame) {
        counters_.bad_frames.add();
        notices_.once(fmt::format("unreadable frame from the server: {}",
                                  right_kind ? frame.error().message : "wrong kind"));
        member.device.on_sign_of_life(now.mono);
        return;
    }
    records_.received(member.device.id(), member.device.epoch(), *frame, now);
    const bool welcomed = member.device.welcomed();
    member.device.on_frame(*frame, now, outgoing_);
    if (!welcomed && member.device.welcomed()) {
        on_welcomed(slot, now);
    }
    if (const auto* error = std::get_if<proto::ErrorFrame>(&*frame)) {
        notices_.once(fmt::format("error frame: {}: {}", word(error->code), error->message));
    }
    send_all(slot);
    plan(slot);
    if (records_.journal() != nullptr && records_.journal()->oversized()) {
        rewrite_journal();
    }
}

void Worker::on_welcomed(Slot slot, Moment now) {
    counters_.connected.add();
    experience_.connect_times.record(std::chrono::duration_cast<std::chrono::microseconds>(
        now.mono - members_[slot].attempt_at));
    if (settings_.report_states) {
        notices_.line(fmt::format("{} connected", members_[slot].device.id().str()));
    }
}

void Worker::send_all(Slot slot) {
    const bool binary = settings_.format == proto::Format::cbor;
    const Device& device = members_[slot].device;
    for (const auto& frame : outgoing_) {
        if (settings_.history != nullptr) {
            records_.sending(device.id(), device.epoch(), frame, read_clock());
        }
        if (!client_.send(slot, binary, proto::encode(settings_.format, frame))) {
            counters_.unsent_frames.add();
        }
    }
    outgoing_.clear();
}

// ---- the end of a session ----

void Worker::on_close(Slot slot, proto::CloseCode code, std::string_view reason) {
    const Moment now = read_clock();
    ++experience_.closes[static_cast<int>(code)];
    end_session(slot, code, reason, now);
    if (stopping_) {
        finish(members_[slot]);
    } else {
        plan(slot);
    }
}

void Worker::end_session(Slot slot, proto::CloseCode code, std::string_view reason, Moment now) {
    Member& member = members_[slot];
    records_.closed(member.device.id(), member.device.epoch(), static_cast<int>(code), reason, now);
    if (settings_.report_states) {
        notices_.line(fmt::format(
            "{} closed {} {}", member.device.id().str(), static_cast<int>(code), reason));
    }
    if (member.device.welcomed()) {
        counters_.connected.sub();
    }
    auto retry_after = proto::retry_after(reason);
    const auto& advice = member.device.advice();
    if (advice) {
        retry_after = advice->retry_after;
        if (advice->url) {
            if (auto target = parse_target(*advice->url)) {
                member.elsewhere = *std::move(target);
            }
        }
    }
    if (!stopping_) {
        (advice || is_planned(code) ? counters_.planned_closes : counters_.unexpected_closes).add();
    }
    member.phase = Phase::waiting;
    member.attempt_at =
        now.mono + member.backoff.after_session(
                       member.device.random(), millis(now.mono - member.opened), retry_after);
    member.device.on_close();
}

// ---- stopping ----

void Worker::stop() {
    asio::post(io_, [this] { begin_stop(); });
}

void Worker::begin_stop() {
    if (std::exchange(stopping_, true)) {
        return;
    }
    stop_timer_.expires_after(kStopPatience);
    stop_timer_.async_wait([this](const std::error_code& cancelled) {
        if (!cancelled) {
            io_.stop();
        }
    });
    for (Slot slot = 0; slot < members_.size(); ++slot) {
        stop_member(slot);
    }
}

void Worker::stop_member(Slot slot) {
    Member& member = members_[slot];
    switch (member.phase) {
        case Phase::waiting:
        case Phase::in_line:
            finish(member);
            break;
        case Phase::connecting:
            client_.abort(slot);
            break;
        case Phase::open:
            member.phase = Phase::closing;
            client_.close(slot, proto::CloseCode::normal, "done");
            break;
        case Phase::closing:
        case Phase::done:
            break;
    }
    deadlines_.set(slot, Instant::max());
}

void Worker::finish(Member& member) {
    member.phase = Phase::done;
    if (--unfinished_ == 0) {
        stop_timer_.cancel();
        timer_.cancel();
        work_.reset();
    }
}

}  // namespace dm::sim
