#include "firmware-sim/callers/callers.hpp"

#include "firmware-sim/callers/call_tally.hpp"
#include "firmware-sim/callers/callers_options.hpp"
#include "firmware-sim/callers/http_reply.hpp"

#include <doctest/doctest.h>

using namespace dm::sim;

TEST_CASE("a reply with a length is complete with its last byte") {
    HttpReply reply;
    CHECK(reply.take("HTTP/1.1 404 Not Found\r\nContent-Le") == HttpReply::Progress::more);
    CHECK(reply.take("ngth: 5\r\n\r\nab") == HttpReply::Progress::more);
    CHECK(reply.take("cde") == HttpReply::Progress::complete);
    CHECK(reply.status() == 404);
    CHECK(reply.body() == "abcde");
    CHECK(reply.keeps_alive());
}

TEST_CASE("a chunked reply comes in pieces, however they are cut") {
    const std::string text =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        "6\r\nabc\r\nd\r\nA\r\n0123456789\r\n0\r\n\r\n";
    for (std::size_t piece = 1; piece < text.size(); ++piece) {
        HttpReply reply;
        auto progress = HttpReply::Progress::more;
        for (std::size_t at = 0; at < text.size(); at += piece) {
            REQUIRE(progress == HttpReply::Progress::more);
            progress = reply.take(std::string_view(text).substr(at, piece));
        }
        CHECK(progress == HttpReply::Progress::complete);
        CHECK(reply.body() == "abc\r\nd0123456789");
        CHECK_FALSE(reply.keeps_alive());
    }
}

TEST_CASE("what is no reply is broken") {
    HttpReply other;
    CHECK(other.take("SSH-2.0\r\n\r\n") == HttpReply::Progress::broken);
    HttpReply chunk;
    CHECK(chunk.take("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n") ==
          HttpReply::Progress::broken);
}

TEST_CASE("the last complete event of a stream counts") {
    CHECK_FALSE(last_event(": waiting\n\n"));
    const auto last = last_event(
        "event: accepted\nid: 1\ndata: {}\n\n: alive\n\nevent: succeeded\ndata: "
        "{\"a\":1}\n\nevent: x\n");
    REQUIRE(last);
    CHECK(last->name == "succeeded");
    CHECK(last->data == "{\"a\":1}");
}

TEST_CASE("an answer about another device or id is crossed") {
    std::string state;
    const std::string answer = R"({"id":"c-1","device":"a","state":"succeeded","status":"ok"})";
    CHECK(judge_answer(answer, "a", "c-1", state) == CallVerdict::reply);
    CHECK(state == "succeeded");
    CHECK(judge_answer(answer, "b", "c-1", state) == CallVerdict::crossed);
    CHECK(judge_answer(answer, "a", "c-2", state) == CallVerdict::crossed);
    CHECK(judge_answer("{}", "a", "c-1", state) == CallVerdict::crossed);
    CHECK(judge_answer(R"({"id":"c-1","device":"a","state":"expired"})", "a", "c-1", state) ==
          CallVerdict::other);
}

TEST_CASE("every kind of bad end is an expectation that did not hold") {
    CallTally good;
    good.replies = 1;
    CHECK(failures(good).empty());
    CHECK(failures(CallTally{}).size() == 1);
    CallTally bad = good;
    bad.lost = bad.crossed = bad.broken = 1;
    bad.waiting = 1;
    bad.refused[503] = 2;
    CHECK(failures(bad).size() == 5);
}

TEST_CASE("a URL of control has a host and a port") {
    CHECK(parse_http_url("http://127.0.0.1:8080")->port == "8080");
    for (const char* url :
         {"", "http://", "http://h", "http://h:", "https://h:1", "http://:1", "http://h:1/x"}) {
        CAPTURE(url);
        CHECK_FALSE(parse_http_url(url));
    }
}
