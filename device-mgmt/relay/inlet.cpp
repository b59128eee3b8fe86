#include "device-mgmt/relay/inlet.hpp"

#include "device-mgmt/failpoint/failpoint.hpp"
#include "device-mgmt/log/log.hpp"
#include "device-mgmt/relay/intake.hpp"
#include "device-mgmt/relay/reply_address.hpp"
#include "protocol/operator_messages.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <thread>
#include <utility>

#include <asio/post.hpp>

namespace dm::relay {

namespace {

constexpr std::chrono::milliseconds kAppendRetry{50};

/// Records replayed in one turn of the loop, and records under way beyond which it pauses.
constexpr std::size_t kReplaySlice = 500;
constexpr std::size_t kMaxReplaying = 4000;

/// What the intake looks at, within the bounds of a record.
store::IngressRecord to_record(broker::InboundMessage&& message,
                               std::string fallback_id,
                               proto::WallTime now) {
    store::IngressRecord record;
    record.topic = std::move(message.topic);
    record.payload = std::move(message.payload);
    // One byte over the limit is enough to be refused for it.
    record.payload.resize(std::min(record.payload.size(), proto::kMaxHandedOverBytes + 1));
    record.response_topic = std::move(message.response_topic);
    record.correlation = std::move(message.correlation);
    for (auto& [name, value] : message.user_properties) {
        if (is_read_by_intake(name) && value.size() <= kMaxUserPropertyBytes) {
            record.user_properties.emplace_back(std::move(name), std::move(value));
        }
    }
    record.retained = message.retained;
    record.duplicate = message.duplicate;
    record.fallback_id = std::move(fallback_id);
    record.received_at = now;
    return record;
}

}  // namespace

Inlet::Inlet(asio::io_context& io,
             store::CommandStore& store,
             store::Ingress& ingress,
             store::Lsn durable,
             UuidSource ids,
             Take take,
             Fatal fatal)
    : store_(store),
      ingress_(ingress),
      take_(std::move(take)),
      fatal_(std::move(fatal)),
      ids_(ids),
      replayed_(durable),
      received_(io, [this](std::vector<Arrival>& batch) {
          waiting_.insert(waiting_.end(),
                          std::make_move_iterator(batch.begin()),
                          std::make_move_iterator(batch.end()));
          waiting_count_ = waiting_.size();
          pump();
      }) {}

// ---- the broker's thread ----

void Inlet::arrived(broker::InboundMessage message, core::Moment now) {
    const std::size_t waiting = std::min(waiting_count_.load(), kMaxIntake);
    received_.wait_below(kMaxIntake - waiting, kIntakePatience);
    store::IngressRecord record = to_record(std::move(message), ids_.next(now.wall), now.wall);
    const store::Lsn lsn = append(store::encode_ingress(record));
    failpoint::pass(failpoint::Point::ingress_appended);
    received_.push({std::move(record), lsn, now.mono});
}

store::Lsn Inlet::append(const std::string& record) {
    // The clock is not asked: while it waits nothing else happens on this thread.
    for (auto left = kAppendPatience / kAppendRetry;; --left) {
        const auto lsn = ingress_.append(record);
        if (lsn) {
            return *lsn;
        }
        if (lsn.error() != store::AppendProblem::full || left == 0) {
            fatal_(lsn.error() == store::AppendProblem::full ? "the ingress log is full"
                                                             : "the ingress log cannot be written");
            std::terminate();
        }
        std::this_thread::sleep_for(kAppendRetry);
    }
}

// ---- the loop ----

void Inlet::replay(std::function<void()> done) {
    when_replayed_ = std::move(done);
    pump();
}

void Inlet::replay_some() {
    const auto last =
        ingress_.replay(replayed_, kReplaySlice, [this](store::Lsn lsn, std::string_view bytes) {
            auto record = store::decode_ingress(bytes);
            if (!record) {
                log::error("ingress_record_unreadable", {{"lsn", lsn}, {"why", record.error()}});
                return;
            }
            waiting_.push_back({std::move(*record), lsn, std::nullopt});
        });
    if (!last) {
        fatal_(last.error());
        std::terminate();
    }
    if (*last == replayed_) {
        std::exchange(when_replayed_, nullptr)();
        return;
    }
    replayed_ = *last;
}

void Inlet::pump() {
    while (!closed_ && store_.writable()) {
        if (when_replayed_ && waiting_.empty() && decisions_.open() < kMaxReplaying) {
            replay_some();
        }
        if (waiting_.empty()) {
            return;
        }
        Arrival next = std::move(waiting_.front());
        waiting_.pop_front();
        waiting_count_ = waiting_.size();
        decisions_.begin(next.lsn);
        take_(next);
    }
}

void Inlet::decide(store::Lsn lsn, std::function<void()> decision) {
    decisions_.ready(lsn, std::move(decision));
    while (const auto next = decisions_.take()) {
        store_.together([&] {
            next->decide();
            store_.imported(next->lsn);
        });
    }
}

}  // namespace dm::relay
