#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace dm::control {

/// All metrics of an instance (docs/operations.md lists them). Thread-safe.
class Metrics {
public:
    using Seconds = std::chrono::duration<double>;

    explicit Metrics(const std::string& version);
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    void request(int status);                                 ///< dm_control_requests_total{status}
    void call_ended(std::string_view end, Seconds duration);  ///< dm_control_calls_total{end}
    void call_first_event(Seconds duration);
    void query_answered(std::string_view result);  ///< `answered`, or the code of its error
    void event(std::string_view kind);             ///< dm_control_events_total{kind}
    void events_dropped(std::uint64_t count);
    void client_gone();
    void crossed_reply();
    void set_open(std::uint64_t calls, std::uint64_t followers, std::uint64_t exchanges);
    void set_fleet(std::uint64_t devices, std::uint64_t online, std::uint64_t nodes);
    void set_broker_connected(bool connected);
    void set_loop_lag(Seconds lag);

    /// Prometheus text exposition 0.0.4, with process_* read at the call.
    [[nodiscard]] std::string text() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace dm::control
