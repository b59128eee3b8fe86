#include "device-mgmt/ops/metrics.hpp"

#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/ops/health.hpp"
#include "device-mgmt/ops/label_counters.hpp"
#include "device-mgmt/ops/process_usage.hpp"

#include <array>
#include <atomic>
#include <utility>

#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace dm::ops {

namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

/// Seconds: from a hop between threads to a command that waits out its timeout.
const Histogram::BucketBoundaries kLatencies{
    0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300};

Family<Counter>& counters(Registry& registry, const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

Family<Gauge>& gauges(Registry& registry, const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

Family<Histogram>& histograms(Registry& registry, const char* name, const char* help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

}  // namespace

class Metrics::Impl {
public:
    explicit Impl(const std::string& version) {
        gauges(registry, "dm_build_info", "Always 1; the version is the label.")
            .Add({{"version", version}})
            .Set(1);
        gauges(registry, "process_start_time_seconds", "Start, in seconds since 1970.")
            .Add({})
            .Set(Seconds(core::read_clock().wall.time_since_epoch()).count());
    }

    /// A stage nobody knows counts as `total`: there is no `other` duration.
    Histogram& stage(std::string_view name) {
        for (auto& [known, histogram] : stages) {
            if (known == name) {
                return *histogram;
            }
        }
        return *stages.back().second;
    }

    Histogram* add_stage(const char* name) {
        return &stage_family.Add({{"stage", name}}, kLatencies);
    }

    LabelCounters query_results(const char* kind) {
        return {query_family,
                "result",
                {"ok", "bad_request", "too_large", "not_found", "busy", "unavailable"},
                {{"query", kind}}};
    }

    /// A kind nobody knows counts as `invalid`.
    LabelCounters& query_results_of(std::string_view kind) {
        for (auto& [known, results] : queries) {
            if (known == kind) {
                return results;
            }
        }
        return queries.back().second;
    }

    Registry registry;
    std::atomic<std::uint64_t> session_count{0};

    Counter& opens =
        counters(registry, "dm_session_opens_total", "Sessions opened, that is after 101.").Add({});
    LabelCounters closes{
        counters(registry, "dm_session_closes_total", "Sessions closed, by close code."),
        "reason",
        {"normal",
         "going_away",
         "protocol_error",
         "unacceptable",
         "no_status",
         "abnormal",
         "bad_payload",
         "policy",
         "too_big",
         "internal_error",
         "drain",
         "overloaded",
         "replaced",
         "heartbeat_missed",
         "token_expired",
         "session_refresh",
         "rate_limit",
         "too_slow",
         "owned_elsewhere"}};
    Gauge& sessions = gauges(registry, "dm_sessions", "Open sessions.").Add({});
    Counter& takeovers =
        counters(registry, "dm_takeovers_total", "Sessions closed for a newer one of the device.")
            .Add({});
    Counter& handed_over =
        counters(registry,
                 "dm_handed_over_total",
                 "Commands and cancels passed on to the node that owns their device.")
            .Add({});
    Histogram& handshakes =
        histograms(registry, "dm_handshake_seconds", "From accept to 101.").Add({}, kLatencies);
    LabelCounters refused{
        counters(registry, "dm_upgrades_refused_total", "Upgrades refused, by HTTP status."),
        "status",
        {"400", "401", "403", "404", "405", "426", "429", "503"}};
    LabelCounters handshake_failures{
        counters(
            registry, "dm_handshake_failures_total", "Connections that never became an upgrade."),
        "reason",
        {"accept", "address over its rate", "exception", "handshake", "TLS"}};
    LabelCounters auth{
        counters(registry, "dm_auth_refused_total", "Identities refused, by reason."),
        "reason",
        {"missing",
         "malformed",
         "unknown_key",
         "bad_algorithm",
         "bad_signature",
         "expired",
         "not_yet_valid",
         "missing_claim",
         "wrong_audience",
         "wrong_issuer",
         "bad_device_id",
         "bad_credentials",
         "disagreement",
         "method_disabled"}};

    Family<Counter>& frame_family =
        counters(registry, "dm_frames_total", "Frames, by direction and type.");
    LabelCounters frames_in{frame_family,
                            "type",
                            {"hello",
                             "heartbeat",
                             "ack",
                             "reply",
                             "telemetry",
                             "alert",
                             "subscribe",
                             "unsubscribe",
                             "token",
                             "invalid"},
                            {{"direction", "in"}}};
    LabelCounters frames_out{frame_family,
                             "type",
                             {"welcome",
                              "command",
                              "reply_ack",
                              "message",
                              "heartbeat",
                              "token_ok",
                              "reconnect",
                              "error"},
                             {{"direction", "out"}}};

    LabelCounters commands{
        counters(registry, "dm_commands_total", "Commands that reached a state."),
        "state",
        {"accepted",
         "queued",
         "sent",
         "delivered",
         "succeeded",
         "failed",
         "timed_out",
         "expired",
         "cancelled",
         "rejected",
         "late"}};
    LabelCounters rejections{counters(registry, "dm_rejections_total", "Inputs rejected, by code."),
                             "code",
                             {"bad_request",
                              "too_large",
                              "queue_full",
                              "device_offline",
                              "busy",
                              "id_conflict",
                              "bad_response_topic",
                              "unknown_group",
                              "forbidden"}};
    Family<Histogram>& stage_family =
        histograms(registry, "dm_command_seconds", "Time a command spends in a stage.");
    std::array<std::pair<std::string_view, Histogram*>, 5> stages{{
        {"intake", add_stage("intake")},
        {"accept", add_stage("accept")},
        {"send", add_stage("send")},
        {"reply", add_stage("reply")},
        {"total", add_stage("total")},
    }};
    Gauge& waiting =
        gauges(registry, "dm_commands_waiting", "Commands that wait for device or window.").Add({});
    Gauge& unfinished =
        gauges(registry, "dm_commands_unfinished", "Accepted commands without an end.").Add({});

    Gauge& broker_connected =
        gauges(registry, "dm_broker_connected", "1 while connected and subscribed.").Add({});
    LabelCounters broker_messages{
        counters(registry, "dm_broker_messages_total", "Publishes received, by kind."),
        "kind",
        {"command",
         "cancel",
         "broadcast",
         "stream",
         "query",
         "kick",
         "refused",
         "retained",
         "duplicate",
         "unanswerable",
         "unreadable",
         "other_topic"}};
    LabelCounters broker_dropped{
        counters(registry, "dm_broker_dropped_total", "Messages not published, by kind."),
        "kind",
        {"status", "telemetry", "alert", "answer", "stream", "query", "report", "refused"}};
    Counter& states_coalesced = counters(registry,
                                         "dm_states_coalesced_total",
                                         "States not published because a later one was there.")
                                    .Add({});
    Gauge& outbox =
        gauges(registry, "dm_outbox_messages", "Messages the broker has not acknowledged.").Add({});
    Histogram& commit =
        histograms(registry, "dm_store_commit_seconds", "From submission to durable.")
            .Add({}, kLatencies);
    Counter& ingress_dropped = counters(registry,
                                        "dm_ingress_dropped_bytes_total",
                                        "Damaged bytes cut from the ingress log at start.")
                                   .Add({});
    Gauge& dedup_horizon =
        gauges(registry, "dm_dedup_horizon_seconds", "Age of the oldest remembered end.").Add({});
    Family<Counter>& query_family =
        counters(registry, "dm_queries_total", "Queries answered, by kind and result.");
    std::array<std::pair<std::string_view, LabelCounters>, 5> queries{{
        {"command", query_results("command")},
        {"commands", query_results("commands")},
        {"device", query_results("device")},
        {"devices", query_results("devices")},
        {"invalid", query_results("invalid")},
    }};
    Histogram& query_seconds =
        histograms(registry, "dm_query_seconds", "From a query's arrival to its answer.")
            .Add({}, kLatencies);
    LabelCounters messages{
        counters(registry, "dm_messages_total", "Messages of streams and groups, per session."),
        "result",
        {"sent", "dropped"}};
    Gauge& subscriptions =
        gauges(registry, "dm_subscriptions", "Subscriptions of sessions to streams.").Add({});
    Family<Gauge>& lag_family =
        gauges(registry, "dm_loop_lag_seconds", "Longest delay of a loop's tick lately.");

    LabelCounters reloads{
        counters(registry, "dm_reloads_total", "Reloads of certificates, keys and credentials."),
        "result",
        {"ok", "failed"}};
    Gauge& last_reload =
        gauges(registry, "dm_last_reload_successful", "0 while the files at hand are unusable.")
            .Add({});
    Gauge& certificate_expiry = gauges(registry,
                                       "dm_certificate_expires_timestamp_seconds",
                                       "When the server's certificate is over, in Unix time.")
                                    .Add({});

    Gauge& resident = gauges(registry, "process_resident_memory_bytes", "Resident memory.").Add({});
    Gauge& open_fds = gauges(registry, "process_open_fds", "Open file descriptors.").Add({});
    Gauge& max_fds = gauges(registry, "process_max_fds", "Limit of open descriptors.").Add({});
    Gauge& cpu = gauges(registry, "process_cpu_seconds_total", "User and system time.").Add({});
};

Metrics::Metrics(const std::string& version) : impl_(std::make_unique<Impl>(version)) {
    impl_->last_reload.Set(1);  // what is loaded at the start is good, or there is no start
}

Metrics::~Metrics() = default;

void Metrics::session_opened() {
    impl_->opens.Increment();
    impl_->sessions.Increment();
    impl_->session_count.fetch_add(1, std::memory_order_relaxed);
}

void Metrics::session_closed(std::string_view reason) {
    impl_->closes.of(reason).Increment();
    impl_->sessions.Decrement();
    impl_->session_count.fetch_sub(1, std::memory_order_relaxed);
}

void Metrics::handed_over() {
    impl_->handed_over.Increment();
}

void Metrics::takeover() {
    impl_->takeovers.Increment();
}

void Metrics::handshake(Seconds duration) {
    impl_->handshakes.Observe(duration.count());
}

void Metrics::upgrade_refused(int status) {
    impl_->refused.of(std::to_string(status)).Increment();
}

void Metrics::handshake_failed(std::string_view what) {
    impl_->handshake_failures.of(what.substr(0, what.find(':'))).Increment();
}

void Metrics::auth_refused(std::string_view reason) {
    impl_->auth.of(reason).Increment();
}

void Metrics::frame_in(std::string_view type) {
    impl_->frames_in.of(type).Increment();
}

void Metrics::frame_out(std::string_view type) {
    impl_->frames_out.of(type).Increment();
}

void Metrics::command(std::string_view state) {
    impl_->commands.of(state).Increment();
}

void Metrics::rejection(std::string_view code) {
    impl_->rejections.of(code).Increment();
}

void Metrics::command_stage(std::string_view stage, Seconds duration) {
    impl_->stage(stage).Observe(duration.count());
}

void Metrics::set_commands_waiting(std::uint64_t count) {
    impl_->waiting.Set(static_cast<double>(count));
}

void Metrics::set_commands_unfinished(std::uint64_t count) {
    impl_->unfinished.Set(static_cast<double>(count));
}

void Metrics::set_broker_connected(bool connected) {
    impl_->broker_connected.Set(connected ? 1 : 0);
}

void Metrics::broker_message(std::string_view kind) {
    impl_->broker_messages.of(kind).Increment();
}

void Metrics::broker_dropped(std::string_view kind) {
    impl_->broker_dropped.of(kind).Increment();
}

void Metrics::states_coalesced(std::size_t count) {
    impl_->states_coalesced.Increment(static_cast<double>(count));
}

void Metrics::set_outbox(std::uint64_t rows) {
    impl_->outbox.Set(static_cast<double>(rows));
}

void Metrics::store_commit(Seconds duration) {
    impl_->commit.Observe(duration.count());
}

void Metrics::ingress_dropped(std::uint64_t bytes) {
    impl_->ingress_dropped.Increment(static_cast<double>(bytes));
}

void Metrics::set_dedup_horizon(Seconds age) {
    impl_->dedup_horizon.Set(age.count());
}

void Metrics::reloaded(bool all_good) {
    impl_->reloads.of(all_good ? "ok" : "failed").Increment();
    impl_->last_reload.Set(all_good ? 1 : 0);
}

void Metrics::set_certificate_expiry(std::chrono::system_clock::time_point when) {
    impl_->certificate_expiry.Set(std::chrono::duration<double>(when.time_since_epoch()).count());
}

void Metrics::query(std::string_view query, std::string_view result, Seconds duration) {
    impl_->query_results_of(query).of(result).Increment();
    impl_->query_seconds.Observe(duration.count());
}

void Metrics::messages(std::string_view result, std::uint64_t count) {
    impl_->messages.of(result).Increment(static_cast<double>(count));
}

void Metrics::set_subscriptions(std::uint64_t count) {
    impl_->subscriptions.Set(static_cast<double>(count));
}

void Metrics::loop_lag(std::string_view loop, Seconds lag) {
    impl_->lag_family.Add({{"loop", std::string(loop)}}).Set(lag.count());
}

std::uint64_t Metrics::sessions() const {
    return impl_->session_count.load(std::memory_order_relaxed);
}

std::string Metrics::text() const {
    const ProcessUsage usage = read_process_usage();
    impl_->resident.Set(static_cast<double>(usage.rss_bytes));
    impl_->open_fds.Set(static_cast<double>(usage.open_fds));
    impl_->max_fds.Set(static_cast<double>(usage.max_fds));
    impl_->cpu.Set(cpu_seconds());
    return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace dm::ops
