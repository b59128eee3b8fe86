// store_bench FOLDER [COMMANDS [IN_FLIGHT [FINISHED_BEFORE [UNFINISHED_BEFORE [TURNS]]]]]
//
// Commands through the SQLite store as the relay does it: look up, accept, mark sent, finish with a
// message, remove the message. Then appends to the ingress log. Prints rates and percentiles.

#include "device-mgmt/store/ingress_log.hpp"
#include "device-mgmt/store/ingress_record.hpp"
#include "device-mgmt/store/sqlite_store.hpp"
#include "tests/support/device_ids.hpp"
#include "tests/support/posted.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include <sys/resource.h>

namespace {

using namespace dm;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kDevices = 1000;

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

double cpu_seconds(int who) {
    rusage usage{};
    getrusage(who, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

long resident_kib() {
    long pages = 0;
    long resident = 0;
    std::ifstream("/proc/self/statm") >> pages >> resident;
    return resident * 4;
}

void print_percentiles(const char* what, std::vector<double>& ms) {
    if (ms.empty()) {
        return;
    }
    std::sort(ms.begin(), ms.end());
    const auto at = [&](double share) {
        return ms[static_cast<std::size_t>(share * static_cast<double>(ms.size() - 1))];
    };
    std::printf("  %-22s p50 %.3f  p90 %.3f  p99 %.3f  p99.9 %.3f  max %.3f ms\n",
                what,
                at(0.5),
                at(0.9),
                at(0.99),
                at(0.999),
                ms.back());
}

class Run {
public:
    Run(store::SqliteStore& store, test::Posted& posted) : store_(store), posted_(posted) {
        for (std::size_t i = 0; i < kDevices; ++i) {
            devices_.push_back(test::device_id("device-" + std::to_string(i)));
        }
    }

    /// `finish`: each command ends; otherwise all stay unfinished.
    void commands(std::size_t count, std::size_t in_flight, bool finish) {
        wanted_ = count;
        started_ = 0;
        completed_ = 0;
        finish_ = finish;
        accept_ms_.clear();
        finish_ms_.clear();
        for (std::size_t i = 0; i < std::min(in_flight, count); ++i) {
            next();
        }
        posted_.run_until([&] { return completed_ == wanted_; });
    }

    void print() {
        print_percentiles("accept", accept_ms_);
        print_percentiles("finish", finish_ms_);
    }

private:
    void next() {
        if (started_ == wanted_) {
            return;
        }
        ++started_;
        const core::Moment now = core::read_clock();
        const auto ttl = finish_ ? kTtl : kTtlOfUnfinished;
        core::Command command{
            {devices_[random_() % kDevices], new_id()},
            {"set-temperature", R"({"celsius":21.5,"zone":"north"})", kTimeout, ttl},
            proto::Delivery::at_least_once,
            false,
            {"operators/app-1/answers", "0123456789abcdef"},
            {},
            "bench",
            ++number_,
            now,
            {now.mono + ttl, now.wall + ttl},
            {}};
        store_.find_finished(command.key, [this, command](const auto& found) {
            if (found) {
                std::abort();
            }
            accept(command);
        });
    }

    void accept(const core::Command& command) {
        const auto begun = Clock::now();
        store_.accept(command, [this, command, begun] {
            accept_ms_.push_back(seconds_since(begun) * 1e3);
            store_.imported(++lsn_);
            if (!finish_) {
                ++completed_;
                next();
                return;
            }
            const proto::WallTime now = command.accepted_at.wall;
            store_.mark({command.key, proto::CommandState::sent, 1, now + kTimeout, now, ""});
            finish(command);
        });
    }

    void finish(const core::Command& command) {
        const std::string payload =
            R"({"id":")" + command.key.id + R"(","device":")" + command.key.device.str() +
            R"(","command":"set-temperature","state":"succeeded","status":"ok","data":{"celsius":)"
            R"(21.5},"time":"2026-11-22T08:15:30.123Z","node":"n1","attempts":1,"latency_ms":12})";
        const std::string message_id = new_id();
        const auto begun = Clock::now();
        store_.finish({command.key,
                       command.content,
                       proto::CommandState::succeeded,
                       true,
                       payload,
                       message_id,
                       {},
                       command.accepted_at.wall},
                      store::OutboxRow{number_ + ++messages_,
                                       "operators/app-1/answers",
                                       payload,
                                       command.reply_to.correlation,
                                       {{"message_id", message_id}, {"type", "terminal"}},
                                       "dm/replies/" + command.key.device.str(),
                                       command.key},
                      [this, begun, number = number_ + messages_] {
                          finish_ms_.push_back(seconds_since(begun) * 1e3);
                          store_.remove_outbox({number});
                          ++completed_;
                          next();
                      });
    }

    std::string new_id() {
        char text[40];
        std::snprintf(text,
                      sizeof text,
                      "%08lx-%04lx-7%03lx-%04lx-%012lx",
                      static_cast<unsigned long>(random_() & 0xffffffffU),
                      static_cast<unsigned long>(random_() & 0xffffU),
                      static_cast<unsigned long>(random_() & 0xfffU),
                      static_cast<unsigned long>(random_() & 0xffffU),
                      static_cast<unsigned long>(random_() & 0xffffffffffffU));
        return text;
    }

    static constexpr std::chrono::seconds kTimeout{30};
    static constexpr std::chrono::seconds kTtl{60};
    static constexpr std::chrono::seconds kTtlOfUnfinished{86400};  // a server finds them waiting

    store::SqliteStore& store_;
    test::Posted& posted_;
    std::vector<proto::DeviceId> devices_;
    std::mt19937_64 random_{1};
    std::size_t wanted_ = 0;
    std::size_t started_ = 0;
    std::size_t completed_ = 0;
    bool finish_ = true;
    std::uint64_t number_ = 0;
    std::uint64_t messages_ = 0;
    std::uint64_t lsn_ = 0;
    std::vector<double> accept_ms_;
    std::vector<double> finish_ms_;
};

/// Commands that are accepted and end, measured.
void measure(Run& run, std::size_t commands, std::size_t in_flight) {
    const auto begun = Clock::now();
    const double cpu = cpu_seconds(RUSAGE_SELF);
    const double own_cpu = cpu_seconds(RUSAGE_THREAD);
    run.commands(commands, in_flight, true);
    const double took = seconds_since(begun);
    const double store_cpu =
        cpu_seconds(RUSAGE_SELF) - cpu - (cpu_seconds(RUSAGE_THREAD) - own_cpu);
    std::printf(
        "store: %zu commands accepted and finished, %zu in flight, in %.2f s: %.0f/s;"
        " store threads %.1f us CPU each; %ld MiB resident\n",
        commands,
        in_flight,
        took,
        static_cast<double>(commands) / took,
        store_cpu / static_cast<double>(commands) * 1e6,
        resident_kib() / 1024);
    run.print();
}

void bench_store(const std::string& folder, const std::vector<std::size_t>& numbers) {
    test::Posted posted;
    const auto open = [&] {
        return std::move(
            store::SqliteStore::open({folder + "/store.db", "n1", {}, 0}, posted.post(), {})
                .value());
    };
    const auto [commands, in_flight, finished, unfinished] =
        std::tie(numbers[0], numbers[1], numbers[2], numbers[3]);
    auto store = open();
    static_cast<void>(store->load(core::read_clock()));
    auto run = std::make_unique<Run>(*store, posted);
    if (finished > 0) {
        const auto begun = Clock::now();
        run->commands(finished, 4000, true);
        std::printf("store: %zu finished before, in %.1f s\n", finished, seconds_since(begun));
    }
    if (unfinished > 0) {
        run->commands(unfinished, 4000, false);
    }
    for (std::size_t turn = 0; turn < numbers[4]; ++turn) {
        measure(*run, commands, in_flight);
    }
    const auto closing = Clock::now();
    store.reset();
    std::printf("store: closed in %.2f s, file %.0f MiB\n",
                seconds_since(closing),
                static_cast<double>(std::filesystem::file_size(folder + "/store.db")) / 1048576.0);
    const auto opening = Clock::now();
    store = open();
    const auto loaded = store->load(core::read_clock());
    std::printf("store: opened with %zu unfinished in %.2f s, %ld MiB resident\n",
                loaded.unfinished.size(),
                seconds_since(opening),
                resident_kib() / 1024);
}

void bench_log(const std::string& folder) {
    constexpr std::size_t kAppends = 500'000;
    auto log = std::move(
        store::IngressLog::open({folder + "/ingress", 64U << 20U, 4ULL << 30U, 0}, 0).value());
    store::IngressRecord record;
    record.topic = "dm/commands/device-17";
    record.payload = R"({"id":"0190f3c2-7a6b-7c1d-9e2f-112233445566","command":"set-temperature",)"
                     R"("args":{"celsius":21.5,"zone":"north"}})";
    record.response_topic = "operators/app-1/answers";
    record.correlation = "0123456789abcdef";
    std::vector<double> ms;
    ms.reserve(kAppends);
    const auto begun = Clock::now();
    for (std::size_t i = 0; i < kAppends; ++i) {
        const auto one = Clock::now();
        if (!log->append(store::encode_ingress(record))) {
            std::puts("append failed");
            return;
        }
        ms.push_back(seconds_since(one) * 1e3);
    }
    std::printf("ingress log: %zu appends (encoded) in %.2f s\n", kAppends, seconds_since(begun));
    print_percentiles("append", ms);
    const auto replaying = Clock::now();
    std::size_t bytes = 0;
    static_cast<void>(
        log->replay(0, kAppends, [&](store::Lsn, std::string_view one) { bytes += one.size(); }));
    std::printf(
        "ingress log: replayed %zu MiB in %.2f s\n", bytes >> 20U, seconds_since(replaying));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::puts(
            "store_bench FOLDER [COMMANDS [IN_FLIGHT [FINISHED_BEFORE [UNFINISHED_BEFORE"
            " [TURNS]]]]]");
        return 2;
    }
    std::vector<std::size_t> numbers{100'000, 1000, 0, 0, 1};
    for (int i = 2; i < argc && i < 7; ++i) {
        numbers[static_cast<std::size_t>(i - 2)] = std::strtoul(argv[i], nullptr, 10);
    }
    bench_store(argv[1], numbers);
    bench_log(argv[1]);
    return 0;
}
