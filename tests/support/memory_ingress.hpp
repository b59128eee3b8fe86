#pragma once

#include "device-mgmt/store/ingress.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace dm::test {

/// An ingress log in memory. It outlives the relays of a test, as the real one does on disk.
class MemoryIngress final : public store::Ingress {
public:
    tl::expected<store::Lsn, store::AppendProblem> append(std::string_view payload) override {
        if (problem) {
            return tl::unexpected(*problem);
        }
        records[++last_] = std::string(payload);
        return last_;
    }

    tl::expected<store::Lsn, std::string> replay(store::Lsn after,
                                                 std::size_t at_most,
                                                 const Replay& replay) override {
        store::Lsn last = after;
        for (auto it = records.upper_bound(after); it != records.end() && at_most > 0;
             ++it, --at_most) {
            replay(it->first, it->second);
            last = it->first;
        }
        return last;
    }

    void release(store::Lsn lsn) override {
        records.erase(records.begin(), records.upper_bound(lsn));
    }

    [[nodiscard]] store::Lsn last() const override { return last_; }

    [[nodiscard]] store::IngressSpace space() const override { return {0, 0, nearly_full}; }

    std::map<store::Lsn, std::string> records;    ///< what is not released
    std::optional<store::AppendProblem> problem;  ///< of every append
    bool nearly_full = false;

private:
    store::Lsn last_ = 0;
};

}  // namespace dm::test
