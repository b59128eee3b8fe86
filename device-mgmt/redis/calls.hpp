#pragma once

#include "device-mgmt/redis/call.hpp"
#include "device-mgmt/redis/settings.hpp"
#include "device-mgmt/store/shared_directory.hpp"
#include "device-mgmt/store/store.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace dm::redis {

/// What answers of Redis tell by the way; written by the store's thread, read by any.
struct Standing {
    std::atomic<std::uint64_t> durable_lsn{0};
    std::atomic<std::int64_t> oldest_end_ms{0};  ///< 0: no end is remembered
};

/// At most so many steps of a search go through one script: a page may end early.
inline constexpr std::size_t kMaxScanned = 5000;
/// Unfinished commands of one adoption, but for the last device's.
inline constexpr std::size_t kMaxAdoptedCommands = 1000;
inline constexpr std::size_t kMaxAdoptedRows = 500;

/// Makes the calls to Redis, each with what its answer leads to. On the relay's thread; before the
/// store's thread runs, on the one that opens the store.
class Calls {
public:
    using CommandStore = store::CommandStore;
    using Directory = store::SharedDirectory;
    template <class What>
    using Answer = store::CommandQueries::Answer<What>;
    /// On the relay's thread: a write had no effect because another process owns the device.
    using Lost = std::function<void(const proto::DeviceId&)>;

    Calls(RedisSettings settings, Standing& standing, Lost lost)
        : settings_(std::move(settings)), standing_(standing), lost_(std::move(lost)) {}

    // ---- CommandStore ----
    [[nodiscard]] Call accept(const core::Command& command, CommandStore::Done done) const;
    [[nodiscard]] Call finish(const core::FinishedCommand& finished,
                              const std::optional<store::OutboxRow>& row,
                              CommandStore::Done done) const;
    [[nodiscard]] Call mark(const store::Mark& mark, CommandStore::Done done) const;
    [[nodiscard]] Call find_finished(const core::CommandKey& wanted,
                                     CommandStore::Found found) const;
    [[nodiscard]] static Call put_outbox(const store::OutboxRow& row, CommandStore::Done done);
    [[nodiscard]] Call find_outbox(std::vector<std::uint64_t> numbers,
                                   CommandStore::Rows rows) const;
    [[nodiscard]] Call remove_outbox(const std::vector<std::uint64_t>& numbers) const;
    [[nodiscard]] Call imported(std::uint64_t lsn) const;
    [[nodiscard]] Call acknowledged(std::uint64_t number) const;
    [[nodiscard]] Call set_epoch(std::uint64_t epoch) const;

    // ---- queries ----
    [[nodiscard]] static Call find_command(const core::CommandKey& wanted,
                                           Answer<std::optional<store::CommandRecord>> answer);
    [[nodiscard]] static Call find_by_id(const std::string& id,
                                         Answer<std::vector<store::CommandRecord>> answer);
    [[nodiscard]] static Call list(const store::ListRequest& request,
                                   Answer<store::CommandList> answer);

    // ---- DeviceStore ----
    [[nodiscard]] Call save_device(const proto::DeviceDetails& device) const;
    [[nodiscard]] Call find_device(const proto::DeviceId& device,
                                   Answer<std::optional<proto::DeviceDetails>> answer) const;
    [[nodiscard]] static Call list_devices(const proto::DevicesQuery& query,
                                           Answer<store::DeviceList> answer);

    // ---- SharedDirectory ----
    [[nodiscard]] Call attach(const proto::DeviceId& device,
                              const std::string& remote,
                              Directory::Answer<store::AttachResult> answer);
    [[nodiscard]] static Call detach(const proto::DeviceId& device,
                                     std::uint64_t epoch,
                                     Directory::Answer<bool> was_last);
    [[nodiscard]] Call own(const proto::DeviceId& device,
                           Directory::Answer<store::OwnResult> answer);
    [[nodiscard]] Call adopt(Directory::Answer<std::vector<store::Adopted>> answer);
    [[nodiscard]] Call adopt_outbox(std::uint64_t after,
                                    Directory::Answer<std::vector<std::uint64_t>> answer);
    [[nodiscard]] static Call verify(const std::vector<proto::DeviceId>& devices,
                                     Directory::Answer<std::vector<proto::DeviceId>> lost);

    // ---- of the store itself; without completions ----
    /// Only from earlier processes of this node.
    [[nodiscard]] Call adopt_own();

    /// Zeros raise nothing.
    struct Stand {
        std::uint64_t lsn = 0;
        std::uint64_t epoch = 0;
        std::uint64_t acknowledged = 0;
    };

    [[nodiscard]] Call raise(const Stand& to) const;
    [[nodiscard]] Call outbox_numbers() const;
    [[nodiscard]] static Call stop_devices(std::size_t limit);
    /// Looks at `limit` ends from rank `skip` on.
    [[nodiscard]] Call prune(std::size_t limit, std::uint64_t skip, proto::WallTime now) const;
    enum class Taking { open, renew };
    [[nodiscard]] Call lease(Taking how, const std::string& token) const;
    [[nodiscard]] Call release() const;

    /// Of one process and never the same: tells a request that comes again from another one, and a
    /// lease from the one before.
    [[nodiscard]] std::string next_request();

    [[nodiscard]] const RedisSettings& settings() const { return settings_; }

private:
    /// A write of a command, whose answer may be `lost`.
    [[nodiscard]] Call write(Script script,
                             std::vector<std::string> arguments,
                             proto::DeviceId device,
                             CommandStore::Done done) const;
    [[nodiscard]] std::string key(const std::string& name) const;
    [[nodiscard]] std::string key(const proto::DeviceId& device, const std::string& what) const;
    [[nodiscard]] Call adopt(const std::string& only,
                             Directory::Answer<std::vector<store::Adopted>> answer);

    /// Notes that the request which was just made may take the device, until it is answered.
    template <class What>
    [[nodiscard]] Directory::Answer<What> claims(const proto::DeviceId& device,
                                                 Directory::Answer<What> answer);
    RedisSettings settings_;
    Standing& standing_;
    Lost lost_;
    std::uint64_t requests_ = 0;

    /// Requests under way that may take a device.
    struct Claiming {
        std::uint64_t oldest;  ///< its number
        std::size_t count = 0;
    };

    struct ClaimingDevices {
        std::unordered_map<proto::DeviceId, Claiming> devices = {};
        std::optional<std::uint64_t> adopting = {};  ///< the request, which may take any device

        void answered(const proto::DeviceId& device, std::uint64_t number);
        void given_up(const proto::DeviceId& device);
        /// The oldest request under way that may take this device.
        [[nodiscard]] std::optional<std::uint64_t> oldest(const proto::DeviceId& device) const;
    };

    /// Answers may come when this is gone.
    std::shared_ptr<ClaimingDevices> claiming_ = std::make_shared<ClaimingDevices>();
};

/// The devices in an answer to an adoption.
[[nodiscard]] std::vector<store::Adopted> read_adopted(const Reply& reply, core::Moment now);

}  // namespace dm::redis
