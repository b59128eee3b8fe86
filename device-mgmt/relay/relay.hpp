#pragma once

#include "device-mgmt/broker/broker.hpp"
#include "device-mgmt/core/command_broadcasts.hpp"
#include "device-mgmt/core/directory.hpp"
#include "device-mgmt/core/dispatcher.hpp"
#include "device-mgmt/core/groups.hpp"
#include "device-mgmt/core/reports.hpp"
#include "device-mgmt/core/subscriptions.hpp"
#include "device-mgmt/loop/channel.hpp"
#include "device-mgmt/loop/loop.hpp"
#include "device-mgmt/ops/health.hpp"
#include "device-mgmt/ops/metrics.hpp"
#include "device-mgmt/relay/claims.hpp"
#include "device-mgmt/relay/epoch_reserve.hpp"
#include "device-mgmt/relay/fan_out.hpp"
#include "device-mgmt/relay/followers.hpp"
#include "device-mgmt/relay/inlet.hpp"
#include "device-mgmt/relay/intake.hpp"
#include "device-mgmt/relay/live_nodes.hpp"
#include "device-mgmt/relay/outbox.hpp"
#include "device-mgmt/relay/ownership.hpp"
#include "device-mgmt/relay/publications.hpp"
#include "device-mgmt/relay/queries.hpp"
#include "device-mgmt/relay/status_queue.hpp"
#include "device-mgmt/relay/stopped_sessions.hpp"
#include "device-mgmt/relay/transient_intake.hpp"
#include "device-mgmt/relay/uuid.hpp"
#include "device-mgmt/shard/upstream.hpp"
#include "device-mgmt/store/ingress.hpp"
#include "device-mgmt/store/shared_directory.hpp"
#include "device-mgmt/store/store.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <asio/steady_timer.hpp>

namespace dm::relay {

struct RelaySettings {
    std::string node;
    std::string url;
    std::string version;
    std::string prefix = "dm";
    std::string response_topics;  ///< filter; empty: any
    std::uint64_t capacity = 0;   ///< told in the node's info; 0: no bound
    core::DispatchSettings dispatch;
    double max_queries_per_s = 1000;
    core::GroupSettings groups;
    std::size_t max_subscriptions = 200'000;
    bool shared = false;  ///< other nodes work with the same store
};

/// Queries, broadcasts and messages of streams that wait for their turn: beyond it the first and
/// the last are dropped, and for broadcasts the broker's thread waits like for commands.
inline constexpr std::size_t kMaxTransient = 1000;

/// Unprocessed reports beyond which telemetry and alerts are not taken …
inline constexpr std::size_t kMaxReports = 50'000;
/// … and beyond which nothing is that a device can repeat (its session is closed, 1013).
inline constexpr std::size_t kMaxReportsHard = 100'000;

/// What makes two runs with the same inputs differ; a simulation brings its own.
struct RelaySources {
    core::Clock clock = core::read_clock;  ///< called on the broker's threads as well
    UuidSource uuids = {};
    UuidSource arrival_ids = {};  ///< for publishes; used on the broker's thread
};

/// What the relay works with. All of it outlives the relay; the store's completions come on `loop`.
struct RelayParts {
    /// Sends an order to the shard it is for. Called on the relay's thread, not before start().
    using PostOrder = std::function<void(core::Order)>;

    loop::Loop& loop;
    broker::Broker& broker;
    store::Store& store;
    store::Ingress& ingress;
    ops::Metrics& metrics;
    ops::HealthState& health;
    PostOrder post_order;
    Inlet::Fatal fatal;
    FanOut::Post post_delivery = {};              ///< like post_order
    store::SharedDirectory* directory = nullptr;  ///< of a store that nodes share
};

/// Brings commands from the broker to the sessions and what comes of them back, on a loop that is
/// its own: it owns the directory, the dispatcher and the outbox, and nothing of them is locked.
class Relay final : public broker::BrokerListener, public shard::Upstream {
public:
    /// `loaded`: what the store held when it was opened.
    Relay(RelaySettings settings,
          RelayParts parts,
          store::Loaded loaded,
          RelaySources sources = {});
    ~Relay() override;
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    /// Subscriptions and will that the broker must be made with.
    [[nodiscard]] static broker::BrokerSettings complete(broker::BrokerSettings broker,
                                                         const RelaySettings& settings);

    /// Starts the thread, before the shards start, and does what begin() does.
    void start();

    /// Any thread but the relay's. Announces that this node is going.
    void drain();

    /// Any thread: nodes that are up, without this one.
    [[nodiscard]] std::size_t other_nodes() const { return live_nodes_.others(); }

    /// Any thread: when a publish last came from the broker.
    [[nodiscard]] core::Instant last_publish() const { return last_publish_.load(); }

    /// Any thread but the relay's. Closes it, waits until all that has ended is stored and
    /// published or `patience` has passed, and ends the thread. True if nothing was left; what was
    /// left is in the store, as is every unfinished command.
    [[nodiscard]] bool finish(std::chrono::milliseconds patience);

    // ---- by hand, instead of start(): on the thread that runs the loop ----

    [[nodiscard]] loop::Loop& loop() { return loop_; }

    /// Takes up what the ingress log still holds, then starts the broker: nothing new may overtake
    /// it.
    void begin();

    /// When `advance` has something to do.
    [[nodiscard]] std::optional<core::Instant> next_deadline() const;

    /// Ends what is overdue, at most core::Dispatcher::kMaxEndsPerTurn commands, and takes reports
    /// that have waited long enough.
    void advance();

    /// Takes what was reported without waking the loop, and publishes states that have waited for
    /// it.
    void collect();

    /// Nothing is decided any more: what the broker still delivers stays in the ingress log, and
    /// what comes due is the next process's.
    void close();

    /// What the loop's tick does, every loop::Loop::kTick.
    void tick();

    // shard::Upstream, any thread
    [[nodiscard]] bool report(core::Report report) override;
    void delivered(core::Delivered delivered) override;

    // broker::BrokerListener, the broker's threads
    void on_connected(bool session_present) override;
    void on_disconnected(std::string_view reason) override;
    void on_message(broker::InboundMessage message) override;
    void on_published(broker::PublishTicket ticket, broker::PublishResult result) override;

private:
    struct Connected {
        bool session_present;
    };

    struct Disconnected {
        std::string reason;
    };

    struct Published {
        broker::PublishTicket ticket;
        broker::PublishResult result;
    };

    using BrokerEvent = std::variant<Connected, Disconnected, Published>;

    // From the broker.
    void take(Arrival& arrival);
    void take(const BrokerEvent& event);
    void submit(core::Submission submitted, store::Lsn lsn);
    /// What must be known before a command is decided: another node that owns its device, or what
    /// became of an earlier one with its id. Calls of it are answered in order.
    using LookedUp = std::function<void(const std::optional<std::string>& elsewhere,
                                        const std::optional<core::FinishedCommand>& finished)>;
    void look_up(const std::shared_ptr<core::Submission>& submission, LookedUp looked_up);
    enum class Patience {
        some,  ///< it may wait for the one that it is to come after
        none,
    };
    void decide(core::Submission& submission,
                const std::optional<core::FinishedCommand>& finished,
                Patience patience = Patience::some);
    void cancel(const Cancel& cancel);
    void refuse(const RefusedInput& refused);

    // Of that what is not kept.
    void take(const broker::InboundMessage& message);
    void broadcast(GroupMessage& message);
    void broadcast(core::CommandBroadcast broadcast);
    void refuse_broadcast(const std::optional<std::string>& id,
                          proto::Rejection code,
                          std::string message,
                          const core::ReplyTo& reply_to);
    void tell_addressed(proto::BroadcastAddressed all, const core::ReplyTo& reply_to);
    void answer_broadcast(std::string payload, const core::ReplyTo& reply_to);
    /// Tells of those that are through, and goes on with the others when the store has room.
    void continue_broadcasts();
    void submit_of_broadcast(core::Submission submission);
    void publish_to_readers(StreamInput& input);
    void kick(const Kick& kick);
    [[nodiscard]] std::vector<proto::DeviceId> connected(const proto::Name& group) const;

    // From the shards.
    void take(core::Report& report);
    void dropped(const core::Report& report);
    void opened(const core::Report& report, const core::SessionOpened& opened);
    void settle(const proto::DeviceId& device,
                core::SessionRef session,
                const core::SessionOpened& opened,
                const core::Directory::Claim& claim);
    void closed(const core::Report& report, const core::SessionClosed& closed);
    void forwarded(const core::Report& report, core::ForwardedFrame& frame);
    void replied(const core::Report& report, proto::Reply& reply);
    void subscribe(const core::Report& report, const proto::Subscribe& wanted);
    void unsubscribe(const core::Report& report, const proto::Unsubscribe& unwanted);
    /// The broker may still call this device online.
    void tell_stopped(const proto::DeviceDetails& device);
    /// What queries will answer of the device from now on.
    void remember_online(const proto::DeviceId& device,
                         const core::DirectoryEntry& entry,
                         std::optional<proto::JsonText> labels);
    [[nodiscard]] proto::DeviceDetails offline(const proto::DeviceId& device,
                                               const core::DirectoryEntry& entry,
                                               proto::CloseCode code,
                                               proto::WallTime now) const;

    // With other nodes.
    [[nodiscard]] Ownership::Events ownership_events();
    void claim(const core::Report& report, const core::SessionOpened& opened);
    void attached(const proto::DeviceId& device,
                  core::SessionRef session,
                  const store::AttachResult& result);
    [[nodiscard]] core::Directory::Claim grant(const proto::DeviceId& device,
                                               const Claim& claim,
                                               const store::Attached& attached);
    void release(const proto::DeviceId& device);
    void lose(const proto::DeviceId& device, proto::CloseCode code);
    void tell_ended(const proto::DeviceId& device, const store::PreviousSession& session);
    void trust(bool trusted);
    /// Submits what is in no log (any more), wherever the device is.
    void reroute(core::Submission submission, Patience patience = Patience::some);
    void hand_over(const std::string& node, const core::Submission& submission);
    void hand_over(const std::string& node, const Cancel& cancel);
    void take(const NodeWord& word);
    void say(const std::string& node, const NodeWord& word);
    /// Of all devices that are connected here.
    void tell_presence();
    void watch_nodes();

    // To the outside.
    void carry_out_effects();
    void carry_out(core::StoreAccepted& effect);
    void carry_out(core::StoreFinished& effect);
    void carry_out(core::StoreMark& effect);
    void carry_out(core::SendFrame& effect);
    void carry_out(core::AckReply& effect);
    void carry_out(core::PublishStatus& effect);
    void carry_out(core::PublishRejection& effect);
    void carry_out(core::RepeatTerminal& effect);
    /// Stores the message, then publishes it.
    void tell(Publication publication, std::optional<core::CommandKey> key);
    void publish_expendable(broker::OutboundMessage message, std::string_view kind);
    /// Later than `accepted`: may be left out when the next one is there already.
    void publish_state(const core::PublishStatus& status);
    void publish_due_states();
    void announce(std::string_view state);

    void watch_space();
    void expect_unhurried();
    void arm_deadline();

    RelaySettings settings_;
    broker::Broker& broker_;
    ops::Metrics& metrics_;
    ops::HealthState& health_;
    core::Clock clock_;
    UuidSource uuids_;
    store::Store& store_;
    store::Ingress& ingress_;
    loop::Loop& loop_;
    Publications publications_;
    LiveNodes live_nodes_;
    std::atomic<core::Instant> last_publish_{core::Instant{}};
    core::Directory directory_;
    EpochReserve epochs_;
    Ownership ownership_;
    Claims claims_;
    Followers followers_;
    std::size_t close_bucket_ = 0;  ///< of the directory's entries, while sessions are sent away
    core::Dispatcher dispatcher_;
    core::Groups groups_;
    core::Subscriptions subscriptions_;
    core::CommandBroadcasts broadcasts_;
    bool slice_posted_ = false;  ///< continue_broadcasts is to be called
    Outbox outbox_;
    StatusQueue states_;
    RelayParts::PostOrder post_order_;
    FanOut fan_out_;
    Queries queries_;
    StoppedSessions stopped_sessions_;
    std::string boot_;
    std::string state_ = "up";
    std::uint64_t announced_sessions_ = 0;
    std::uint64_t ticks_ = 0;
    std::size_t unconfirmed_ = 0;              ///< sendings without their CommandSent
    std::optional<core::Instant> collect_at_;  ///< set while there may be something to collect
    asio::steady_timer deadline_timer_;
    bool closed_ = false;
    bool started_ = false;  ///< not: time passes by hand, and no timer is armed
    std::optional<core::Instant> armed_;
    std::function<void()> when_ticked_;  ///< called once, by the next tick
    Inlet inlet_;
    loop::Channel<broker::InboundMessage> transient_;
    loop::Channel<BrokerEvent> events_;
    loop::Channel<core::Report> reports_;
    loop::Channel<core::Delivered> deliveries_;
};

}  // namespace dm::relay
