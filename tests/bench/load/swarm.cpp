#include "tests/bench/load/swarm.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <unistd.h>

namespace dm::bench {
namespace {

constexpr int kTurnMs = 10;
constexpr std::uint64_t kWake = std::numeric_limits<std::uint64_t>::max();
constexpr double kFirstRetryS = 0.1;
constexpr unsigned kMostDoublings = 6;
constexpr std::size_t kHostsPerNet = 250;

sockaddr_in loopback(std::size_t net, std::size_t host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl((127U << 24U) | static_cast<std::uint32_t>((net << 8U) | host));
    return address;
}

Instant read_clock() {
    return std::chrono::steady_clock::now();
}

}  // namespace

Swarm::Swarm(const SwarmSettings& settings, std::vector<Phrases> phrases)
    : settings_(settings),
      phrases_(std::move(phrases)),
      tls_(SSL_CTX_new(TLS_client_method())),
      connections_(settings.connections),
      failures_in_a_row_(settings.connections),
      next_(settings.connections),
      alive_since_(read_clock()),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (!tls_ || epoll_ < 0) {
        throw std::runtime_error("no TLS context or no epoll");
    }
    // Sessions are kept by the connections themselves; tickets come after the handshake.
    SSL_CTX_set_session_cache_mode(tls_.get(), SSL_SESS_CACHE_OFF);
}

Swarm::~Swarm() {
    ::close(epoll_);
}

OpenReport Swarm::open_all(bool resume) {
    report_ = {};
    resume_ = resume;
    next_ = 0;
    settled_ = open_;
    const Instant began = read_clock();
    while (settled_ < connections_.size()) {
        start_some(read_clock());
        turn();
    }
    report_.open = open_;
    report_.seconds = std::chrono::duration<double>(read_clock() - began).count();
    return std::move(report_);
}

void Swarm::start_some(Instant now) {
    while (starting_ < settings_.concurrency && !retries_.empty() && retries_.top().when <= now) {
        const std::size_t index = retries_.top().index;
        retries_.pop();
        if (is_down(index)) {
            start(index, now);
        }
    }
    while (starting_ < settings_.concurrency && next_ < connections_.size()) {
        const std::size_t index = next_++;
        if (is_down(index)) {
            start(index, now);
        }
    }
}

bool Swarm::is_down(std::size_t index) const {
    const auto stage = connections_[index].stage();
    return stage == Connection::Stage::idle || stage == Connection::Stage::failed;
}

void Swarm::start(std::size_t index, Instant now) {
    const std::size_t source = settings_.first_source + index % settings_.sources;
    const auto from = source == 0
                          ? loopback(0, 1, 0)
                          : loopback(1 + source / kHostsPerNet, 1 + source % kHostsPerNet, 0);
    Connection& connection = connections_[index];
    connection.start(tls_.get(),
                     loopback(0, 1, settings_.port),
                     from,
                     settings_.dialect,
                     phrases_[index],
                     resume_,
                     now);
    ++report_.attempts;
    ++starting_;
    if (connection.stage() == Connection::Stage::failed) {
        ended(index, Connection::Stage::connecting, now);
        return;
    }
    under_way_.emplace(index, now);
    watch(index, true);
}

void Swarm::watch(std::size_t index, bool anew) {
    const Connection& connection = connections_[index];
    epoll_event event{};
    event.events = connection.wants_to_write() ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.u64 = index;
    epoll_ctl(epoll_, anew ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, connection.descriptor(), &event);
}

void Swarm::advance(std::size_t index, Instant now) {
    if (is_down(index)) {
        return;
    }
    Connection& connection = connections_[index];
    const auto before = connection.stage();
    const bool was_writing = connection.wants_to_write();
    connection.advance();
    const auto after = connection.stage();
    if (after == Connection::Stage::failed) {
        ended(index, before, now);
        return;
    }
    if (after == Connection::Stage::open && before != Connection::Stage::open) {
        --starting_;
        ++open_;
        ++settled_;
        failures_in_a_row_[index] = 0;
        report_.resumed += connection.was_resumed() ? 1U : 0U;
        report_.connect_ms.push_back(
            std::chrono::duration<double, std::milli>(now - connection.started()).count());
    }
    if (connection.wants_to_write() != was_writing) {
        watch(index, false);
    }
}

void Swarm::ended(std::size_t index, Connection::Stage before, Instant now) {
    if (before == Connection::Stage::open) {
        --open_;
        ++lost_;
        --settled_;
    } else {
        --starting_;
        ++report_.failures[connections_[index].failure()];
    }
    settle_or_retry(index, now);
}

void Swarm::settle_or_retry(std::size_t index, Instant now) {
    if (!settings_.retry) {
        ++settled_;
        ++report_.failed;
        return;
    }
    const unsigned doublings = std::min(failures_in_a_row_[index]++, kMostDoublings);
    const double most = std::min(settings_.longest_retry_s, kFirstRetryS * std::exp2(doublings));
    const std::chrono::duration<double> pause{std::uniform_real_distribution<>{0, most}(random_)};
    retries_.push({now + std::chrono::duration_cast<Instant::duration>(pause), index});
}

void Swarm::give_up_late(Instant now) {
    while (!under_way_.empty() && under_way_.front().second + settings_.patience < now) {
        const auto [index, started] = under_way_.front();
        under_way_.pop();
        Connection& connection = connections_[index];
        if (connection.started() == started && connection.stage() != Connection::Stage::open &&
            !is_down(index)) {
            connection.close();
            --starting_;
            ++report_.failures["no answer in time"];
            settle_or_retry(index, now);
        }
    }
}

void Swarm::keep_alive(Instant now) {
    const std::chrono::duration<double> passed = now - alive_since_;
    alive_since_ = now;
    owed_alive_ += static_cast<double>(connections_.size()) * (passed / settings_.keep_alive);
    owed_alive_ = std::min(owed_alive_, static_cast<double>(connections_.size()));
    for (; owed_alive_ >= 1; owed_alive_ -= 1) {
        const std::size_t index = next_alive_++ % connections_.size();
        Connection& connection = connections_[index];
        const auto before = connection.stage();
        connection.keep_alive();
        if (before == Connection::Stage::open && connection.stage() == Connection::Stage::failed) {
            ended(index, before, now);
        }
    }
}

void Swarm::turn() {
    std::array<epoll_event, 512> events{};
    const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), kTurnMs);
    const auto count = static_cast<std::size_t>(std::max(ready, 0));
    const Instant now = read_clock();
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t what = events.at(i).data.u64;
        if (what == kWake) {
            readable_ = true;
        } else {
            advance(what, now);
        }
    }
    give_up_late(now);
    keep_alive(now);
}

void Swarm::hold_until_readable(int descriptor) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kWake;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
    readable_ = false;
    while (!readable_) {
        start_some(read_clock());
        turn();
    }
    epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
}

void Swarm::close_all() {
    for (auto& connection : connections_) {
        connection.close();
    }
    retries_ = {};
    under_way_ = {};
    open_ = 0;
    starting_ = 0;
}

std::size_t Swarm::messages() const {
    std::size_t sum = 0;
    for (const auto& connection : connections_) {
        sum += connection.messages();
    }
    return sum;
}

}  // namespace dm::bench
