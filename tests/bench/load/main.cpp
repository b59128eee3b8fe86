// wss-load: opens and holds WebSocket sessions over TLS, at our server or at a peer it is compared
// with. Told what to do by lines on standard input, answers each with one line of JSON:
//   open          opens all sessions with full TLS handshakes, retries if told to
//   resume        the same with the TLS sessions of the last close
//   close         closes all of them
//   state         what is open, what was lost
//   quit          or end of input
// Between commands it keeps the sessions alive.

#include "firmware-sim/basic_credentials.hpp"
#include "firmware-sim/mint.hpp"
#include "protocol/ids.hpp"
#include "protocol/time.hpp"
#include "tests/bench/load/swarm.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <unistd.h>

namespace dm::bench {
namespace {

struct Options {
    SwarmSettings swarm;
    sim::MintSettings mint;
    std::string ids = "d-";
    std::string credentials;
    std::string dialect = "device";
    bool answers = false;
    std::string answer_prefix;
    std::string filter;
    double keep_alive_s = 5;
};

void add_options(CLI::App& app, Options& options) {
    app.add_option("--port", options.swarm.port, "on 127.0.0.1")->required();
    app.add_option("--dialect", options.dialect, "device, mqtt, nats or echo");
    app.add_option("--connections", options.swarm.connections);
    app.add_option("--concurrency", options.swarm.concurrency, "handshakes under way");
    app.add_option("--keep-alive", options.keep_alive_s, "seconds between two of a session");
    app.add_flag("--ws-ping", options.swarm.ws_ping, "keep alive by WebSocket pings");
    app.add_flag("--retry", options.swarm.retry, "what fails or is lost tries again");
    app.add_option("--longest-retry", options.swarm.longest_retry_s, "seconds, at random up to it");
    app.add_option("--sources", options.swarm.sources, "loopback addresses to come from");
    app.add_option("--first-source", options.swarm.first_source);
    app.add_flag("--answer", options.answers, "device: answer commands");
    app.add_option("--answer-prefix",
                   options.answer_prefix,
                   "mqtt: answer commands from PREFIX/commands/<id> on PREFIX/replies/<id>");
    app.add_option("--subscribe", options.filter, "mqtt: besides");
    app.add_option("--ids", options.ids, "what device ids begin with");
    app.add_option("--jwt-key", options.mint.key, "private key; tokens are made before `open`");
    app.add_option("--jwt-kid", options.mint.kid);
    app.add_option("--jwt-audience", options.mint.audience);
    app.add_option("--jwt-issuer", options.mint.issuer);
    app.add_option("--credentials", options.credentials, "HTTP Basic; lines of id and secret");
}

/// Null: the peer asks for no identity.
std::unique_ptr<sim::Credentials> make_credentials(const Options& options) {
    if (options.mint.key.empty() && options.credentials.empty()) {
        return nullptr;
    }
    auto made = options.credentials.empty() ? sim::make_mint(options.mint)
                                            : sim::read_basic_credentials(options.credentials);
    if (!made) {
        throw std::runtime_error(made.error());
    }
    return std::move(*made);
}

std::vector<Phrases> phrases(const Options& options) {
    const auto credentials = make_credentials(options);
    const auto now =
        std::chrono::time_point_cast<proto::WallTime::duration>(std::chrono::system_clock::now());
    std::vector<Phrases> all;
    all.reserve(options.swarm.connections);
    for (std::size_t i = 0; i < options.swarm.connections; ++i) {
        ClientName name{fmt::format("{}{:05}", options.ids, i),
                        {},
                        options.answers,
                        options.answer_prefix,
                        options.filter};
        if (credentials != nullptr) {
            name.authorization =
                credentials->authorization(*proto::DeviceId::parse(name.device), now);
        }
        all.push_back(phrases_of(options.swarm.dialect, name, options.swarm.ws_ping));
    }
    return all;
}

double percentile(const std::vector<double>& sorted, double share) {
    return sorted.empty()
               ? 0
               : sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

nlohmann::json to_json(OpenReport report) {
    auto& times = report.connect_ms;
    std::sort(times.begin(), times.end());
    return {{"open", report.open},
            {"failed", report.failed},
            {"resumed", report.resumed},
            {"attempts", report.attempts},
            {"seconds", report.seconds},
            {"connect_ms",
             {{"p50", percentile(times, 0.5)},
              {"p99", percentile(times, 0.99)},
              {"max", percentile(times, 1)}}},
            {"failures", report.failures}};
}

void serve(Swarm& swarm) {
    std::string command;
    while (true) {
        swarm.hold_until_readable(STDIN_FILENO);
        if (!std::getline(std::cin, command) || command == "quit") {
            return;
        }
        nlohmann::json answer;
        if (command == "open" || command == "resume") {
            answer = to_json(swarm.open_all(command == "resume"));
        } else if (command == "close") {
            swarm.close_all();
        } else if (command != "state") {
            answer["error"] = "no such command";
        }
        answer["open"] = swarm.open();
        answer["lost"] = swarm.lost();
        answer["messages"] = swarm.messages();
        std::cout << answer.dump() << std::endl;
    }
}

int run(int argc, char** argv) {
    Options options;
    CLI::App app{"Opens and holds WebSocket sessions over TLS"};
    add_options(app, options);
    CLI11_PARSE(app, argc, argv);
    const auto dialect = parse_dialect(options.dialect);
    if (!dialect || options.swarm.connections == 0 || options.swarm.sources == 0) {
        throw std::runtime_error("no such dialect, or nothing to do");
    }
    options.swarm.dialect = *dialect;
    options.swarm.keep_alive = std::chrono::duration<double>{options.keep_alive_s};
    std::signal(SIGPIPE, SIG_IGN);
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    Swarm swarm{options.swarm, phrases(options)};
    std::cout << R"({"ready":true})" << std::endl;
    serve(swarm);
    return 0;
}

}  // namespace
}  // namespace dm::bench

int main(int argc, char** argv) {
    try {
        return dm::bench::run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "wss-load: " << error.what() << '\n';
        return 1;
    }
}
