#pragma once

#include "firmware-sim/backoff.hpp"
#include "firmware-sim/client_tls.hpp"
#include "firmware-sim/clock.hpp"
#include "firmware-sim/counters.hpp"
#include "firmware-sim/credentials.hpp"
#include "firmware-sim/deadlines.hpp"
#include "firmware-sim/device.hpp"
#include "firmware-sim/device_records.hpp"
#include "firmware-sim/histogram.hpp"
#include "firmware-sim/history.hpp"
#include "firmware-sim/notices.hpp"
#include "firmware-sim/profile.hpp"
#include "firmware-sim/target.hpp"
#include "firmware-sim/ws_client.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

namespace dm::sim {

/// What the devices of a fleet have in common. Pointers outlive the fleet.
struct FleetSettings {
    Target target;
    proto::Format format = proto::Format::json;
    const ClientTls* tls = nullptr;
    const Credentials* credentials = nullptr;
    bool resume_tls = true;
    bool report_states = false;  ///< a notice for every session that opens or closes
    History* history = nullptr;  ///< null: none is written
    std::chrono::milliseconds longest_pause = Backoff::kLastCeiling;  ///< between two attempts
};

/// One device of a fleet, before it begins.
struct MemberPlan {
    proto::DeviceId id;
    std::string_view model;
    const Profile* profile;
    asio::ip::address source;
    Instant start;
    std::uint64_t seed;
};

/// What a worker's devices went through, complete once it has stopped.
struct Experience {
    Histogram connect_times;                ///< begin of the attempt → welcome
    std::map<int, std::uint64_t> closes;    ///< by close code
    std::map<int, std::uint64_t> refusals;  ///< by HTTP status
    std::uint64_t defects = 0;              ///< exceptions that reached the loop
};

/// One thread with its io_context and its share of the devices: connects them, keeps them
/// connected, carries their frames. Constructor, start, stop and join are for the owner's thread;
/// all else happens on the worker's.
class Worker final : private WsClientListener {
public:
    /// Attempts under way at a time; more wait in line. Handshakes cost CPU on both sides, and an
    /// overloaded simulator would see time-outs that are its own.
    static constexpr std::size_t kMaxConnecting = 512;
    /// For TCP, TLS and the upgrade together.
    static constexpr std::chrono::seconds kAttemptTimeout{20};
    /// After it a stop no longer waits for closing handshakes.
    static constexpr std::chrono::seconds kStopPatience{15};

    /// `journal` may be null; what it has of the devices goes to them.
    Worker(const FleetSettings& settings,
           const std::vector<MemberPlan>& plans,
           std::unique_ptr<Journal> journal,
           Notices& notices);
    ~Worker() override;
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    void start();

    /// Closes every session with 1000. join() returns when that is done, or given up.
    void stop();
    void join();

    [[nodiscard]] const Counters& counters() const { return counters_; }

    /// After join().
    [[nodiscard]] const Experience& experience() const { return experience_; }

private:
    enum class Phase {
        waiting,     ///< for the time of its next attempt
        in_line,     ///< for one of the kMaxConnecting places
        connecting,  ///< up to 101
        open,
        closing,  ///< on our side
        done,
    };

    struct Member {
        Member(const MemberPlan& plan,
               const FleetSettings& settings,
               Counters& counters,
               CommandJournal* journal);

        Device device;
        asio::ip::address source;
        Backoff backoff;
        Phase phase = Phase::waiting;
        Instant attempt_at;  ///< the next attempt, or the begin of the current one
        Instant opened;
        std::optional<Target> elsewhere;  ///< where the server sent it, for one attempt
    };

    void on_open(Slot slot) override;
    void on_failed(Slot slot, const ConnectFailure& failure) override;
    void on_message(Slot slot, bool binary, std::string_view payload) override;
    void on_control_frame(Slot slot) override;
    void on_close(Slot slot, proto::CloseCode code, std::string_view reason) override;

    void run();
    void on_timer();
    void arm();
    void wake(Slot slot, Moment now);
    void wake_open(Slot slot, Moment now);
    void plan(Slot slot);
    void attempt(Slot slot, Moment now);
    void place_is_free(Moment now);
    void send_all(Slot slot);
    void on_welcomed(Slot slot, Moment now);
    void end_session(Slot slot, proto::CloseCode code, std::string_view reason, Moment now);
    void begin_stop();
    void stop_member(Slot slot);
    void finish(Member& member);
    void restore_devices();
    void rewrite_journal();

    FleetSettings settings_;
    Notices& notices_;
    Counters counters_;
    DeviceRecords records_;
    Experience experience_;

    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    asio::steady_timer timer_;
    Instant armed_ = Instant::max();
    WsClient client_;
    std::vector<Member> members_;
    Deadlines deadlines_;
    std::deque<Slot> line_;
    std::size_t connecting_ = 0;
    Device::Frames outgoing_;  ///< scratch
    bool stopping_ = false;
    std::size_t unfinished_;  ///< members that are not done
    asio::steady_timer stop_timer_;
    std::thread thread_;
};

}  // namespace dm::sim
