#pragma once

#include "protocol/ids.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

/// Every topic and filter is built and taken apart here.
namespace dm::proto {

inline constexpr std::size_t kMaxResponseTopicBytes = 256;

/// Brokers limit the levels of a topic and drop the connection of whoever publishes more
/// (Mosquitto 200, EMQX 128); the server's connection carries everybody's replies.
inline constexpr std::size_t kMaxResponseTopicLevels = 128;

inline constexpr std::string_view kShareGroup = "device-mgmt";

/// Which of the operator's inputs a topic is, and the level that names the target as it came
/// (a device id or group, not yet validated).
enum class InputKind {
    command,
    cancel,
    broadcast,
    public_stream,
    private_stream,
    query,
    kick,
    taken,
    released,
};

struct InputTopic {
    InputKind kind;
    std::string_view target;   ///< device, group, stream or node; views into the parsed topic
    std::string_view user;     ///< private streams only
    bool handed_over = false;  ///< a command or cancel that another node took from the queue
};

/// Why a Response Topic is refused; `message` is for the operator.
struct TopicProblem {
    std::string message;
};

class Topics {
public:
    /// `prefix` without trailing slash, one or more levels; checked by the configuration.
    explicit Topics(std::string prefix);

    [[nodiscard]] const std::string& prefix() const { return prefix_; }

    // To operators.
    [[nodiscard]] std::string replies(const DeviceId& device) const;
    [[nodiscard]] std::string replies_invalid() const;
    [[nodiscard]] std::string status(const DeviceId& device) const;
    [[nodiscard]] std::string presence(const DeviceId& device) const;
    [[nodiscard]] std::string telemetry(const DeviceId& device, const Name& channel) const;
    [[nodiscard]] std::string alerts(const DeviceId& device) const;
    [[nodiscard]] std::string node(const Name& node) const;

    // From operators.
    [[nodiscard]] std::string command(const DeviceId& device) const;
    [[nodiscard]] std::string cancel(const DeviceId& device) const;
    [[nodiscard]] std::string broadcast(const Name& group) const;

    /// `$share/device-mgmt/<prefix>/commands/+` and its like: one consumer gets each message.
    [[nodiscard]] std::string commands_share() const;
    [[nodiscard]] std::string cancels_share() const;
    [[nodiscard]] std::string broadcasts_filter() const;
    [[nodiscard]] std::string streams_filter() const;
    [[nodiscard]] std::string queries_share() const;

    /// What nodes say of themselves.
    [[nodiscard]] std::string nodes_filter() const;

    /// What only this node can do: closing one of its sessions.
    [[nodiscard]] std::string kick(std::string_view node) const;

    /// To the node that owns the device: what another one took from the queue …
    [[nodiscard]] std::string hand_over(InputKind command_or_cancel,
                                        std::string_view node,
                                        const DeviceId& device) const;

    /// … and that a session of another node has the device now …
    [[nodiscard]] std::string taken(std::string_view node) const;

    /// … to which the node that had it says that it is done with it.
    [[nodiscard]] std::string released(std::string_view node) const;

    /// Filters for all that other nodes send to this one.
    [[nodiscard]] std::vector<std::string> from_nodes_filters(std::string_view node) const;

    /// Filters for readers.
    [[nodiscard]] std::string replies_filter() const;
    [[nodiscard]] std::string status_filter() const;

    /// Which input `topic` is; empty for anything else.
    [[nodiscard]] std::optional<InputTopic> parse_input(std::string_view topic) const;

    /// The contract's rule for Response Topics: 1–256 bytes of UTF-8 without `+ # NUL`, not
    /// starting with `$`, not under the prefix except `<prefix>/responses/…`, and matching
    /// `allowed` (an MQTT filter) unless that is empty. Control characters and non-characters
    /// (MQTT 5.0 section 1.5.4) and more than kMaxResponseTopicLevels levels are refused too.
    [[nodiscard]] tl::expected<void, TopicProblem> check_response_topic(
        std::string_view topic, std::string_view allowed) const;

private:
    [[nodiscard]] std::string shared(std::string_view filter) const;

    std::string prefix_;
};

/// MQTT filter matching (MQTT 5.0 section 4.7), without `$share`.
[[nodiscard]] bool filter_matches(std::string_view filter, std::string_view topic);

/// Whether `filter` is a valid MQTT topic filter.
[[nodiscard]] bool is_valid_filter(std::string_view filter);

}  // namespace dm::proto
