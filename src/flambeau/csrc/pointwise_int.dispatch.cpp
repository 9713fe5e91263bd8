// Arithmetic and bit operations of ints and bool. Overflow wraps; division by zero gives 0.
#include "simd.hpp"

namespace fb {
namespace FB_ISA {
namespace {

// Arithmetic in the unsigned type of at least 32 bits wraps without undefined behaviour (two uint16_t
// would multiply as int).
template <class T, bool Wide = (sizeof(T) == 8)>
struct Arith { using type = uint32_t; };
template <class T>
struct Arith<T, true> { using type = uint64_t; };

#define FB_U(x) static_cast<typename Arith<T>::type>(x)

struct Neg { template <class T> FB_INLINE T f(T x) { return static_cast<T>(0u - FB_U(x)); } };
struct Abs { template <class T> FB_INLINE T f(T x) { return x < 0 ? Neg::f(x) : x; } };
struct Sign { template <class T> FB_INLINE T f(T x) { return static_cast<T>((x > 0) - (x < 0)); } };
struct Square { template <class T> FB_INLINE T f(T x) { return static_cast<T>(FB_U(x) * FB_U(x)); } };
struct Relu { template <class T> FB_INLINE T f(T x) { return x < 0 ? T(0) : x; } };
struct Not { template <class T> FB_INLINE T f(T x) { return static_cast<T>(~x); } };

struct Add { template <class T> FB_INLINE T f(T x, T y) { return static_cast<T>(FB_U(x) + FB_U(y)); } };
struct Sub { template <class T> FB_INLINE T f(T x, T y) { return static_cast<T>(FB_U(x) - FB_U(y)); } };
struct Mul { template <class T> FB_INLINE T f(T x, T y) { return static_cast<T>(FB_U(x) * FB_U(y)); } };
struct Maximum { template <class T> FB_INLINE T f(T x, T y) { return x > y ? x : y; } };
struct Minimum { template <class T> FB_INLINE T f(T x, T y) { return x < y ? x : y; } };
struct And { template <class T> FB_INLINE T f(T x, T y) { return static_cast<T>(x & y); } };
struct Or { template <class T> FB_INLINE T f(T x, T y) { return static_cast<T>(x | y); } };
struct Xor { template <class T> FB_INLINE T f(T x, T y) { return static_cast<T>(x ^ y); } };

template <class T>
constexpr bool kSigned = static_cast<T>(-1) < static_cast<T>(0);

// The smallest int divided by -1 overflows in the processor, hence the case of its own.
struct Fmod {
    template <class T> FB_INLINE T f(T x, T y) {
        if (y == 0 || (kSigned<T> && y == static_cast<T>(-1))) return 0;
        return static_cast<T>(x % y);
    }
};
struct Remainder {
    template <class T> FB_INLINE T f(T x, T y) {
        T m = Fmod::f(x, y);
        return m != 0 && (m < 0) != (y < 0) ? static_cast<T>(m + y) : m;
    }
};
struct TruncDivide {
    template <class T> FB_INLINE T f(T x, T y) {
        if (y == 0) return 0;
        if (kSigned<T> && y == static_cast<T>(-1)) return Neg::f(x);
        return static_cast<T>(x / y);
    }
};
struct FloorDivide {
    template <class T> FB_INLINE T f(T x, T y) {
        if (y == 0) return 0;
        if (kSigned<T> && y == static_cast<T>(-1)) return Neg::f(x);
        T q = static_cast<T>(x / y), m = static_cast<T>(x % y);
        return static_cast<T>(q - (m != 0 && (m < 0) != (y < 0)));
    }
};
struct Pow {
    template <class T> FB_INLINE T f(T x, T y) {
        if (y < 0) return x == 1 ? T(1) : x == static_cast<T>(-1) ? ((y & 1) ? x : T(1)) : T(0);
        typename Arith<T>::type r = 1, b = FB_U(x);
        for (auto e = FB_U(y); e; e >>= 1, b *= b) r *= (e & 1) ? b : 1;
        return static_cast<T>(r);
    }
};
// A count outside the width shifts everything out; the processor would take it modulo the width.
struct Shl {
    template <class T> FB_INLINE T f(T x, T y) {
        bool inside = y >= 0 && y < static_cast<T>(sizeof(T) * 8);
        return inside ? static_cast<T>(FB_U(x) << y) : T(0);
    }
};
struct Shr {
    template <class T> FB_INLINE T f(T x, T y) {
        bool inside = y >= 0 && y < static_cast<T>(sizeof(T) * 8);
        return static_cast<T>(inside ? x >> y : x < 0 ? -1 : 0);
    }
};

template <class F, class T>
void unary(Kernels& k, const char* name) {
    k.unary(name, DType<T>::code, DType<T>::code, &unary_loop<F, T, T>);
}
template <class F, class T>
void binary(Kernels& k, const char* name) {
    k.binary(name, DType<T>::code, DType<T>::code, &binary_loop<F, T, T>);
}

template <class T>
void register_type(Kernels& k) {
    unary<Neg, T>(k, "neg");
    unary<Abs, T>(k, "abs");
    unary<Sign, T>(k, "sign");
    unary<Square, T>(k, "square");
    unary<Relu, T>(k, "relu");
    unary<Not, T>(k, "bitwise_not");
    binary<Add, T>(k, "add");
    binary<Sub, T>(k, "sub");
    binary<Mul, T>(k, "mul");
    binary<Maximum, T>(k, "maximum");
    binary<Maximum, T>(k, "fmax");
    binary<Minimum, T>(k, "minimum");
    binary<Minimum, T>(k, "fmin");
    binary<And, T>(k, "bitwise_and");
    binary<Or, T>(k, "bitwise_or");
    binary<Xor, T>(k, "bitwise_xor");
    binary<Fmod, T>(k, "fmod");
    binary<Remainder, T>(k, "remainder");
    binary<TruncDivide, T>(k, "div_trunc");
    binary<FloorDivide, T>(k, "floor_divide");
    binary<Pow, T>(k, "pow");
    binary<Shl, T>(k, "left_shift");
    binary<Shr, T>(k, "right_shift");
}

struct BoolNot { FB_INLINE uint8_t f(uint8_t x) { return x == 0; } };

}  // namespace

void register_int(Kernels& k) {
    register_type<uint8_t>(k);
    register_type<int8_t>(k);
    register_type<int16_t>(k);
    register_type<int32_t>(k);
    register_type<int64_t>(k);
    k.unary("bitwise_not", FB_BOOL, FB_BOOL, &unary_loop<BoolNot, uint8_t, uint8_t>);
    static const char* const unions[] = {"add", "maximum", "fmax", "bitwise_or"};
    static const char* const products[] = {"mul", "minimum", "fmin", "bitwise_and"};
    for (const char* name : unions)
        k.binary(name, FB_BOOL, FB_BOOL, &binary_loop<Or, uint8_t, uint8_t>);
    for (const char* name : products)
        k.binary(name, FB_BOOL, FB_BOOL, &binary_loop<And, uint8_t, uint8_t>);
    k.binary("bitwise_xor", FB_BOOL, FB_BOOL, &binary_loop<Xor, uint8_t, uint8_t>);
}

}  // namespace FB_ISA
}  // namespace fb
