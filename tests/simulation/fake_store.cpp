#include "tests/simulation/fake_store.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace dm::simulation {

namespace {

/// Within which calls that force no commit get one.
constexpr std::chrono::milliseconds kSoon{1000};

}  // namespace

FakeStore::FakeStore(Run& run, Disk& disk, Schedule::Owner process, Post post)
    : run_(run), disk_(disk), process_(process), post_(std::move(post)) {}

void FakeStore::kill() {
    if (!writing_.empty() && run_.chance.one_in(2)) {
        for (const Call& call : writing_) {
            call.apply(disk_);
        }
    }
    disk_.ending.clear();
}

void FakeStore::call(Call call, bool soon) {
    if (call.done && run_.lies(Lie::commit_is_early)) {
        post_(std::exchange(call.done, {}));
    }
    gathered_.push_back(std::move(call));
    if (is_busy_ || (soon && is_lazy_)) {
        return;
    }
    const auto delay = soon ? kSoon : run_.chance.hop();
    (soon ? is_lazy_ : is_busy_) = true;
    const core::Instant when = std::max(stalled_until_, run_.now().mono + delay);
    run_.schedule.at(when, process_, [this, soon] {
        if (soon) {
            is_lazy_ = false;
            if (is_busy_) {
                return;  // they went with another one
            }
            is_busy_ = true;
        }
        begin_commit();
    });
}

void FakeStore::begin_commit() {
    writing_.swap(gathered_);
    run_.schedule.at(std::max(stalled_until_, run_.now().mono + run_.chance.hop()),
                     process_,
                     [this] { end_commit(); });
}

void FakeStore::end_commit() {
    for (Call& call : writing_) {
        call.apply(disk_);
        if (call.done) {
            post_(std::move(call.done));
        }
    }
    writing_.clear();
    is_busy_ = !gathered_.empty();
    if (is_busy_) {
        begin_commit();
    }
}

void FakeStore::accept(const core::Command& command, Done done) {
    call({[command](Disk& disk) { disk.accept(command); }, std::move(done)}, false);
}

void FakeStore::finish(core::FinishedCommand finished,
                       std::optional<store::OutboxRow> row,
                       Done done) {
    disk_.ending.insert_or_assign(finished.key, finished);
    call({[finished = std::move(finished), row = std::move(row)](Disk& disk) {
              disk.finish(finished, row);
              disk.ending.erase(finished.key);
          },
          std::move(done)},
         false);
}

void FakeStore::mark(store::Mark mark, Done done) {
    const bool soon = !done;
    call({[mark = std::move(mark)](Disk& disk) { disk.mark(mark); }, std::move(done)}, soon);
}

void FakeStore::find_finished(const core::CommandKey& key, Found found) {
    std::optional<core::FinishedCommand> result;
    if (const auto it = disk_.ending.find(key); it != disk_.ending.end()) {
        result = it->second;
    } else if (const Disk::Finished* known = disk_.finished(key)) {
        result = known->command;
    }
    if (run_.lies(Lie::ends_are_forgotten)) {
        result.reset();
    }
    if (!result && finds_ == 0) {
        post_([found = std::move(found)] { found(std::nullopt); });
        return;
    }
    // What is known to be there takes a trip to the disk, in the order of the calls.
    ++finds_;
    call({[](Disk& /*disk*/) {},
          [this, found = std::move(found), result = std::move(result)] {
              --finds_;
              found(result);
          }},
         false);
}

void FakeStore::put_outbox(store::OutboxRow row, Done done) {
    call({[row = std::move(row)](Disk& disk) { disk.outbox.emplace(row.number, row); },
          std::move(done)},
         false);
}

void FakeStore::find_outbox(std::vector<std::uint64_t> numbers, Rows rows) {
    run_.schedule.after(
        run_.chance.hop(), process_, [this, numbers = std::move(numbers), rows = std::move(rows)] {
            std::vector<store::OutboxRow> found;
            for (const std::uint64_t number : numbers) {
                if (const auto it = disk_.outbox.find(number); it != disk_.outbox.end()) {
                    found.push_back(it->second);
                }
            }
            post_([rows, found = std::move(found)] { rows(found); });
        });
}

void FakeStore::remove_outbox(std::vector<std::uint64_t> numbers) {
    call({[numbers = std::move(numbers)](Disk& disk) {
              for (const std::uint64_t number : numbers) {
                  disk.outbox.erase(number);
              }
          },
          {}},
         true);
}

void FakeStore::together(const std::function<void()>& calls) {
    calls();  // what is called in one turn is in one commit
}

void FakeStore::imported(std::uint64_t lsn) {
    call({[lsn](Disk& disk) { disk.imported = std::max(disk.imported, lsn); }, {}}, true);
}

void FakeStore::acknowledged(std::uint64_t number) {
    call({[number](Disk& disk) { disk.acknowledged = std::max(disk.acknowledged, number); }, {}},
         true);
}

void FakeStore::set_epoch(std::uint64_t epoch) {
    call({[epoch](Disk& disk) { disk.epoch = std::max(disk.epoch, epoch); }, {}}, true);
}

}  // namespace dm::simulation
