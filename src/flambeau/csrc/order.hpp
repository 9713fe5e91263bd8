// Order of elements: keys, and the ways to sort rows by them.
//
// Each row becomes an array of items: the key of an element, an unsigned integer that compares as it does, beside its
// place. So no two are equal, and every way to sort them gives the stable order. NaN is larger than every number and
// equals NaN, and -0 equals 0. Short rows go through a sorting network, kSortLanes of them side by side; long ones
// through a radix sort of the bits of the keys that vary, from the lowest up, a single one on all threads.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <utility>

#include "dispatch.hpp"
#include "threads.hpp"

namespace fb {

// ---- keys ----

// T: the bits of an element. count_nan counts keys.
template <class T>
struct UnsignedKey {
    using Bits = T;
    static T of(T x) { return x; }
    static bool is_nan(T) { return false; }
    static int64_t count_nan(const T*, int64_t) { return 0; }
};
template <class T>
struct SignedKey {
    using Bits = T;
    static T of(T x) { return static_cast<T>(x ^ (T{1} << (8 * sizeof(T) - 1))); }
    static bool is_nan(T) { return false; }
    static int64_t count_nan(const T*, int64_t) { return 0; }
};
// Sign and magnitude, of which those above `infinity` are NaN.
template <class T, T infinity>
struct FloatKey {
    using Bits = T;
    static constexpr T kSign = static_cast<T>(T{1} << (8 * sizeof(T) - 1));
    static bool is_nan(T x) { return static_cast<T>(x & ~kSign) > infinity; }
    static T of(T x) {
        const T magnitude = static_cast<T>(x & ~kSign);
        const T key = static_cast<T>(x & kSign ? kSign - magnitude : kSign + magnitude);
        return magnitude > infinity ? static_cast<T>(~T{0}) : key;
    }
    static int64_t count_nan(const T* keys, int64_t n) { return std::count(keys, keys + n, static_cast<T>(~T{0})); }
};

// f(Key) with the key of a dtype; FB_ERR_DTYPE for those without order.
template <class F>
int with_key(int dtype, F&& f) {
    switch (dtype) {
        case FB_BOOL:
        case FB_UINT8: return f(UnsignedKey<uint8_t>{});
        case FB_UINT16: return f(UnsignedKey<uint16_t>{});
        case FB_UINT32: return f(UnsignedKey<uint32_t>{});
        case FB_UINT64: return f(UnsignedKey<uint64_t>{});
        case FB_INT8: return f(SignedKey<uint8_t>{});
        case FB_INT16: return f(SignedKey<uint16_t>{});
        case FB_INT32: return f(SignedKey<uint32_t>{});
        case FB_INT64: return f(SignedKey<uint64_t>{});
        case FB_FLOAT16: return f(FloatKey<uint16_t, 0x7c00>{});
        case FB_BFLOAT16: return f(FloatKey<uint16_t, 0x7f80>{});
        case FB_FLOAT32: return f(FloatKey<uint32_t, 0x7f800000>{});
        case FB_FLOAT64: return f(FloatKey<uint64_t, 0x7ff0000000000000>{});
        default: return FB_ERR_DTYPE;
    }
}

// Uninitialised memory of the library's allocator.
template <class T>
struct Scratch {
    T* data;
    explicit Scratch(int64_t n) : data(static_cast<T*>(fb_alloc(static_cast<size_t>(n) * sizeof(T)))) {}
    ~Scratch() { fb_free(data); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
};

// ---- radix sort ----

constexpr int64_t kRowWork = 8192;    // elements that one thread takes at least
constexpr int64_t kSplit = 32768;     // elements of one row that one thread takes at least
constexpr int64_t kNetwork = 192;     // the longest row of a network
constexpr int64_t kInsertion = 24;    // the longest row that is sorted by insertion
constexpr int kDigitBits = 8;         // that a pass sorts by: as many ends of runs as the first-level cache has lines
constexpr uint64_t kDigits = 1 << kDigitBits;

inline int lowest_bit(uint64_t x) { return __builtin_ctzll(x); }
inline int width_of(uint64_t x) { return 64 - __builtin_clzll(x) - lowest_bit(x); }

// A key of at most 32 bits above the place.
struct Packed {
    uint64_t bits;
    static Packed make(uint64_t key, int64_t place) { return {key << 32 | static_cast<uint64_t>(place)}; }
    uint64_t key() const { return bits >> 32; }
    int64_t place() const { return static_cast<uint32_t>(bits); }
    bool operator<(const Packed& other) const { return bits < other.bits; }
};
struct Pair {
    uint64_t bits;
    int64_t where;
    static Pair make(uint64_t key, int64_t place) { return {key, place}; }
    uint64_t key() const { return bits; }
    int64_t place() const { return where; }
    bool operator<(const Pair& other) const {
        return bits < other.bits || (bits == other.bits && where < other.where);
    }
};

template <class Item>
void insertion_sort(Item* a, int64_t n) {
    for (int64_t i = 1; i < n; ++i) {
        const Item item = a[i];
        int64_t j = i;
        for (; j > 0 && item < a[j - 1]; --j) a[j] = a[j - 1];
        a[j] = item;
    }
}

// These two are functions, not lambdas, so that the compiler keeps what does not change in registers.
template <class Item>
void count_digits(const Item* a, int64_t n, int shift, int64_t* counts) {
    std::fill(counts, counts + kDigits, 0);
    for (int64_t i = 0; i < n; ++i) ++counts[(a[i].key() >> shift) % kDigits];
}
template <class Item>
void move_by_digit(const Item* a, int64_t n, int shift, int64_t* to, Item* b) {
    for (int64_t i = 0; i < n; ++i) {
        const Item item = a[i];
        b[to[(item.key() >> shift) % kDigits]++] = item;
    }
}

// Moves items from a to b in the order of one digit of their keys. Threads take a range each, whose items of one digit
// come behind those of the ranges before.
template <class Item>
void radix_pass(const Item* a, Item* b, int64_t n, int shift, int64_t ranges, int64_t* starts) {
    const int64_t length = (n + ranges - 1) / ranges;
    const auto in_ranges = [&](auto&& f) {
        parallel_for(ranges, 1, [&](int64_t begin, int64_t end) {
            for (int64_t r = begin; r < end; ++r)
                f(a + r * length, std::min(length, n - r * length), starts + r * kDigits);
        });
    };
    in_ranges([=](const Item* from, int64_t m, int64_t* counts) { count_digits(from, m, shift, counts); });
    int64_t total = 0;
    for (int64_t d = 0; d < kDigits; ++d)
        for (int64_t r = 0; r < ranges; ++r) total += std::exchange(starts[r * kDigits + d], total);
    in_ranges([=](const Item* from, int64_t m, int64_t* to) { move_by_digit(from, m, shift, to, b); });
}

inline int64_t ranges_of(int64_t n) { return in_parallel() ? 1 : std::clamp<int64_t>(n / kSplit, 1, fb_num_threads()); }

// Sorts n items whose keys differ in the bits of `varying`. Returns where they are then: a or, of n items too, b.
// `starts` holds kDigits numbers for each of ranges_of(n).
template <class Item>
Item* radix_sort(Item* a, Item* b, int64_t n, uint64_t varying, int64_t* starts) {
    if (n <= kInsertion) {
        insertion_sort(a, n);
        return a;
    }
    for (int shift = 0; shift < 64 && varying >> shift; shift += kDigitBits) {
        shift += lowest_bit(varying >> shift);
        radix_pass(a, b, n, shift, ranges_of(n), starts);
        std::swap(a, b);
    }
    return a;
}

// ---- rows ----

// Rows that are treated together: their numbers, and where each begins.
struct Group {
    int64_t first, count;
    int64_t at[kSortLanes];
};

// Rows along the middle axis of contiguous (outer, n, inner).
template <class K>
struct Rows {
    using Bits = typename K::Bits;
    const Bits* x;
    int64_t count, n, inner;  // elements of a row are `inner` apart
    Bits flip;                // all ones for descending order

    uint64_t key(Bits element) const { return static_cast<Bits>(K::of(element) ^ flip); }

    Group group(int64_t first, int64_t most) const {
        Group g{first, std::min(most, count - first), {}};
        for (int64_t l = 0; l < g.count; ++l) g.at[l] = (first + l) / inner * n * inner + (first + l) % inner;
        return g;
    }

    // f(l, i, e) for element i of row l of a group, which is element e of x, in the order of memory. f has what it
    // needs by value: what is behind a reference would be loaded again after each write.
    template <class F>
    void each(const Group& group, F f) const {
        parallel_for(n, kSplit, [&](int64_t begin, int64_t end) {
            const Group g = group;
            const F visit = f;
            const int64_t step = inner;
            if (step == 1)
                for (int64_t l = 0; l < g.count; ++l)
                    for (int64_t i = begin; i < end; ++i) visit(l, i, g.at[l] + i);
            else
                for (int64_t i = begin; i < end; ++i)
                    for (int64_t l = 0; l < g.count; ++l) visit(l, i, g.at[l] + i * step);
        });
    }

    // The bits in which the keys of a group differ from one another.
    uint64_t varying(const Group& g) const {
        const uint64_t first = key(x[g.at[0]]);
        std::atomic<uint64_t> all{0};
        for (int64_t l = 0; l < g.count; ++l)
            parallel_for(n, kSplit, [&](int64_t begin, int64_t end) {
                uint64_t bits = 0;
                for (int64_t i = begin; i < end; ++i) bits |= key(x[g.at[l] + i * inner]) ^ first;
                all |= bits;
            });
        return all;
    }

    bool by_network() const { return n <= kNetwork && count >= kSortLanes / 2; }
    int64_t together() const { return by_network() || inner > 1 ? kSortLanes : 1; }

    // f(group, item) for all rows, in groups: item(l, i) is that of element i of the sorted row l of a group. Its key
    // lacks bits that are the same in all of the group. False when there is not enough memory.
    template <class F>
    bool sorted(F&& f) const {
        std::atomic<bool> enough{true};
        const int64_t groups = (count + together() - 1) / together();
        const auto work = [&](int64_t begin, int64_t end) {
            for (int64_t u = begin; u < end; ++u)
                if (!sort_group(group(u * together(), together()), f)) enough = false;
        };
        // A few long rows one after the other, each on all threads.
        if (groups < fb_num_threads() && n >= 2 * kSplit) work(0, groups);
        else parallel_for(groups, std::max<int64_t>(1, kRowWork / (together() * n)), work);
        return enough;
    }

private:
    template <class F>
    bool sort_group(const Group& g, F&& f) const {
        const bool narrow = sizeof(Bits) <= 4, network = by_network();
        const uint64_t bits = narrow && network ? 0 : varying(g);
        const bool packs = n < int64_t{1} << 32 && (!bits || width_of(bits) <= 32);
        if (!network) return packs ? radix<Packed>(g, bits, f) : radix<Pair>(g, bits, f);
        Scratch<uint64_t> room(2 * n * kSortLanes);
        if (!room.data) return false;
        if (packs) network_of_items(g, bits ? lowest_bit(bits) : 0, room.data, f);
        else network_of_pairs(g, room.data, reinterpret_cast<int64_t*>(room.data + n * kSortLanes), f);
        return true;
    }

    template <class F>
    void network_of_items(const Group& g, int shift, uint64_t* items, F&& f) const {
        each(g, [r = *this, items, shift](int64_t l, int64_t i, int64_t e) {
            items[i * kSortLanes + l] = Packed::make(r.key(r.x[e]) >> shift, i).bits;
        });
        kernels().sort.items(items, n);
        f(g, [items](int64_t l, int64_t i) { return Packed{items[i * kSortLanes + l]}; });
    }

    template <class F>
    void network_of_pairs(const Group& g, uint64_t* keys, int64_t* places, F&& f) const {
        each(g, [r = *this, keys, places](int64_t l, int64_t i, int64_t e) {
            keys[i * kSortLanes + l] = r.key(r.x[e]);
            places[i * kSortLanes + l] = i;
        });
        kernels().sort.pairs(keys, places, n);
        f(g, [keys, places](int64_t l, int64_t i) {
            return Pair{keys[i * kSortLanes + l], places[i * kSortLanes + l]};
        });
    }

    template <class Item, class F>
    bool radix(const Group& g, uint64_t bits, F&& f) const {
        Scratch<Item> items(2 * g.count * n);
        Scratch<int64_t> starts(ranges_of(n) * static_cast<int64_t>(kDigits));
        if (!items.data || !starts.data) return false;
        const int shift = bits ? lowest_bit(bits) : 0;
        each(g, [r = *this, shift, to = items.data](int64_t l, int64_t i, int64_t e) {
            to[2 * l * r.n + i] = Item::make(r.key(r.x[e]) >> shift, i);
        });
        std::array<const Item*, kSortLanes> rows;
        for (int64_t l = 0; l < g.count; ++l) {
            Item* row = items.data + 2 * l * n;
            rows[static_cast<size_t>(l)] = radix_sort(row, row + n, n, bits >> shift, starts.data);
        }
        f(g, [rows](int64_t l, int64_t i) { return rows[static_cast<size_t>(l)][i]; });
        return true;
    }
};

}  // namespace fb
