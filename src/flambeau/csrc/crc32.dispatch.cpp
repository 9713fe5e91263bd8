// CRC-32 of ISO 3309, the checksum of zip archives: polynomial 0x04c11db7, bits reflected.
#include <array>
#include <cstring>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "dispatch.hpp"

namespace fb {
namespace FB_ISA {
namespace {

// tables[k][b]: the remainder of byte b followed by k zero bytes ("slicing by 8", Kounavis and Berry 2005).
constexpr std::array<std::array<uint32_t, 256>, 8> make_tables() {
    std::array<std::array<uint32_t, 256>, 8> t{};
    for (uint32_t b = 0; b < 256; ++b) {
        uint32_t r = b;
        for (int bit = 0; bit < 8; ++bit) r = (r >> 1) ^ (-(r & 1u) & 0xedb88320u);
        t[0][b] = r;
    }
    for (size_t k = 1; k < 8; ++k)
        for (size_t b = 0; b < 256; ++b) t[k][b] = (t[k - 1][b] >> 8) ^ t[0][t[k - 1][b] & 0xff];
    return t;
}
constexpr auto tables = make_tables();

uint32_t by_table(uint32_t r, const uint8_t* p, int64_t n) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (; n >= 8; p += 8, n -= 8) {
        uint32_t low, high;
        std::memcpy(&low, p, 4);
        std::memcpy(&high, p + 4, 4);
        low ^= r;
        r = tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^ tables[5][low >> 16 & 0xff] ^ tables[4][low >> 24] ^
            tables[3][high & 0xff] ^ tables[2][high >> 8 & 0xff] ^ tables[1][high >> 16 & 0xff] ^ tables[0][high >> 24];
    }
#endif
    for (; n > 0; ++p, --n) r = (r >> 8) ^ tables[0][(r ^ *p) & 0xff];
    return r;
}

#if defined(__AVX2__)
// x times the powers of the polynomial's variable in k, added to what lies that much further on.
__attribute__((target("pclmul"))) inline __m128i folded(__m128i x, __m128i k, const uint8_t* next) {
    __m128i sum = _mm_xor_si128(_mm_clmulepi64_si128(x, k, 0x00), _mm_clmulepi64_si128(x, k, 0x11));
    return _mm_xor_si128(sum, _mm_loadu_si128(reinterpret_cast<const __m128i*>(next)));
}

// Folding by carry-less multiplication (Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
// Instruction", Intel 2009): four blocks of 16 bytes at a time become the next four, whose remainder is that of all.
__attribute__((target("pclmul"))) uint32_t by_folding(uint32_t r, const uint8_t* p, int64_t n) {
    if (n < 64) return by_table(r, p, n);
    const __m128i far = _mm_set_epi64x(0x1c6e41596, 0x154442bd4), near = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
    __m128i x[4];
    for (int i = 0; i < 4; ++i) x[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 16 * i));
    x[0] = _mm_xor_si128(x[0], _mm_cvtsi32_si128(static_cast<int>(r)));
    for (p += 64, n -= 64; n >= 64; p += 64, n -= 64)
        for (int i = 0; i < 4; ++i) x[i] = folded(x[i], far, p + 16 * i);
    uint8_t block[4][16];
    for (int i = 0; i < 4; ++i) _mm_storeu_si128(reinterpret_cast<__m128i*>(block[i]), x[i]);
    __m128i last = x[0];
    for (int i = 1; i < 4; ++i) last = folded(last, near, block[i]);
    for (; n >= 16; p += 16, n -= 16) last = folded(last, near, p);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(block[0]), last);
    return by_table(by_table(0, block[0], 16), p, n);
}
#endif

uint32_t crc32(uint32_t crc, const void* data, int64_t n) {
    const uint8_t* p = static_cast<const uint8_t*>(data);
#if defined(__AVX2__)
    static const bool folds = __builtin_cpu_supports("pclmul");
    if (folds) return ~by_folding(~crc, p, n);
#endif
    return ~by_table(~crc, p, n);
}

}  // namespace

void register_crc32(Kernels& k) { k.crc32 = crc32; }

}  // namespace FB_ISA
}  // namespace fb
