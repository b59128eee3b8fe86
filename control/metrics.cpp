#include "control/metrics.hpp"

#include "device-mgmt/core/clock.hpp"
#include "device-mgmt/ops/health.hpp"
#include "device-mgmt/ops/label_counters.hpp"
#include "device-mgmt/ops/process_usage.hpp"

#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace dm::control {

namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

const Histogram::BucketBoundaries kLatencies{
    0.001, 0.003, 0.01, 0.03, 0.05, 0.1, 0.3, 1, 3, 10, 30, 60, 300};

Family<Counter>& counters(Registry& registry, const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

Gauge& gauge(Registry& registry, const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

Histogram& histogram(Registry& registry, const char* name, const char* help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({},
                                                                                     kLatencies);
}

}  // namespace

class Metrics::Impl {
public:
    explicit Impl(const std::string& version) {
        prometheus::BuildGauge()
            .Name("dm_control_build_info")
            .Help("Always 1; the version is the label.")
            .Register(registry)
            .Add({{"version", version}})
            .Set(1);
        gauge(registry, "process_start_time_seconds", "Start, in seconds since 1970.")
            .Set(Seconds(core::read_clock().wall.time_since_epoch()).count());
    }

    Registry registry;
    ops::LabelCounters requests{
        counters(registry, "dm_control_requests_total", "Requests answered, by status."),
        "status",
        {
            "200", "202", "204", "304", "400", "401", "403", "404", "405", "409", "411", "413",
            "414", "415", "422", "429", "431", "500", "501", "502", "503", "504", "505",
        }};
    ops::LabelCounters calls{
        counters(registry, "dm_control_calls_total", "Calls that are over, by how."),
        "end",
        {"succeeded",
         "failed",
         "timed_out",
         "expired",
         "cancelled",
         "rejected",
         "accepted",
         "no_node",
         "left"}};
    Histogram& call_seconds =
        histogram(registry, "dm_control_call_seconds", "From the request to the end of its call.");
    Histogram& first_event_seconds = histogram(
        registry, "dm_control_first_event_seconds", "From the request to the first event.");
    ops::LabelCounters queries{
        counters(registry, "dm_control_queries_total", "Questions to the nodes, by result."),
        "result",
        {"answered", "bad_request", "too_large", "not_found", "busy", "unavailable", "no_node"}};
    ops::LabelCounters events{
        counters(registry, "dm_control_events_total", "Events from the broker, by kind."),
        "kind",
        {"presence", "status", "reply", "telemetry", "alert", "node"}};
    Counter& dropped = counters(registry,
                                "dm_control_events_dropped_total",
                                "Events thrown away because this instance was behind.")
                           .Add({});
    Counter& gone = counters(registry,
                             "dm_control_clients_gone_total",
                             "Clients that left, or were too slow, before their answer ended.")
                        .Add({});
    Counter& crossed = counters(registry,
                                "dm_control_crossed_replies_total",
                                "Replies whose device or id was not that of their call.")
                           .Add({});
    Gauge& open_calls = gauge(registry, "dm_control_calls_open", "Calls that wait.");
    Gauge& followers = gauge(registry, "dm_control_followers", "Readers of event streams.");
    Gauge& exchanges =
        gauge(registry, "dm_control_exchanges", "Requests not answered to the last byte.");
    Gauge& devices = gauge(registry, "dm_control_devices", "Devices with a presence.");
    Gauge& online = gauge(registry, "dm_control_devices_online", "Devices that are online.");
    Gauge& nodes = gauge(registry, "dm_control_nodes_up", "Nodes that are up.");
    Gauge& broker_connected =
        gauge(registry, "dm_control_broker_connected", "1 while connected and subscribed.");
    Gauge& lag =
        gauge(registry, "dm_control_loop_lag_seconds", "Longest delay of the loop's tick lately.");
    Gauge& resident = gauge(registry, "process_resident_memory_bytes", "Resident memory.");
    Gauge& open_fds = gauge(registry, "process_open_fds", "Open file descriptors.");
    Gauge& max_fds = gauge(registry, "process_max_fds", "Limit of open descriptors.");
    Gauge& cpu = gauge(registry, "process_cpu_seconds_total", "User and system time.");
};

Metrics::Metrics(const std::string& version) : impl_(std::make_unique<Impl>(version)) {}

Metrics::~Metrics() = default;

void Metrics::request(int status) {
    impl_->requests.of(std::to_string(status)).Increment();
}

void Metrics::call_ended(std::string_view end, Seconds duration) {
    impl_->calls.of(end).Increment();
    impl_->call_seconds.Observe(duration.count());
}

void Metrics::call_first_event(Seconds duration) {
    impl_->first_event_seconds.Observe(duration.count());
}

void Metrics::query_answered(std::string_view result) {
    impl_->queries.of(result).Increment();
}

void Metrics::event(std::string_view kind) {
    impl_->events.of(kind).Increment();
}

void Metrics::events_dropped(std::uint64_t count) {
    impl_->dropped.Increment(static_cast<double>(count));
}

void Metrics::client_gone() {
    impl_->gone.Increment();
}

void Metrics::crossed_reply() {
    impl_->crossed.Increment();
}

void Metrics::set_open(std::uint64_t calls, std::uint64_t followers, std::uint64_t exchanges) {
    impl_->open_calls.Set(static_cast<double>(calls));
    impl_->followers.Set(static_cast<double>(followers));
    impl_->exchanges.Set(static_cast<double>(exchanges));
}

void Metrics::set_fleet(std::uint64_t devices, std::uint64_t online, std::uint64_t nodes) {
    impl_->devices.Set(static_cast<double>(devices));
    impl_->online.Set(static_cast<double>(online));
    impl_->nodes.Set(static_cast<double>(nodes));
}

void Metrics::set_broker_connected(bool connected) {
    impl_->broker_connected.Set(connected ? 1 : 0);
}

void Metrics::set_loop_lag(Seconds lag) {
    impl_->lag.Set(lag.count());
}

std::string Metrics::text() const {
    const ops::ProcessUsage usage = ops::read_process_usage();
    impl_->resident.Set(static_cast<double>(usage.rss_bytes));
    impl_->open_fds.Set(static_cast<double>(usage.open_fds));
    impl_->max_fds.Set(static_cast<double>(usage.max_fds));
    impl_->cpu.Set(ops::cpu_seconds());
    return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace dm::control
