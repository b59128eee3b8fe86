#include "protocol/codes.hpp"

#include "protocol/ids.hpp"
#include "tests/unit/protocol/bytes.hpp"

#include <set>
#include <string>

#include <doctest/doctest.h>

using namespace dm::proto;
using namespace std::chrono_literals;
using dm::proto::test::repeat;

TEST_CASE("a close reason is a word and the time to wait") {
    CHECK(close_reason("drain") == "drain");
    CHECK(close_reason("drain", 1500ms) == "drain retry_after_ms=1500");
    CHECK(retry_after("drain retry_after_ms=1500") == 1500ms);
    CHECK(retry_after(close_reason("overloaded", 0ms)) == 0ms);
}

TEST_CASE("a close reason fits a close frame and keeps the time to wait") {
    const std::string reason = close_reason(repeat("x", 500), 60'000ms);
    CHECK(reason.size() == 123);
    CHECK(retry_after(reason) == 60'000ms);
    const std::string accents = close_reason(repeat("\xC3\xA9", 500));
    CHECK(accents.size() == 122);
    CHECK(is_utf8(accents));
    CHECK(close_reason("bad\xFF") == "bad");
}

TEST_CASE("a close reason without a readable number has no time to wait") {
    for (const auto* reason : {"",
                               "drain",
                               "retry_after_ms=5",
                               "drain retry_after_ms=",
                               "drain retry_after_ms=-5",
                               "drain retry_after_ms=5s",
                               "drain retry_after_ms=99999999999"}) {
        CAPTURE(std::string(reason));
        CHECK_FALSE(retry_after(reason));
    }
}

TEST_CASE("every close code has a word of its own") {
    std::set<std::string_view> words;
    for (const int code : {1000,
                           1001,
                           1002,
                           1003,
                           1005,
                           1006,
                           1007,
                           1008,
                           1009,
                           1011,
                           1012,
                           1013,
                           4001,
                           4002,
                           4003,
                           4004,
                           4005,
                           4006,
                           4007}) {
        CAPTURE(code);
        const auto text = word(static_cast<CloseCode>(code));
        CHECK(text != "other");
        CHECK(words.insert(text).second);
    }
    CHECK(word(static_cast<CloseCode>(4999)) == "other");
}

TEST_CASE("the words of states, results and codes can be read back") {
    for (int i = 0; i <= static_cast<int>(CommandState::cancelled); ++i) {
        const auto state = static_cast<CommandState>(i);
        CHECK(parse_command_state(word(state)) == state);
    }
    for (int i = 0; i <= static_cast<int>(ReplyResult::unknown); ++i) {
        const auto result = static_cast<ReplyResult>(i);
        CHECK(parse_reply_result(word(result)) == result);
    }
    for (int i = 0; i <= static_cast<int>(Rejection::forbidden); ++i) {
        const auto rejection = static_cast<Rejection>(i);
        CHECK(parse_rejection(word(rejection)) == rejection);
    }
    for (int i = 0; i <= static_cast<int>(FrameError::rate_limited); ++i) {
        const auto error = static_cast<FrameError>(i);
        CHECK(parse_frame_error(word(error)) == error);
    }
    CHECK_FALSE(parse_command_state("Accepted"));
    CHECK_FALSE(parse_reply_result(""));
}

TEST_CASE("the words are those of the protocol") {
    CHECK(word(CommandState::timed_out) == "timed_out");
    CHECK(word(CommandState::succeeded) == "succeeded");
    CHECK(word(Rejection::bad_response_topic) == "bad_response_topic");
    CHECK(word(FrameError::token_rejected) == "token_rejected");
    CHECK(word(ReplyResult::late) == "late");
    CHECK(word(CloseCode::owned_elsewhere) == "owned_elsewhere");
}

TEST_CASE("five states are terminal") {
    CHECK_FALSE(is_terminal(CommandState::accepted));
    CHECK_FALSE(is_terminal(CommandState::delivered));
    CHECK(is_terminal(CommandState::succeeded));
    CHECK(is_terminal(CommandState::cancelled));
}
