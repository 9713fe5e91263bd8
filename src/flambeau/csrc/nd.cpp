// Drives the one-dimensional loops over arrays of any shape and strides: drops and merges dimensions, orders
// them by the output's strides, works through transposed operands in tiles, and splits large work over threads.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "dispatch.hpp"
#include "threads.hpp"

namespace fb {
namespace {

constexpr int64_t kGrainBytes = 64 * 1024;  // about the least work that is worth waking a thread for
constexpr int64_t kTile = 64;
constexpr int64_t kTileWidth = 16;  // cache lines of a transposed operand in a tile; more would evict each other

// Arrays that share a shape; operand 0 is the output.
template <int N>
struct Layout {
    int ndim = 0;
    int64_t shape[FB_MAX_DIMS];
    int64_t stride[N][FB_MAX_DIMS];
    char* base[N];

    // False when there is no element.
    bool init(int n, const int64_t* sizes, char* const (&bases)[N], const int64_t* const (&strides)[N]) {
        for (int k = 0; k < N; ++k) base[k] = bases[k];
        for (int d = 0; d < n; ++d) {
            if (sizes[d] == 0) return false;
            if (sizes[d] == 1) continue;
            shape[ndim] = sizes[d];
            for (int k = 0; k < N; ++k) stride[k][ndim] = strides[k][d];
            if (stride[0][ndim] < 0) {  // walk the output upwards
                for (int k = 0; k < N; ++k) {
                    base[k] += (sizes[d] - 1) * stride[k][ndim];
                    stride[k][ndim] = -stride[k][ndim];
                }
            }
            ++ndim;
        }
        sort();
        merge();
        if (ndim == 0) {
            ndim = 1;
            shape[0] = 1;
            for (int k = 0; k < N; ++k) stride[k][0] = 0;
        }
        return true;
    }

    // Whether dimension a belongs inside b: smaller output stride first, then smaller input strides.
    bool inside(int a, int b) const {
        for (int k = 0; k < N; ++k) {
            int64_t x = std::llabs(stride[k][a]), y = std::llabs(stride[k][b]);
            if (x != y) return x < y;
        }
        return false;
    }

    void sort() {  // insertion sort, stable: outermost first
        for (int i = 1; i < ndim; ++i)
            for (int j = i; j > 0 && inside(j - 1, j); --j) {
                std::swap(shape[j - 1], shape[j]);
                for (int k = 0; k < N; ++k) std::swap(stride[k][j - 1], stride[k][j]);
            }
    }

    void merge() {
        int last = 0;
        for (int d = 1; d < ndim; ++d) {
            bool joined = true;
            for (int k = 0; k < N; ++k) joined = joined && stride[k][last] == stride[k][d] * shape[d];
            if (joined) {
                shape[last] *= shape[d];
                for (int k = 0; k < N; ++k) stride[k][last] = stride[k][d];
            } else {
                ++last;
                shape[last] = shape[d];
                for (int k = 0; k < N; ++k) stride[k][last] = stride[k][d];
            }
        }
        if (ndim > 0) ndim = last + 1;
    }

    // Pointers of the row with flat number `row` over the outer dimensions [0, outer).
    void locate(int64_t row, int outer, char* (&p)[N]) const {
        for (int k = 0; k < N; ++k) p[k] = base[k];
        for (int d = outer - 1; d >= 0; --d) {
            int64_t i = row % shape[d];
            row /= shape[d];
            for (int k = 0; k < N; ++k) p[k] += i * stride[k][d];
        }
    }

    int64_t count(int outer) const {
        int64_t n = 1;
        for (int d = 0; d < outer; ++d) n *= shape[d];
        return n;
    }

    // An input runs along the second-innermost dimension of a matrix: a row would touch a cache line an element.
    bool transposed() const {
        if (ndim < 2 || shape[ndim - 1] < kTile / 2 || shape[ndim - 2] < kTile / 4) return false;
        for (int k = 1; k < N; ++k) {
            int64_t in = std::llabs(stride[k][ndim - 1]), up = std::llabs(stride[k][ndim - 2]);
            if (in >= 64 && up != 0 && up < in) return true;
        }
        return false;
    }
};

// call(p, strides, n) runs the inner loop on n elements.
template <int N, class Call>
void drive(const Layout<N>& l, int64_t cost, Call&& call) {
    const int inner = l.ndim - 1;
    const int64_t n = l.shape[inner];
    int64_t step[N];
    for (int k = 0; k < N; ++k) step[k] = l.stride[k][inner];
    cost = std::max<int64_t>(cost, 1);

    if (inner == 0) {
        int64_t grain = std::max<int64_t>(kGrainBytes / cost, 64) & ~int64_t{63};
        parallel_for(n, grain, [&](int64_t begin, int64_t end) {
            char* p[N];
            for (int k = 0; k < N; ++k) p[k] = l.base[k] + begin * step[k];
            call(p, step, end - begin);
        });
        return;
    }

    if (l.transposed()) {
        // Units are tiles of kTile rows and kTileWidth columns over the two innermost dimensions.
        const int64_t rows = l.shape[inner - 1], outer = l.count(inner - 1);
        const int64_t down = (rows + kTile - 1) / kTile, across = (n + kTileWidth - 1) / kTileWidth;
        int64_t grain = std::max<int64_t>(kGrainBytes / (cost * kTile * kTileWidth), 1);
        parallel_for(outer * down * across, grain, [&](int64_t begin, int64_t end) {
            for (int64_t u = begin; u < end; ++u) {
                int64_t c0 = (u % across) * kTileWidth, r0 = (u / across) % down * kTile;
                char* p[N];
                l.locate(u / (across * down), inner - 1, p);
                int64_t width = std::min(kTileWidth, n - c0), height = std::min(kTile, rows - r0);
                for (int k = 0; k < N; ++k) p[k] += c0 * step[k] + r0 * l.stride[k][inner - 1];
                for (int64_t r = 0; r < height; ++r) {
                    call(p, step, width);
                    for (int k = 0; k < N; ++k) p[k] += l.stride[k][inner - 1];
                }
            }
        });
        return;
    }

    // Units are rows, or pieces of them when rows are long.
    const int64_t rows = l.count(inner);
    const int64_t piece = std::max<int64_t>(kGrainBytes / cost, 64) & ~int64_t{63};
    const int64_t pieces = (n + piece - 1) / piece;
    const int64_t grain = pieces > 1 ? 1 : std::max<int64_t>(kGrainBytes / (cost * n), 1);
    parallel_for(rows * pieces, grain, [&](int64_t begin, int64_t end) {
        int64_t index[FB_MAX_DIMS];
        int64_t row = begin / pieces, part = begin % pieces;
        char* p[N];
        l.locate(row, inner, p);
        for (int d = inner - 1; d >= 0; --d) {
            index[d] = row % l.shape[d];
            row /= l.shape[d];
        }
        for (int64_t u = begin; u < end;) {
            // The rest of the row, as far as this range goes.
            int64_t take = std::min(pieces - part, end - u), from = part * piece;
            char* q[N];
            for (int k = 0; k < N; ++k) q[k] = p[k] + from * step[k];
            call(q, step, std::min(n, (part + take) * piece) - from);
            u += take;
            part = 0;
            for (int d = inner - 1; d >= 0; --d) {
                for (int k = 0; k < N; ++k) p[k] += l.stride[k][d];
                if (++index[d] < l.shape[d]) break;
                for (int k = 0; k < N; ++k) p[k] -= l.stride[k][d] * l.shape[d];
                index[d] = 0;
            }
        }
    });
}

template <class T>
void where_loop(char* out, int64_t so, const char* c, int64_t sc, const char* a, int64_t sa, const char* b,
                int64_t sb, int64_t n) {
    constexpr int64_t kT = sizeof(T);
    if (so == kT && sc == 1 && (sa == kT || sa == 0) && (sb == kT || sb == 0)) {
        T* o = reinterpret_cast<T*>(out);
        const T* x = reinterpret_cast<const T*>(a);
        const T* y = reinterpret_cast<const T*>(b);
        // Both values are read whatever the condition says: a choice without branches.
        const auto choose = [=](auto of_x, auto of_y) {
            FB_IVDEP
            for (int64_t i = 0; i < n; ++i) {
                T u = of_x(i), v = of_y(i);
                o[i] = c[i] ? u : v;
            }
        };
        const auto of_x = [=](int64_t i) { return x[i]; };
        const auto of_y = [=](int64_t i) { return y[i]; };
        const T x0 = *x, y0 = *y;
        const auto one_x = [=](int64_t) { return x0; };
        const auto one_y = [=](int64_t) { return y0; };
        if (sa && sb) choose(of_x, of_y);
        else if (sa) choose(of_x, one_y);
        else if (sb) choose(one_x, of_y);
        else choose(one_x, one_y);
        return;
    }
    for (int64_t i = 0; i < n; ++i) {
        const char* from = c[i * sc] ? a + i * sa : b + i * sb;
        *reinterpret_cast<T*>(out + i * so) = *reinterpret_cast<const T*>(from);
    }
}

struct Wide {
    uint64_t lo, hi;
};

}  // namespace
}  // namespace fb

extern "C" {

void fb_unary_nd(fb_unary_loop f, int ndim, const int64_t* shape, char* out, const int64_t* so, const char* a,
                 const int64_t* sa, int cost) {
    fb::Layout<2> l;
    if (!l.init(ndim, shape, {out, const_cast<char*>(a)}, {so, sa})) return;
    fb::drive(l, cost, [f](char* const* p, const int64_t* s, int64_t n) { f(p[0], s[0], p[1], s[1], n); });
}

void fb_binary_nd(fb_binary_loop f, int ndim, const int64_t* shape, char* out, const int64_t* so, const char* a,
                  const int64_t* sa, const char* b, const int64_t* sb, int cost) {
    fb::Layout<3> l;
    if (!l.init(ndim, shape, {out, const_cast<char*>(a), const_cast<char*>(b)}, {so, sa, sb})) return;
    fb::drive(l, cost, [f](char* const* p, const int64_t* s, int64_t n) {
        f(p[0], s[0], p[1], s[1], p[2], s[2], n);
    });
}

int fb_where_nd(int itemsize, int ndim, const int64_t* shape, char* out, const int64_t* so, const char* cond,
                const int64_t* sc, const char* a, const int64_t* sa, const char* b, const int64_t* sb) {
    using Loop = void (*)(char*, int64_t, const char*, int64_t, const char*, int64_t, const char*, int64_t, int64_t);
    Loop f = itemsize == 1   ? &fb::where_loop<uint8_t>
             : itemsize == 2 ? &fb::where_loop<uint16_t>
             : itemsize == 4 ? &fb::where_loop<uint32_t>
             : itemsize == 8 ? &fb::where_loop<uint64_t>
             : itemsize == 16 ? &fb::where_loop<fb::Wide>
                              : nullptr;
    if (!f) return FB_ERR_VALUE;
    if (ndim > FB_MAX_DIMS) return FB_ERR_VALUE;
    fb::Layout<4> l;
    if (!l.init(ndim, shape, {out, const_cast<char*>(cond), const_cast<char*>(a), const_cast<char*>(b)},
                {so, sc, sa, sb}))
        return FB_OK;
    fb::drive(l, 3 * itemsize + 1, [f](char* const* p, const int64_t* s, int64_t n) {
        f(p[0], s[0], p[1], s[1], p[2], s[2], p[3], s[3], n);
    });
    return FB_OK;
}

int fb_cast_nd(int src, int dst, int ndim, const int64_t* shape, char* out, const int64_t* so, const char* a,
               const int64_t* sa) {
    fb_unary_loop f = fb_get_cast(src, dst);
    if (!f) return FB_ERR_DTYPE;
    if (ndim > FB_MAX_DIMS) return FB_ERR_VALUE;
    fb_unary_nd(f, ndim, shape, out, so, a, sa, fb_itemsize(src) + fb_itemsize(dst));
    return FB_OK;
}

// Each thread copies a range of the bytes of the result, whatever parts these are of.
void fb_join(int count, const void* const* parts, const int64_t* sizes, int64_t outer, void* out) {
    constexpr int64_t kBytes = 256 << 10;
    int64_t total = 0;
    for (int p = 0; p < count; ++p) total += sizes[p];
    fb::parallel_for(outer * total, kBytes, [=](int64_t begin, int64_t end) {
        int64_t o = begin / total, at = begin % total;  // byte `at` of the part that comes next
        int part = 0;
        for (; at >= sizes[part]; ++part) at -= sizes[part];
        while (begin < end) {
            const int64_t size = std::min(sizes[part] - at, end - begin);
            std::memcpy(static_cast<char*>(out) + begin, static_cast<const char*>(parts[part]) + o * sizes[part] + at,
                        static_cast<size_t>(size));
            begin += size;
            at = 0;
            if (++part == count) part = 0, ++o;
        }
    });
}

}  // extern "C"
