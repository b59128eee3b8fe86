#include "device-mgmt/redis/connection.hpp"

#include <charconv>
#include <cstddef>

#include <hiredis/hiredis.h>
#include <sys/time.h>

namespace dm::redis {

namespace {

timeval to_timeval(std::chrono::milliseconds time) {
    timeval value{};
    value.tv_sec = static_cast<time_t>(time.count() / 1000);
    value.tv_usec = static_cast<suseconds_t>(time.count() % 1000 * 1000);
    return value;
}

Reply::Kind kind_of(int type) {
    switch (type) {
        case REDIS_REPLY_INTEGER:
            return Reply::Kind::integer;
        case REDIS_REPLY_STRING:
            return Reply::Kind::text;
        case REDIS_REPLY_STATUS:
            return Reply::Kind::status;
        case REDIS_REPLY_ERROR:
            return Reply::Kind::error;
        case REDIS_REPLY_ARRAY:
            return Reply::Kind::array;
        default:
            return Reply::Kind::nil;
    }
}

Reply to_reply(const redisReply& raw) {
    Reply reply;
    reply.kind = kind_of(raw.type);
    reply.integer = raw.integer;
    if (raw.str != nullptr) {
        reply.text.assign(raw.str, static_cast<std::size_t>(raw.len));
    }
    if (reply.kind == Reply::Kind::array) {
        reply.elements.reserve(raw.elements);
        for (std::size_t i = 0; i < raw.elements; ++i) {
            reply.elements.push_back(to_reply(*raw.element[i]));
        }
    }
    return reply;
}

}  // namespace

std::int64_t Reply::number() const {
    if (kind == Kind::integer) {
        return integer;
    }
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
        throw Damaged("Redis holds '" + text.substr(0, 40) + "' where a number should be");
    }
    return value;
}

void Connection::Free::operator()(redisContext* context) const {
    redisFree(context);
}

tl::expected<Connection, std::string> Connection::open(const Url& url,
                                                       std::chrono::milliseconds timeout) {
    redisContext* context =
        redisConnectWithTimeout(url.host.c_str(), url.port, to_timeval(timeout));
    if (context == nullptr) {
        return tl::unexpected(std::string("out of memory"));
    }
    Connection connection(context);
    if (context->err != 0) {
        return tl::unexpected(std::string(static_cast<const char*>(context->errstr)));
    }
    if (redisSetTimeout(context, to_timeval(timeout)) != REDIS_OK) {
        return tl::unexpected(std::string("the timeout could not be set"));
    }
    return connection;
}

void Connection::append(const std::vector<std::string_view>& arguments) {
    std::vector<const char*> values;
    std::vector<std::size_t> sizes;
    values.reserve(arguments.size());
    sizes.reserve(arguments.size());
    for (const std::string_view argument : arguments) {
        values.push_back(argument.data());
        sizes.push_back(argument.size());
    }
    // Fails only for lack of memory; then `read` reports it.
    redisAppendCommandArgv(
        context_.get(), static_cast<int>(values.size()), values.data(), sizes.data());
}

tl::expected<Reply, std::string> Connection::read() {
    void* raw = nullptr;
    if (context_->err != 0 || redisGetReply(context_.get(), &raw) != REDIS_OK || raw == nullptr) {
        return tl::unexpected(std::string(static_cast<const char*>(context_->errstr)));
    }
    const std::unique_ptr<void, void (*)(void*)> owned(raw, freeReplyObject);
    return to_reply(*static_cast<const redisReply*>(raw));
}

}  // namespace dm::redis
