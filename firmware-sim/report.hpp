#pragma once

#include "firmware-sim/histogram.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace dm::sim {

/// `{"count":…,"p50":…,"p90":…,"p99":…,"max":…}` in milliseconds.
[[nodiscard]] std::string quantiles_json(const Histogram& histogram);

/// `p50 1.2 ms  p90 …  p99 …  max …`.
[[nodiscard]] std::string quantiles_text(const Histogram& histogram);

[[nodiscard]] std::string counts_json(const std::map<std::string, std::uint64_t>& counts);
[[nodiscard]] std::string counts_json(const std::map<int, std::uint64_t>& counts);

/// A list of texts.
[[nodiscard]] std::string texts_json(const std::vector<std::string>& texts);

/// Writes `json` and a line feed; `-` is standard output. The error names the file.
[[nodiscard]] tl::expected<void, std::string> write_report(const std::string& path,
                                                           const std::string& json);

}  // namespace dm::sim
