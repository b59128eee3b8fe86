#include "device-mgmt/store/ingress_log.hpp"

#include "tests/support/file_size_limit.hpp"
#include "tests/support/temp_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using dm::store::AppendProblem;
using dm::store::IngressLog;
using dm::store::IngressSettings;
using dm::store::Lsn;

namespace {

IngressSettings small(const dm::test::TempFolder& folder) {
    return {(folder.path() / "ingress").string(), 4096, 20'480, 0};
}

std::unique_ptr<IngressLog> open(const IngressSettings& settings, Lsn durable = 0) {
    auto log = IngressLog::open(settings, durable);
    REQUIRE_MESSAGE(log, log.error());
    return std::move(*log);
}

std::string payload(Lsn lsn) {
    return "record " + std::to_string(lsn) + std::string(lsn % 97, '.');
}

/// Appends until `last` is the last record.
void fill(IngressLog& log, Lsn last) {
    while (log.last() < last) {
        REQUIRE(log.append(payload(log.last() + 1)));
    }
}

/// Lsns of what is replayed, having checked that each is what was appended under it.
std::vector<Lsn> replay(IngressLog& log, Lsn after, std::size_t at_most = 1'000'000) {
    std::vector<Lsn> lsns;
    const auto end = log.replay(after, at_most, [&](Lsn lsn, std::string_view bytes) {
        CHECK(bytes == payload(lsn));
        lsns.push_back(lsn);
    });
    CHECK(end.value() == (lsns.empty() ? after : lsns.back()));
    return lsns;
}

std::vector<Lsn> range(Lsn first, Lsn last) {
    std::vector<Lsn> lsns;
    for (Lsn lsn = first; lsn <= last; ++lsn) {
        lsns.push_back(lsn);
    }
    return lsns;
}

std::size_t files_in(const IngressSettings& settings) {
    const std::filesystem::directory_iterator entries(settings.folder);
    return static_cast<std::size_t>(std::count_if(begin(entries), end(entries), [](const auto& e) {
        return e.path().extension() == ".log";
    }));
}

}  // namespace

TEST_CASE("records come back in order, from any place, across segments") {
    const dm::test::TempFolder folder;
    const auto settings = small(folder);
    auto log = open(settings);
    CHECK(log->last() == 0);
    CHECK(replay(*log, 0).empty());
    fill(*log, 150);
    CHECK(files_in(settings) > 2);
    CHECK(replay(*log, 0) == range(1, 150));
    CHECK(replay(*log, 77) == range(78, 150));
    CHECK(replay(*log, 150).empty());
}

TEST_CASE("a replay in slices misses nothing and sees what is appended meanwhile") {
    const dm::test::TempFolder folder;
    auto log = open(small(folder));
    fill(*log, 100);
    CHECK(replay(*log, 0, 60) == range(1, 60));
    fill(*log, 120);
    CHECK(replay(*log, 60, 60) == range(61, 120));
    CHECK(replay(*log, 120, 60).empty());
    fill(*log, 121);
    CHECK(replay(*log, 120, 60) == range(121, 121));
}

TEST_CASE("a second open goes on where the first stopped") {
    const dm::test::TempFolder folder;
    const auto settings = small(folder);
    fill(*open(settings), 60);
    auto log = open(settings, 20);
    CHECK_FALSE(log->recovery().damaged);
    CHECK(log->recovery().records == 40);
    CHECK(log->append(payload(61)) == Lsn{61});
    CHECK(replay(*log, 20) == range(21, 61));
}

TEST_CASE("segments that nobody needs are removed, the last one stays") {
    const dm::test::TempFolder folder;
    const auto settings = small(folder);
    auto log = open(settings);
    fill(*log, 150);
    const auto before = log->space().used_bytes;
    log->release(100);
    CHECK(log->space().used_bytes < before);
    CHECK(replay(*log, 100) == range(101, 150));
    log->release(150);
    CHECK(files_in(settings) == 1);
    CHECK(log->append(payload(151)) == Lsn{151});
    log.reset();
    CHECK(open(settings, 150)->recovery().records == 1);
}

TEST_CASE("what is durable is not kept at an open, and lsns never come again") {
    const dm::test::TempFolder folder;
    const auto settings = small(folder);
    fill(*open(settings), 150);
    {
        auto log = open(settings, 150);
        CHECK(files_in(settings) == 1);
        CHECK(log->append(payload(151)) == Lsn{151});
    }
    // A store that is further than the log: an old copy of the folder, or an emptied one.
    auto log = open(settings, 1000);
    CHECK(log->recovery().records == 0);
    CHECK(log->append(payload(1001)) == Lsn{1001});
    CHECK(replay(*log, 1000) == range(1001, 1001));
}

TEST_CASE("a full log says so early, refuses, and goes on after a release") {
    const dm::test::TempFolder folder;
    auto log = open(small(folder));
    CHECK_FALSE(log->space().nearly_full);
    Lsn nearly = 0;
    auto appended = log->append(payload(1));
    while (appended) {
        if (nearly == 0 && log->space().nearly_full) {
            nearly = log->last();
        }
        appended = log->append(payload(log->last() + 1));
    }
    CHECK(appended.error() == AppendProblem::full);
    CHECK(nearly > 0);
    CHECK(nearly < log->last());
    const Lsn last = log->last();
    CHECK(replay(*log, 0) == range(1, last));
    log->release(last);
    CHECK(log->append(payload(last + 1)) == last + 1);
}

TEST_CASE("records that no segment could hold are refused") {
    const dm::test::TempFolder folder;
    auto log = open(small(folder));
    CHECK(log->append("").error() == AppendProblem::bad_size);
    CHECK(log->append(std::string(4096 - 32 - 16 + 1, 'x')).error() == AppendProblem::bad_size);
    CHECK(log->append(std::string(4096 - 32 - 16, 'x')) == Lsn{1});
    CHECK(log->append(std::string(4096 - 32 - 16, 'x')) == Lsn{2});
}

TEST_CASE("a folder that does not have the free space is nearly full from the start") {
    const dm::test::TempFolder folder;
    auto settings = small(folder);
    settings.min_free_bytes = std::uint64_t{1} << 62U;
    CHECK(open(settings)->space().nearly_full);
}

TEST_CASE("a disk that fails is told, and the record does not count") {
    const dm::test::TempFolder folder;
    auto log = open(small(folder));
    fill(*log, 10);
    {
        // Writes beyond the limit fail, the one across it is cut short.
        const dm::test::FileSizeLimit limit(2000);
        auto appended = log->append(payload(log->last() + 1));
        while (appended) {
            appended = log->append(payload(log->last() + 1));
        }
        CHECK(appended.error() == AppendProblem::io);
    }
    const Lsn last = log->last();
    fill(*log, last + 100);
    CHECK(replay(*log, 0) == range(1, last + 100));
}

TEST_CASE("two processes cannot have one log") {
    const dm::test::TempFolder folder;
    const auto settings = small(folder);
    const auto log = open(settings);
    const auto second = IngressLog::open(settings, 0);
    REQUIRE_FALSE(second);
    CHECK(second.error().find("is using this store") != std::string::npos);
}
