#pragma once

#include "device-mgmt/check/check_options.hpp"
#include "device-mgmt/check/check_table.hpp"
#include "device-mgmt/check/gate.hpp"
#include "device-mgmt/net/ws_endpoint.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <asio/io_context.hpp>
#include <tl/expected.hpp>

namespace dm::check {

/// The longest wait between two attempts of a device that backs off as it should: 60 s, and time
/// to connect.
inline constexpr std::chrono::seconds kLongestReturn{65};

/// A reply and how long it took.
struct Answer {
    proto::Reply reply;
    std::chrono::milliseconds after;
};

/// What the scenarios have in common: a listener, the device's sessions, a way to wait, a table.
/// Everything runs on the calling thread, inside `wait`.
class DeviceCheck {
public:
    /// The error is a sentence: keys or certificate unreadable, port taken.
    [[nodiscard]] static tl::expected<std::unique_ptr<DeviceCheck>, std::string> make(
        const CheckOptions& options);

    [[nodiscard]] const CheckOptions& options() const { return options_; }

    [[nodiscard]] CheckTable& table() { return table_; }

    [[nodiscard]] Gate& gate() { return gate_; }

    [[nodiscard]] std::uint16_t port() const { return endpoint_.port(); }

    /// The current session, open or not. Only after `next_session` was true once.
    [[nodiscard]] Peer& peer() { return *gate_.sessions().back(); }

    /// Runs the connections until the condition holds (true) or the time is over (false).
    bool wait(const std::function<bool()>& condition, core::Duration patience);

    /// Waits for a session that is newer than all before and welcomes it. `token_life`: what is
    /// told of the end of the device's token.
    bool next_session(core::Duration patience, std::optional<std::chrono::seconds> token_life = {});

    /// An id that was not used before, and is among those a device may reply to.
    [[nodiscard]] std::string new_id();

    void expect_id(const std::string& id) { sent_ids_.push_back(id); }

    [[nodiscard]] bool was_sent(std::string_view id) const;

    [[nodiscard]] proto::CommandFrame command(const std::string& id, std::uint32_t attempt = 1);

    /// Waits for a reply to `id` among the arrivals of the current session from `first` on.
    [[nodiscard]] std::optional<Answer> await_reply(const std::string& id, std::size_t first = 0);

    /// Sends the command and waits for its reply.
    [[nodiscard]] std::optional<Answer> ask(const proto::CommandFrame& command);

    void acknowledge(const std::string& id);

    /// What to say of a device that did not do it: it is silent, or gone.
    [[nodiscard]] std::string silence();

private:
    DeviceCheck(const CheckOptions& options,
                std::shared_ptr<const auth::KeyRing> keys,
                std::shared_ptr<const net::TlsContext> tls);

    CheckOptions options_;
    CheckTable table_{true};
    asio::io_context io_{1};
    Gate gate_;
    net::WsEndpoint endpoint_;
    std::size_t welcomed_ = 0;  ///< sessions
    std::uint64_t last_epoch_ = 0;
    std::vector<std::string> sent_ids_;
};

/// Milliseconds between two moments, for people.
[[nodiscard]] std::chrono::milliseconds millis(core::Duration duration);

}  // namespace dm::check
