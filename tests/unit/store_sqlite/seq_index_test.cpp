#include "device-mgmt/store/seq_index.hpp"

#include "tests/unit/store_sqlite/samples.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using dm::store::SeqIndex;
using dm::test::key;
using Seqs = std::vector<std::uint64_t>;

TEST_CASE("rows are found by key, and by id for every device that has it") {
    SeqIndex index;
    for (std::uint64_t device = 1; device <= 5; ++device) {
        index.add(key("same", "dev-" + std::to_string(device)), device);
    }
    index.add(key("other"), 6);
    CHECK(index.candidates(key("same", "dev-3")) == Seqs{3});
    CHECK(index.candidates(key("same", "dev-9")).empty());
    Seqs all = index.candidates("same", 100);
    std::sort(all.begin(), all.end());
    CHECK(all == Seqs{1, 2, 3, 4, 5});
    CHECK(index.candidates("same", 2).size() == 2);
    CHECK(index.candidates("other", 100) == Seqs{6});
    CHECK(index.candidates("none", 100).empty());
}

TEST_CASE("rows with the same id go one by one, in any order") {
    for (const Seqs& order : {Seqs{1, 2, 3, 4}, Seqs{4, 3, 2, 1}, Seqs{2, 1, 4, 3}}) {
        SeqIndex index;
        const auto device = [](std::uint64_t seq) { return "dev-" + std::to_string(seq % 3); };
        for (std::uint64_t seq = 1; seq <= 4; ++seq) {  // 1 and 4 have the same key
            index.add(key("same", device(seq)), seq);
        }
        std::size_t left = 4;
        for (const std::uint64_t seq : order) {
            const Seqs before = index.candidates(key("same", device(seq)));
            CHECK(std::count(before.begin(), before.end(), seq) == 1);
            index.remove(key("same", device(seq)), seq);
            const Seqs after = index.candidates(key("same", device(seq)));
            CHECK(std::count(after.begin(), after.end(), seq) == 0);
            CHECK(index.candidates("same", 100).size() == --left);
        }
    }
}

TEST_CASE("a transaction that is rolled back leaves the index as it was") {
    SeqIndex index;
    index.add(key("kept"), 1);
    index.add(key("ended"), 2);
    index.settle();
    index.add(key("new"), 3);
    index.remove(key("ended"), 2);
    index.add(key("brief"), 4);
    index.remove(key("brief"), 4);
    index.undo();
    CHECK(index.candidates(key("kept")) == Seqs{1});
    CHECK(index.candidates(key("ended")) == Seqs{2});
    CHECK(index.candidates(key("new")).empty());
    CHECK(index.candidates(key("brief")).empty());
    index.remove(key("ended"), 2);
    index.settle();
    CHECK(index.candidates(key("ended")).empty());
}
