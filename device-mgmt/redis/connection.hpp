#pragma once

#include "device-mgmt/redis/reply.hpp"
#include "device-mgmt/redis/url.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

struct redisContext;

namespace dm::redis {

/// One connection to Redis, blocking; the only place that knows hiredis. One thread.
class Connection {
public:
    /// `timeout` bounds the connect, and later each wait for the peer to take or give a byte. (A
    /// host name is looked up first, without that bound.)
    [[nodiscard]] static tl::expected<Connection, std::string> open(
        const Url& url, std::chrono::milliseconds timeout);

    /// Puts a command at the end of what the next `read` sends.
    void append(const std::vector<std::string_view>& arguments);

    /// The next answer. After a problem the connection is of no use any more, and whether what was
    /// sent has been executed is not known.
    [[nodiscard]] tl::expected<Reply, std::string> read();

private:
    struct Free {
        void operator()(redisContext* context) const;
    };

    explicit Connection(redisContext* context) : context_(context) {}

    std::unique_ptr<redisContext, Free> context_;
};

}  // namespace dm::redis
