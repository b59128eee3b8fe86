#include "device-mgmt/redis/link.hpp"

#include <algorithm>
#include <utility>

namespace dm::redis {

namespace {

/// Answers between two calls of `tick`.
constexpr std::size_t kRepliesPerTick = 64;

/// EXEC answers so when a command could not be queued, which was answered then.
bool is_consequence(std::string_view error) {
    return error.substr(0, 9) == "EXECABORT";
}

std::size_t end_of_group(const std::vector<Call>& batch, std::size_t begin) {
    std::size_t end = begin + 1;
    while (end < batch.size() && batch[end].joined) {
        ++end;
    }
    return end;
}

}  // namespace

Link::Link(Url url, const RedisSettings& settings)
    : url_(std::move(url)),
      prefix_(settings.prefix),
      node_(settings.node),
      boot_(settings.boot),
      timeout_(settings.timeout),
      allow_volatile_(settings.allow_volatile) {}

tl::expected<void, Refusal> Link::connect() {
    drop();
    auto connection = Connection::open(url_, timeout_);
    if (!connection) {
        return tl::unexpected(Refusal{connection.error(), false});
    }
    connection_ = *std::move(connection);
    auto greeted = greet();
    if (!greeted) {
        drop();
    }
    return greeted;
}

Reply Link::command(const std::vector<std::string_view>& arguments) {
    if (!connection_) {
        return {Reply::Kind::error, 0, "not connected", {}};
    }
    connection_->append(arguments);
    auto reply = connection_->read();
    if (!reply) {
        drop();
        return {Reply::Kind::error, 0, reply.error(), {}};
    }
    return *std::move(reply);
}

void Link::send(const Call& call) {
    std::vector<std::string_view> arguments;
    arguments.reserve(call.arguments.size() + 6);
    if (call.script) {
        arguments.insert(arguments.end(),
                         {"EVALSHA",
                          hashes_.at(static_cast<std::size_t>(*call.script)),
                          "0",
                          prefix_,
                          node_,
                          boot_});
    }
    arguments.insert(arguments.end(), call.arguments.begin(), call.arguments.end());
    connection_->append(arguments);
}

Outcome Link::failed(Trouble trouble, std::string reason) {
    if (trouble == Trouble::away) {
        drop();
    }
    return {trouble, std::move(reason), {}};
}

bool Link::receive(Outcome& outcome, bool keep) {
    auto reply = connection_->read();
    if (!reply) {
        outcome = failed(Trouble::away, reply.error());
        return false;
    }
    if (reply->is_error()) {
        // The worst of several troubles counts, the first of several like it. What was queued
        // behind an error is answered all the same.
        const Trouble trouble = trouble_of(reply->text);
        const bool is_known = outcome.trouble != Trouble::none && is_consequence(reply->text);
        if (trouble > outcome.trouble && !is_known) {
            outcome.trouble = trouble;
            outcome.reason = reply->text;
        }
    }
    if (keep) {
        outcome.replies.push_back(*std::move(reply));
    }
    return true;
}

/// MULTI, a QUEUED each, and EXEC with the answers.
bool Link::receive_joined(Outcome& outcome, std::size_t count) {
    for (std::size_t i = 0; i < count + 1; ++i) {
        if (!receive(outcome, false)) {
            return false;
        }
    }
    if (!receive(outcome, true)) {
        return false;
    }
    Reply all = std::move(outcome.replies.back());
    outcome.replies.pop_back();
    if (all.kind != Reply::Kind::array || all.elements.size() != count) {
        if (outcome.trouble == Trouble::none) {
            outcome.trouble = Trouble::broken;
            outcome.reason = "EXEC answered something else than the commands' answers";
        }
        return true;
    }
    for (Reply& reply : all.elements) {
        if (reply.is_error() && trouble_of(reply.text) > outcome.trouble) {
            outcome.trouble = trouble_of(reply.text);
            outcome.reason = reply.text;
        }
        outcome.replies.push_back(std::move(reply));
    }
    return true;
}

Outcome Link::exchange(const std::vector<Call>& batch, const std::function<void()>& tick) {
    if (!connection_) {
        return {Trouble::away, "not connected", {}};
    }
    for (std::size_t begin = 0; begin < batch.size();) {
        const std::size_t end = end_of_group(batch, begin);
        const bool several = end - begin > 1;
        if (several) {
            connection_->append({"MULTI"});
        }
        for (; begin < end; ++begin) {
            send(batch[begin]);
        }
        if (several) {
            connection_->append({"EXEC"});
        }
    }
    Outcome outcome;
    outcome.replies.reserve(batch.size());
    for (std::size_t begin = 0; begin < batch.size();) {
        const std::size_t end = end_of_group(batch, begin);
        const std::size_t count = end - begin;
        if (!(count > 1 ? receive_joined(outcome, count) : receive(outcome, true))) {
            return outcome;
        }
        if (tick && (begin / kRepliesPerTick != end / kRepliesPerTick)) {
            tick();
        }
        begin = end;
    }
    if (outcome.trouble != Trouble::none) {
        return failed(outcome.trouble, std::move(outcome.reason));
    }
    return outcome;
}

Outcome Link::exchange(Call call) {
    std::vector<Call> one;
    one.push_back(std::move(call));
    return exchange(one);
}

Outcome Link::load_scripts() {
    for (std::size_t i = 0; i < kScriptNames.size(); ++i) {
        const std::string source = source_of(static_cast<Script>(i));
        Reply reply = command({"SCRIPT", "LOAD", source});
        if (reply.is_error()) {
            const Trouble trouble = connection_ ? trouble_of(reply.text) : Trouble::away;
            return failed(trouble, "script " + std::string(kScriptNames.at(i)) + ": " + reply.text);
        }
        hashes_.at(i) = std::move(reply.text);
    }
    return {};
}

}  // namespace dm::redis
