#include "device-mgmt/http/http_server.hpp"

#include "device-mgmt/http/restinio_message.hpp"
#include "device-mgmt/http/restinio_server.hpp"

#include <exception>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>

namespace dm::http {

namespace {

struct Traits : restinio::default_traits_t {
    using request_handler_t =
        std::function<restinio::request_handling_status_t(restinio::request_handle_t)>;
    // RESTinio's name. NOLINTNEXTLINE(readability-identifier-naming)
    static constexpr bool use_connection_count_limiter = true;
};

restinio::request_handling_status_t answer(restinio::request_t& incoming, HttpResponse response) {
    auto reply = incoming.create_response(status_line(response.status));
    write_head(reply, response, incoming.header().should_keep_alive());
    if (incoming.header().method() != restinio::http_method_head()) {
        reply.set_body(std::move(response.body));
    }
    return reply.done();
}

HttpResponse call(const HttpHandler& handler, const HttpRequest& request) {
    try {
        return handler(request);
    } catch (const std::exception&) {
        HttpResponse response;
        response.status = 500;
        response.body = "internal error\n";
        return response;
    }
}

}  // namespace

class HttpServer::Impl {
public:
    Impl(HttpSettings settings, HttpHandler handler)
        : settings_(std::move(settings)), handler_(std::move(handler)) {}

    tl::expected<void, std::string> start() {
        // Not restinio::run_async: when the port is taken, its threads race with each other.
        io_.emplace();
        server_.emplace(restinio::external_io_context(*io_), make_settings());
        if (auto opened = open_port(*server_, settings_); !opened) {
            server_.reset();
            io_.reset();
            return opened;
        }
        for (std::size_t i = 0; i < settings_.threads; ++i) {
            threads_.emplace_back([this] { io_->run(); });
            pthread_setname_np(threads_.back().native_handle(), "http");
        }
        return {};
    }

    void stop() {
        if (!server_) {
            return;
        }
        io_->stop();
        for (std::thread& thread : threads_) {
            thread.join();
        }
        threads_.clear();
        server_->close_sync();
        server_.reset();
        io_.reset();  // its handlers own the connections
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }

private:
    restinio::server_settings_t<Traits> make_settings() {
        restinio::server_settings_t<Traits> made;
        set_common(made, settings_, port_);
        made.max_parallel_connections(settings_.limits.max_connections)
            .max_pipelined_requests(1)
            .request_handler([this](const restinio::request_handle_t& incoming) {
                return answer(*incoming, call(handler_, to_request(*incoming)));
            });
        return made;
    }

    const HttpSettings settings_;
    const HttpHandler handler_;
    std::uint16_t port_ = 0;  ///< written before start() returns
    std::optional<restinio::asio_ns::io_context> io_;
    std::optional<restinio::http_server_t<Traits>> server_;
    std::vector<std::thread> threads_;
};

HttpServer::HttpServer(HttpSettings settings, HttpHandler handler)
    : impl_(std::make_unique<Impl>(std::move(settings), std::move(handler))) {}

HttpServer::~HttpServer() {
    stop();
}

tl::expected<void, std::string> HttpServer::start() {
    return impl_->start();
}

void HttpServer::stop() {
    impl_->stop();
}

std::uint16_t HttpServer::port() const {
    return impl_->port();
}

}  // namespace dm::http
