#include "device-mgmt/check/device_check.hpp"

#include "device-mgmt/net/tls_context.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace dm::check {
namespace {

constexpr std::uint32_t kMaxMessageBytes = 65536;

net::EndpointSettings endpoint_settings(const CheckOptions& options) {
    net::EndpointSettings settings;
    settings.address = options.address;
    settings.port = options.port;
    return settings;
}

}  // namespace

std::chrono::milliseconds millis(core::Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
}

tl::expected<std::unique_ptr<DeviceCheck>, std::string> DeviceCheck::make(
    const CheckOptions& options) {
    auto keys = auth::KeyRing::load(options.auth);
    if (!keys) {
        return tl::unexpected(keys.error());
    }
    std::shared_ptr<const net::TlsContext> tls;
    if (options.tls) {
        auto loaded = net::TlsContext::load(
            {options.cert, options.key, options.auth.mtls ? options.auth.client_ca : "", false});
        if (!loaded) {
            return tl::unexpected(loaded.error());
        }
        tls = *std::move(loaded);
    }
    std::unique_ptr<DeviceCheck> check{new DeviceCheck{options, *std::move(keys), std::move(tls)}};
    if (auto listening = check->endpoint_.listen(); !listening) {
        return tl::unexpected(listening.error());
    }
    return check;
}

DeviceCheck::DeviceCheck(const CheckOptions& options,
                         std::shared_ptr<const auth::KeyRing> keys,
                         std::shared_ptr<const net::TlsContext> tls)
    : options_(options),
      gate_(std::move(keys), options.device),
      endpoint_(io_, endpoint_settings(options), std::move(tls), gate_) {}

bool DeviceCheck::wait(const std::function<bool()>& condition, core::Duration patience) {
    const auto deadline = core::read_clock().mono + patience;
    while (!condition()) {
        if (core::read_clock().mono >= deadline) {
            return false;
        }
        io_.run_one_until(deadline);
    }
    return true;
}

bool DeviceCheck::next_session(core::Duration patience,
                               std::optional<std::chrono::seconds> token_life) {
    const auto come = [&] { return gate_.sessions().size() > welcomed_ && peer().is_open(); };
    if (!wait(come, patience)) {
        return false;
    }
    welcomed_ = gate_.sessions().size();
    const auto now = core::read_clock().wall;
    const auto unix_ms = static_cast<std::uint64_t>(now.time_since_epoch().count());
    last_epoch_ = std::max(last_epoch_ + 1, unix_ms);
    std::optional<proto::WallTime> expires_at = peer().identity().expires_at;
    if (expires_at && token_life) {
        expires_at = now + *token_life;
    }
    peer().send(proto::Welcome{peer().identity().device,
                               "check-device",
                               last_epoch_,
                               options_.heartbeat,
                               kMaxMessageBytes,
                               now,
                               expires_at});
    return true;
}

std::string DeviceCheck::new_id() {
    auto id = fmt::format("check-{}", sent_ids_.size() + 1);
    expect_id(id);
    return id;
}

bool DeviceCheck::was_sent(std::string_view id) const {
    return std::find(sent_ids_.begin(), sent_ids_.end(), id) != sent_ids_.end();
}

proto::CommandFrame DeviceCheck::command(const std::string& id, std::uint32_t attempt) {
    const auto now = core::read_clock().wall;
    return {
        id, options_.command, options_.args, now, now + options_.reply, options_.reply, attempt};
}

std::optional<Answer> DeviceCheck::await_reply(const std::string& id, std::size_t first) {
    const auto began = core::read_clock().mono;
    const proto::Reply* reply = nullptr;
    wait(
        [&] {
            reply = peer().reply(id, first);
            return reply != nullptr || !peer().is_open();
        },
        options_.reply);
    if (reply == nullptr) {
        return std::nullopt;
    }
    return Answer{*reply, millis(core::read_clock().mono - began)};
}

std::optional<Answer> DeviceCheck::ask(const proto::CommandFrame& command) {
    const std::size_t first = peer().arrivals().size();
    peer().send(command);
    return await_reply(command.id, first);
}

void DeviceCheck::acknowledge(const std::string& id) {
    peer().send(proto::ReplyAck{id, proto::ReplyResult::stored});
}

std::string DeviceCheck::silence() {
    if (!peer().is_open()) {
        return fmt::format("the connection ended: {}", peer().end());
    }
    const auto& arrivals = peer().arrivals();
    const bool unread = !arrivals.empty() && !arrivals.back().problem.empty();
    return fmt::format("nothing for {} s{}",
                       options_.reply.count(),
                       unread ? "; the last frame: " + arrivals.back().problem : "");
}

}  // namespace dm::check
