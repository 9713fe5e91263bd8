// What the streams of random numbers share: words, and the way from a staging buffer to an array of any dtype.
#pragma once

#include <algorithm>

#include "flambeau.h"

namespace fb {

constexpr int64_t kBlock = 2048;  // numbers in a staging buffer
constexpr double kTwoPi = 6.283185307179586476925;

// The next n words of MT19937.
void draw(fb_mt19937* s, uint32_t* out, int64_t n);

inline uint64_t join(const uint32_t* words) { return (static_cast<uint64_t>(words[0]) << 32) | words[1]; }

// Makes n values of type T in blocks with make(buffer, count) and stores them as `dtype`.
template <class T, class Make>
int converted(int from, int dtype, void* out, int64_t n, Make&& make) {
    fb_unary_loop cast = fb_get_cast(from, dtype);
    if (!cast || dtype == FB_COMPLEX64 || dtype == FB_COMPLEX128) return FB_ERR_DTYPE;
    const int64_t size = fb_itemsize(dtype);
    T buf[kBlock];
    char* to = static_cast<char*>(out);
    for (int64_t i = 0; i < n; i += kBlock) {
        int64_t m = std::min(kBlock, n - i);
        make(buf, m);
        cast(to + i * size, size, reinterpret_cast<const char*>(buf), sizeof(T), m);
    }
    return FB_OK;
}

inline bool is_16bit(int dtype) { return dtype == FB_FLOAT16 || dtype == FB_BFLOAT16; }
inline bool is_float(int dtype) { return is_16bit(dtype) || dtype == FB_FLOAT32 || dtype == FB_FLOAT64; }

// The same fills in the streams of TH; arguments are checked by the callers.
namespace th {
int uniform(fb_mt19937* s, int dtype, void* out, int64_t n, double from, double to);
int normal(fb_mt19937* s, int dtype, void* out, int64_t n, double mean, double std);
int integers(fb_mt19937* s, int dtype, void* out, int64_t n, int64_t low, uint64_t range);
int bernoulli(fb_mt19937* s, int dtype, void* out, int64_t n, double p);
int bernoulli_probs(fb_mt19937* s, int dtype, void* out, int p_dtype, const void* p, int64_t n);
int exponential(fb_mt19937* s, int dtype, void* out, int64_t n, double lambda);
void geometric(fb_mt19937* s, double* out, int64_t n, double p);
}  // namespace th
}  // namespace fb
