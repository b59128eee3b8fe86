#include "device-mgmt/store/store_cli.hpp"

#include "device-mgmt/settings/table.hpp"
#include "device-mgmt/settings/words.hpp"
#include "device-mgmt/store/backup.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dm::store {

namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

constexpr const char* kUsage =
    "Usage: device-mgmt store backup FILE --store.sqlite PATH   copies the store into a new file\n"
    "       device-mgmt store check       --store.sqlite PATH   reads all of it, counts commands\n"
    "\n"
    "Both may run beside a server. The path may also come from DEVICE_MGMT_STORE_SQLITE or from\n"
    "--config. To restore: stop the server, move the store with its -wal and -shm away, copy the\n"
    "backup to its place, start the server.\n";

CliResult usage(const std::string& problem) {
    return {kWrongUsage, "", "device-mgmt store: " + problem + "\n" + kUsage};
}

CliResult failure(const std::string& problem) {
    return {kFailed, "", "device-mgmt store: " + problem + "\n"};
}

CliResult backup(const std::string& path, const std::string& to) {
    const auto done = back_up(path, to);
    if (!done) {
        return failure(done.error());
    }
    return {0, to + ": " + std::to_string(done->bytes) + " bytes\n", ""};
}

void describe(std::string& out, std::string_view what, const std::vector<StateCount>& counts) {
    for (const StateCount& count : counts) {
        out.append(what).append(" ").append(count.state).append(": ");
        out += std::to_string(count.commands) + "\n";
    }
}

CliResult check(const std::string& path) {
    const auto checked = check_store(path);
    if (!checked) {
        return failure(checked.error());
    }
    CliResult result;
    result.out = path + ": schema " + std::to_string(checked->schema) + "\n";
    describe(result.out, "unfinished", checked->unfinished);
    describe(result.out, "finished", checked->finished);
    result.out += "outbox: " + std::to_string(checked->outbox) + "\n";
    result.out += "ingress log imported up to: " + std::to_string(checked->ingress_lsn) + "\n";
    for (const std::string& problem : checked->problems) {
        result.err += "device-mgmt store: " + problem + "\n";
    }
    if (checked->problems.empty()) {
        result.out += "sound\n";
    } else {
        result.code = kFailed;
        result.err += "device-mgmt store: " + path + " is damaged: put back a backup\n";
    }
    return result;
}

}  // namespace

CliResult run_store(const settings::Sources& sources) {
    settings::Sources rest = sources;
    for (const std::string& argument : rest.arguments) {
        if (argument == "-h" || argument == "--help") {
            return {0, kUsage, ""};
        }
    }
    const std::vector<std::string> words = settings::take_words(rest.arguments);
    std::string path;
    settings::Table table({"device-mgmt store", "DEVICE_MGMT_", DM_VERSION, ""});
    table.text("store.sqlite", path, "The file of the store.");
    table.allow_other_keys_in_file();
    if (const auto loaded = table.load(rest); !loaded) {
        const auto& [code, text] = loaded.error();
        return code == 0 ? CliResult{0, text, ""} : CliResult{code, "", text};
    }
    const std::string verb = words.empty() ? "" : words.front();
    if ((verb != "backup" || words.size() != 2) && (verb != "check" || words.size() != 1)) {
        return usage("expected backup FILE, or check");
    }
    if (path.empty()) {
        return usage("--store.sqlite PATH is missing");
    }
    return verb == "check" ? check(path) : backup(path, words.back());
}

int run_store(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + std::min(argc, 2), argv + argc);
    const CliResult result = run_store({arguments, settings::read_environment()});
    std::fputs(result.out.c_str(), stdout);
    std::fputs(result.err.c_str(), stderr);
    return result.code;
}

}  // namespace dm::store
