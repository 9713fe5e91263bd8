// The maxima of one row of windows, a tap of all windows at a time.
#include "simd.hpp"

namespace fb {
namespace FB_ISA {
namespace {

constexpr int64_t kColumns = 256;  // windows treated together

template <class T> struct Places;  // an integer as wide as T
template <> struct Places<float> { using type = int32_t; };
template <> struct Places<double> { using type = int64_t; };

// The n elements x[0], x[step], ... at `place`, place + step, ...: where they are larger than what there is, or NaN.
template <class T, class I>
FB_INLINE void take_larger(T* best, I* index, int64_t n, const T* x, int64_t step, I place) {
    FB_IVDEP
    for (int64_t o = 0; o < n; ++o) {
        const T v = x[o * step];
        const bool better = (v > best[o]) | (v != v);
        best[o] = better ? v : best[o];
        index[o] = better ? static_cast<I>(place + static_cast<I>(o) * static_cast<I>(step)) : index[o];
    }
}

FB_INLINE int64_t at_least_zero(int64_t x) { return x < 0 ? 0 : x; }

template <class T>
void max_row(const fb_pool_shape& s, const T* x, int64_t rows, const int64_t* taps, int64_t first, T* y,
             int64_t* index) {
    using I = typename Places<T>::type;
    const int64_t step = s.stride[2], n = s.in[2], dilation = s.dilation[2];
    I at[kColumns];
    for (int64_t from = 0; from < s.out[2]; from += kColumns) {
        const int64_t to = s.out[2] - from < kColumns ? s.out[2] : from + kColumns;
        for (int64_t o = from; o < to; ++o) {
            const int64_t start = o * step - s.padding[2];
            y[o] = -static_cast<T>(__builtin_inf());
            at[o - from] = static_cast<I>(first + start + at_least_zero((-start + dilation - 1) / dilation) * dilation);
        }
        for (int64_t r = 0; r < rows; ++r) {
            for (int64_t k = 0; k < s.kernel[2]; ++k) {
                // Window o sees element o step + offset, where that is in the input.
                const int64_t offset = k * dilation - s.padding[2];
                int64_t begin = offset < 0 ? (-offset + step - 1) / step : 0;
                int64_t end = offset < n ? (n - 1 - offset) / step + 1 : 0;
                begin = begin < from ? from : begin;
                end = end > to ? to : end;
                if (begin >= end) continue;
                const int64_t place = taps[r] + offset + begin * step;
                T* best = y + begin;
                I* best_at = at + (begin - from);
                if (step == 1) take_larger(best, best_at, end - begin, x + place, 1, static_cast<I>(place));
                else if (step == 2) take_larger(best, best_at, end - begin, x + place, 2, static_cast<I>(place));
                else take_larger(best, best_at, end - begin, x + place, step, static_cast<I>(place));
            }
        }
        FB_IVDEP
        for (int64_t o = from; o < to; ++o) index[o] = at[o - from];
    }
}

}  // namespace

void register_pool(Kernels& k) {
    k.pool32 = {&max_row<float>};
    k.pool64 = {&max_row<double>};
}

}  // namespace FB_ISA
}  // namespace fb
