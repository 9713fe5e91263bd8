// Optimiser steps over lists of tensors: one parallel region for the whole list.
#include <algorithm>
#include <cmath>
#include <vector>

#include "dispatch.hpp"
#include "threads.hpp"

namespace fb {
namespace {

constexpr int64_t kChunk = 4096;  // elements: the few passes over a chunk find it in the first-level cache

// Calls f(tensor, begin, end) for chunks of all tensors.
template <class F>
void for_each_chunk(int64_t n_tensors, const int64_t* sizes, F&& f) {
    std::vector<int64_t> first(static_cast<size_t>(n_tensors) + 1, 0);  // number of a tensor's first chunk
    for (int64_t t = 0; t < n_tensors; ++t)
        first[static_cast<size_t>(t) + 1] = first[static_cast<size_t>(t)] + (sizes[t] + kChunk - 1) / kChunk;
    parallel_for(first.back(), 4, [&](int64_t begin, int64_t end) {
        int64_t t = std::upper_bound(first.begin(), first.end(), begin) - first.begin() - 1;
        for (int64_t c = begin; c < end; ++c) {
            while (c >= first[static_cast<size_t>(t) + 1]) ++t;
            int64_t from = (c - first[static_cast<size_t>(t)]) * kChunk;
            f(t, from, std::min(from + kChunk, sizes[t]));
        }
    });
}

int index_of(int dtype) { return dtype == FB_FLOAT32 ? 0 : dtype == FB_FLOAT64 ? 1 : -1; }

}  // namespace
}  // namespace fb

extern "C" {

int fb_sgd(int dtype, int64_t n_tensors, const int64_t* sizes, void* const* params, const void* const* grads,
           void* const* momentum_bufs, const uint8_t* first_step, double lr, double momentum, double dampening,
           double weight_decay, int nesterov, int maximize) {
    int i = fb::index_of(dtype);
    if (i < 0) return FB_ERR_DTYPE;
    auto* step = fb::kernels().optim.sgd[i];
    fb::for_each_chunk(n_tensors, sizes, [&](int64_t t, int64_t begin, int64_t end) {
        fb::OptimKernels::Sgd o{lr, momentum, dampening, weight_decay, nesterov, maximize,
                                first_step && first_step[t]};
        step(o, params[t], grads[t], momentum_bufs ? momentum_bufs[t] : nullptr, begin, end);
    });
    return FB_OK;
}

int fb_adam(int dtype, int64_t n_tensors, const int64_t* sizes, void* const* params, const void* const* grads,
            void* const* exp_avg, void* const* exp_avg_sq, void* const* max_exp_avg_sq, const double* steps, double lr,
            double beta1, double beta2, double eps, double weight_decay, int decoupled, int maximize) {
    int i = fb::index_of(dtype);
    if (i < 0) return FB_ERR_DTYPE;
    for (int64_t t = 0; t < n_tensors; ++t)
        if (!(steps[t] >= 1.0)) return FB_ERR_VALUE;  // the bias correction would divide by 0
    std::vector<fb::OptimKernels::Adam> settings(static_cast<size_t>(n_tensors));
    for (int64_t t = 0; t < n_tensors; ++t) {
        double correction1 = 1.0 - std::pow(beta1, steps[t]), correction2 = 1.0 - std::pow(beta2, steps[t]);
        settings[static_cast<size_t>(t)] = {lr / correction1, lr, beta1, beta2, eps, weight_decay,
                                            std::sqrt(correction2), decoupled, maximize};
    }
    auto* step = fb::kernels().optim.adam[i];
    fb::for_each_chunk(n_tensors, sizes, [&](int64_t t, int64_t begin, int64_t end) {
        step(settings[static_cast<size_t>(t)], params[t], grads[t], exp_avg[t], exp_avg_sq[t],
             max_exp_avg_sq ? max_exp_avg_sq[t] : nullptr, begin, end);
    });
    return FB_OK;
}

}  // extern "C"
