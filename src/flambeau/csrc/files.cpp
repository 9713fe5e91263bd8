// Reading files into memory with their checksum.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <vector>

#if !defined(_WIN32)
#include <unistd.h>
#endif

#include "dispatch.hpp"
#include "threads.hpp"

namespace {

constexpr int64_t kBlock = int64_t{1} << 20;  // read and then checked while it is in the cache

// Polynomials over GF(2) modulo that of CRC-32, bits reflected: bit 31 is the constant term.
uint32_t product(uint32_t a, uint32_t b) {
    uint32_t r = 0;
    for (uint32_t bit = 1u << 31; bit; bit >>= 1) {
        if (a & bit) r ^= b;
        b = (b >> 1) ^ (-(b & 1u) & 0xedb88320u);
    }
    return r;
}

// The factor that takes a CRC-32 past n bytes: x to the power of 8 n.
uint32_t past(int64_t n) {
    uint32_t result = 1u << 31;
    for (uint32_t power = 1u << (31 - 8); n; n >>= 1, power = product(power, power))
        if (n & 1) result = product(result, power);
    return result;
}

#if !defined(_WIN32)
// 0, or the errno of what went wrong; -1 when the file ends before.
int read_all(int fd, int64_t offset, char* out, int64_t n) {
    while (n > 0) {
        ssize_t count = pread(fd, out, static_cast<size_t>(n), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno;
        if (count == 0) return -1;
        out += count, offset += count, n -= count;
    }
    return 0;
}
#endif

}  // namespace

extern "C" {

uint32_t fb_crc32(uint32_t crc, const void* data, int64_t n) { return fb::kernels().crc32(crc, data, n); }

int fb_read(int fd, int64_t offset, void* out, int64_t n, uint32_t* crc) {
#if defined(_WIN32)
    (void)fd, (void)offset, (void)out, (void)n, (void)crc;
    return ENOSYS;
#else
    if (n < 0) return EINVAL;
    int64_t blocks = (n + kBlock - 1) / kBlock;
    std::vector<uint32_t> checksums(static_cast<size_t>(blocks));
    std::atomic<int> status{0};
    fb::parallel_for(blocks, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end && status.load(std::memory_order_relaxed) == 0; ++i) {
            char* place = static_cast<char*>(out) + i * kBlock;
            int64_t size = std::min(kBlock, n - i * kBlock);
            int failed = read_all(fd, offset + i * kBlock, place, size);
            if (failed) status.store(failed, std::memory_order_relaxed);
            else checksums[static_cast<size_t>(i)] = fb_crc32(0, place, size);
        }
    });
    uint32_t all = 0, shift = past(kBlock);
    for (int64_t i = 0; i < blocks; ++i) {
        int64_t size = std::min(kBlock, n - i * kBlock);
        all = product(size == kBlock ? shift : past(size), all) ^ checksums[static_cast<size_t>(i)];
    }
    *crc = all;
    return status.load();
#endif
}

}  // extern "C"
