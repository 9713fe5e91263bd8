// The allocator of array memory: size-class free lists over the system's allocator, so that a training loop
// that asks for the same sizes again meets neither the kernel nor page faults.
//
// A block is a 64-byte header followed by the caller's 64-byte aligned memory. Small blocks come from
// posix_memalign, large ones from mmap, aligned for and advised to use huge pages.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <thread>

#include "flambeau.h"

#if !defined(_WIN32)
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace {

constexpr size_t kHeader = 64;
constexpr size_t kMapThreshold = size_t{1} << 20;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kPage = size_t{64} << 10;  // a multiple of every system's page size
constexpr size_t kLargest = size_t{1} << 46;
constexpr int kClasses = 4 + (46 - 8) * 4;

struct alignas(64) Block {
    Block* next;
    void* base;      // what munmap/free takes
    size_t mapped;   // length of the mapping, 0 when the block came from posix_memalign
    int32_t size_class;
};
static_assert(sizeof(Block) == kHeader, "the header must keep the caller's memory aligned");

// Classes: 64, 128, 192, 256, then four steps to each power of two (320, 384, 448, 512, 640, ...).
inline int class_of(size_t size) {
    if (size <= 256) return size == 0 ? 0 : static_cast<int>((size - 1) / 64);
    int power = 63 - __builtin_clzll(size - 1);
    return 4 + (power - 8) * 4 + static_cast<int>(((size - 1) >> (power - 2)) & 3);
}

inline size_t class_size(int c) {
    if (c < 4) return static_cast<size_t>(c + 1) * 64;
    int power = 8 + (c - 4) / 4;
    return (size_t{1} << power) + (static_cast<size_t>((c - 4) % 4 + 1) << (power - 2));
}

class SpinLock {
public:
    void lock() {
        for (int spins = 0; flag_.test_and_set(std::memory_order_acquire); ++spins) {
            if (spins > 64) std::this_thread::yield();
        }
    }
    void unlock() { flag_.clear(std::memory_order_release); }

private:
    std::atomic_flag flag_ = ATOMIC_FLAG_INIT;
};

SpinLock g_lock;
Block* g_free[kClasses];
fb_alloc_info g_info;

uint64_t default_limit() {
    uint64_t ram = uint64_t{8} << 30;
#if defined(_SC_PHYS_PAGES) && defined(_SC_PAGESIZE)
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    if (pages > 0 && page > 0) ram = static_cast<uint64_t>(pages) * static_cast<uint64_t>(page);
#endif
    return std::min<uint64_t>(ram / 8, uint64_t{2} << 30);
}

const bool g_ready = [] {
    g_info.cache_limit = default_limit();
#if !defined(_WIN32)
    pthread_atfork([] { g_lock.lock(); }, [] { g_lock.unlock(); }, [] { g_lock.unlock(); });
#endif
    return true;
}();

Block* block_of(void* p) { return reinterpret_cast<Block*>(static_cast<char*>(p) - kHeader); }
void* memory_of(Block* b) { return reinterpret_cast<char*>(b) + kHeader; }

// A new block from the system, or NULL. Its memory is zero when it is mapped.
Block* fresh_block(int c) {
    size_t total = class_size(c) + kHeader;
    void* base = nullptr;
    size_t mapped = 0;
#if !defined(_WIN32)
    if (total >= kMapThreshold) {
        bool huge = total >= 2 * kHugePage;
        mapped = (total + kPage - 1) & ~(kPage - 1);
        size_t slack = huge ? kHugePage : 0;
        void* map = mmap(nullptr, mapped + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
        if (map == MAP_FAILED) return nullptr;
        base = map;
        if (huge) {  // keep the part that starts on a huge page, give the rest back
            uintptr_t at = reinterpret_cast<uintptr_t>(map);
            uintptr_t start = (at + kHugePage - 1) & ~uintptr_t{kHugePage - 1};
            size_t before = start - at, after = slack - before;
            if (before) munmap(map, before);
            if (after) munmap(reinterpret_cast<void*>(start + mapped), after);
            base = reinterpret_cast<void*>(start);
#if defined(MADV_HUGEPAGE)
            madvise(base, mapped, MADV_HUGEPAGE);  // advice only: a refusal changes nothing
#endif
        }
    } else if (posix_memalign(&base, 64, total) != 0) {
        return nullptr;
    }
#else
    base = _aligned_malloc(total, 64);
    if (!base) return nullptr;
#endif
    return new (base) Block{nullptr, base, mapped, c};
}

void release(Block* b) {
#if !defined(_WIN32)
    if (b->mapped) munmap(b->base, b->mapped);
    else std::free(b->base);
#else
    _aligned_free(b->base);
#endif
}

// Give cached blocks back until `room` more bytes fit, largest classes first: what stays cached is what
// is cheap to keep. Called with the lock held.
void evict(uint64_t room, int keep) {
    for (int c = kClasses - 1; c >= 0; --c) {
        if (c == keep) continue;
        while (g_free[c] && g_info.cached_bytes + room > g_info.cache_limit) {
            Block* b = g_free[c];
            g_free[c] = b->next;
            g_info.cached_bytes -= class_size(c);
            release(b);
        }
    }
}

// *zero tells whether the memory comes straight from the system and is known to be zero.
void* allocate(size_t size, bool* zero) {
    *zero = false;
    if (size > kLargest) return nullptr;
    int c = class_of(size);
    g_lock.lock();
    Block* b = g_free[c];
    if (b) {
        g_free[c] = b->next;
        g_info.cached_bytes -= class_size(c);
        g_info.live_bytes += class_size(c);
        ++g_info.allocations;
        ++g_info.reuses;
        g_lock.unlock();
        return memory_of(b);
    }
    g_lock.unlock();
    b = fresh_block(c);
    if (!b) {
        fb_empty_cache();
        b = fresh_block(c);
        if (!b) return nullptr;
    }
    *zero = b->mapped != 0;
    g_lock.lock();
    g_info.live_bytes += class_size(c);
    ++g_info.allocations;
    g_lock.unlock();
    return memory_of(b);
}

}  // namespace

extern "C" {

void* fb_alloc(size_t size) {
    bool zero;
    return allocate(size, &zero);
}

void* fb_calloc(size_t n, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) return nullptr;
    bool zero;
    void* p = allocate(bytes, &zero);
    if (p && !zero) std::memset(p, 0, bytes);
    return p;
}

void fb_free(void* p) {
    if (!p) return;
    Block* b = block_of(p);
    int c = b->size_class;
    uint64_t bytes = class_size(c);
    g_lock.lock();
    g_info.live_bytes -= bytes;
    if (g_info.cached_bytes + bytes > g_info.cache_limit) {
        if (bytes <= g_info.cache_limit) evict(bytes, c);
        if (g_info.cached_bytes + bytes > g_info.cache_limit) {
            g_lock.unlock();
            release(b);
            return;
        }
    }
    b->next = g_free[c];
    g_free[c] = b;
    g_info.cached_bytes += bytes;
    g_lock.unlock();
}

void* fb_realloc(void* p, size_t size) {
    if (!p) return fb_alloc(size);
    if (size > kLargest) return nullptr;
    int old_class = block_of(p)->size_class;
    if (class_of(size) == old_class) return p;
    void* q = fb_alloc(size);
    if (!q) return nullptr;
    std::memcpy(q, p, std::min(size, class_size(old_class)));
    fb_free(p);
    return q;
}

void fb_alloc_set_cache_limit(uint64_t bytes) {
    g_lock.lock();
    g_info.cache_limit = bytes;
    evict(0, -1);
    g_lock.unlock();
}

void fb_alloc_stats(fb_alloc_info* info) {
    g_lock.lock();
    *info = g_info;
    g_lock.unlock();
}

void fb_empty_cache(void) {
    g_lock.lock();
    uint64_t limit = g_info.cache_limit;
    g_info.cache_limit = 0;
    evict(0, -1);
    g_info.cache_limit = limit;
    g_lock.unlock();
}

}  // extern "C"
