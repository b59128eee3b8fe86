#include "firmware-sim/fleet.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace dm::sim {

std::string device_name(const std::string& prefix, std::size_t number) {
    return fmt::format("{}{:05}", prefix, number);
}

tl::expected<std::unique_ptr<Fleet>, std::string> Fleet::make(const FleetSettings& settings,
                                                              const FleetSize& size,
                                                              const Scenario& scenario,
                                                              const SourceAddresses& sources,
                                                              Notices& notices) {
    const Moment now = read_clock();
    const std::size_t threads = std::clamp<std::size_t>(size.threads, 1, size.devices);
    std::vector<std::vector<MemberPlan>> shares(threads);
    Random seeds{static_cast<std::uint64_t>(now.wall.time_since_epoch().count())};
    for (std::size_t i = 0; i < size.devices; ++i) {
        const std::size_t number = size.first + i;
        const auto name = device_name(size.prefix, number);
        auto id = proto::DeviceId::parse(name);
        if (!id) {
            return tl::unexpected(
                fmt::format("'{}' is no device id: {}", name, proto::what(id.error())));
        }
        const Profile& profile = scenario.profile_of(i, size.devices);
        const std::chrono::duration<double> delay{static_cast<double>(i) / size.rate};
        shares[i % threads].push_back(
            {*std::move(id),
             model_of(profile, number),
             &profile,
             sources.of(number),
             now.mono + std::chrono::duration_cast<Instant::duration>(delay),
             seeds.next()});
    }
    std::unique_ptr<Fleet> fleet{new Fleet};
    for (const auto& share : shares) {
        fleet->workers_.push_back(std::make_unique<Worker>(settings, share, notices));
    }
    return fleet;
}

void Fleet::start() {
    for (auto& worker : workers_) {
        worker->start();
    }
}

void Fleet::stop() {
    for (auto& worker : workers_) {
        worker->stop();
    }
    for (auto& worker : workers_) {
        worker->join();
    }
}

std::uint64_t Fleet::total(Counter Counters::*counter) const {
    std::uint64_t sum = 0;
    for (const auto& worker : workers_) {
        sum += (worker->counters().*counter).value();
    }
    return sum;
}

Experience Fleet::experience() const {
    Experience sum;
    for (const auto& worker : workers_) {
        const Experience& part = worker->experience();
        sum.connect_times.merge(part.connect_times);
        for (const auto& [code, count] : part.closes) {
            sum.closes[code] += count;
        }
        for (const auto& [status, count] : part.refusals) {
            sum.refusals[status] += count;
        }
        sum.defects += part.defects;
    }
    return sum;
}

}  // namespace dm::sim
