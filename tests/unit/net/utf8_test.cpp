#include "device-mgmt/net/utf8.hpp"

#include <cstddef>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace dm::net {
namespace {

enum class Verdict { whole, unfinished, impossible };

/// Feeds `text` in pieces of `step` bytes.
Verdict verdict(std::string_view text, std::size_t step) {
    Utf8Check check;
    for (std::size_t at = 0; at < text.size(); at += step) {
        const auto piece = text.substr(at, step);
        if (!check.feed(reinterpret_cast<const unsigned char*>(piece.data()), piece.size())) {
            return Verdict::impossible;
        }
    }
    return check.complete() ? Verdict::whole : Verdict::unfinished;
}

void expect(std::string_view text, Verdict wanted) {
    CAPTURE(text);
    for (const std::size_t step : {1U, 2U, 3U, 7U, 8U, 64U}) {
        CAPTURE(step);
        CHECK(verdict(text, step) == wanted);
    }
}

}  // namespace

TEST_CASE("valid text is accepted however it is cut") {
    expect("", Verdict::whole);
    expect("plain ASCII, longer than a machine word", Verdict::whole);
    expect("\xC2\x80 \xDF\xBF \xE0\xA0\x80 \xEF\xBF\xBF \xF0\x90\x80\x80 \xF4\x8F\xBF\xBF",
           Verdict::whole);
    expect("\xED\x9F\xBF\xEE\x80\x80", Verdict::whole);
    expect("12345678\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5", Verdict::whole);
}

TEST_CASE("text that stops inside a character is unfinished") {
    expect("abc\xC3", Verdict::unfinished);
    expect("\xE2\x82", Verdict::unfinished);
    expect("12345678\xF0\x9F\x98", Verdict::unfinished);
}

TEST_CASE("what cannot be part of a character is noticed") {
    expect("\x80", Verdict::impossible);
    expect("\xC0\x80", Verdict::impossible);          // overlong
    expect("\xC1\xBF", Verdict::impossible);          // overlong
    expect("\xE0\x9F\xBF", Verdict::impossible);      // overlong
    expect("\xF0\x8F\xBF\xBF", Verdict::impossible);  // overlong
    expect("\xED\xA0\x80", Verdict::impossible);      // surrogate
    expect("\xED\xBF\xBF", Verdict::impossible);      // surrogate
    expect("\xF4\x90\x80\x80", Verdict::impossible);  // above U+10FFFF
    expect("\xF5\x80\x80\x80", Verdict::impossible);
    expect("\xFE", Verdict::impossible);
    expect("\xC3\x28", Verdict::impossible);
    expect("\xE2\x28\xA1", Verdict::impossible);
    expect("12345678\xE2\x82\x28", Verdict::impossible);
}

TEST_CASE("the bounds of a second byte do not outlive its character") {
    expect("\xE0\xA0\x80\xC2\x80", Verdict::whole);
    expect("\xED\x80\x80\xC2\xBF", Verdict::whole);
    expect("\xF4\x80\xBF\xBF\xE1\xBF\xBF", Verdict::whole);
}

}  // namespace dm::net
