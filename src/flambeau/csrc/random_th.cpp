// The streams of TH, the C library of Lua Torch and of PyTorch up to 0.3: numbers are made one after the other,
// whatever the size of the array, and rounded to its dtype.
#include <cmath>
#include <vector>

#include "dispatch.hpp"
#include "random.hpp"

namespace fb {
namespace th {
namespace {

bool is_early(const fb_mt19937* s) { return s->stream == FB_STREAM_TH_EARLY; }

// m numbers uniform in [0, 1).
void units(fb_mt19937* s, double* out, int64_t m) {
    uint32_t words[2 * kBlock];
    for (int64_t i = 0; i < m; i += kBlock) {
        const int64_t count = std::min(kBlock, m - i);
        draw(s, words, is_early(s) ? count : 2 * count);
        if (is_early(s)) {
            for (int64_t j = 0; j < count; ++j) out[i + j] = words[j] * 0x1p-32;
        } else {
            kernels().random.uniform64(words, out + i, count, 0.0, 1.0, 1.0);
        }
    }
}

double unit(fb_mt19937* s) {
    double u;
    units(s, &u, 1);
    return u;
}

// n values f(u), u uniform in [0, 1).
template <class F>
int from_units(fb_mt19937* s, int dtype, void* out, int64_t n, F&& f) {
    return converted<double>(FB_FLOAT64, dtype, out, n, [&](double* buf, int64_t m) {
        units(s, buf, m);
        for (int64_t i = 0; i < m; ++i) buf[i] = f(buf[i]);
    });
}

// m <= kBlock standard normals in pairs, the second of the last one kept for the next call if there is no place for it.
// Box and Muller 1958: the first uniform gives the angle, the second the radius.
void normals(fb_mt19937* s, double* out, int64_t m) {
    int64_t i = 0;
    if (s->has_normal && m) {
        s->has_normal = 0;
        out[i++] = s->normal;
    }
    double u[kBlock + 1];
    units(s, u, (m - i + 1) / 2 * 2);
    for (const double* pair = u; i < m; i += 2, pair += 2) {
        const double angle = kTwoPi * pair[0], radius = std::sqrt(-2.0 * std::log(1.0 - pair[1]));
        out[i] = radius * std::cos(angle);
        const double second = radius * std::sin(angle);
        if (i + 1 < m) {
            out[i + 1] = second;
        } else {
            s->normal = second;
            s->has_normal = 1;
        }
    }
}

template <class P>
int bernoulli_of(fb_mt19937* s, int dtype, void* out, const P* probs, int64_t n) {
    return from_units(s, dtype, out, n, [&](double u) { return u <= static_cast<double>(*probs++) ? 1.0 : 0.0; });
}

// Sums of the probabilities up to each category, as shares of the total.
template <class T>
void accumulate(const T* p, std::vector<double>& sums) {
    double sum = 0;
    for (size_t k = 0; k < sums.size(); ++k) sums[k] = sum += static_cast<double>(p[k]);
    for (double& x : sums) x /= sum;
}

// The first category whose sum is at least u. Rounding can leave the sums not quite sorted, so the steps matter.
size_t find(const std::vector<double>& sums, double u) {
    size_t first = 0, last = sums.size();
    while (first < last) {
        const size_t middle = first + (last - first) / 2;
        if (sums[middle] < u) first = middle + 1;
        else last = middle;
    }
    return first;
}

// Takes a category that was drawn out of the sums, which then are shares of what is left.
void take_out(std::vector<double>& sums, size_t drawn) {
    const double share = sums[drawn] - (drawn ? sums[drawn - 1] : 0.0), left = 1.0 - share;
    for (size_t k = 0; k < sums.size(); ++k) sums[k] = (k < drawn ? sums[k] : sums[k] - share) / left;
}

template <class T>
void multinomial(fb_mt19937* s, const T* p, int64_t rows, int64_t categories, int64_t samples, bool replacement,
                 int64_t* out) {
    std::vector<double> sums(static_cast<size_t>(categories));
    for (int64_t r = 0; r < rows; ++r, p += categories) {
        accumulate(p, sums);
        for (int64_t j = 0; j < samples; ++j) {
            sums.back() = 1.0;
            const size_t drawn = find(sums, unit(s));
            *out++ = static_cast<int64_t>(drawn);
            if (!replacement) take_out(sums, drawn);
        }
    }
}

}  // namespace

int uniform(fb_mt19937* s, int dtype, void* out, int64_t n, double from, double to) {
    if (dtype == FB_FLOAT64 || is_early(s)) {
        return from_units(s, dtype, out, n, [=](double u) { return u * (to - from) + from; });
    }
    const float low = static_cast<float>(from), high = static_cast<float>(to);
    return converted<float>(FB_FLOAT32, dtype, out, n, [&](float* buf, int64_t m) {
        uint32_t words[kBlock];
        draw(s, words, m);
        for (int64_t i = 0; i < m; ++i) {
            buf[i] = static_cast<float>(words[i] & 0xffffffu) * 0x1p-24f * (high - low) + low;
        }
    });
}

int normal(fb_mt19937* s, int dtype, void* out, int64_t n, double mean, double std) {
    return converted<double>(FB_FLOAT64, dtype, out, n, [&](double* buf, int64_t m) {
        normals(s, buf, m);
        for (int64_t i = 0; i < m; ++i) buf[i] = buf[i] * std + mean;
    });
}

// Two words for a range of 2**32 and more where the dtype has such numbers, else one; early, always one.
int integers(fb_mt19937* s, int dtype, void* out, int64_t n, int64_t low, uint64_t range) {
    const bool large = range == 0 || range >> 32;
    const bool wide = large && !is_early(s) && (fb_itemsize(dtype) == 8 || dtype == FB_FLOAT32);
    return converted<int64_t>(FB_INT64, dtype, out, n, [&](int64_t* buf, int64_t m) {
        uint32_t words[2 * kBlock];
        draw(s, words, wide ? 2 * m : m);
        for (int64_t i = 0; i < m; ++i) {
            const uint64_t x = wide ? join(words + 2 * i) : words[i];
            buf[i] = static_cast<int64_t>((range ? x % range : x) + static_cast<uint64_t>(low));
        }
    });
}

int bernoulli(fb_mt19937* s, int dtype, void* out, int64_t n, double p) {
    return from_units(s, dtype, out, n, [=](double u) { return u <= p ? 1.0 : 0.0; });
}

int bernoulli_probs(fb_mt19937* s, int dtype, void* out, int p_dtype, const void* p, int64_t n) {
    return p_dtype == FB_FLOAT32 ? bernoulli_of(s, dtype, out, static_cast<const float*>(p), n)
                                 : bernoulli_of(s, dtype, out, static_cast<const double*>(p), n);
}

int exponential(fb_mt19937* s, int dtype, void* out, int64_t n, double lambda) {
    return from_units(s, dtype, out, n, [=](double u) { return -1.0 / lambda * std::log(1.0 - u); });
}

// Here p is the probability that another trial follows.
void geometric(fb_mt19937* s, double* out, int64_t n, double p) {
    const double scale = std::log(p);
    units(s, out, n);
    for (int64_t i = 0; i < n; ++i) out[i] = std::trunc(std::log(1.0 - out[i]) / scale) + 1.0;
}

}  // namespace th
}  // namespace fb

extern "C" int fb_th_multinomial(fb_mt19937* s, int dtype, const void* p, int64_t rows, int64_t categories,
                                 int64_t samples, int replacement, int64_t* out) {
    if (dtype == FB_FLOAT32) {
        fb::th::multinomial(s, static_cast<const float*>(p), rows, categories, samples, replacement != 0, out);
    } else if (dtype == FB_FLOAT64) {
        fb::th::multinomial(s, static_cast<const double*>(p), rows, categories, samples, replacement != 0, out);
    } else {
        return FB_ERR_DTYPE;
    }
    return FB_OK;
}
