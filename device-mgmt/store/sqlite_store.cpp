#include "device-mgmt/store/sqlite_store.hpp"

#include "device-mgmt/store/device_rows.hpp"
#include "device-mgmt/store/history.hpp"
#include "device-mgmt/store/load.hpp"
#include "device-mgmt/store/outbox_rows.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

namespace dm::store {

SqliteStore::SqliteStore(
    SqliteSettings settings, StoreFile file, Database for_reading, Post post, StoreEvents events)
    : path_(settings.path),
      node_(settings.node),
      post_(std::move(post)),
      reader_(std::move(for_reading), ended_),
      writer_(std::move(file),
              WriterSettings{
                  settings.node, settings.keep, settings.keep_devices, std::move(settings.clock)},
              ended_,
              post_,
              std::move(events)) {}

SqliteStore::~SqliteStore() {
    // The writer's connection is to be the last one: then it leaves no WAL behind.
    reader_.stop();
}

tl::expected<std::unique_ptr<SqliteStore>, std::string> SqliteStore::open(SqliteSettings settings,
                                                                          Post post,
                                                                          StoreEvents events) {
    const std::string path = settings.path;
    auto file = open_store_file(path);
    if (!file) {
        return tl::unexpected(file.error());
    }
    try {
        if (settings.max_pages > 0) {
            file->database.execute("PRAGMA max_page_count=" + std::to_string(settings.max_pages));
        }
        auto for_reading = open_for_reading(settings.path);
        if (!for_reading) {
            return tl::unexpected(for_reading.error());
        }
        return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(settings),
                                                            std::move(*file),
                                                            std::move(*for_reading),
                                                            std::move(post),
                                                            std::move(events)));
    } catch (const SqlError& error) {
        return tl::unexpected(describe(path, error));
    }
}

Loaded SqliteStore::load(core::Moment now) {
    Loaded loaded;
    try {
        end_device_sessions(writer_.database());
        const Meta& meta = writer_.meta_at_start();
        loaded = {load_unfinished(writer_.database(), now),
                  load_outbox_numbers(writer_.database()),
                  meta.acknowledged,
                  meta.ingress_lsn,
                  meta.epoch,
                  epoch_to_reserve(meta.epoch, now.wall)};
        writer_.reserve_epoch(loaded.reserved_epoch);
    } catch (const SqlError& error) {
        throw std::runtime_error(describe(path_, error));
    }
    writer_.start(loaded.unfinished);
    reader_.start();
    return loaded;
}

void SqliteStore::accept(const core::Command& command, Done done) {
    call(AcceptOp{command, std::move(done)});
}

void SqliteStore::finish(core::FinishedCommand finished, std::optional<OutboxRow> row, Done done) {
    const bool ended_before =
        ended_.insert(ended_.hash(finished.key.device.str(), finished.key.id));
    call(FinishOp{std::move(finished), std::move(row), std::move(done), ended_before});
}

void SqliteStore::mark(Mark mark, Done done) {
    call(MarkOp{std::move(mark), std::move(done)});
}

void SqliteStore::find_finished(const core::CommandKey& key, Found found) {
    // With no other find under way none is overtaken. Otherwise the writer answers in order.
    if (!together_ && writer_.finds_in_flight() == 0 &&
        !ended_.may_contain(ended_.hash(key.device.str(), key.id))) {
        post_([found = std::move(found)] { found(std::nullopt); });
        return;
    }
    call(FindOp{key, std::move(found)});
}

std::chrono::milliseconds SqliteStore::dedup_horizon(proto::WallTime now) const {
    const std::int64_t oldest = writer_.oldest_end_ms();
    // The wall clock may have been set back since.
    return oldest == 0 ? std::chrono::milliseconds{}
                       : std::max(std::chrono::milliseconds{}, now - from_ms(oldest));
}

void SqliteStore::put_outbox(OutboxRow row, Done done) {
    call(PutOutboxOp{std::move(row), std::move(done)});
}

void SqliteStore::find_outbox(std::vector<std::uint64_t> numbers, Rows rows) {
    call(FindOutboxOp{std::move(numbers), std::move(rows)});
}

void SqliteStore::remove_outbox(std::vector<std::uint64_t> numbers) {
    call(RemoveOutboxOp{std::move(numbers)});
}

void SqliteStore::together(const std::function<void()>& calls) {
    together_.emplace();
    calls();
    writer_.push(*std::exchange(together_, std::nullopt));
}

void SqliteStore::call(Op op) {
    if (together_) {
        together_->push_back(std::move(op));
    } else {
        writer_.push(std::move(op));
    }
}

void SqliteStore::imported(std::uint64_t lsn) {
    call(ImportedOp{lsn});
}

void SqliteStore::acknowledged(std::uint64_t number) {
    call(AcknowledgedOp{number});
}

std::uint64_t SqliteStore::durable_lsn() const {
    return writer_.durable_lsn();
}

void SqliteStore::set_epoch(std::uint64_t epoch) {
    call(EpochOp{epoch});
}

bool SqliteStore::writable() const {
    return writer_.writable();
}

bool SqliteStore::has_space() const {
    return writer_.healthy();
}

std::size_t SqliteStore::backlog() const {
    return writer_.backlog();
}

template <class What>
void SqliteStore::query(Reads what,
                        Where where,
                        std::function<What(const Database&, const SeqsIfKnown&)> read,
                        Answer<What> answer) {
    auto start = [this, read = std::move(read), answer = std::move(answer)](SeqsIfKnown seqs) {
        const bool taken =
            reader_.run([this, read, answer, seqs = std::move(seqs)](const Database& database) {
                tl::expected<What, QueryProblem> result = tl::unexpected(QueryProblem::failed);
                try {
                    result = read(database, seqs);
                } catch (const SqlError&) {
                    // Damage also stops the writer, which tells; the asker gets `failed`.
                }
                post_([answer, result = std::move(result)] { answer(result); });
            });
        if (!taken) {
            post_([answer] { answer(tl::unexpected(QueryProblem::busy)); });
        }
    };
    if (!writer_.healthy()) {
        start(std::nullopt);
        return;
    }
    writer_.push(
        QueryOp{[start = std::move(start), where = std::move(where)](const SeqIndex& seqs) {
                    start(where ? SeqsIfKnown(where(seqs)) : std::nullopt);
                },
                what == Reads::devices});
}

void SqliteStore::find_command(core::CommandKey key, Answer<std::optional<CommandRecord>> answer) {
    query<std::optional<CommandRecord>>(
        Reads::commands,
        [key](const SeqIndex& seqs) { return seqs.candidates(key); },
        [node = node_, key](const Database& database, const SeqsIfKnown& seqs) {
            return read_command(database, node, key, seqs);
        },
        std::move(answer));
}

void SqliteStore::find_by_id(std::string id, Answer<std::vector<CommandRecord>> answer) {
    query<std::vector<CommandRecord>>(
        Reads::commands,
        [id](const SeqIndex& seqs) { return seqs.candidates(id, kMaxWithSameId); },
        [node = node_, id](const Database& database, const SeqsIfKnown& seqs) {
            return read_by_id(database, node, id, seqs);
        },
        std::move(answer));
}

void SqliteStore::list(ListRequest request, Answer<CommandList> answer) {
    query<CommandList>(
        Reads::commands,
        {},
        [request = std::move(request)](const Database& database, const SeqsIfKnown& /*seqs*/) {
            return read_list(database, request);
        },
        std::move(answer));
}

void SqliteStore::save_device(proto::DeviceDetails device) {
    call(DeviceOp{std::move(device)});
}

void SqliteStore::find_device(proto::DeviceId device,
                              Answer<std::optional<proto::DeviceDetails>> answer) {
    query<std::optional<proto::DeviceDetails>>(
        Reads::devices,
        {},
        [device = std::move(device)](const Database& database, const SeqsIfKnown& /*seqs*/) {
            return read_device(database, device);
        },
        std::move(answer));
}

void SqliteStore::list_devices(proto::DevicesQuery wanted, Answer<DeviceList> answer) {
    query<DeviceList>(
        Reads::devices,
        {},
        [wanted = std::move(wanted)](const Database& database, const SeqsIfKnown& /*seqs*/) {
            return read_devices(database, wanted);
        },
        std::move(answer));
}

}  // namespace dm::store
