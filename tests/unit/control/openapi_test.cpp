#include "control/api/documents.hpp"
#include "control/api/router.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace dm::control;
using nlohmann::json;

namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return out;
}

}  // namespace

TEST_CASE("the description has every route with its role, and no other") {
    const json document = json::parse(openapi_document());
    CHECK(document.at("openapi") == "3.1.0");
    CHECK(document.at("info").at("version") == DM_VERSION);
    std::set<std::string> described;
    for (const auto& [path, methods] : document.at("paths").items()) {
        for (const auto& [method, operation] : methods.items()) {
            described.insert(fmt::format("{} {}", method, path));
        }
    }
    std::set<std::string> served;
    for (const RouteRow& row : kRoutes) {
        const std::string path(row.pattern);
        const std::string method = lower(row.method);
        CAPTURE(path);
        served.insert(fmt::format("{} {}", method, path));
        const json& operation = document.at("paths").at(path).at(method);
        if (row.role) {
            CHECK(operation.at("x-role") == word(*row.role));
            CHECK(operation.at("security").at(0).contains("bearer"));
            CHECK(operation.at("responses").contains("401"));
            CHECK(operation.at("responses").contains("403") == (*row.role == Role::operator_));
        } else {
            CHECK(operation.at("security").empty());
        }
    }
    CHECK(described == served);
}

TEST_CASE("every parameter of a path is described, and every reference leads somewhere") {
    const json document = json::parse(openapi_document());
    std::set<std::string> operations;
    for (const auto& [path, methods] : document.at("paths").items()) {
        for (const auto& [method, operation] : methods.items()) {
            const std::string& where = path;  // clang 14 captures no structured binding
            CAPTURE(where);
            CHECK(operations.insert(operation.at("operationId")).second);
            for (const char* name : {"device", "id"}) {
                const bool in_path = path.find("{" + std::string(name) + "}") != std::string::npos;
                bool described = false;
                for (const json& parameter : operation.value("parameters", json::array())) {
                    described =
                        described || (parameter.at("in") == "path" && parameter.at("name") == name);
                }
                CHECK(in_path == described);
            }
        }
    }
    const std::function<void(const json&)> follow = [&](const json& node) {
        if (node.is_object() && node.contains("$ref")) {
            const std::string target = node.at("$ref");
            CAPTURE(target);
            CHECK(document.contains(json::json_pointer(target.substr(1))));
        }
        for (const auto& child : node) {
            if (child.is_structured()) {
                follow(child);
            }
        }
    };
    follow(document);
}
