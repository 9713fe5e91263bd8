// What the ways to compute a convolution share: conv.cpp (by rows) and conv_tiles.cpp (by tiles).
#pragma once

#include "dispatch.hpp"

namespace fb {

struct Buffer {
    explicit Buffer(size_t bytes) : data(fb_alloc(bytes)) {}
    ~Buffer() { fb_free(data); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    void* data;
};

inline int64_t product(const int64_t* n) { return n[0] * n[1] * n[2]; }
inline int64_t remainder(int64_t a, int64_t n) { return ((a % n) + n) % n; }

// By tiles, where that is estimated to take less time than the other way, which takes that of `by_rows`
// multiplications. FB_OK, an error, or kNotComputed: it would take longer, or a result is not finite: its neighbours in
// the tile may then be wrong.
constexpr int kNotComputed = 1;
template <class T>
int tiles_forward(const fb_conv_shape& s, double by_rows, const T* x, const T* w, const T* bias, T* y);
template <class T>
int tiles_grad_input(const fb_conv_shape& s, double by_rows, const T* g, const T* w, T* gx);
template <class T>
int tiles_grad_weight(const fb_conv_shape& s, double by_rows, const T* g, const T* x, T* gw);

}  // namespace fb
