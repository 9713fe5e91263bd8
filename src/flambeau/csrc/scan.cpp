// Running sums and products, and the largest elements of rows.
#include <algorithm>
#include <type_traits>
#include <vector>

#include "dispatch.hpp"
#include "threads.hpp"

namespace fb {
namespace {

constexpr int64_t kWork = 16384;   // elements that one thread takes at least
constexpr int64_t kColumns = 256;  // columns that are treated together
constexpr int64_t kBlock = 4096;   // of a long row, whose sums are computed first
constexpr int64_t kLanes = 4;      // rows side by side: each of their steps waits for the one before

int64_t at_once(int64_t work) { return std::max<int64_t>(1, kWork / std::max<int64_t>(work, 1)); }

struct Sum {
    template <class A>
    static A of(A a, A b) { return a + b; }
    static constexpr int start = 0;
};
struct Product {
    template <class A>
    static A of(A a, A b) { return a * b; }
    static constexpr int start = 1;
};

// L rows, `step` elements from one to the next, that go on from the values in `state`.
template <int64_t L, class F, class T, class A>
void run(const T* x, T* out, int64_t n, int64_t step, const A* state) {
    A s[L];
    for (int64_t l = 0; l < L; ++l) s[l] = state[l];
    for (int64_t i = 0; i < n; ++i)
        for (int64_t l = 0; l < L; ++l) {
            s[l] = F::of(s[l], static_cast<A>(x[l * step + i]));
            out[l * step + i] = static_cast<T>(s[l]);
        }
}

template <class F, class T, class A>
void run_rows(const T* x, T* out, int64_t rows, int64_t n, int64_t step, const A* state) {
    int64_t r = 0;
    for (; r + kLanes <= rows; r += kLanes) run<kLanes, F>(x + r * step, out + r * step, n, step, state + r);
    for (; r < rows; ++r) run<1, F>(x + r * step, out + r * step, n, step, state + r);
}

// A long row: the sums of its blocks, then the blocks, each from the sum of those before.
template <class T, class A>
void long_sum(int64_t n, const T* x, T* out) {
    const int64_t blocks = n / kBlock;
    std::vector<A> before(static_cast<size_t>(blocks + 1));
    parallel_for(blocks, kWork / kBlock, [&](int64_t begin, int64_t end) {
        for (int64_t b = begin; b < end; ++b) {
            A part[8] = {};
            for (int64_t i = b * kBlock; i < (b + 1) * kBlock; i += 8)
                for (int64_t j = 0; j < 8; ++j) part[j] += static_cast<A>(x[i + j]);
            for (int64_t j = 1; j < 8; ++j) part[0] += part[j];
            before[static_cast<size_t>(b + 1)] = part[0];
        }
    });
    for (size_t b = 1; b < before.size(); ++b) before[b] += before[b - 1];
    parallel_for(blocks, kLanes, [&](int64_t begin, int64_t end) {
        run_rows<Sum>(x + begin * kBlock, out + begin * kBlock, end - begin, kBlock, kBlock, before.data() + begin);
    });
    run<1, Sum>(x + blocks * kBlock, out + blocks * kBlock, n - blocks * kBlock, 0, before.data() + blocks);
}

template <class F, class T, class A>
void scan(int64_t outer, int64_t n, int64_t inner, const T* x, T* out) {
    if (inner == 1 && n >= 4 * kBlock && outer < 16 && std::is_same<F, Sum>::value) {
        for (int64_t o = 0; o < outer; ++o) long_sum<T, A>(n, x + o * n, out + o * n);
    } else if (inner == 1) {
        parallel_for((outer + kLanes - 1) / kLanes, at_once(n * kLanes), [&](int64_t begin, int64_t end) {
            for (int64_t g = begin; g < end; ++g) {
                const A start[kLanes] = {A{F::start}, A{F::start}, A{F::start}, A{F::start}};
                const int64_t row = g * kLanes;
                run_rows<F>(x + row * n, out + row * n, std::min(kLanes, outer - row), n, n, start);
            }
        });
    } else {
        const int64_t blocks = (inner + kColumns - 1) / kColumns;
        parallel_for(outer * blocks, at_once(n * std::min(inner, kColumns)), [&](int64_t begin, int64_t end) {
            A s[kColumns];
            for (int64_t u = begin; u < end; ++u) {
                const int64_t column = u % blocks * kColumns, width = std::min(kColumns, inner - column);
                const int64_t at = u / blocks * n * inner + column;
                std::fill(s, s + width, A{F::start});
                for (int64_t i = 0; i < n; ++i) {
                    const T* from = x + at + i * inner;
                    T* to = out + at + i * inner;
                    FB_IVDEP
                    for (int64_t c = 0; c < width; ++c) {
                        s[c] = F::of(s[c], static_cast<A>(from[c]));
                        to[c] = static_cast<T>(s[c]);
                    }
                }
            }
        });
    }
}

template <class T, class A>
int scan_of(int op, int64_t outer, int64_t n, int64_t inner, const void* x, void* out) {
    if (op == FB_SUM) scan<Sum, T, A>(outer, n, inner, static_cast<const T*>(x), static_cast<T*>(out));
    else if (op == FB_PROD) scan<Product, T, A>(outer, n, inner, static_cast<const T*>(x), static_cast<T*>(out));
    else return FB_ERR_VALUE;
    return FB_OK;
}

// The order of the result; NaN is larger than every number.
template <class T, bool largest>
bool before(T a, T b) {
    return largest ? (a > b) | ((a != a) & (b == b)) : (a < b) | ((a == a) & (b != b));
}

template <class T>
struct Item {
    T value;
    int64_t place;
};

// A heap of the k best so far with the worst on top; whole runs of elements that are no better are passed over.
template <class T, bool largest>
void topk_row(int64_t n, int64_t k, const T* x, T* values, int64_t* indices, std::vector<Item<T>>& heap) {
    constexpr int64_t kRun = 32;
    const auto first = [](const Item<T>& a, const Item<T>& b) {
        return before<T, largest>(a.value, b.value) ||
               (!before<T, largest>(b.value, a.value) && a.place < b.place);
    };
    heap.clear();
    for (int64_t i = 0; i < k; ++i) heap.push_back({x[i], i});
    std::make_heap(heap.begin(), heap.end(), first);
    for (int64_t i = k; i < n; i += kRun) {
        const int64_t stop = std::min(n, i + kRun);
        const T worst = heap.front().value;
        int some = 0;
        if (stop - i == kRun)
            for (int64_t j = 0; j < kRun; ++j) some |= largest ? !(x[i + j] <= worst) : !(x[i + j] >= worst);
        else
            some = 1;
        if (!some) continue;
        for (int64_t j = i; j < stop; ++j) {
            if (!before<T, largest>(x[j], heap.front().value)) continue;
            std::pop_heap(heap.begin(), heap.end(), first);
            heap.back() = {x[j], j};
            std::push_heap(heap.begin(), heap.end(), first);
        }
    }
    std::sort(heap.begin(), heap.end(), first);
    for (int64_t i = 0; i < k; ++i) {
        values[i] = heap[static_cast<size_t>(i)].value;
        indices[i] = heap[static_cast<size_t>(i)].place;
    }
}

template <class T>
int topk(int64_t rows, int64_t n, int64_t k, int largest, const void* x_, void* values_, int64_t* indices) {
    const T* x = static_cast<const T*>(x_);
    T* values = static_cast<T*>(values_);
    if (k < 1 || k > n) return FB_ERR_VALUE;
    parallel_for(rows, at_once(n), [&](int64_t begin, int64_t end) {
        std::vector<Item<T>> heap;
        for (int64_t r = begin; r < end; ++r) {
            if (largest) topk_row<T, true>(n, k, x + r * n, values + r * k, indices + r * k, heap);
            else topk_row<T, false>(n, k, x + r * n, values + r * k, indices + r * k, heap);
        }
    });
    return FB_OK;
}

}  // namespace
}  // namespace fb

extern "C" {

int fb_scan(int op, int dtype, int64_t outer, int64_t n, int64_t inner, const void* x, void* out) {
    if (dtype == FB_FLOAT32) return fb::scan_of<float, double>(op, outer, n, inner, x, out);
    if (dtype == FB_FLOAT64) return fb::scan_of<double, double>(op, outer, n, inner, x, out);
    if (dtype == FB_INT64) return fb::scan_of<uint64_t, uint64_t>(op, outer, n, inner, x, out);
    return FB_ERR_DTYPE;
}

int fb_topk(int dtype, int64_t rows, int64_t n, int64_t k, int largest, const void* x, void* values,
            int64_t* indices) {
    if (dtype == FB_FLOAT32) return fb::topk<float>(rows, n, k, largest, x, values, indices);
    if (dtype == FB_FLOAT64) return fb::topk<double>(rows, n, k, largest, x, values, indices);
    return FB_ERR_DTYPE;
}
}
