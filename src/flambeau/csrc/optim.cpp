// Optimiser steps over lists of tensors: one parallel region for the whole list.
#include <algorithm>
#include <cmath>
#include <vector>

#include "dispatch.hpp"
#include "threads.hpp"

namespace fb {
namespace {

using K = OptimKernels;

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

struct Call {
    int dtype;
    int64_t n_tensors;
    const int64_t* sizes;
    int n_lists;
    void* const* const* lists;
    int n_numbers;
    const double* numbers;
    int n_settings;
    const double* settings;
};

// What a rule takes, and whether its first number is a count of steps.
struct Shape {
    int lists, numbers, settings;
    bool counts;
};

// Runs the kernels of a rule with the options that make(settings, numbers of a tensor) gives for each tensor.
template <class Options, class Make>
int run(const Call& c, const Shape& shape, const K::Step<Options> (&kernels)[2], Make&& make) {
    if (c.dtype != FB_FLOAT32 && c.dtype != FB_FLOAT64) return FB_ERR_DTYPE;
    if (c.n_lists != shape.lists || c.n_numbers != shape.numbers || c.n_settings != shape.settings)
        return FB_ERR_VALUE;
    const auto n = static_cast<size_t>(c.n_tensors), lists = static_cast<size_t>(c.n_lists);
    if (shape.counts)
        for (size_t t = 0; t < n; ++t)
            if (!(c.numbers[t] >= 1.0)) return FB_ERR_VALUE;  // a bias correction would divide by 0
    std::vector<Options> options(n);
    std::vector<void*> arrays(n * lists);
    for (size_t t = 0; t < n; ++t) {
        double numbers[2] = {0, 0};
        for (int k = 0; k < c.n_numbers; ++k) numbers[k] = c.numbers[static_cast<size_t>(k) * n + t];
        options[t] = make(c.settings, numbers);
        for (size_t k = 0; k < lists; ++k) arrays[t * lists + k] = c.lists[k] ? c.lists[k][t] : nullptr;
    }
    const auto step = kernels[c.dtype == FB_FLOAT64];
    for_each_chunk(c.n_tensors, c.sizes, [&](int64_t t, int64_t begin, int64_t end) {
        const auto i = static_cast<size_t>(t);
        step(options[i], &arrays[i * lists], begin, end);
    });
    return FB_OK;
}

K::Decay decay(double weight_decay, double maximize) { return {1.0, weight_decay, maximize != 0 ? -1.0 : 1.0}; }

K::Decay decoupled_decay(double lr, double weight_decay, double decoupled, double maximize) {
    if (decoupled == 0) return decay(weight_decay, maximize);
    return {1.0 - lr * weight_decay, 0.0, maximize != 0 ? -1.0 : 1.0};
}

K::Sgd sgd(const double* s, const double* n) {
    return {decay(s[3], s[5]), s[0], s[1], 1.0 - s[2], s[4] != 0, n[0] != 0};
}

K::Adam adam(const double* s, const double* n) {
    double correction1 = 1.0 - std::pow(s[1], n[0]), correction2 = 1.0 - std::pow(s[2], n[0]);
    return {decoupled_decay(s[0], s[4], s[5], s[6]), s[0] / correction1, 1.0 - s[1], s[2], 1.0 - s[2],
            std::sqrt(correction2), s[3]};
}

K::Adamax adamax(const double* s, const double* n) {
    return {decay(s[4], s[5]), s[0] / (1.0 - std::pow(s[1], n[0])), 1.0 - s[1], s[2], s[3]};
}

// Dozat 2016, with momenta that grow towards beta1 as in Sutskever et al. 2013.
K::Nadam nadam(const double* s, const double* n) {
    double step = n[0], product = n[1], lr = s[0];
    double now = s[1] * (1.0 - 0.5 * std::pow(0.96, step * s[5]));
    double next = s[1] * (1.0 - 0.5 * std::pow(0.96, (step + 1.0) * s[5]));
    return {decoupled_decay(lr, s[4], s[6], s[7]),
            lr * (1.0 - now) / (1.0 - product),
            lr * next / (1.0 - product * next),
            1.0 - s[1], s[2], 1.0 - s[2], 1.0 - std::pow(s[2], step), s[3]};
}

// Liu et al. 2020: no second moment until it averages enough terms to have a variance.
K::Radam radam(const double* s, const double* n) {
    double step = n[0], power2 = std::pow(s[2], step), correction2 = 1.0 - power2;
    double rate = s[0] / (1.0 - std::pow(s[1], step));
    double most = 2.0 / (1.0 - s[2]) - 1.0, terms = most - 2.0 * step * power2 / correction2;
    bool rectified = terms > 5.0;
    if (rectified)
        rate *= std::sqrt((terms - 4.0) * (terms - 2.0) * most / ((most - 4.0) * (most - 2.0) * terms)) *
                std::sqrt(correction2);
    return {decoupled_decay(s[0], s[4], s[5], s[6]), rate, 1.0 - s[1], s[2], 1.0 - s[2], s[3], rectified};
}

K::Rmsprop rmsprop(const double* s, const double*) {
    return {decay(s[3], s[5]), s[0], s[1], 1.0 - s[1], s[2], s[4]};
}

K::Rprop rprop(const double* s, const double*) { return {s[4] != 0 ? -1.0 : 1.0, s[0], s[1], s[2], s[3]}; }

K::Adagrad adagrad(const double* s, const double* n) {
    return {decay(s[3], s[4]), s[0] / (1.0 + (n[0] - 1.0) * s[1]), s[2]};
}

K::Adadelta adadelta(const double* s, const double*) { return {decay(s[3], s[4]), s[0], s[1], 1.0 - s[1], s[2]}; }

K::Asgd asgd(const double* s, const double* n) { return {decay(s[1], s[2]), 1.0 - s[0] * n[0], n[0], n[1]}; }

}  // namespace
}  // namespace fb

extern "C" int fb_optimise(int rule, int dtype, int64_t n_tensors, const int64_t* sizes, int n_lists,
                           void* const* const* lists, int n_numbers, const double* numbers, int n_settings,
                           const double* settings) {
    const fb::Call call{dtype, n_tensors, sizes, n_lists, lists, n_numbers, numbers, n_settings, settings};
    const fb::OptimKernels& k = fb::kernels().optim;
    switch (rule) {
        case FB_SGD: return fb::run(call, {3, 1, 6, false}, k.sgd, fb::sgd);
        case FB_ADAM: return fb::run(call, {5, 1, 7, true}, k.adam, fb::adam);
        case FB_ADAMAX: return fb::run(call, {4, 1, 6, true}, k.adamax, fb::adamax);
        case FB_NADAM: return fb::run(call, {4, 2, 8, true}, k.nadam, fb::nadam);
        case FB_RADAM: return fb::run(call, {4, 1, 7, true}, k.radam, fb::radam);
        case FB_RMSPROP: return fb::run(call, {5, 0, 6, false}, k.rmsprop, fb::rmsprop);
        case FB_RPROP: return fb::run(call, {4, 0, 5, false}, k.rprop, fb::rprop);
        case FB_ADAGRAD: return fb::run(call, {3, 1, 5, true}, k.adagrad, fb::adagrad);
        case FB_ADADELTA: return fb::run(call, {4, 0, 5, false}, k.adadelta, fb::adadelta);
        case FB_ASGD: return fb::run(call, {3, 2, 3, false}, k.asgd, fb::asgd);
        default: return FB_ERR_VALUE;
    }
}
