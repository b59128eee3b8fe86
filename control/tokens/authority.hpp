#pragma once

#include "control/tokens/token_file.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dm::control {

/// Whom a request comes from.
struct Operator {
    std::string name;
    Role role;
};

/// Knows the operators by their tokens. One thread.
class Authority {
public:
    explicit Authority(std::vector<OperatorToken> tokens) : tokens_(std::move(tokens)) {}

    void replace(std::vector<OperatorToken> tokens) { tokens_ = std::move(tokens); }

    /// Whose token `Authorization: Bearer …` carries. Takes the same time for every wrong token:
    /// all hashes are compared, each in constant time.
    [[nodiscard]] std::optional<Operator> identify(
        std::optional<std::string_view> authorization) const;

private:
    std::vector<OperatorToken> tokens_;
};

}  // namespace dm::control
