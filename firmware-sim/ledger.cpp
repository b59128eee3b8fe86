#include "firmware-sim/ledger.hpp"

#include <algorithm>
#include <functional>

namespace dm::sim {
namespace {

std::uint64_t count_of(const std::map<std::string, std::uint64_t>& counts, const char* key) {
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
}

std::chrono::microseconds micros(Instant::duration duration) {
    return std::chrono::duration_cast<std::chrono::microseconds>(duration);
}

}  // namespace

std::uint64_t Tally::rejected() const {
    std::uint64_t sum = 0;
    for (const auto& [code, count] : by_rejection) {
        sum += count;
    }
    return sum;
}

std::uint64_t Tally::unanswered() const {
    return count_of(by_state, "timed_out") + count_of(by_state, "expired") +
           count_of(by_state, "cancelled");
}

CommandNumber Ledger::send(Instant now) {
    if (entries_.size() >= kMaxRemembered) {
        forget_oldest();
    }
    const CommandNumber number = first_ + entries_.size();
    Entry entry;
    entry.sent = now;
    entry.last_sent = now;
    entries_.push_back(entry);
    if (repeat_after_.count() > 0) {
        unaccepted_.push_back(number);
    }
    ++outstanding_;
    ++tally_.sent;
    return number;
}

void Ledger::forget_oldest() {
    if (entries_.front().end == End::none) {
        close(entries_.front(), End::lost);
        ++tally_.lost;
    }
    entries_.pop_front();
    ++first_;
}

Ledger::Entry* Ledger::find(CommandNumber number) {
    if (number < first_ || number - first_ >= entries_.size()) {
        ++tally_.unknown;
        return nullptr;
    }
    return &entries_[number - first_];
}

void Ledger::close(Entry& entry, End end) {
    if (entry.end == End::none) {
        --outstanding_;
    }
    entry.end = end;
}

void Ledger::accepted(CommandNumber number, Instant now) {
    Entry* entry = find(number);
    if (entry == nullptr || entry->accepted) {
        return;
    }
    entry->accepted = true;
    if (entry->end == End::rejected) {
        ++tally_.contradicted;
        return;
    }
    ++tally_.accepted;
    accept_times_.record(micros(now - entry->sent));
}

void Ledger::finished(CommandNumber number,
                      const std::string& state,
                      std::string_view message_id,
                      Instant now) {
    Entry* entry = find(number);
    if (entry == nullptr) {
        return;
    }
    const std::size_t hash = std::hash<std::string_view>{}(message_id);
    if (entry->end == End::finished) {
        ++(entry->message_hash == hash ? tally_.repeated_terminals : tally_.duplicated);
        return;
    }
    if (entry->end == End::rejected) {
        ++tally_.contradicted;
        return;
    }
    if (entry->end == End::lost) {
        ++tally_.late;
    }
    close(*entry, End::finished);
    entry->message_hash = hash;
    ++tally_.finished;
    ++tally_.by_state[state];
    round_trips_.record(micros(now - entry->sent));
}

void Ledger::rejected(CommandNumber number, const std::string& code) {
    Entry* entry = find(number);
    if (entry == nullptr || entry->end == End::rejected) {
        return;
    }
    if (entry->accepted || entry->end == End::finished) {
        ++tally_.contradicted;
        return;
    }
    close(*entry, End::rejected);
    ++tally_.by_rejection[code];
}

std::vector<CommandNumber> Ledger::unfinished() const {
    std::vector<CommandNumber> numbers;
    for (auto number = std::max(oldest_open_, first_); number - first_ < entries_.size();
         ++number) {
        const Entry& entry = entries_[number - first_];
        if (entry.end == End::none && entry.accepted) {
            numbers.push_back(number);
        }
    }
    return numbers;
}

std::vector<CommandNumber> Ledger::due(Instant now, std::size_t most) {
    oldest_open_ = std::max(oldest_open_, first_);
    for (; oldest_open_ - first_ < entries_.size(); ++oldest_open_) {
        Entry& entry = entries_[oldest_open_ - first_];
        if (entry.end != End::none) {
            continue;
        }
        if (now - entry.sent < patience_) {
            break;
        }
        close(entry, End::lost);
        ++tally_.lost;
        tally_.never_accepted += entry.accepted ? 0U : 1U;
    }

    std::vector<CommandNumber> again;
    while (!unaccepted_.empty() && again.size() < most) {
        const CommandNumber number = unaccepted_.front();
        if (number >= first_) {
            Entry& entry = entries_[number - first_];
            const bool open = entry.end == End::none && !entry.accepted;
            if (open && now - entry.last_sent < repeat_after_) {
                break;
            }
            if (open) {
                entry.last_sent = now;
                again.push_back(number);
                ++tally_.repeated_sends;
            }
        }
        unaccepted_.pop_front();
    }
    unaccepted_.insert(unaccepted_.end(), again.begin(), again.end());
    return again;
}

}  // namespace dm::sim
