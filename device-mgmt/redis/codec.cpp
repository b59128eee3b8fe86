#include "device-mgmt/redis/codec.hpp"

#include "device-mgmt/redis/reply.hpp"
#include "device-mgmt/store/history.hpp"
#include "device-mgmt/store/little_endian.hpp"
#include "device-mgmt/store/load.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace dm::redis {

namespace {

using store::from_ms;
using store::to_ms;

constexpr char kVersion = 1;

class Writer {
public:
    Writer() { bytes_.push_back(kVersion); }

    void number(std::uint64_t value) { store::append_le(bytes_, value); }

    void time(proto::WallTime value) { number(static_cast<std::uint64_t>(to_ms(value))); }

    void flag(bool value) { bytes_.push_back(value ? '\1' : '\0'); }

    void text(std::string_view value) {
        store::append_le(bytes_, static_cast<std::uint32_t>(value.size()));
        bytes_.append(value);
    }

    void text_if_any(const std::optional<std::string>& value) {
        flag(value.has_value());
        if (value) {
            text(*value);
        }
    }

    [[nodiscard]] std::string take() { return std::move(bytes_); }

private:
    std::string bytes_;
};

class Reader {
public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {
        if (need(1).front() != kVersion) {
            throw Damaged("Redis holds a value of another version of this program");
        }
    }

    [[nodiscard]] std::uint64_t number() {
        return store::read_le<std::uint64_t>(need(sizeof(std::uint64_t)), 0);
    }

    [[nodiscard]] proto::WallTime time() { return from_ms(static_cast<std::int64_t>(number())); }

    [[nodiscard]] std::chrono::seconds seconds() {
        return std::chrono::seconds(static_cast<std::int64_t>(number()));
    }

    [[nodiscard]] bool flag() { return need(1).front() != '\0'; }

    [[nodiscard]] std::string text() {
        const auto size = store::read_le<std::uint32_t>(need(sizeof(std::uint32_t)), 0);
        return std::string(need(size));
    }

    [[nodiscard]] std::optional<std::string> text_if_any() {
        return flag() ? std::optional(text()) : std::nullopt;
    }

private:
    [[nodiscard]] std::string_view need(std::size_t size) {
        if (bytes_.size() < size) {
            throw Damaged("Redis holds a value that is cut short");
        }
        const std::string_view taken = bytes_.substr(0, size);
        bytes_.remove_prefix(size);
        return taken;
    }

    std::string_view bytes_;
};

void write(Writer& out, const core::CommandKey& key) {
    out.text(key.device.str());
    out.text(key.id);
}

core::CommandKey read_key(Reader& in) {
    proto::DeviceId device = stored_device(in.text());
    return {std::move(device), in.text()};
}

void write(Writer& out, const core::CommandContent& content) {
    out.text(content.command);
    out.text(content.args);
    out.number(static_cast<std::uint64_t>(content.timeout.count()));
    out.number(static_cast<std::uint64_t>(content.ttl.count()));
}

core::CommandContent read_content(Reader& in) {
    return {in.text(), in.text(), in.seconds(), in.seconds()};  // in this order
}

}  // namespace

proto::DeviceId stored_device(std::string_view text) {
    if (auto device = proto::DeviceId::parse(text)) {
        return *std::move(device);
    }
    throw Damaged("Redis holds the impossible device '" + std::string(text.substr(0, 80)) + "'");
}

proto::CommandState stored_state(std::string_view text) {
    if (const auto state = proto::parse_command_state(text)) {
        return *state;
    }
    throw Damaged("Redis holds the unknown state '" + std::string(text.substr(0, 40)) + "'");
}

std::string encode_command(const core::Command& command) {
    Writer out;
    write(out, command.key);
    write(out, command.content);
    out.flag(command.delivery == proto::Delivery::at_most_once);
    out.flag(command.report_states);
    out.text_if_any(command.reply_to.topic);
    out.text_if_any(command.reply_to.correlation);
    out.text_if_any(command.traceparent);
    out.text_if_any(command.operator_name);
    out.time(command.accepted_at.wall);
    out.time(command.send_by.wall);
    return out.take();
}

core::Command decode_command(std::string_view bytes, core::Moment now) {
    Reader in(bytes);
    core::CommandKey key = read_key(in);
    core::Command command{std::move(key), read_content(in), {}, false, {}, {}, {}, 0, {}, {}, {}};
    command.delivery = in.flag() ? proto::Delivery::at_most_once : proto::Delivery::at_least_once;
    command.report_states = in.flag();
    command.reply_to.topic = in.text_if_any();
    command.reply_to.correlation = in.text_if_any();
    command.traceparent = in.text_if_any();
    command.operator_name = in.text_if_any();
    command.accepted_at = store::moment_of(in.time(), now);
    command.send_by = store::moment_of(in.time(), now);
    return command;
}

std::string encode_end(const core::FinishedCommand& finished) {
    Writer out;
    write(out, finished.key);
    write(out, finished.content);
    out.text(proto::word(finished.state));
    out.flag(finished.by_reply);
    out.text(finished.payload);
    out.text(finished.message_id);
    out.text_if_any(finished.traceparent);
    out.time(finished.finished_at);
    return out.take();
}

core::FinishedCommand decode_end(std::string_view bytes) {
    Reader in(bytes);
    core::CommandKey key = read_key(in);
    core::CommandContent content = read_content(in);
    const proto::CommandState state = stored_state(in.text());
    const bool by_reply = in.flag();
    std::string payload = in.text();
    std::string message_id = in.text();
    std::optional<std::string> traceparent = in.text_if_any();
    return {std::move(key),
            std::move(content),
            state,
            by_reply,
            std::move(payload),
            std::move(message_id),
            std::move(traceparent),
            in.time()};
}

std::string encode_row(const store::OutboxRow& row) {
    Writer out;
    out.text(row.topic);
    out.text(row.payload);
    out.text_if_any(row.correlation);
    out.text_if_any(row.fallback_topic);
    out.number(row.user_properties.size());
    for (const auto& [name, value] : row.user_properties) {
        out.text(name);
        out.text(value);
    }
    out.flag(row.key.has_value());
    if (row.key) {
        write(out, *row.key);
    }
    return out.take();
}

store::OutboxRow decode_row(std::uint64_t number, std::string_view bytes) {
    Reader in(bytes);
    store::OutboxRow row;
    row.number = number;
    row.topic = in.text();
    row.payload = in.text();
    row.correlation = in.text_if_any();
    row.fallback_topic = in.text_if_any();
    for (std::uint64_t left = in.number(); left > 0; --left) {
        std::string name = in.text();
        row.user_properties.emplace_back(std::move(name), in.text());
    }
    if (in.flag()) {
        row.key = read_key(in);
    }
    return row;
}

}  // namespace dm::redis
