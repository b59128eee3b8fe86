#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_map>

#include <prometheus/counter.h>
#include <prometheus/family.h>

namespace dm::ops {

/// The counters of one label whose values are known beforehand; any other value counts as `other`,
/// so what peers send can never grow the metrics. Lookups are lock-free.
class LabelCounters {
public:
    LabelCounters(prometheus::Family<prometheus::Counter>& family,
                  const std::string& label,
                  std::initializer_list<std::string_view> values,
                  const prometheus::Labels& fixed = {});

    [[nodiscard]] prometheus::Counter& of(std::string_view value);

private:
    std::unordered_map<std::string_view, prometheus::Counter*> counters_;  ///< keys are literals
    prometheus::Counter* other_;
};

}  // namespace dm::ops
