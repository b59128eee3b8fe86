#pragma once

#include "device-mgmt/store/key_set.hpp"
#include "device-mgmt/store/query_rows.hpp"
#include "device-mgmt/store/reader.hpp"
#include "device-mgmt/store/store.hpp"
#include "device-mgmt/store/writer.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace dm::store {

struct SqliteSettings {
    std::string path;  ///< `store.sqlite`; beside it stand -wal, -shm and .lock
    std::string node;  ///< for the history
    KeepFinished keep;
    std::int64_t max_pages = 0;  ///< of the file, 4 KiB each; 0: as the disk allows
    std::function<core::Moment()> clock = core::read_clock;
    std::size_t keep_devices = 1'000'000;  ///< `store.keep_devices_max`
};

/// Keeps commands in one SQLite file: what was completed survives the death of the process and of
/// the machine. One thread writes, one reads; see Writer for the order of things.
///
/// Out of space: `writable` turns false, nothing completes, and the same transaction is tried again
/// until there is space. Any other failure is final: see StoreEvents::on_fatal.
class SqliteStore final : public Store {
public:
    /// The error names the path and what to do.
    [[nodiscard]] static tl::expected<std::unique_ptr<SqliteStore>, std::string> open(
        SqliteSettings settings, Post post, StoreEvents events);

    ~SqliteStore() override;
    SqliteStore(const SqliteStore&) = delete;
    SqliteStore& operator=(const SqliteStore&) = delete;

    using CommandStore::finish;

    void accept(const core::Command& command, Done done) override;
    void finish(core::FinishedCommand finished, std::optional<OutboxRow> row, Done done) override;
    void mark(Mark mark, Done done = {}) override;
    void find_finished(const core::CommandKey& key, Found found) override;
    [[nodiscard]] std::chrono::milliseconds dedup_horizon(proto::WallTime now) const override;
    void put_outbox(OutboxRow row, Done done) override;
    void find_outbox(std::vector<std::uint64_t> numbers, Rows rows) override;
    void remove_outbox(std::vector<std::uint64_t> numbers) override;
    void together(const std::function<void()>& calls) override;
    void imported(std::uint64_t lsn) override;
    void acknowledged(std::uint64_t number) override;
    [[nodiscard]] std::uint64_t durable_lsn() const override;
    void set_epoch(std::uint64_t epoch) override;
    [[nodiscard]] bool writable() const override;
    [[nodiscard]] bool has_space() const override;
    [[nodiscard]] std::size_t backlog() const override;

    /// Starts the threads; other calls before it wait.
    [[nodiscard]] Loaded load(core::Moment now) override;

    void find_command(core::CommandKey key, Answer<std::optional<CommandRecord>> answer) override;
    void find_by_id(std::string id, Answer<std::vector<CommandRecord>> answer) override;
    void list(ListRequest request, Answer<CommandList> answer) override;

    void save_device(proto::DeviceDetails device) override;
    void find_device(proto::DeviceId device,
                     Answer<std::optional<proto::DeviceDetails>> answer) override;
    void list_devices(proto::DevicesQuery wanted, Answer<DeviceList> answer) override;

private:
    SqliteStore(SqliteSettings settings,
                StoreFile file,
                Database for_reading,
                Post post,
                StoreEvents events);

    enum class Reads { commands, devices };

    /// Which unfinished commands a query has to look at, if it names some.
    using Where = std::function<std::vector<std::uint64_t>(const SeqIndex&)>;

    /// Reads on the reader's thread after everything called so far, and posts the answer. `where`
    /// may be empty; its rows do not reach `read` while the disk is full.
    template <class What>
    void query(Reads what,
               Where where,
               std::function<What(const Database&, const SeqsIfKnown&)> read,
               Answer<What> answer);

    void call(Op op);

    std::string path_;
    std::string node_;
    Post post_;
    std::optional<std::vector<Op>> together_;  ///< set within `together`
    KeySet ended_;
    Reader reader_;
    Writer writer_;  ///< starts queries on the reader
};

}  // namespace dm::store
