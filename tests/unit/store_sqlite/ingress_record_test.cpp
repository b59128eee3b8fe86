#include "device-mgmt/store/ingress_record.hpp"

#include <chrono>
#include <string>

#include <doctest/doctest.h>

using dm::store::decode_ingress;
using dm::store::encode_ingress;
using dm::store::IngressRecord;

namespace {

IngressRecord full_record() {
    return {"dm/commands/dev-1",
            std::string("{\0}", 3),
            "answers/here",
            std::string("\0\xff", 2),
            {{"operator", "anna"}, {"", ""}, {"operator", "again"}},
            true,
            true,
            "0190f3c2-7a6b-7c1d-9e2f-112233445566",
            dm::proto::WallTime(std::chrono::milliseconds(1'800'000'000'123))};
}

bool same(const IngressRecord& a, const IngressRecord& b) {
    return a.topic == b.topic && a.payload == b.payload && a.response_topic == b.response_topic &&
           a.correlation == b.correlation && a.user_properties == b.user_properties &&
           a.retained == b.retained && a.duplicate == b.duplicate &&
           a.fallback_id == b.fallback_id && a.received_at == b.received_at;
}

}  // namespace

TEST_CASE("a record comes back as it went in") {
    const auto full = decode_ingress(encode_ingress(full_record()));
    REQUIRE(full);
    CHECK(same(*full, full_record()));
    const auto empty = decode_ingress(encode_ingress({}));
    REQUIRE(empty);
    CHECK(same(*empty, {}));
}

TEST_CASE("an empty response topic is not an absent one") {
    IngressRecord record;
    record.response_topic = "";
    CHECK(decode_ingress(encode_ingress(record))->response_topic == "");
}

TEST_CASE("bytes that are not exactly a record are refused") {
    const std::string bytes = encode_ingress(full_record());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CHECK_FALSE(decode_ingress(bytes.substr(0, size)));
    }
    CHECK_FALSE(decode_ingress(bytes + '\0'));
    std::string other = bytes;
    other[0] = 2;
    CHECK(decode_ingress(other).error() == "ingress record: its version is unknown");
    other = bytes;
    other[1] = 16;
    CHECK(decode_ingress(other).error() == "ingress record: it has unknown flags");
}

TEST_CASE("fields beyond their bounds are refused") {
    IngressRecord record;
    record.payload = std::string(dm::store::kMaxIngressPayloadBytes, 'x');
    CHECK(decode_ingress(encode_ingress(record)));
    record.payload += 'x';
    CHECK_FALSE(decode_ingress(encode_ingress(record)));
    record = {};
    record.fallback_id = std::string(dm::store::kMaxIngressFallbackIdBytes + 1, 'x');
    CHECK_FALSE(decode_ingress(encode_ingress(record)));
    record = {};
    record.user_properties.resize(dm::store::kMaxIngressUserProperties + 1);
    CHECK_FALSE(decode_ingress(encode_ingress(record)));
}
