// Opening a RedisStore and loading what earlier processes have left.

#include "device-mgmt/redis/redis_store.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <poll.h>

namespace dm::redis {

namespace {

/// How often the lease of another process is looked at.
constexpr std::chrono::milliseconds kLeasePoll{200};
/// Waited for it beyond its length.
constexpr std::chrono::milliseconds kLeasePatience{1000};
/// Devices in one answer.
constexpr std::size_t kStoppedAtOnce = 1000;

bool is_one_word(const std::string& text) {
    return !text.empty() && text.find_first_of(" /\n\r\t") == std::string::npos;
}

}  // namespace

tl::expected<std::unique_ptr<RedisStore>, std::string> RedisStore::open(
    const RedisSettings& settings, store::Post post, store::StoreEvents events) {
    const auto url = parse_url(settings.url);
    if (!url) {
        return tl::unexpected("store.redis: " + url.error());
    }
    if (!is_one_word(settings.node) || !is_one_word(settings.boot) ||
        settings.instance.find('\n') != std::string::npos) {
        return tl::unexpected(
            std::string("node.name and the process's name must have neither blanks nor slashes"));
    }
    const std::string place = "Redis at " + url->place() + ": ";
    Link link(*url, settings);
    if (const auto connected = link.connect(); !connected) {
        return tl::unexpected(place + connected.error().reason);
    }
    std::unique_ptr<RedisStore> store(
        new RedisStore(settings, std::move(link), std::move(post), std::move(events)));
    try {
        if (auto taken = store->take_lease(); !taken) {
            return tl::unexpected(place + taken.error());
        }
    } catch (const std::runtime_error& error) {
        return tl::unexpected(place + error.what());
    }
    return store;
}

Reply RedisStore::ask(Call call) {
    Outcome outcome = link_.exchange(std::move(call));
    if (outcome.trouble != Trouble::none) {
        throw std::runtime_error(outcome.reason);
    }
    return std::move(outcome.replies.front());
}

/// Another process's lease that is renewed in this time is that of a process that lives.
tl::expected<void, std::string> RedisStore::take_lease() {
    const std::string in_use =
        "another process uses node.name " + calls_.settings().node + ": give each its own";
    auto patience = calls_.settings().lease + kLeasePatience;
    std::int64_t last_left = patience.count();
    while (true) {
        const core::Instant sent = calls_.settings().clock().mono;
        const Reply reply = ask(calls_.lease(Calls::Taking::open, calls_.next_request()));
        if (reply.at(0).is("held")) {
            lease_.begin(sent, reply.at(1).text);
            return {};
        }
        const std::int64_t left = reply.at(1).number();
        if (left > last_left || patience <= std::chrono::milliseconds::zero()) {
            return tl::unexpected(in_use);
        }
        last_left = left;
        const auto wait =
            std::clamp(std::chrono::milliseconds(left), std::chrono::milliseconds(1), kLeasePoll);
        static_cast<void>(::poll(nullptr, 0, static_cast<int>(wait.count())));
        patience -= wait;
    }
}

void RedisStore::renew_while_loading() {
    const core::Instant sent = calls_.settings().clock().mono;
    if (!lease_.due(sent)) {
        return;
    }
    const Reply reply = ask(calls_.lease(Calls::Taking::renew, calls_.next_request()));
    if (!reply.at(0).is("held")) {
        throw std::runtime_error("another process uses node.name " + calls_.settings().node);
    }
    lease_.begin(sent, reply.at(1).text);
}

store::Loaded RedisStore::load(core::Moment now) {
    store::Loaded loaded;
    try {
        // Processes that left devices behind held this node's lease before; now this one does.
        do {
            renew_while_loading();
        } while (ask(Calls::stop_devices(kStoppedAtOnce)).number() > 0);
        while (true) {
            renew_while_loading();
            std::vector<store::Adopted> adopted = read_adopted(ask(calls_.adopt_own()), now);
            if (adopted.empty()) {
                break;
            }
            for (store::Adopted& device : adopted) {
                std::move(device.unfinished.begin(),
                          device.unfinished.end(),
                          std::back_inserter(loaded.unfinished));
            }
        }
        for (const Reply& number : ask(calls_.outbox_numbers()).elements) {
            loaded.outbox.push_back(number.natural());
        }
        const Reply stands = ask(calls_.raise({}));
        loaded.durable_lsn = stands.at(0).natural();
        loaded.epoch = stands.at(1).natural();
        loaded.acknowledged = stands.at(2).natural();
        loaded.reserved_epoch = store::epoch_to_reserve(loaded.epoch, now.wall);
        static_cast<void>(ask(calls_.raise({0, loaded.reserved_epoch, 0})));
        standing_.oldest_end_ms = ask(calls_.prune(1, 0, now.wall)).at(2).number();
    } catch (const std::runtime_error& error) {
        throw std::runtime_error("Redis at " + link_.place() + ": " + error.what());
    }
    std::sort(loaded.unfinished.begin(),
              loaded.unfinished.end(),
              [](const core::Command& a, const core::Command& b) { return a.number < b.number; });
    std::sort(loaded.outbox.begin(), loaded.outbox.end());
    standing_.durable_lsn = loaded.durable_lsn;
    worker_.start(lease_);
    return loaded;
}

}  // namespace dm::redis
