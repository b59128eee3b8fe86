#include "tests/unit/store_sqlite/samples.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace dm;
using namespace dm::test;
using namespace std::chrono_literals;

namespace {

store::SqliteSettings keep(std::chrono::hours age, std::size_t count) {
    store::SqliteSettings settings;
    settings.keep = {age, count};
    return settings;
}

void end(OpenStore& store, const std::string& id, core::Moment at) {
    store.accept(accepted(key(id), at));
    store.finish(finished(key(id), at));
}

}  // namespace

TEST_CASE("ends go when they are old enough, and their ids with them") {
    const TempFolder folder;
    OpenStore store((folder.path() / "store.db").string(), keep(24h, 1000));
    end(store, "old", kStart);
    end(store, "young", later(2h));
    store.set_clock(later(24h));
    end(store, "latest", later(24h));
    CHECK_FALSE(store.find(key("old")));
    CHECK(store.find(key("young")));
    CHECK(store->dedup_horizon(later(24h).wall) == 22h);
}

TEST_CASE("a wall clock that jumps ahead does not take the ends with it") {
    const TempFolder folder;
    OpenStore store((folder.path() / "store.db").string(), keep(24h, 1000));
    end(store, "1", kStart);
    store.set_clock({later(1h).mono, later(1000h).wall});
    end(store, "2", {later(1h).mono, later(1000h).wall});
    CHECK(store.find(key("1")));
    store.set_clock({later(24h).mono, later(1024h).wall});
    end(store, "3", {later(24h).mono, later(1024h).wall});
    CHECK_FALSE(store.find(key("1")));
}

TEST_CASE("with too many ends the oldest go, but none before its deadline and an hour") {
    const TempFolder folder;
    OpenStore store((folder.path() / "store.db").string(), keep(24h, 3));
    for (int i = 0; i < 6; ++i) {
        end(store, std::to_string(i), kStart);
    }
    // Their deadline is a minute after kStart.
    for (int i = 0; i < 6; ++i) {
        CHECK(store.find(key(std::to_string(i))));
    }
    store.set_clock(later(61min));
    end(store, "6", later(61min));
    for (int i = 0; i < 7; ++i) {
        CHECK(store.find(key(std::to_string(i))).has_value() == (i > 3));
    }
}

TEST_CASE("a command with a late deadline is passed over, younger ones go before it") {
    const TempFolder folder;
    OpenStore store((folder.path() / "store.db").string(), keep(1h, 1000));
    core::Command patient = accepted(key("patient"));
    patient.send_by = later(48h);
    store.accept(patient);
    store.finish(finished(key("patient")));
    end(store, "quick", kStart);
    store.set_clock(later(2h));
    end(store, "now", later(2h));
    CHECK(store.find(key("patient")));
    CHECK_FALSE(store.find(key("quick")));
    store.set_clock(later(49h));
    end(store, "then", later(49h));
    CHECK_FALSE(store.find(key("patient")));
    CHECK_FALSE(store.find(key("now")));
}

TEST_CASE("many ends go in slices, without a call to drive them") {
    const TempFolder folder;
    const std::string path = (folder.path() / "store.db").string();
    constexpr int kEnds = 3000;
    OpenStore store(path, keep(1h, 100'000));
    int done = 0;
    for (int i = 0; i < kEnds; ++i) {
        store->finish(finished(key(std::to_string(i))), [&] { ++done; });
    }
    store.posted.run_until([&] { return done == kEnds; });
    store.set_clock(later(3h));
    int left = kEnds;
    while (left > 0) {
        left = 0;
        for (int i = 0; i < kEnds; i += 99) {
            left += store.find(key(std::to_string(i))) ? 1 : 0;
        }
    }
    store.close();
    OpenStore again(path);
    CHECK_FALSE(again.query(key("0")));
    CHECK_FALSE(again.query(key(std::to_string(kEnds - 1))));
}

TEST_CASE("an id that was forgotten can be used again") {
    const TempFolder folder;
    OpenStore store((folder.path() / "store.db").string(), keep(1h, 1000));
    end(store, "c-1", kStart);
    store.set_clock(later(2h));
    end(store, "other", later(2h));
    CHECK_FALSE(store.find(key("c-1")));
    end(store, "c-1", later(2h));
    CHECK(store.find(key("c-1")));
    CHECK(store.query(key("c-1"))->accepted_at == later(2h).wall);
}
