#include "tests/simulation/operators.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace dm::simulation {

namespace {

using namespace std::chrono_literals;

constexpr unsigned kIds = 8;  ///< of each device: few, so that they come again
constexpr std::size_t kMostPublishes = 60;

}  // namespace

Operators::Operators(Run& run,
                     Ledger& ledger,
                     FakeBroker& broker,
                     std::vector<proto::DeviceId> devices)
    : run_(run), ledger_(ledger), broker_(broker), devices_(std::move(devices)) {}

void Operators::plan(unsigned count, std::chrono::milliseconds span) {
    for (std::size_t wish = 0; wish < count; ++wish) {
        wishes_.push_back(make_wish());
        const auto when = run_.chance.between(0ms, span);
        run_.schedule.after(when, Schedule::kNobody, [this, wish] { publish(wish); });
        if (run_.chance.one_in(6)) {
            run_.schedule.after(when + run_.chance.between(0ms, 3000ms),
                                Schedule::kNobody,
                                [this, wish] { cancel(wish); });
        }
    }
}

Operators::Wish Operators::make_wish() {
    static constexpr std::array<unsigned, 4> kTtls{0, 2, 10, 60};
    static constexpr std::array<unsigned, 3> kTimeouts{1, 5, 30};
    static constexpr std::array<std::string_view, 8> kResponseTopics{
        "", "", "answers/1", "answers/1", "answers/2", "dm/responses/x", "denied/x", "answers/#"};
    const proto::DeviceId& device =
        devices_[run_.chance.below(static_cast<unsigned>(devices_.size()))];
    const unsigned number = run_.chance.below(kIds);
    const bool has_id = !run_.chance.one_in(8);
    Wish wish(core::CommandKey{device, has_id ? "c" + std::to_string(number) : std::string()});
    wish.submission.command = run_.chance.one_in(10) ? "other" : "reboot";
    // Decided by the id, so that most repetitions have the same content.
    const std::uint64_t variant = (run_.seed + number) * 0x9e3779b97f4a7c15U >> 32U;
    const unsigned ttl = kTtls[variant % 4];
    wish.submission.is_immediate = ttl == 0;
    wish.payload = fmt::format(R"({{"command":"{}","args":{{"x":"{}"}},"ttl_s":{},"timeout_s":{})",
                               wish.submission.command,
                               std::string(variant / 4 % 4 * 60, 'x'),
                               ttl,
                               kTimeouts[variant / 16 % 3]);
    if (has_id) {
        wish.payload += R"(,"id":")" + wish.submission.key.id + '"';
    }
    if (variant / 64 % 4 == 0) {
        wish.payload += R"(,"delivery":"at_most_once")";
    }
    if (run_.chance.one_in(4)) {
        wish.payload += R"(,"report":"states")";
    }
    if (run_.chance.one_in(6)) {
        wish.submission.names_after = true;
        wish.payload += fmt::format(R"(,"after":"c{}")", run_.chance.below(kIds));
    }
    wish.payload += '}';
    if (const std::string_view topic = run_.chance.of(kResponseTopics); !topic.empty()) {
        wish.submission.response_topic = std::string(topic);
    }
    return wish;
}

void Operators::publish(std::size_t wish) {
    const bool is_known = std::any_of(
        wishes_[wish].correlations.begin(),
        wishes_[wish].correlations.end(),
        [this](const std::string& correlation) { return ledger_.is_answered(correlation); });
    if (is_known && !run_.chance.one_in(8)) {
        return;
    }
    Wish& one = wishes_[wish];
    const std::string correlation = "s" + std::to_string(++correlations_);
    one.correlations.push_back(correlation);
    ledger_.submitted(correlation, one.submission);
    send("dm/commands/" + one.submission.key.device.str(),
         one.payload,
         correlation,
         one.submission.response_topic);
    // Without an id nobody can tell a repetition from a new command.
    if (!one.submission.key.id.empty() && one.correlations.size() < kMostPublishes) {
        repeat_later(wish);
    }
}

void Operators::repeat_later(std::size_t wish) {
    run_.schedule.after(
        run_.chance.between(500ms, 5000ms), Schedule::kNobody, [this, wish] { publish(wish); });
}

void Operators::cancel(std::size_t wish) {
    const Submission& wanted = wishes_[wish].submission;
    if (wanted.key.id.empty()) {
        return;
    }
    const std::string correlation = "s" + std::to_string(++correlations_);
    Submission submission = wanted;
    submission.response_topic = "answers/1";
    submission.is_cancel = true;
    ledger_.submitted(correlation, submission);
    send("dm/cancel/" + wanted.key.device.str(),
         R"({"id":")" + wanted.key.id + R"("})",
         correlation,
         submission.response_topic);
}

void Operators::send(const std::string& topic,
                     const std::string& payload,
                     const std::string& correlation,
                     const std::optional<std::string>& response_topic) {
    broker::InboundMessage message;
    message.topic = topic;
    message.payload = payload;
    message.correlation = correlation;
    message.response_topic = response_topic;
    message.qos = 1;
    run_.schedule.after(
        run_.chance.hop(), Schedule::kNobody, [this, message = std::move(message)]() mutable {
            broker_.publish(std::move(message));
        });
}

}  // namespace dm::simulation
