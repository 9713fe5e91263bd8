// MT19937 and the distributions drawn from it, number for number as PyTorch's CPU generator; `random_th.cpp` has those
// of the generator before it.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "dispatch.hpp"
#include "random.hpp"
#include "threads.hpp"

namespace fb {
namespace {

constexpr int kState = 624;

// From this range on, integers take a 64-bit draw, which keeps the bias of the remainder below 5 %.
constexpr uint64_t kWideRange = uint64_t{1} << 28;

void refill(fb_mt19937* s) {
    kernels().random.twist(s->mt);
    s->index = 0;
}

}  // namespace

void draw(fb_mt19937* s, uint32_t* out, int64_t n) {
    while (n > 0) {
        if (s->index >= kState) refill(s);
        int64_t m = std::min<int64_t>(n, kState - s->index);
        kernels().random.temper(s->mt + s->index, out, m);
        s->index += static_cast<int32_t>(m);
        out += m;
        n -= m;
    }
}

namespace {

void uniform32(fb_mt19937* s, float* out, int64_t n, float from, float to) {
    uint32_t words[kBlock];
    for (int64_t i = 0; i < n; i += kBlock) {
        int64_t m = std::min(kBlock, n - i);
        draw(s, words, m);
        kernels().random.uniform32(words, out + i, m, from, to - from, to);
    }
}

void uniform64(fb_mt19937* s, double* out, int64_t n, double from, double to) {
    uint32_t words[2 * kBlock];
    for (int64_t i = 0; i < n; i += kBlock) {
        int64_t m = std::min(kBlock, n - i);
        draw(s, words, 2 * m);
        kernels().random.uniform64(words, out + i, m, from, to - from, to);
    }
}

double unit(fb_mt19937* s) {
    return static_cast<double>(fb_mt_random64(s) & ((uint64_t{1} << 53) - 1)) * 0x1p-53;
}

// One normal at a time: pairs in double, the second kept for the next call.
double one_normal(fb_mt19937* s) {
    if (s->has_normal) {
        s->has_normal = 0;
        return s->normal;
    }
    double u1 = unit(s), u2 = unit(s);
    double radius = std::sqrt(-2.0 * std::log1p(-u2)), angle = kTwoPi * u1;
    s->normal = radius * std::sin(angle);
    s->has_normal = 1;
    return radius * std::cos(angle);
}

void normal64(double* x, int64_t blocks, double mean, double std) {
    for (int64_t b = 0; b < blocks; ++b, x += 16) {
        for (int j = 0; j < 8; ++j) {
            double radius = std::sqrt(-2.0 * std::log(1.0 - x[j])), angle = kTwoPi * x[j + 8];
            x[j] = radius * std::cos(angle) * std + mean;
            x[j + 8] = radius * std::sin(angle) * std + mean;
        }
    }
}

// Blocks of 16 uniforms become normals; a rest that fills no block is drawn again as the last 16.
void normals32(fb_mt19937* s, float* out, int64_t n, float mean, float std, bool draw_rest) {
    uniform32(s, out, draw_rest ? n : n / 16 * 16, 0.0f, 1.0f);
    parallel_for(n / 16, 256, [&](int64_t begin, int64_t end) {
        kernels().random.normal32(out + begin * 16, end - begin, mean, std);
    });
    if (n % 16) {
        uniform32(s, out + n - 16, 16, 0.0f, 1.0f);
        kernels().random.normal32(out + n - 16, 1, mean, std);
    }
}

void normals64(fb_mt19937* s, double* out, int64_t n, double mean, double std) {
    uniform64(s, out, n, 0.0, 1.0);
    parallel_for(n / 16, 64, [&](int64_t begin, int64_t end) { normal64(out + begin * 16, end - begin, mean, std); });
    if (n % 16) {
        uniform64(s, out + n - 16, 16, 0.0, 1.0);
        normal64(out + n - 16, 1, mean, std);
    }
}

template <class Narrow>
int integers(fb_mt19937* s, int dtype, void* out, int64_t n, bool wide, Narrow&& narrow) {
    return converted<int64_t>(FB_INT64, dtype, out, n, [&](int64_t* buf, int64_t m) {
        uint32_t words[2 * kBlock];
        draw(s, words, wide ? 2 * m : m);
        for (int64_t i = 0; i < m; ++i) buf[i] = narrow(wide ? join(words + 2 * i) : words[i]);
    });
}

bool is_th(const fb_mt19937* s) { return s->stream != FB_STREAM_PYTORCH; }

}  // namespace
}  // namespace fb

extern "C" {

void fb_mt_seed(fb_mt19937* s, uint32_t seed) {
    s->mt[0] = seed;
    for (uint32_t i = 1; i < fb::kState; ++i) s->mt[i] = 1812433253u * (s->mt[i - 1] ^ (s->mt[i - 1] >> 30)) + i;
    s->index = fb::kState;
    s->has_normal = 0;
    s->normal = 0.0;
}

uint32_t fb_mt_random32(fb_mt19937* s) {
    uint32_t word;
    fb::draw(s, &word, 1);
    return word;
}

uint64_t fb_mt_random64(fb_mt19937* s) {
    uint32_t words[2];
    fb::draw(s, words, 2);
    return fb::join(words);
}

int fb_mt_uniform(fb_mt19937* s, int dtype, void* out, int64_t n, double from, double to) {
    if (!fb::is_float(dtype)) return FB_ERR_DTYPE;
    if (fb::is_th(s)) return fb::th::uniform(s, dtype, out, n, from, to);
    if (dtype == FB_FLOAT64) {
        fb::uniform64(s, static_cast<double*>(out), n, from, to);
        return FB_OK;
    }
    const float low = static_cast<float>(from), high = static_cast<float>(to);
    if (dtype == FB_FLOAT32) {
        fb::uniform32(s, static_cast<float*>(out), n, low, high);
        return FB_OK;
    }
    fb::converted<float>(FB_FLOAT32, dtype, out, n,
                         [&](float* buf, int64_t m) { fb::uniform32(s, buf, m, low, high); });
    // The excluded bound again, which rounding to 16 bits reaches far more often.
    uint16_t edge[2];
    const float bounds[2] = {low, high};
    fb_get_cast(FB_FLOAT32, dtype)(reinterpret_cast<char*>(edge), 2, reinterpret_cast<const char*>(bounds), 4, 2);
    uint16_t* values = static_cast<uint16_t*>(out);
    for (int64_t i = 0; i < n; ++i)
        if (values[i] == edge[1]) values[i] = edge[0];
    return FB_OK;
}

int fb_mt_normal(fb_mt19937* s, int dtype, void* out, int64_t n, double mean, double std) {
    if (!fb::is_float(dtype)) return FB_ERR_DTYPE;
    if (fb::is_th(s)) return fb::th::normal(s, dtype, out, n, mean, std);
    if (n < 16) {
        return fb::converted<double>(FB_FLOAT64, dtype, out, n, [&](double* buf, int64_t m) {
            for (int64_t i = 0; i < m; ++i) buf[i] = fb::one_normal(s) * std + mean;
        });
    }
    const float mean32 = static_cast<float>(mean), std32 = static_cast<float>(std);
    if (dtype == FB_FLOAT64) {
        fb::normals64(s, static_cast<double*>(out), n, mean, std);
    } else if (dtype == FB_FLOAT32) {
        fb::normals32(s, static_cast<float*>(out), n, mean32, std32, true);
    } else {
        // 16-bit types draw nothing for the rest of less than 16 before its block.
        float* buf = static_cast<float*>(fb_alloc(static_cast<size_t>(n) * sizeof(float)));
        if (!buf) return FB_ERR_MEMORY;
        fb::normals32(s, buf, n, mean32, std32, false);
        fb_get_cast(FB_FLOAT32, dtype)(static_cast<char*>(out), 2, reinterpret_cast<const char*>(buf), 4, n);
        fb_free(buf);
    }
    return FB_OK;
}

int fb_mt_randint(fb_mt19937* s, int dtype, void* out, int64_t n, int64_t low, uint64_t range) {
    if (fb::is_th(s)) return fb::th::integers(s, dtype, out, n, low, range);
    const uint64_t base = static_cast<uint64_t>(low);
    if (range == 0) {
        return fb::integers(s, dtype, out, n, true, [=](uint64_t x) { return static_cast<int64_t>(x + base); });
    }
    if (range >= fb::kWideRange) {
        return fb::integers(s, dtype, out, n, true,
                            [=](uint64_t x) { return static_cast<int64_t>(x % range + base); });
    }
    const uint32_t r = static_cast<uint32_t>(range);
    return fb::integers(s, dtype, out, n, false, [=](uint64_t x) {
        return static_cast<int64_t>(static_cast<uint64_t>(static_cast<uint32_t>(x) % r) + base);
    });
}

int fb_mt_random(fb_mt19937* s, int dtype, void* out, int64_t n) {
    uint64_t range;  // number of values; 0 stands for 2**64
    switch (dtype) {
        case FB_BOOL: range = 2; break;
        case FB_UINT8: range = 256; break;
        case FB_INT8: range = uint64_t{1} << 7; break;
        case FB_INT16: range = uint64_t{1} << 15; break;
        case FB_INT32: range = uint64_t{1} << 31; break;
        case FB_INT64: range = uint64_t{1} << 63; break;
        case FB_UINT16: range = uint64_t{1} << 16; break;
        case FB_UINT32: range = uint64_t{1} << 32; break;
        case FB_UINT64: range = 0; break;
        case FB_FLOAT16: range = (uint64_t{1} << 11) + 1; break;
        case FB_BFLOAT16: range = (uint64_t{1} << 8) + 1; break;
        case FB_FLOAT32: range = (uint64_t{1} << 24) + 1; break;
        case FB_FLOAT64: range = (uint64_t{1} << 53) + 1; break;
        default: return FB_ERR_DTYPE;
    }
    if (fb::is_th(s)) return fb::th::integers(s, dtype, out, n, 0, range);
    const bool wide = fb_itemsize(dtype) == 8;
    return fb::integers(s, dtype, out, n, wide,
                        [=](uint64_t x) { return static_cast<int64_t>(range ? x % range : x); });
}

int fb_mt_randperm(fb_mt19937* s, int64_t* out, int64_t n) {
    for (int64_t i = 0; i < n; ++i) out[i] = i;
    uint32_t words[fb::kBlock];
    for (int64_t i = 0; i < n - 1; i += fb::kBlock) {  // Fisher and Yates
        int64_t m = std::min(fb::kBlock, n - 1 - i);
        fb::draw(s, words, m);
        for (int64_t j = 0; j < m; ++j) {
            uint64_t left = static_cast<uint64_t>(n - i - j);
            uint64_t z = left >> 32 ? words[j] : words[j] % static_cast<uint32_t>(left);
            std::swap(out[i + j], out[i + j + static_cast<int64_t>(z)]);
        }
    }
    return FB_OK;
}

int fb_mt_bernoulli(fb_mt19937* s, int dtype, void* out, int64_t n, double p) {
    if (!(p >= 0.0 && p <= 1.0)) return FB_ERR_VALUE;
    if (fb::is_th(s)) return fb::th::bernoulli(s, dtype, out, n, p);
    return fb::converted<uint8_t>(FB_BOOL, dtype, out, n, [&](uint8_t* buf, int64_t m) {
        double u[fb::kBlock];
        fb::uniform64(s, u, m, 0.0, 1.0);
        for (int64_t i = 0; i < m; ++i) buf[i] = u[i] < p;
    });
}

int fb_mt_bernoulli_probs(fb_mt19937* s, int dtype, void* out, int p_dtype, const void* p, int64_t n) {
    if (p_dtype != FB_FLOAT32 && p_dtype != FB_FLOAT64) return FB_ERR_DTYPE;
    if (fb::is_th(s)) return fb::th::bernoulli_probs(s, dtype, out, p_dtype, p, n);
    if (p_dtype == FB_FLOAT32) {
        const float* probs = static_cast<const float*>(p);
        return fb::converted<uint8_t>(FB_BOOL, dtype, out, n, [&](uint8_t* buf, int64_t m) {
            float u[fb::kBlock];
            fb::uniform32(s, u, m, 0.0f, 1.0f);
            for (int64_t i = 0; i < m; ++i) buf[i] = u[i] < probs[i];
            probs += m;
        });
    }
    const double* probs = static_cast<const double*>(p);
    return fb::converted<uint8_t>(FB_BOOL, dtype, out, n, [&](uint8_t* buf, int64_t m) {
        double u[fb::kBlock];
        fb::uniform64(s, u, m, 0.0, 1.0);
        for (int64_t i = 0; i < m; ++i) buf[i] = u[i] < probs[i];
        probs += m;
    });
}

int fb_mt_exponential(fb_mt19937* s, int dtype, void* out, int64_t n, double lambda) {
    if (!(lambda > 0.0)) return FB_ERR_VALUE;
    if (!fb::is_float(dtype)) return FB_ERR_DTYPE;
    if (fb::is_th(s)) return fb::th::exponential(s, dtype, out, n, lambda);
    fb_unary_loop log1p = fb_get_unary("log1p", FB_FLOAT64, nullptr);
    return fb::converted<double>(FB_FLOAT64, dtype, out, n, [&](double* buf, int64_t m) {
        fb::uniform64(s, buf, m, 0.0, 1.0);
        for (int64_t i = 0; i < m; ++i) buf[i] = -buf[i];
        log1p(reinterpret_cast<char*>(buf), 8, reinterpret_cast<const char*>(buf), 8, m);
        for (int64_t i = 0; i < m; ++i) buf[i] = -1.0 / lambda * buf[i];
    });
}

int fb_mt_geometric(fb_mt19937* s, double* out, int64_t n, double p) {
    if (!(p > 0.0 && p < 1.0)) return FB_ERR_VALUE;
    if (fb::is_th(s)) {
        fb::th::geometric(s, out, n, p);
        return FB_OK;
    }
    fb::uniform64(s, out, n, 0.0, 1.0);
    const double scale = std::log1p(-p);
    for (int64_t i = 0; i < n; ++i) out[i] = std::ceil(std::log(out[i]) / scale);
    return FB_OK;
}

}  // extern "C"
