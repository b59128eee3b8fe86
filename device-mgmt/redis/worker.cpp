#include "device-mgmt/redis/worker.hpp"

#include "device-mgmt/failpoint/failpoint.hpp"

#include <algorithm>
#include <utility>

#include <pthread.h>

namespace dm::redis {

Worker::Worker(Calls& calls,
               Standing& standing,
               Link& link,
               store::Post post,
               store::StoreEvents events,
               OnLease on_lease)
    : calls_(calls),
      standing_(standing),
      link_(link),
      post_(std::move(post)),
      events_(std::move(events)),
      on_lease_(std::move(on_lease)) {}

Worker::~Worker() {
    queue_.close();
    if (thread_.joinable()) {
        thread_.join();
    } else {
        release_lease();  // opened and never loaded
    }
}

void Worker::start(LeaseWatch lease) {
    lease_ = std::move(lease);
    trusted_until_ = lease_->trusted_until();
    const core::Moment started = calls_.settings().clock();
    started_mono_ = started.mono;
    started_wall_ = started.wall;
    thread_ = std::thread([this] { run(); });
    pthread_setname_np(thread_.native_handle(), "store-redis");
}

void Worker::run() {
    for (Next next = Next::go_on; next == Next::go_on;) {
        if (batch_.empty()) {
            queue_.wait(patience());
        }
        try {
            next = take_turn();
        } catch (const Damaged& damaged) {
            next = fail(damaged.what());
        }
    }
    release_lease();
}

std::chrono::milliseconds Worker::patience() const {
    if (prune_more_) {
        return std::chrono::milliseconds::zero();
    }
    // Rounded up: it is due afterwards.
    const auto until_due =
        std::chrono::duration_cast<std::chrono::milliseconds>(lease_->until_due(now())) +
        std::chrono::milliseconds(1);
    return std::min(until_due, kIdle);
}

void Worker::take_batch() {
    batch_ = queue_.take();
    in_batch_ = batch_.size();
}

Worker::Next Worker::take_turn() {
    look_at_lease();
    if (!link_.connected()) {
        return reconnect();
    }
    if (batch_.empty()) {
        take_batch();
    }
    if (batch_.empty() && queue_.closed()) {
        return Next::end;
    }
    Next next = Next::go_on;
    if (!renew_lease(next) || !prune(next)) {
        return next;
    }
    if (batch_.empty()) {
        works_again();  // there is nothing that could fail for lack of memory
        return next;
    }
    Outcome outcome = link_.exchange(batch_, [this] { look_at_lease(); });
    if (outcome.trouble != Trouble::none) {
        return recover(outcome);
    }
    failpoint::pass(failpoint::Point::committed);
    works_again();
    conclude(std::move(outcome.replies));
    return Next::go_on;
}

void Worker::works_again() {
    retry_ = kFirstRetry;
    has_memory_ = true;
    there_ = true;
    tell_writable(true, "");
}

void Worker::conclude(std::vector<Reply> replies) {
    std::vector<Call::Completion> completions;
    completions.reserve(batch_.size());
    for (std::size_t i = 0; i < batch_.size(); ++i) {
        if (!batch_[i].on_reply) {
            continue;
        }
        if (Call::Completion completion = batch_[i].on_reply(replies[i])) {
            completions.push_back(std::move(completion));
        }
    }
    batch_.clear();
    in_batch_ = 0;
    if (!completions.empty()) {
        post_([completions = std::move(completions)] {
            for (const auto& completion : completions) {
                completion();
            }
        });
    }
}

// ---- what is done beside the calls ----

bool Worker::renew_lease(Next& next) {
    const core::Instant sent = now();
    if (!lease_->due(sent)) {
        return true;
    }
    const std::string token = calls_.settings().boot + "/lease/" + std::to_string(++lease_tokens_);
    const Outcome outcome = link_.exchange(calls_.lease(Calls::Taking::renew, token));
    if (outcome.trouble == Trouble::no_memory) {
        return true;  // it had lapsed, and there is no memory for another one: doubt goes on
    }
    if (outcome.trouble != Trouble::none) {
        next = recover(outcome);
        return false;
    }
    const Reply& reply = outcome.replies.front();
    if (!reply.at(0).is("held")) {
        next = fail("another process uses node.name " + calls_.settings().node);
        return false;
    }
    const auto changed = lease_->renewed(sent, reply.at(1).text);
    trusted_until_ = lease_->trusted_until();
    tell_lease(changed);
    return true;
}

bool Worker::prune(Next& next) {
    const core::Moment at = calls_.settings().clock();
    if (!prune_more_ && at.mono < next_prune_) {
        return true;
    }
    // A wall clock that jumps ahead does not make everything old at once.
    const proto::WallTime trusted = std::min(
        at.wall,
        started_wall_ +
            std::chrono::duration_cast<std::chrono::milliseconds>(at.mono - started_mono_));
    const Outcome outcome = link_.exchange(calls_.prune(kMaxPruned, prune_rank_, trusted));
    if (outcome.trouble != Trouble::none) {
        next = recover(outcome);
        return false;
    }
    const Reply& reply = outcome.replies.front();
    prune_more_ = reply.at(1).number() == 1;
    // What was passed over is looked at again in the next round.
    prune_rank_ = prune_more_ ? reply.at(0).natural() : 0;
    standing_.oldest_end_ms = reply.at(2).number();
    next_prune_ = at.mono + kIdle;
    return true;
}

void Worker::look_at_lease() {
    tell_lease(lease_->look(now()));
}

void Worker::tell_lease(std::optional<store::Lease> lease) {
    if (lease) {
        post_([on_lease = on_lease_, lease = *lease] { on_lease(lease); });
    }
}

void Worker::tell_writable(bool writable, const std::string& reason) {
    if (writable != told_unwritable_) {
        return;
    }
    told_unwritable_ = !writable;
    if (events_.on_writable) {
        post_([on_writable = events_.on_writable, writable, reason] {
            on_writable(writable, reason);
        });
    }
}

// ---- trouble ----

Worker::Next Worker::recover(const Outcome& outcome) {
    switch (outcome.trouble) {
        case Trouble::none:
            break;
        case Trouble::no_scripts: {
            const Outcome loaded = link_.load_scripts();
            return loaded.trouble == Trouble::none ? Next::go_on : recover(loaded);
        }
        case Trouble::no_memory:
            has_memory_ = false;
            tell_writable(false, outcome.reason);
            answer_queries_away();
            return wait_closed(kMemoryRetry);
        case Trouble::away:
            link_.drop();
            there_ = false;
            tell_writable(false, link_.place() + ": " + outcome.reason);
            answer_queries_away();
            return wait_before_retry();
        case Trouble::broken:
            return fail(outcome.reason);
    }
    return Next::go_on;
}

Worker::Next Worker::reconnect() {
    if (queue_.closed()) {
        return Next::end;
    }
    const auto connected = link_.connect();
    look_at_lease();
    if (connected) {
        return Next::go_on;  // whether it works is seen at the first answers
    }
    there_ = false;
    tell_writable(false, link_.place() + ": " + connected.error().reason);
    answer_queries_away();
    return wait_before_retry();
}

Worker::Next Worker::wait_before_retry() {
    return wait_closed(std::exchange(retry_, std::min(2 * retry_, kLastRetry)));
}

Worker::Next Worker::wait_closed(std::chrono::milliseconds patience) {
    return queue_.wait_closed(patience) ? Next::end : Next::go_on;
}

Worker::Next Worker::fail(const std::string& reason) {
    there_ = false;
    batch_.clear();
    link_.drop();
    if (events_.on_fatal) {
        events_.on_fatal(reason);
    }
    return Next::end;
}

/// Queries are not kept for when Redis is back: nobody waits that long.
void Worker::answer_queries_away() {
    std::vector<Call> queries = queue_.take_queries();
    const auto first = std::stable_partition(
        batch_.begin(), batch_.end(), [](const Call& c) { return !c.on_away || c.takes; });
    std::move(first, batch_.end(), std::back_inserter(queries));
    batch_.erase(first, batch_.end());
    in_batch_ = batch_.size();
    for (Call& query : queries) {
        post_(std::move(query.on_away));
    }
}

void Worker::release_lease() {
    if (link_.connected()) {
        static_cast<void>(link_.exchange(calls_.release()));
    }
}

}  // namespace dm::redis
