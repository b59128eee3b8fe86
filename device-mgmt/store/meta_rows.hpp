#pragma once

#include "device-mgmt/store/sqlite.hpp"

#include <cstdint>

namespace dm::store {

/// The table `meta`: where the store stands, as one value.
struct Meta {
    std::uint64_t epoch = 0;        ///< highest session epoch given out
    std::uint64_t ingress_lsn = 0;  ///< the ingress log is imported up to here
    std::uint64_t accepted = 0;     ///< last seq given out
    std::uint64_t ended = 0;        ///< last number of an end
    std::uint64_t finished = 0;     ///< rows in `finished`
    std::uint64_t devices = 0;      ///< rows in `devices`
};

[[nodiscard]] Meta load_meta(const Database& database);

/// Writes what has changed.
class MetaRows {
public:
    explicit MetaRows(const Database& database);

    void save(const Meta& before, const Meta& now);

private:
    Statement save_;
};

}  // namespace dm::store
