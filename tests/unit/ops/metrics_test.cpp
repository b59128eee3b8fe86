#include "device-mgmt/ops/metrics.hpp"

#include <chrono>
#include <string>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using dm::ops::Metrics;

namespace {

bool has(const std::string& text, const std::string& line) {
    return text.find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("every metric of the contract is there from the start") {
    Metrics metrics("1.2.3");
    metrics.loop_lag("relay", 0ms);  // the loops are not known before their first tick
    const std::string text = "\n" + metrics.text();
    for (const std::string name : {"dm_sessions",
                                   "dm_session_opens_total",
                                   "dm_session_closes_total",
                                   "dm_takeovers_total",
                                   "dm_handshake_seconds",
                                   "dm_commands_total",
                                   "dm_command_seconds",
                                   "dm_commands_waiting",
                                   "dm_frames_total",
                                   "dm_broker_connected",
                                   "dm_store_commit_seconds",
                                   "dm_outbox_messages",
                                   "dm_dedup_horizon_seconds",
                                   "dm_loop_lag_seconds",
                                   "process_resident_memory_bytes",
                                   "process_open_fds",
                                   "process_max_fds",
                                   "process_cpu_seconds_total",
                                   "process_start_time_seconds"}) {
        CAPTURE(name);
        CHECK(text.find("\n# TYPE " + name + " ") != std::string::npos);
    }
    CHECK(has(text, "dm_build_info{version=\"1.2.3\"} 1"));
    CHECK(has(text, "dm_commands_total{state=\"succeeded\"} 0"));
}

TEST_CASE("sessions are counted up and down, and closes by reason") {
    Metrics metrics("1");
    metrics.session_opened();
    metrics.session_opened();
    metrics.session_closed("replaced");
    CHECK(metrics.sessions() == 1);
    const std::string text = metrics.text();
    CHECK(has(text, "dm_sessions 1"));
    CHECK(has(text, "dm_session_opens_total 2"));
    CHECK(has(text, "dm_session_closes_total{reason=\"replaced\"} 1"));
}

TEST_CASE("a label value that nobody foresaw counts as other") {
    Metrics metrics("1");
    metrics.session_closed("made up");
    metrics.frame_in("<script>");
    metrics.upgrade_refused(418);
    metrics.upgrade_refused(401);
    metrics.handshake_failed("TLS: wrong version number");
    const std::string text = metrics.text();
    CHECK(has(text, "dm_session_closes_total{reason=\"other\"} 1"));
    CHECK(has(text, "dm_frames_total{direction=\"in\",type=\"other\"} 1"));
    CHECK(has(text, "dm_upgrades_refused_total{status=\"other\"} 1"));
    CHECK(has(text, "dm_upgrades_refused_total{status=\"401\"} 1"));
    CHECK(has(text, "dm_handshake_failures_total{reason=\"TLS\"} 1"));
    CHECK(text.find("made up") == std::string::npos);
    CHECK(text.find("<script>") == std::string::npos);
}

TEST_CASE("durations go into the buckets of their stage") {
    Metrics metrics("1");
    metrics.command_stage("reply", 20ms);
    metrics.loop_lag("shard-0", 5ms);
    const std::string text = metrics.text();
    CHECK(has(text, "dm_command_seconds_bucket{stage=\"reply\",le=\"0.01\"} 0"));
    CHECK(has(text, "dm_command_seconds_bucket{stage=\"reply\",le=\"0.03\"} 1"));
    CHECK(has(text, "dm_command_seconds_count{stage=\"send\"} 0"));
    CHECK(has(text, "dm_loop_lag_seconds{loop=\"shard-0\"} 0.005"));
}
