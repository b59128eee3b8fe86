#pragma once

#include "device-mgmt/redis/calls.hpp"
#include "device-mgmt/redis/link.hpp"
#include "device-mgmt/redis/settings.hpp"
#include "device-mgmt/redis/worker.hpp"
#include "device-mgmt/store/shared_directory.hpp"
#include "device-mgmt/store/store.hpp"
#include "device-mgmt/store/store_events.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace dm::redis {

/// Keeps the commands of all nodes in one Redis, and who owns which device. One primary (with
/// replicas or without), no cluster: scripts use keys of many slots. What has completed survives
/// every death of a process of ours, and of Redis and its machine as far as its append-only file
/// is synced before it answers, which is checked.
///
/// Redis away (not reachable, loading, read-only, failing): `writable` is false, queries are
/// answered `failed`, and everything else waits and is sent again, as often as needed; nothing is
/// done twice. Over `maxmemory`: the same, and `has_space` is false. Any other failure is final:
/// see StoreEvents::on_fatal.
///
/// A command that is accepted or ended for a device that nobody owns makes this process its owner.
/// Of a write that is refused (`Events::on_lost`) the completion is not called, and its outbox row
/// is not kept.
///
/// `Command::number` of commands that come from here counts acceptances of all nodes.
class RedisStore final : public store::Store, public store::SharedDirectory {
public:
    template <class What>
    using Answer = store::Store::Answer<What>;
    template <class What>
    using DirectoryAnswer = store::SharedDirectory::Answer<What>;

    /// Takes the node's lease; when an earlier process of another instance seems to live, waits
    /// until its lease has run out. The error says what to do.
    [[nodiscard]] static tl::expected<std::unique_ptr<RedisStore>, std::string> open(
        const RedisSettings& settings, store::Post post, store::StoreEvents events);

    /// Sends what was called, unless Redis does not answer for 2 s, and gives the lease up. What
    /// was posted may run later.
    ~RedisStore() override;
    RedisStore(const RedisStore&) = delete;
    RedisStore& operator=(const RedisStore&) = delete;

    /// What could not be checked when it was opened, as sentences for the log.
    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

    using CommandStore::finish;

    void accept(const core::Command& command, Done done) override;
    void finish(core::FinishedCommand finished,
                std::optional<store::OutboxRow> row,
                Done done) override;
    void mark(store::Mark mark, Done done = {}) override;
    void find_finished(const core::CommandKey& key, Found found) override;
    [[nodiscard]] std::chrono::milliseconds dedup_horizon(proto::WallTime now) const override;
    void put_outbox(store::OutboxRow row, Done done) override;
    void find_outbox(std::vector<std::uint64_t> numbers, Rows rows) override;
    void remove_outbox(std::vector<std::uint64_t> numbers) override;
    /// One MULTI … EXEC. A write in it that is refused because another process owns its device has
    /// no effect, the others have.
    void together(const std::function<void()>& calls) override;
    void imported(std::uint64_t lsn) override;
    void acknowledged(std::uint64_t number) override;
    [[nodiscard]] std::uint64_t durable_lsn() const override;
    void set_epoch(std::uint64_t epoch) override;
    [[nodiscard]] bool writable() const override;
    [[nodiscard]] bool has_space() const override;
    [[nodiscard]] std::size_t backlog() const override;

    /// Takes what earlier processes of this node have left; sessions that ended with them are
    /// told by the devices' records (kNodeStopped). Starts the thread; other calls before it wait.
    [[nodiscard]] store::Loaded load(core::Moment now) override;

    void find_command(core::CommandKey key,
                      Answer<std::optional<store::CommandRecord>> answer) override;
    void find_by_id(std::string id, Answer<std::vector<store::CommandRecord>> answer) override;
    void list(store::ListRequest request, Answer<store::CommandList> answer) override;

    void save_device(proto::DeviceDetails device) override;
    void find_device(proto::DeviceId device,
                     Answer<std::optional<proto::DeviceDetails>> answer) override;
    void list_devices(proto::DevicesQuery wanted, Answer<store::DeviceList> answer) override;

    /// What happens before is not told.
    void listen(Events events) override;

    [[nodiscard]] core::Instant trusted_until() const override { return worker_.trusted_until(); }

    void attach(proto::DeviceId device,
                std::string remote,
                DirectoryAnswer<store::AttachResult> answer) override;
    void detach(proto::DeviceId device,
                std::uint64_t epoch,
                DirectoryAnswer<bool> was_last) override;
    void own(proto::DeviceId device, DirectoryAnswer<store::OwnResult> answer) override;
    void adopt(DirectoryAnswer<std::vector<store::Adopted>> answer) override;
    void adopt_outbox(std::uint64_t after,
                      DirectoryAnswer<std::vector<std::uint64_t>> answer) override;
    void verify(std::vector<proto::DeviceId> devices,
                DirectoryAnswer<std::vector<proto::DeviceId>> lost) override;

private:
    RedisStore(const RedisSettings& settings,
               Link link,
               store::Post post,
               store::StoreEvents events);

    void call(Call call);
    template <class What>
    void query(Call call, const Answer<What>& answer);

    // While opening, on the caller's thread.
    [[nodiscard]] tl::expected<void, std::string> take_lease();
    [[nodiscard]] Reply ask(Call call);
    void renew_while_loading();

    /// Used on the relay's thread alone. What was posted may run when the store is gone.
    std::shared_ptr<Events> listener_;
    std::vector<std::string> warnings_;
    Standing standing_;
    Calls calls_;
    Link link_;
    LeaseWatch lease_;
    store::Post post_;
    std::optional<std::vector<Call>> together_;  ///< set within `together`
    Worker worker_;                              ///< uses everything above
};

}  // namespace dm::redis
