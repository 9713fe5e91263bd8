// Vectors of the instruction set that a *.dispatch.cpp is compiled for: a type of the compiler's, with operators.
#pragma once

#include "simd.hpp"

namespace fb {
namespace FB_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int kBytes = 64;
#elif defined(__AVX2__)
constexpr int kBytes = 32;
#else
constexpr int kBytes = 16;
#endif

template <class T>
struct Vector {
    typedef T type __attribute__((vector_size(kBytes)));
    static constexpr int lanes = kBytes / sizeof(T);
};
template <class T>
FB_INLINE typename Vector<T>::type load(const T* p) {
    typename Vector<T>::type v;
    memcpy(&v, p, sizeof v);
    return v;
}
template <class T>
FB_INLINE void store(T* p, typename Vector<T>::type v) {
    memcpy(p, &v, sizeof v);
}
template <class T>
FB_INLINE typename Vector<T>::type spread(T x) {
    return x - typename Vector<T>::type{};
}

}  // namespace
}  // namespace FB_ISA
}  // namespace fb
