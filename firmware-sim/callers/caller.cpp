#include "firmware-sim/callers/caller.hpp"

#include "firmware-sim/fleet.hpp"
#include "protocol/json_writer.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/write.hpp>
#include <fmt/format.h>

namespace dm::sim {

namespace {

std::chrono::milliseconds millis(double seconds) {
    return std::chrono::milliseconds{static_cast<std::int64_t>(seconds * 1000)};
}

std::chrono::microseconds since(Instant begun) {
    return std::chrono::duration_cast<std::chrono::microseconds>(read_clock().mono - begun);
}

}  // namespace

Caller::Caller(asio::io_context& io,
               const CallersOptions& options,
               asio::ip::tcp::endpoint target,
               std::string host,
               std::string name,
               std::uint64_t seed,
               CallTally& tally)
    : options_(options),
      target_(std::move(target)),
      host_(std::move(host)),
      name_(std::move(name)),
      random_(seed),
      tally_(tally),
      socket_(io),
      timer_(io) {}

void Caller::start(std::chrono::milliseconds delay) {
    begin_later(delay);
}

void Caller::begin_later(std::chrono::milliseconds delay) {
    timer_.expires_after(delay);
    timer_.async_wait([this](const std::error_code& cancelled) {
        if (!cancelled && !finishing_) {
            begin();
        }
    });
}

void Caller::begin() {
    const auto index =
        static_cast<std::size_t>(random_.fraction() * static_cast<double>(options_.devices));
    device_ = device_name(options_.prefix, options_.first + index);
    id_ = fmt::format("{}-{}", name_, ++number_);
    proto::JsonWriter body;
    body.text("id", id_)
        .text("command", options_.command)
        .number("timeout_s", std::chrono::seconds(options_.timeout_s))
        .number("ttl_s", std::chrono::seconds(options_.ttl_s));
    const std::string text = body.take();
    request_ = fmt::format(
        "POST /v1/devices/{}/commands HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n"
        "Accept: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
        device_,
        host_,
        options_.token,
        options_.wait ? "application/json" : "text/event-stream",
        text.size(),
        text);
    reply_ = {};
    heard_ = false;
    waiting_ = true;
    ++tally_.calls;
    tally_.most_waiting = std::max(tally_.most_waiting, ++tally_.waiting);
    begun_ = read_clock().mono;
    ++attempt_;
    timer_.expires_after(std::chrono::seconds(options_.ttl_s + options_.timeout_s) +
                         millis(options_.grace_s));
    timer_.async_wait([this, attempt = attempt_](const std::error_code& cancelled) {
        if (!cancelled && attempt == attempt_) {
            end(&CallTally::lost);
        }
    });
    socket_.is_open() ? write() : connect();
}

void Caller::connect() {
    socket_.async_connect(target_, [this, attempt = attempt_](const std::error_code& failed) {
        if (attempt == attempt_) {
            failed ? end(&CallTally::broken) : write();
        }
    });
}

void Caller::write() {
    asio::async_write(socket_,
                      asio::buffer(request_),
                      [this, attempt = attempt_](const std::error_code& failed, std::size_t) {
                          if (attempt == attempt_) {
                              failed ? end(&CallTally::broken) : read();
                          }
                      });
}

void Caller::read() {
    socket_.async_read_some(
        asio::buffer(buffer_),
        [this, attempt = attempt_](const std::error_code& failed, std::size_t count) {
            if (attempt != attempt_) {
                return;
            }
            if (failed) {
                end(&CallTally::broken);
                return;
            }
            const auto progress = reply_.take({buffer_.data(), count});
            if (!heard_ && reply_.body().find("event: accepted") != std::string::npos) {
                heard_ = true;
                tally_.first_events.record(since(begun_));
            }
            if (progress == HttpReply::Progress::more) {
                read();
            } else if (progress == HttpReply::Progress::broken) {
                end(&CallTally::broken);
            } else {
                judge();
            }
        });
}

void Caller::judge() {
    if (reply_.status() != 200) {
        ++tally_.refused[reply_.status()];
        end(nullptr);
        return;
    }
    const auto last = last_event(reply_.body());
    const std::string& payload = options_.wait || !last ? reply_.body() : last->data;
    std::string state;
    const CallVerdict verdict = judge_answer(payload, device_, id_, state);
    if (verdict == CallVerdict::crossed) {
        end(&CallTally::crossed);
        return;
    }
    ++tally_.ends[state];
    if (verdict == CallVerdict::reply) {
        tally_.round_trips.record(since(begun_));
    }
    end(verdict == CallVerdict::reply ? &CallTally::replies : nullptr);
}

/// The call is over, in one way that is counted.
void Caller::end(std::uint64_t CallTally::*counter) {
    if (counter != nullptr) {
        ++(tally_.*counter);
    }
    --tally_.waiting;
    waiting_ = false;
    ++attempt_;
    if (counter == &CallTally::broken || counter == &CallTally::lost || !reply_.keeps_alive()) {
        std::error_code ignored;
        socket_.close(ignored);
    }
    begin_later(millis(options_.pause_s));
}

}  // namespace dm::sim
