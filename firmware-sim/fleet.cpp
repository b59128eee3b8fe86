#include "firmware-sim/fleet.hpp"

#include "firmware-sim/journal.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

namespace dm::sim {

std::string device_name(const std::string& prefix, std::size_t number) {
    return fmt::format("{}{:05}", prefix, number);
}

namespace {

constexpr std::string_view kJournalSuffix = ".journal";

bool ends_with(const std::string& text, std::string_view end) {
    return text.size() >= end.size() &&
           text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// One journal per thread, which has the devices that were dealt to it: with another number of
/// threads they would look into the wrong one.
tl::expected<std::vector<std::unique_ptr<Journal>>, std::string> open_journals(
    const FleetSize& size, std::size_t threads) {
    std::vector<std::unique_ptr<Journal>> journals(threads);
    if (size.journal.empty()) {
        return journals;
    }
    std::error_code error;
    std::filesystem::create_directories(size.journal, error);
    const auto start = device_name(size.prefix, size.first) + ".";
    const auto end = fmt::format("-of-{}{}", threads, kJournalSuffix);
    for (const auto& entry : std::filesystem::directory_iterator{size.journal, error}) {
        const auto name = entry.path().filename().string();
        if (name.compare(0, start.size(), start) == 0 && ends_with(name, kJournalSuffix) &&
            !ends_with(name, end)) {
            return tl::unexpected(fmt::format("{} was written with another number of threads",
                                              entry.path().string()));
        }
    }
    if (error) {
        return tl::unexpected(
            fmt::format("the folder {} cannot be used: {}", size.journal, error.message()));
    }
    for (std::size_t i = 0; i < threads; ++i) {
        auto journal = Journal::open(
            (std::filesystem::path{size.journal} / fmt::format("{}{}{}", start, i, end)).string());
        if (!journal) {
            return tl::unexpected(std::move(journal.error()));
        }
        journals[i] = *std::move(journal);
    }
    return journals;
}

}  // namespace

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
    auto journals = open_journals(size, threads);
    if (!journals) {
        return tl::unexpected(journals.error());
    }
    std::unique_ptr<Fleet> fleet{new Fleet};
    for (std::size_t i = 0; i < threads; ++i) {
        fleet->workers_.push_back(
            std::make_unique<Worker>(settings, shares[i], std::move((*journals)[i]), notices));
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
