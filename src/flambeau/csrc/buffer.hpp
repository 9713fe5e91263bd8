// Memory of a kernel for the time of a call.
#pragma once

#include <cstddef>
#include <cstdint>

#include "flambeau.h"

namespace fb {

// n elements, uninitialised; data is NULL where there is no memory.
template <class T>
struct Buffer {
    explicit Buffer(int64_t n) : data(static_cast<T*>(fb_alloc(static_cast<size_t>(n > 0 ? n : 1) * sizeof(T)))) {}
    ~Buffer() { fb_free(data); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    T* const data;
};

}  // namespace fb
