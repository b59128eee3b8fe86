#include "device-mgmt/log/log.hpp"

#include "device-mgmt/log/line.hpp"

#include <atomic>
#include <memory>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace dm::log {

namespace {

/// The process's one logger. The level is checked before a line is built, and by spdlog never.
struct Output {
    std::atomic<Level> level{Level::info};
    std::atomic<LineFormat> format{LineFormat::text};
    spdlog::logger logger{"dm", std::make_shared<spdlog::sinks::stderr_sink_mt>()};

    Output() {
        logger.set_level(spdlog::level::trace);
        use(LineFormat::text);
    }

    void use(LineFormat wanted) {
        format = wanted;
        const char* pattern = wanted == LineFormat::json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v)"
                                                         : "%Y-%m-%dT%H:%M:%S.%eZ %v";
        logger.set_formatter(std::make_unique<spdlog::pattern_formatter>(
            pattern, spdlog::pattern_time_type::utc, "\n"));
    }
};

Output& output() {
    static Output instance;
    return instance;
}

}  // namespace

void configure(Level level, LineFormat format) {
    output().level = level;
    output().use(format);
}

void set_level(Level level) {
    output().level = level;
}

bool enabled(Level level) {
    return level >= output().level.load(std::memory_order_relaxed);
}

void event(Level level, std::string_view name, std::initializer_list<Field> fields) {
    if (!enabled(level) || level == Level::off) {
        return;
    }
    const bool json = output().format.load(std::memory_order_relaxed) == LineFormat::json;
    const std::string line = json ? json_line(level, name, fields) : text_line(level, name, fields);
    output().logger.log(spdlog::level::info, spdlog::string_view_t{line});
}

}  // namespace dm::log
