// Reductions of contiguous runs, and softmax of a row.
#include "vmath.hpp"

namespace fb {
namespace FB_ISA {
namespace {

FB_INLINE float exp_of(float x) { return exp_(x); }
FB_INLINE double exp_of(double x) { return exp_(x); }

// Partial results side by side, kLanes and then kFew of them, are combined pairwise at last: a fixed order whatever the
// vector width.
constexpr int64_t kLanes = 64, kFew = 16;
constexpr int64_t kRun = 4096;  // elements summed straight; longer runs are split in halves, which bounds the error

template <class T> struct Ops {
    using Wrap = typename Unsigned<T>::type;
    struct Sum {
        FB_INLINE T f(T x, T y) { return static_cast<T>(static_cast<Wrap>(x) + static_cast<Wrap>(y)); }
    };
    struct Prod {
        FB_INLINE T f(T x, T y) { return static_cast<T>(static_cast<Wrap>(x) * static_cast<Wrap>(y)); }
    };
};
// A NaN wins: each choice is y where one of the two is NaN.
struct Max {
    template <class T> FB_INLINE T f(T x, T y) {
        const T larger = x > y ? x : y;
        return x != x ? x : larger;
    }
};
struct Min {
    template <class T> FB_INLINE T f(T x, T y) {
        const T smaller = x < y ? x : y;
        return x != x ? x : smaller;
    }
};

template <class F, int64_t lanes, class T>
FB_INLINE void add_to(T* acc, const T* a) {
    if constexpr (lanes == kFew) {
        FB_LANES
        for (int64_t j = 0; j < lanes; ++j) acc[j] = F::f(acc[j], a[j]);
    } else {
        FB_IVDEP
        for (int64_t j = 0; j < lanes; ++j) acc[j] = F::f(acc[j], a[j]);
    }
}
template <class F, class T>
FB_INLINE T fold_run(const T* a, int64_t n) {
    if (n < kFew) {
        T r = a[0];
        for (int64_t i = 1; i < n; ++i) r = F::f(r, a[i]);
        return r;
    }
    T acc[kFew];
    int64_t i = kFew;
    if (n < kLanes) {
        for (int64_t j = 0; j < kFew; ++j) acc[j] = a[j];
    } else {
        T wide[kLanes];
        for (int64_t j = 0; j < kLanes; ++j) wide[j] = a[j];
        for (i = kLanes; i + kLanes <= n; i += kLanes) add_to<F, kLanes>(wide, a + i);
        add_to<F, 2 * kFew>(wide, wide + 2 * kFew);
        add_to<F, kFew>(wide, wide + kFew);
        for (int64_t j = 0; j < kFew; ++j) acc[j] = wide[j];
    }
    for (; i + kFew <= n; i += kFew) add_to<F, kFew>(acc, a + i);
    if (i < n) {  // of the last kFew elements, those that have not been met
        const T* last = a + n - kFew;
        const int met = static_cast<int>(i - (n - kFew));
        T with[kFew];
        FB_LANES
        for (int j = 0; j < kFew; ++j) {
            const T both = F::f(acc[j], last[j]);
            with[j] = j < met ? acc[j] : both;
        }
        for (int64_t j = 0; j < kFew; ++j) acc[j] = with[j];
    }
    return combine<kFew>(acc, [](T x, T y) { return F::f(x, y); });
}
template <class F, class T>
T fold(const T* a, int64_t n) {
    if (n <= kRun) return fold_run<F>(a, n);
    int64_t half = (n / 2 + kRun - 1) / kRun * kRun;
    const T first = fold<F>(a, half);  // before the rest: memory is read forwards
    return F::f(first, fold<F>(a + half, n - half));
}
// Rows of n elements, `step` from one to the next; short ones side by side, since each sum waits for the one before.
template <class F, class T>
void fold_rows(const T* a, int64_t step, int64_t rows, int64_t n, T* out, int64_t out_step) {
    constexpr int64_t kSide = 8;
    int64_t r = 0;
    for (; n < kFew && r + kSide <= rows; r += kSide) {
        T acc[kSide];
        for (int64_t l = 0; l < kSide; ++l) acc[l] = a[(r + l) * step];
        for (int64_t i = 1; i < n; ++i)
            for (int64_t l = 0; l < kSide; ++l) acc[l] = F::f(acc[l], a[(r + l) * step + i]);
        for (int64_t l = 0; l < kSide; ++l) out[(r + l) * out_step] = acc[l];
    }
    for (; r < rows; ++r) out[r * out_step] = n <= kRun ? fold_run<F>(a + r * step, n) : fold<F>(a + r * step, n);
}
template <class F, class T>
void into(T* out, const T* a, int64_t n) {
    FB_IVDEP
    for (int64_t i = 0; i < n; ++i) out[i] = F::f(out[i], a[i]);
}
// One after the other, as `into` does it four times.
template <class F, class T>
void into_by_4(T* out, const T* a, const T* b, const T* c, const T* d, int64_t n) {
    FB_IVDEP
    for (int64_t i = 0; i < n; ++i) out[i] = F::f(F::f(F::f(F::f(out[i], a[i]), b[i]), c[i]), d[i]);
}

// ---- extremes and their places ----

template <class T> struct Place { using type = int64_t; };  // an integer as wide as T
template <> struct Place<float> { using type = int32_t; };
template <> struct Place<int32_t> { using type = int32_t; };

// The extremes of n < 2**31 rows, element by element, and which row they are of.
template <class Better, class T>
void extreme_columns(const T* x, int64_t step, int64_t n, int64_t width, T* best, int64_t* places) {
    using I = typename Place<T>::type;
    I at[kExtremeColumns] = {};
    for (int64_t j = 0; j < width; ++j) best[j] = x[j];
    for (int64_t i = 1; i < n; ++i) {
        const T* row = x + i * step;
        const I place = static_cast<I>(i);
        FB_IVDEP
        for (int64_t j = 0; j < width; ++j) {
            const T v = row[j], b = best[j];
            const bool better = Better::f(v, b) | ((v != v) & (b == b));
            best[j] = better ? v : b;
            at[j] = better ? place : at[j];
        }
    }
    for (int64_t j = 0; j < width; ++j) places[j] = at[j];
}
struct Above { template <class T> FB_INLINE bool f(T x, T y) { return x > y; } };
struct Below { template <class T> FB_INLINE bool f(T x, T y) { return x < y; } };

template <class T>
ReduceType<T> reduce_type() {
    using Sum = typename Ops<T>::Sum;
    using Prod = typename Ops<T>::Prod;
    return {{&fold<Sum, T>, &fold<Prod, T>, &fold<Max, T>, &fold<Min, T>},
            {&fold_rows<Sum, T>, &fold_rows<Prod, T>, &fold_rows<Max, T>, &fold_rows<Min, T>},
            {&into<Sum, T>, &into<Prod, T>, &into<Max, T>, &into<Min, T>},
            {&into_by_4<Sum, T>, &into_by_4<Prod, T>, &into_by_4<Max, T>, &into_by_4<Min, T>}};
}

FB_INLINE float log_of(float x) { return __builtin_logf(x); }
FB_INLINE double log_of(double x) { return __builtin_log(x); }

// Shifted by the maximum: nothing overflows, and the largest term is 1.
template <class T>
void softmax(int log, int64_t n, const T* x, T* out) {
    using Sum = typename Ops<T>::Sum;
    const T top = fold<Max>(x, n);
    if (!log) {
        FB_IVDEP
        for (int64_t i = 0; i < n; ++i) out[i] = exp_of(x[i] - top);
        const T total = fold<Sum>(out, n);
        FB_IVDEP
        for (int64_t i = 0; i < n; ++i) out[i] /= total;  // not times its inverse, which would be rounded too
        return;
    }
    // The terms pass through a buffer, since `out` may be `x`.
    T terms[kRun / 4];
    T total = 0;
    for (int64_t i = 0; i < n; i += kRun / 4) {
        const int64_t m = n - i < kRun / 4 ? n - i : kRun / 4;
        FB_IVDEP
        for (int64_t j = 0; j < m; ++j) terms[j] = exp_of(x[i + j] - top);
        total += fold<Sum>(terms, m);
    }
    const T shift = log_of(total);
    FB_IVDEP
    for (int64_t i = 0; i < n; ++i) out[i] = (x[i] - top) - shift;
}

template <class T>
void softmax_grad(int log, int64_t n, const T* g, const T* y, T* out) {
    using Sum = typename Ops<T>::Sum;
    if (log) {  // g - exp(y) sum(g)
        const T total = fold<Sum>(g, n);
        FB_IVDEP
        for (int64_t i = 0; i < n; ++i) out[i] = g[i] - exp_of(y[i]) * total;
        return;
    }
    // y (g - sum(g y))
    T terms[kRun / 4];
    T dot = 0;
    for (int64_t i = 0; i < n; i += kRun / 4) {
        const int64_t m = n - i < kRun / 4 ? n - i : kRun / 4;
        FB_IVDEP
        for (int64_t j = 0; j < m; ++j) terms[j] = g[i + j] * y[i + j];
        dot += fold<Sum>(terms, m);
    }
    FB_IVDEP
    for (int64_t i = 0; i < n; ++i) out[i] = y[i] * (g[i] - dot);
}

// ---- softmax of columns: up to kSoftmaxColumns of them side by side, `step` elements from row to row ----

// f(from, to) for runs of rows, whose sums are added up by themselves.
template <class F>
FB_INLINE void in_runs(int64_t n, F f) {
    constexpr int64_t kRows = 256;
    for (int64_t i = 0; i < n; i += kRows) f(i, n - i < kRows ? n : i + kRows);
}

template <class T>
void softmax_columns(int log, int64_t n, int64_t step, int64_t width, const T* x, T* out) {
    T top[kSoftmaxColumns], total[kSoftmaxColumns] = {};
    for (int64_t j = 0; j < width; ++j) top[j] = x[j];
    for (int64_t i = 1; i < n; ++i) {
        FB_IVDEP
        for (int64_t j = 0; j < width; ++j) top[j] = Max::f(top[j], x[i * step + j]);
    }
    in_runs(n, [&](int64_t from, int64_t to) {
        T part[kSoftmaxColumns] = {};
        for (int64_t i = from; i < to; ++i) {
            const T* row = x + i * step;
            T* terms = out + i * step;
            if (log) {
                FB_IVDEP
                for (int64_t j = 0; j < width; ++j) part[j] += exp_of(row[j] - top[j]);
            } else {
                FB_IVDEP
                for (int64_t j = 0; j < width; ++j) {
                    terms[j] = exp_of(row[j] - top[j]);
                    part[j] += terms[j];
                }
            }
        }
        for (int64_t j = 0; j < width; ++j) total[j] += part[j];
    });
    if (log)
        for (int64_t j = 0; j < width; ++j) total[j] = log_of(total[j]);
    for (int64_t i = 0; i < n; ++i) {
        const T* row = x + i * step;
        T* to = out + i * step;
        if (log) {
            FB_IVDEP
            for (int64_t j = 0; j < width; ++j) to[j] = (row[j] - top[j]) - total[j];
        } else {
            FB_IVDEP
            for (int64_t j = 0; j < width; ++j) to[j] /= total[j];
        }
    }
}

template <class T>
void softmax_grad_columns(int log, int64_t n, int64_t step, int64_t width, const T* g, const T* y, T* out) {
    T total[kSoftmaxColumns] = {};
    in_runs(n, [&](int64_t from, int64_t to) {
        T part[kSoftmaxColumns] = {};
        for (int64_t i = from; i < to; ++i) {
            const T *row = g + i * step, *of_y = y + i * step;
            FB_IVDEP
            for (int64_t j = 0; j < width; ++j) part[j] += log ? row[j] : row[j] * of_y[j];
        }
        for (int64_t j = 0; j < width; ++j) total[j] += part[j];
    });
    for (int64_t i = 0; i < n; ++i) {
        const T *row = g + i * step, *of_y = y + i * step;
        T* to = out + i * step;
        if (log) {
            FB_IVDEP
            for (int64_t j = 0; j < width; ++j) to[j] = row[j] - exp_of(of_y[j]) * total[j];
        } else {
            FB_IVDEP
            for (int64_t j = 0; j < width; ++j) to[j] = of_y[j] * (row[j] - total[j]);
        }
    }
}

}  // namespace

void register_reduce(Kernels& k) {
    k.reduce.u8 = reduce_type<uint8_t>();
    k.reduce.i8 = reduce_type<int8_t>();
    k.reduce.i16 = reduce_type<int16_t>();
    k.reduce.i32 = reduce_type<int32_t>();
    k.reduce.i64 = reduce_type<int64_t>();
    k.reduce.f32 = reduce_type<float>();
    k.reduce.f64 = reduce_type<double>();
    k.reduce.extreme_i32 = {{&extreme_columns<Above, int32_t>, &extreme_columns<Below, int32_t>}};
    k.reduce.extreme_i64 = {{&extreme_columns<Above, int64_t>, &extreme_columns<Below, int64_t>}};
    k.reduce.extreme_f32 = {{&extreme_columns<Above, float>, &extreme_columns<Below, float>}};
    k.reduce.extreme_f64 = {{&extreme_columns<Above, double>, &extreme_columns<Below, double>}};
    k.reduce.softmax32 = &softmax<float>;
    k.reduce.softmax64 = &softmax<double>;
    k.reduce.softmax_grad32 = &softmax_grad<float>;
    k.reduce.softmax_grad64 = &softmax_grad<double>;
    k.reduce.softmax_columns32 = &softmax_columns<float>;
    k.reduce.softmax_columns64 = &softmax_columns<double>;
    k.reduce.softmax_grad_columns32 = &softmax_grad_columns<float>;
    k.reduce.softmax_grad_columns64 = &softmax_grad_columns<double>;
}

}  // namespace FB_ISA
}  // namespace fb
