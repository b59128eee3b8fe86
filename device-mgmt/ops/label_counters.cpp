#include "device-mgmt/ops/label_counters.hpp"

namespace dm::ops {

namespace {

prometheus::Labels with(prometheus::Labels labels, const std::string& name, std::string value) {
    labels[name] = std::move(value);
    return labels;
}

}  // namespace

LabelCounters::LabelCounters(prometheus::Family<prometheus::Counter>& family,
                             const std::string& label,
                             std::initializer_list<std::string_view> values,
                             const prometheus::Labels& fixed)
    : other_(&family.Add(with(fixed, label, "other"))) {
    for (const std::string_view value : values) {
        counters_.emplace(value, &family.Add(with(fixed, label, std::string(value))));
    }
}

prometheus::Counter& LabelCounters::of(std::string_view value) {
    const auto found = counters_.find(value);
    return found == counters_.end() ? *other_ : *found->second;
}

}  // namespace dm::ops
