// Sorting, the k-th smallest element, and distinct elements.
#include "order.hpp"

namespace fb {
namespace {

template <class K>
int sort(bool descending, int64_t outer, int64_t n, int64_t inner, const void* x_, void* values_, int64_t* places) {
    using Bits = typename K::Bits;
    const Bits* x = static_cast<const Bits*>(x_);
    Bits* values = static_cast<Bits*>(values_);
    const Rows<K> rows{x, outer * inner, n, inner, descending ? static_cast<Bits>(~Bits{0}) : Bits{0}};
    return rows.sorted([&](const Group& g, auto item) {
        rows.each(g, [=](int64_t l, int64_t i, int64_t e) {
            const int64_t from = item(l, i).place();
            values[e] = x[e + (from - i) * inner];
            places[e] = from;
        });
    }) ? FB_OK : FB_ERR_MEMORY;
}

// The first of equal elements is the smaller one; of a median of an even number of elements, the lower one.
struct Rank {
    int which;  // enum fb_rank
    int64_t k;
    int64_t operator()(int64_t n, int64_t nans) const {
        if (which == FB_KTH) return k;
        if (which == FB_NANMEDIAN) return std::max<int64_t>(n - nans - 1, 0) / 2;
        return nans ? n - nans : (n - 1) / 2;  // the first NaN
    }
};

// Element k of n keys in ascending order, and how many equal ones come before it: digits from the highest down, of the
// keys that have those found so far. `some` has room for n.
template <class T>
std::pair<T, int64_t> select_key(const T* keys, int64_t n, int64_t k, T* some) {
    const T* from = keys;
    for (int shift = 8 * static_cast<int>(sizeof(T)) - kDigitBits; shift >= 0 && n > 1; shift -= kDigitBits) {
        int64_t counts[kDigits] = {};
        for (int64_t i = 0; i < n; ++i) ++counts[(from[i] >> shift) % kDigits];
        uint64_t digit = 0;
        while (k >= counts[digit]) k -= counts[digit++];
        if (counts[digit] == n) continue;  // of all of them
        int64_t m = 0;
        for (int64_t i = 0; i < n; ++i) {
            some[m] = from[i];
            m += (from[i] >> shift) % kDigits == digit;
        }
        from = some;
        n = m;
    }
    return {from[0], k};
}

template <class T>
int64_t find_key(const T* keys, int64_t n, T key, int64_t equals_before) {
    constexpr int64_t kRun = 256;
    int64_t i = 0;
    for (; i + kRun <= n; i += kRun) {
        const int64_t equals = std::count(keys + i, keys + i + kRun, key);
        if (equals > equals_before) break;
        equals_before -= equals;
    }
    for (;; ++i)
        if (keys[i] == key && equals_before-- == 0) return i;
}

template <class K>
int rank(Rank rank, int64_t outer, int64_t n, int64_t inner, const void* x_, void* values_, int64_t* places) {
    using Bits = typename K::Bits;
    const Bits* x = static_cast<const Bits*>(x_);
    Bits* values = static_cast<Bits*>(values_);
    const Rows<K> rows{x, outer * inner, n, inner, Bits{0}};
    const auto put = [=](const Group& g, int64_t l, int64_t place) {
        places[g.first + l] = place;
        values[g.first + l] = x[g.at[l] + place * inner];
    };
    if (rows.by_network())
        return rows.sorted([&](const Group& g, auto item) {
            for (int64_t l = 0; l < g.count; ++l) {
                int64_t nans = 0;
                while (nans < n && K::is_nan(x[g.at[l] + item(l, n - 1 - nans).place() * inner])) ++nans;
                put(g, l, item(l, rank(n, nans)).place());
            }
        }) ? FB_OK : FB_ERR_MEMORY;

    const int64_t together = rows.together();
    std::atomic<bool> enough{true};
    parallel_for((rows.count + together - 1) / together, 1, [&](int64_t begin, int64_t end) {
        Scratch<Bits> keys(together * n), some(n);
        if (!keys.data || !some.data) {
            enough = false;
            return;
        }
        for (int64_t u = begin; u < end; ++u) {
            const Group g = rows.group(u * together, together);
            rows.each(g, [=, to = keys.data](int64_t l, int64_t i, int64_t e) { to[l * n + i] = K::of(x[e]); });
            for (int64_t l = 0; l < g.count; ++l) {
                const Bits* row = keys.data + l * n;
                const auto [key, equals_before] = select_key(row, n, rank(n, K::count_nan(row, n)), some.data);
                put(g, l, find_key(row, n, key, equals_before));
            }
        }
    });
    return enough ? FB_OK : FB_ERR_MEMORY;
}

// Each NaN is a value of its own.
template <class K>
int unique(int64_t n, const void* x_, void* values_, int64_t* inverse, int64_t* counts, int64_t* distinct) {
    using Bits = typename K::Bits;
    const Bits* x = static_cast<const Bits*>(x_);
    Bits* values = static_cast<Bits*>(values_);
    return Rows<K>{x, 1, n, 1, Bits{0}}.sorted([=](const Group&, auto item) {
        int64_t run = -1;
        uint64_t key = 0;
        bool ends = true;  // with one element
        for (int64_t i = 0; i < n; ++i) {
            const auto it = item(0, i);
            if (ends || it.key() != key) {
                key = it.key();
                values[++run] = x[it.place()];
                counts[run] = 0;
                ends = K::is_nan(values[run]);
            }
            ++counts[run];
            inverse[it.place()] = run;
        }
        *distinct = run + 1;
    }) ? FB_OK : FB_ERR_MEMORY;
}

}  // namespace
}  // namespace fb

extern "C" {

int fb_sort(int dtype, int descending, int64_t outer, int64_t n, int64_t inner, const void* x, void* values,
            int64_t* indices) {
    if (outer <= 0 || n <= 0 || inner <= 0) return FB_OK;
    return fb::with_key(dtype, [&](auto key) {
        return fb::sort<decltype(key)>(descending != 0, outer, n, inner, x, values, indices);
    });
}

int fb_rank(int which, int dtype, int64_t outer, int64_t n, int64_t inner, int64_t k, const void* x, void* values,
            int64_t* indices) {
    if (n <= 0 || which < FB_KTH || which > FB_NANMEDIAN || (which == FB_KTH && (k < 0 || k >= n))) return FB_ERR_VALUE;
    if (outer <= 0 || inner <= 0) return FB_OK;
    return fb::with_key(dtype, [&](auto key) {
        return fb::rank<decltype(key)>(fb::Rank{which, k}, outer, n, inner, x, values, indices);
    });
}

int fb_unique(int dtype, int64_t n, const void* x, void* values, int64_t* inverse, int64_t* counts,
              int64_t* distinct) {
    *distinct = 0;
    if (n <= 0) return FB_OK;
    return fb::with_key(dtype, [&](auto key) {
        return fb::unique<decltype(key)>(n, x, values, inverse, counts, distinct);
    });
}
}
