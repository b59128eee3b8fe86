#pragma once

#include "tests/simulation/fake_broker.hpp"
#include "tests/simulation/ledger.hpp"
#include "tests/simulation/run.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace dm::simulation {

/// Those who publish commands: with and without an id, repeated until something is heard of them,
/// sometimes twice, sometimes with another content, some cancelled, some for a topic that nobody
/// may publish to.
class Operators {
public:
    Operators(Run& run, Ledger& ledger, FakeBroker& broker, std::vector<proto::DeviceId> devices);

    /// `count` commands at any time within `span` from now.
    void plan(unsigned count, std::chrono::milliseconds span);

private:
    struct Wish {
        explicit Wish(core::CommandKey key) : submission(std::move(key)) {}

        Submission submission;
        std::string payload;
        std::vector<std::string> correlations;  ///< of its publishes
    };

    [[nodiscard]] Wish make_wish();
    void publish(std::size_t wish);
    void repeat_later(std::size_t wish);
    void cancel(std::size_t wish);
    void send(const std::string& topic,
              const std::string& payload,
              const std::string& correlation,
              const std::optional<std::string>& response_topic);

    Run& run_;
    Ledger& ledger_;
    FakeBroker& broker_;
    std::vector<proto::DeviceId> devices_;
    std::vector<Wish> wishes_;
    unsigned correlations_ = 0;
};

}  // namespace dm::simulation
