#include "device-mgmt/store/siphash.hpp"

namespace dm::store {

namespace {

constexpr unsigned kBytesPerWord = 8;

std::uint64_t rotate(std::uint64_t value, unsigned bits) {
    return (value << bits) | (value >> (64U - bits));
}

class State {
public:
    State(std::uint64_t key0, std::uint64_t key1)
        : v0_(key0 ^ 0x736f6d6570736575ULL),
          v1_(key1 ^ 0x646f72616e646f6dULL),
          v2_(key0 ^ 0x6c7967656e657261ULL),
          v3_(key1 ^ 0x7465646279746573ULL) {}

    void add(unsigned char byte) {
        word_ |= std::uint64_t{byte} << (kBytesPerWord * (length_ % kBytesPerWord));
        if (++length_ % kBytesPerWord == 0) {
            compress();
        }
    }

    void add(std::string_view bytes) {
        for (const char byte : bytes) {
            add(static_cast<unsigned char>(byte));
        }
    }

    std::uint64_t finish() {
        word_ |= std::uint64_t{length_} << 56U;
        compress();
        v2_ ^= 0xffU;
        for (int i = 0; i < 3; ++i) {
            round();
        }
        return v0_ ^ v1_ ^ v2_ ^ v3_;
    }

private:
    void compress() {
        v3_ ^= word_;
        round();
        v0_ ^= word_;
        word_ = 0;
    }

    void round() {
        v0_ += v1_;
        v2_ += v3_;
        v1_ = rotate(v1_, 13) ^ v0_;
        v3_ = rotate(v3_, 16) ^ v2_;
        v0_ = rotate(v0_, 32);
        v2_ += v1_;
        v0_ += v3_;
        v1_ = rotate(v1_, 17) ^ v2_;
        v3_ = rotate(v3_, 21) ^ v0_;
        v2_ = rotate(v2_, 32);
    }

    std::uint64_t v0_;
    std::uint64_t v1_;
    std::uint64_t v2_;
    std::uint64_t v3_;
    std::uint64_t word_ = 0;
    unsigned length_ = 0;
};

}  // namespace

std::uint64_t siphash(std::uint64_t key0,
                      std::uint64_t key1,
                      std::string_view a,
                      std::string_view b) {
    State state(key0, key1);
    state.add(a);
    state.add(static_cast<unsigned char>(0));
    state.add(b);
    return state.finish();
}

}  // namespace dm::store
