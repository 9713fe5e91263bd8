// Comparisons, logic and tests of values: everything that gives bool.
#include "simd.hpp"

namespace fb {
namespace FB_ISA {
namespace {

struct Eq { template <class T> FB_INLINE uint8_t f(T x, T y) { return x == y; } };
struct Ne { template <class T> FB_INLINE uint8_t f(T x, T y) { return x != y; } };
struct Lt { template <class T> FB_INLINE uint8_t f(T x, T y) { return x < y; } };
struct Le { template <class T> FB_INLINE uint8_t f(T x, T y) { return x <= y; } };
struct Gt { template <class T> FB_INLINE uint8_t f(T x, T y) { return x > y; } };
struct Ge { template <class T> FB_INLINE uint8_t f(T x, T y) { return x >= y; } };
struct And { template <class T> FB_INLINE uint8_t f(T x, T y) { return (x != 0) & (y != 0); } };
struct Or { template <class T> FB_INLINE uint8_t f(T x, T y) { return (x != 0) | (y != 0); } };
struct Xor { template <class T> FB_INLINE uint8_t f(T x, T y) { return (x != 0) ^ (y != 0); } };
struct Not { template <class T> FB_INLINE uint8_t f(T x) { return x == 0; } };

// On the bits, which is one instruction for any width and holds for float16 and bfloat16 unconverted.
FB_INLINE uint32_t magnitude(float x) { return bits(x) & 0x7fffffffu; }
FB_INLINE u64 magnitude(double x) { return bits(x) & 0x7fffffffffffffffull; }
FB_INLINE uint32_t magnitude(half x) { return x.bits & 0x7fffu; }
FB_INLINE uint32_t magnitude(bfloat x) { return x.bits & 0x7fffu; }
FB_INLINE uint32_t infinity(float) { return 0x7f800000u; }
FB_INLINE u64 infinity(double) { return 0x7ff0000000000000ull; }
FB_INLINE uint32_t infinity(half) { return 0x7c00u; }
FB_INLINE uint32_t infinity(bfloat) { return 0x7f80u; }

struct IsNan { template <class T> FB_INLINE uint8_t f(T x) { return magnitude(x) > infinity(x); } };
struct IsInf { template <class T> FB_INLINE uint8_t f(T x) { return magnitude(x) == infinity(x); } };
struct IsFinite { template <class T> FB_INLINE uint8_t f(T x) { return magnitude(x) < infinity(x); } };
struct IsZero { template <class T> FB_INLINE uint8_t f(T x) { return magnitude(x) == 0; } };

template <class T>
void register_type(Kernels& k, int dtype) {
    k.binary("eq", dtype, FB_BOOL, &binary_loop<Eq, T, uint8_t>);
    k.binary("ne", dtype, FB_BOOL, &binary_loop<Ne, T, uint8_t>);
    k.binary("lt", dtype, FB_BOOL, &binary_loop<Lt, T, uint8_t>);
    k.binary("le", dtype, FB_BOOL, &binary_loop<Le, T, uint8_t>);
    k.binary("gt", dtype, FB_BOOL, &binary_loop<Gt, T, uint8_t>);
    k.binary("ge", dtype, FB_BOOL, &binary_loop<Ge, T, uint8_t>);
    k.binary("logical_and", dtype, FB_BOOL, &binary_loop<And, T, uint8_t>);
    k.binary("logical_or", dtype, FB_BOOL, &binary_loop<Or, T, uint8_t>);
    k.binary("logical_xor", dtype, FB_BOOL, &binary_loop<Xor, T, uint8_t>);
    k.unary("logical_not", dtype, FB_BOOL, &unary_loop<Not, T, uint8_t>);
}

template <class T>
void register_half(Kernels& k) {
    constexpr int dtype = DType<T>::code;
    k.binary("eq", dtype, FB_BOOL, &staged_binary<Eq, T, float, uint8_t, uint8_t>);
    k.binary("ne", dtype, FB_BOOL, &staged_binary<Ne, T, float, uint8_t, uint8_t>);
    k.binary("lt", dtype, FB_BOOL, &staged_binary<Lt, T, float, uint8_t, uint8_t>);
    k.binary("le", dtype, FB_BOOL, &staged_binary<Le, T, float, uint8_t, uint8_t>);
    k.binary("gt", dtype, FB_BOOL, &staged_binary<Gt, T, float, uint8_t, uint8_t>);
    k.binary("ge", dtype, FB_BOOL, &staged_binary<Ge, T, float, uint8_t, uint8_t>);
    k.binary("logical_and", dtype, FB_BOOL, &staged_binary<And, T, float, uint8_t, uint8_t>);
    k.binary("logical_or", dtype, FB_BOOL, &staged_binary<Or, T, float, uint8_t, uint8_t>);
    k.binary("logical_xor", dtype, FB_BOOL, &staged_binary<Xor, T, float, uint8_t, uint8_t>);
    k.unary("logical_not", dtype, FB_BOOL, &unary_loop<IsZero, T, uint8_t>);
}

template <class T>
void register_tests(Kernels& k) {
    k.unary("isnan", DType<T>::code, FB_BOOL, &unary_loop<IsNan, T, uint8_t>);
    k.unary("isinf", DType<T>::code, FB_BOOL, &unary_loop<IsInf, T, uint8_t>);
    k.unary("isfinite", DType<T>::code, FB_BOOL, &unary_loop<IsFinite, T, uint8_t>);
}

}  // namespace

void register_compare(Kernels& k) {
    register_type<uint8_t>(k, FB_BOOL);
    register_type<uint8_t>(k, FB_UINT8);
    register_type<int8_t>(k, FB_INT8);
    register_type<int16_t>(k, FB_INT16);
    register_type<int32_t>(k, FB_INT32);
    register_type<int64_t>(k, FB_INT64);
    register_type<float>(k, FB_FLOAT32);
    register_type<double>(k, FB_FLOAT64);
    register_half<half>(k);
    register_half<bfloat>(k);
    register_tests<half>(k);
    register_tests<bfloat>(k);
    register_tests<float>(k);
    register_tests<double>(k);
}

}  // namespace FB_ISA
}  // namespace fb
