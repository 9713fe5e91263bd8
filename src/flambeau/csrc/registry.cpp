// Chooses the instruction set, and finds loops by name and dtype.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unordered_map>

#include "dispatch.hpp"

namespace fb {
namespace {

enum Isa { kBaseline, kAvx2, kAvx512 };
const char* const kIsaNames[] = {"baseline", "avx2", "avx512"};

Isa best_isa() {
#if defined(FB_HAVE_X86_ISAS)
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    if (!avx2) return kBaseline;
    bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    return avx512 ? kAvx512 : kAvx2;
#else
    return kBaseline;
#endif
}

Isa choose_isa() {
    Isa best = best_isa();
    if (const char* env = std::getenv("FLAMBEAU_ISA")) {
        for (int i = 0; i < 3; ++i) {
            if (std::strcmp(env, kIsaNames[i]) == 0) return std::min(best, static_cast<Isa>(i));
        }
    }
    return best;
}

template <class Loop>
struct Entry {
    Loop loop = nullptr;
    int out_dtype = -1;
};
template <class Loop>
using Table = std::unordered_map<std::string, std::array<Entry<Loop>, FB_DTYPE_COUNT>>;

struct Registry {
    Isa isa = choose_isa();
    Table<fb_unary_loop> unary;
    Table<fb_binary_loop> binary;
    fb_unary_loop casts[FB_DTYPE_COUNT][FB_DTYPE_COUNT] = {};
};

Registry& registry() {
    static Registry* r = new Registry;  // kept to the end: kernels may run while the process exits
    return *r;
}

#define FB_REGISTER_FAMILIES(isa) \
    isa::register_math(k);        \
    isa::register_activation(k);  \
    isa::register_float(k);       \
    isa::register_int(k);         \
    isa::register_compare(k);     \
    isa::register_complex(k);     \
    isa::register_cast(k);        \
    isa::register_gemm(k);        \
    isa::register_panels(k);      \
    isa::register_conv(k);        \
    isa::register_conv_tiles(k);  \
    isa::register_norm(k);        \
    isa::register_rnn(k);         \
    isa::register_pool(k);        \
    isa::register_optim(k);       \
    isa::register_random(k);      \
    isa::register_reduce(k);      \
    isa::register_sort(k);        \
    isa::register_crc32(k);

Kernels make_kernels() {
    Kernels k{};
    register_libm(k);
    switch (registry().isa) {
#if defined(FB_HAVE_X86_ISAS)
        case kAvx512: FB_REGISTER_FAMILIES(avx512) break;
        case kAvx2: FB_REGISTER_FAMILIES(avx2) break;
#endif
        default: FB_REGISTER_FAMILIES(baseline) break;
    }
    return k;
}

template <class Loop>
Loop find(const Table<Loop>& table, const char* name, int dtype, int* out_dtype) {
    if (!name || dtype < 0 || dtype >= FB_DTYPE_COUNT) return nullptr;
    auto it = table.find(name);
    if (it == table.end()) return nullptr;
    const Entry<Loop>& e = it->second[static_cast<size_t>(dtype)];
    if (e.loop && out_dtype) *out_dtype = e.out_dtype;
    return e.loop;
}

}  // namespace

void Kernels::unary(const char* name, int dtype, int out_dtype, fb_unary_loop f) {
    registry().unary[name][static_cast<size_t>(dtype)] = {f, out_dtype};
}
void Kernels::binary(const char* name, int dtype, int out_dtype, fb_binary_loop f) {
    registry().binary[name][static_cast<size_t>(dtype)] = {f, out_dtype};
}
void Kernels::cast(int src, int dst, fb_unary_loop f) {
    registry().casts[src][dst] = f;
    if (src == dst) unary("copy", src, dst, f);
}

const Kernels& kernels() {
    static const Kernels k = make_kernels();
    return k;
}

}  // namespace fb

extern "C" {

const char* fb_isa(void) { return fb::kIsaNames[fb::registry().isa]; }

int fb_itemsize(int dtype) {
    static const int sizes[FB_DTYPE_COUNT] = {1, 1, 1, 2, 4, 8, 2, 2, 4, 8, 8, 16, 2, 4, 8};
    return dtype >= 0 && dtype < FB_DTYPE_COUNT ? sizes[dtype] : 0;
}

fb_unary_loop fb_get_unary(const char* name, int dtype, int* out_dtype) {
    fb::kernels();
    return fb::find(fb::registry().unary, name, dtype, out_dtype);
}

fb_binary_loop fb_get_binary(const char* name, int dtype, int* out_dtype) {
    fb::kernels();
    return fb::find(fb::registry().binary, name, dtype, out_dtype);
}

fb_unary_loop fb_get_cast(int src, int dst) {
    if (src < 0 || src >= FB_DTYPE_COUNT || dst < 0 || dst >= FB_DTYPE_COUNT) return nullptr;
    fb::kernels();
    return fb::registry().casts[src][dst];
}

}  // extern "C"
