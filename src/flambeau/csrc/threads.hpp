// parallel_for: a range split over the library's own thread pool.
#pragma once

#include <cstdint>
#include <type_traits>

#include "flambeau.h"

namespace fb {

// Whether this thread already runs inside a parallel region (nested calls are serial).
bool in_parallel();

// Calls f(begin, end) on disjoint ranges covering [0, n). Range boundaries are multiples of `grain`, so a
// kernel whose element results do not depend on where an aligned block starts gives the same numbers
// on any number of threads.
template <class F>
inline void parallel_for(int64_t n, int64_t grain, F&& f) {
    if (n <= 0) return;
    if (n <= grain || fb_num_threads() == 1 || in_parallel()) {
        f(int64_t{0}, n);
        return;
    }
    using Body = std::remove_reference_t<F>;
    fb_parallel_for(
        n, grain, [](void* ctx, int64_t begin, int64_t end) { (*static_cast<Body*>(ctx))(begin, end); },
        const_cast<void*>(static_cast<const void*>(&f)));
}

}  // namespace fb
