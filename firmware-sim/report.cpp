#include "firmware-sim/report.hpp"

#include "firmware-sim/json_text.hpp"

#include <fstream>

#include <fmt/format.h>

namespace dm::sim {
namespace {

double milliseconds(std::chrono::microseconds duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace

std::string quantiles_json(const Histogram& histogram) {
    return JsonObject{}
        .number("count", histogram.count())
        .number("p50", milliseconds(histogram.quantile(0.5)))
        .number("p90", milliseconds(histogram.quantile(0.9)))
        .number("p99", milliseconds(histogram.quantile(0.99)))
        .number("max", milliseconds(histogram.max()))
        .str();
}

std::string quantiles_text(const Histogram& histogram) {
    return fmt::format("p50 {:.1f} ms  p90 {:.1f} ms  p99 {:.1f} ms  max {:.1f} ms",
                       milliseconds(histogram.quantile(0.5)),
                       milliseconds(histogram.quantile(0.9)),
                       milliseconds(histogram.quantile(0.99)),
                       milliseconds(histogram.max()));
}

std::string counts_json(const std::map<std::string, std::uint64_t>& counts) {
    JsonObject object;
    for (const auto& [name, count] : counts) {
        object.number(name, count);
    }
    return object.str();
}

std::string counts_json(const std::map<int, std::uint64_t>& counts) {
    JsonObject object;
    for (const auto& [number, count] : counts) {
        object.number(std::to_string(number), count);
    }
    return object.str();
}

std::string texts_json(const std::vector<std::string>& texts) {
    std::vector<std::string> values;
    values.reserve(texts.size());
    for (const auto& text : texts) {
        values.push_back(json_string(text));
    }
    return json_array(values);
}

tl::expected<void, std::string> write_report(const std::string& path, const std::string& json) {
    if (path == "-") {
        fmt::print("{}\n", json);
        return {};
    }
    std::ofstream file{path};
    file << json << '\n';
    file.close();
    if (!file) {
        return tl::unexpected(fmt::format("{}: cannot be written", path));
    }
    return {};
}

}  // namespace dm::sim
