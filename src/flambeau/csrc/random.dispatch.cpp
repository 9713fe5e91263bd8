// The parts of the random generator that work on many numbers at once.
#include "vmath.hpp"

namespace fb {
namespace FB_ISA {
namespace {

FB_INLINE uint32_t mix(uint32_t a, uint32_t b) {
    uint32_t y = (a & 0x80000000u) | (b & 0x7fffffffu);
    return (y >> 1) ^ (-(b & 1u) & 0x9908b0dfu);
}

// MT19937 (Matsumoto and Nishimura 1998). Element i needs i + 397 modulo 624: no dependence shorter than 227,
// so each loop vectorises.
void twist(uint32_t* mt) {
    for (int i = 0; i < 227; ++i) mt[i] = mt[i + 397] ^ mix(mt[i], mt[i + 1]);
    for (int i = 227; i < 623; ++i) mt[i] = mt[i - 227] ^ mix(mt[i], mt[i + 1]);
    mt[623] = mt[396] ^ mix(mt[623], mt[0]);
}

void temper(const uint32_t* mt, uint32_t* out, int64_t n) {
    FB_IVDEP
    for (int64_t i = 0; i < n; ++i) {
        uint32_t y = mt[i];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680u;
        y ^= (y << 15) & 0xefc60000u;
        out[i] = y ^ (y >> 18);
    }
}

// 24 bits of one word, 53 bits of two (the first is the high one). PyTorch's build fuses the scaling, which is
// visible in the last bit; without an instruction for it, float32 goes through double. A value that rounds
// up to the excluded bound becomes the lower one.
FB_INLINE float fused(float x, float range, float from) {
#if defined(__FMA__) || defined(__aarch64__)
    return __builtin_fmaf(x, range, from);
#else
    return static_cast<float>(static_cast<double>(x) * static_cast<double>(range) + static_cast<double>(from));
#endif
}
void uniform32(const uint32_t* words, float* out, int64_t n, float from, float range, float to) {
    FB_IVDEP
    for (int64_t i = 0; i < n; ++i) {
        float x = static_cast<float>(static_cast<int32_t>(words[i] & 0xffffffu)) * 5.9604644775390625e-08f;
        float r = fused(x, range, from);
        out[i] = r == to ? from : r;
    }
}
void uniform64(const uint32_t* words, double* out, int64_t n, double from, double range, double to) {
    FB_IVDEP
    for (int64_t i = 0; i < n; ++i) {
        // The 53 bits as two exact doubles: 21 high ones times 2**32, 32 low ones.
        double high = static_cast<double>(static_cast<int32_t>(words[2 * i] & 0x1fffffu));
        double low = from_bits(static_cast<u64>(words[2 * i + 1]) | 0x4330000000000000ull) - 4503599627370496.0;
        double x = (high * 4294967296.0 + low) * 1.1102230246251565e-16;
        double r = __builtin_fma(x, range, from);
        out[i] = r == to ? from : r;
    }
}

// Box and Muller 1958: u[j] gives the radius, u[j + 8] the angle of a pair that lands in the same two places.
// Radii and angles of several blocks are set side by side, so that the loop is long enough for any vector width.
void normal32(float* x, int64_t blocks, float mean, float std) {
    constexpr int64_t kBlocks = 32;
    float u[kBlocks * 8], v[kBlocks * 8];
    for (int64_t b0 = 0; b0 < blocks; b0 += kBlocks, x += kBlocks * 16) {
        const int64_t m = blocks - b0 < kBlocks ? blocks - b0 : kBlocks;
        for (int64_t b = 0; b < m; ++b) {
            memcpy(u + b * 8, x + b * 16, 32);
            memcpy(v + b * 8, x + b * 16 + 8, 32);
        }
        FB_IVDEP
        for (int64_t j = 0; j < m * 8; ++j) {
            float radius = __builtin_sqrtf(-2.0f * log_(1.0f - u[j]));
            float angle = 6.28318530717958647692f * v[j];
            u[j] = madd(radius * cos_(angle), std, mean);
            v[j] = madd(radius * sin_(angle), std, mean);
        }
        for (int64_t b = 0; b < m; ++b) {
            memcpy(x + b * 16, u + b * 8, 32);
            memcpy(x + b * 16 + 8, v + b * 8, 32);
        }
    }
}

}  // namespace

void register_random(Kernels& k) { k.random = {&twist, &temper, &uniform32, &uniform64, &normal32}; }

}  // namespace FB_ISA
}  // namespace fb
