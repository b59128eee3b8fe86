#pragma once

#include <utility>

#ifdef WEBSOCKETPP_TRANSPORT_ASIO_BASE_HPP
#error "websocketpp's Asio transport came first: its connections would be 2 KiB larger"
#endif

// websocketpp's Asio transport keeps two blocks of 1 KiB in every connection, for the memory of one
// read and one write operation. An idle connection has one read under way, which needs 0.3 KiB.
// These three names are all that knows of the blocks; the packaged ones are renamed out of the way.
#define handler_allocator packaged_handler_allocator
#define custom_alloc_handler packaged_custom_alloc_handler
#define make_custom_alloc_handler packaged_make_custom_alloc_handler
#include <websocketpp/transport/asio/base.hpp>
#undef handler_allocator
#undef custom_alloc_handler
#undef make_custom_alloc_handler

namespace websocketpp::transport::asio {

// NOLINTBEGIN(readability-identifier-naming): websocketpp asks for these names.

/// A member of every connection; keeps nothing.
class handler_allocator {};

/// Passes calls on. Operations on it are allocated by Asio's default, which keeps the last freed
/// block of the thread for the next operation.
template <typename Handler>
class custom_alloc_handler {
public:
    explicit custom_alloc_handler(Handler handler) : handler_(std::move(handler)) {}

    template <typename... Arguments>
    void operator()(Arguments&&... arguments) {
        handler_(std::forward<Arguments>(arguments)...);
    }

private:
    Handler handler_;
};

template <typename Handler>
custom_alloc_handler<Handler> make_custom_alloc_handler(handler_allocator& /*none*/,
                                                        Handler handler) {
    return custom_alloc_handler<Handler>{std::move(handler)};
}

// NOLINTEND(readability-identifier-naming)

}  // namespace websocketpp::transport::asio
