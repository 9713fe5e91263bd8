// Convolution over up to three spatial axes: a sample is packed so that one flat loop computes it (conv.dispatch.cpp).
//
// Packing pads the sample, and with strides splits each axis by its remainder: element i of an axis goes to plane
// i % stride, place i / stride. All the elements that a tap sees then lie side by side, at a fixed distance from the
// positions of the output. The gradient in the input is the same computation on the packed gradient of the output, once
// for each remainder of the input's axes by the strides, with the taps that reach it.
#include "conv.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#include "threads.hpp"

namespace fb {
namespace {

using Shape = fb_conv_shape;

template <class T>
const ConvKernels<T>& table();
template <>
const ConvKernels<float>& table<float>() { return kernels().conv32; }
template <>
const ConvKernels<double>& table<double>() { return kernels().conv64; }

// Positions from the first to the last element of `out` in rows of `place` [planes, rows, columns].
int64_t span(const int64_t* place, const int64_t* out) {
    return ((out[0] - 1) * place[1] + out[1] - 1) * place[2] + out[2];
}

// How one sample lies packed.
struct Packing {
    int64_t low[3];     // zeros before
    int64_t stride[3];
    int64_t place[3];   // places of each axis
    int64_t channel_stride;
    int64_t planes() const { return product(stride); }
};

template <class T>
void pack(const Packing& k, const T* from, int64_t channels, const int64_t* in, T* to) {
    const int64_t plane = product(k.place);
    std::memset(static_cast<void*>(to), 0, static_cast<size_t>(channels * k.channel_stride) * sizeof(T));
    for (int64_t c = 0; c < channels; ++c, to += k.channel_stride) {
        for (int64_t d = 0; d < in[0]; ++d) {
            const int64_t pd = d + k.low[0], qd = pd / k.stride[0];
            for (int64_t h = 0; h < in[1]; ++h, from += in[2]) {
                const int64_t ph = h + k.low[1], qh = ph / k.stride[1], s = k.stride[2];
                if (qd >= k.place[0] || qh >= k.place[1]) continue;
                const int64_t row_plane = (pd % k.stride[0]) * k.stride[1] + ph % k.stride[1];
                T* row = to + row_plane * s * plane + (qd * k.place[1] + qh) * k.place[2];
                if (s == 1) {
                    const int64_t n = std::min(in[2], k.place[2] - k.low[2]);
                    if (n > 0) std::memcpy(row + k.low[2], from, static_cast<size_t>(n) * sizeof(T));
                    continue;
                }
                for (int64_t w = 0; w < in[2]; ++w) {
                    const int64_t pw = w + k.low[2], qw = pw / s;
                    if (qw < k.place[2]) row[(pw % s) * plane + qw] = from[w];
                }
            }
        }
    }
}

// The packing of the input, and the offset of each tap in it.
Packing pack_input(const Shape& s, std::vector<int64_t>& offsets) {
    Packing k;
    for (int i = 0; i < 3; ++i) {
        k.low[i] = s.padding[i];
        k.stride[i] = s.stride[i];
        k.place[i] = (s.kernel[i] - 1) * s.dilation[i] / s.stride[i] + s.out[i];
    }
    const int64_t plane = product(k.place);
    k.channel_stride = k.planes() * plane;
    int64_t t[3];
    for (t[0] = 0; t[0] < s.kernel[0]; ++t[0])
        for (t[1] = 0; t[1] < s.kernel[1]; ++t[1])
            for (t[2] = 0; t[2] < s.kernel[2]; ++t[2]) {
                int64_t phase = 0, place = 0;
                for (int i = 0; i < 3; ++i) {
                    const int64_t reach = t[i] * s.dilation[i];
                    phase = phase * s.stride[i] + reach % s.stride[i];
                    place = place * k.place[i] + reach / s.stride[i];
                }
                offsets.push_back(phase * plane + place);
            }
    return k;
}

// One of the computations that share a packed sample: which taps it has, and where its results go.
struct Part {
    std::vector<int64_t> offsets, taps;  // taps: their numbers in the kernel
    int64_t out[3];
    int64_t first;  // element of the output
};

// A packed sample's channels, times weights, into outputs: the forward pass, or the gradient in the input.
template <class T>
struct Map {
    Packing packing;
    std::vector<Part> parts;
    int64_t batch, groups, channels, outputs;  // per group
    int64_t in[3], out[3];                     // sizes of a channel as given, and of an output
    int64_t out_stride[3];
    const T* w;  // weight of output o, channel c, tap t: w[o * w_output + c * w_channel + t]
    int64_t w_output, w_channel, taps;
    const T* bias;
};

// [part][block of outputs][channel][tap][output of the block]
template <class T>
void pack_weights(const Map<T>& m, const Part& part, int64_t block, const T* w, T* to) {
    for (int64_t o = 0; o < m.outputs; o += block) {
        const int64_t n = std::min(block, m.outputs - o);
        for (int64_t c = 0; c < m.channels; ++c)
            for (int64_t t : part.taps)
                for (int64_t b = 0; b < n; ++b) *to++ = w[(o + b) * m.w_output + c * m.w_channel + t];
    }
}

// The multiplications that packing an element takes as long as.
double packing_cost(const Packing& k) { return k.planes() > 1 ? 100 : 10; }

// The multiplications that a map takes as long as: those of all positions that are computed along, and the packing.
template <class T>
double cost(const Map<T>& m) {
    const int64_t lanes = table<T>().slack / 3;
    double sum = 0;
    for (const Part& part : m.parts)
        if (product(part.out) > 0)
            sum += static_cast<double>((span(m.packing.place, part.out) + lanes - 1) / lanes * lanes) *
                   static_cast<double>(part.taps.size());
    sum = sum * static_cast<double>(m.outputs) + packing_cost(m.packing) * static_cast<double>(product(m.in));
    return sum * static_cast<double>(m.batch * m.groups * m.channels);
}

template <class T>
int run(const Map<T>& m, const T* x, T* y) {
    const ConvKernels<T>& kernels = table<T>();
    const int64_t in = product(m.in), out = product(m.out), block = kernels.outputs;
    const int64_t blocks = (m.outputs + block - 1) / block, packed = m.channels * m.packing.channel_stride;
    int64_t taps = 0, positions = 0;
    for (const Part& part : m.parts) {
        taps += static_cast<int64_t>(part.taps.size());
        positions = std::max(positions, span(m.packing.place, part.out));
    }
    const int64_t group_weights = m.channels * m.outputs * taps;
    Buffer weights(static_cast<size_t>(std::max<int64_t>(m.groups * group_weights, 1)) * sizeof(T));
    if (!weights.data) return FB_ERR_MEMORY;
    parallel_for(m.groups, std::max<int64_t>(1, 100000 / std::max<int64_t>(group_weights, 1)), [&](int64_t begin, int64_t end) {
        for (int64_t g = begin; g < end; ++g) {
            T* to = static_cast<T*>(weights.data) + g * group_weights;
            for (const Part& part : m.parts) {
                pack_weights(m, part, block, m.w + g * m.channels * m.outputs * m.taps, to);
                to += m.channels * m.outputs * static_cast<int64_t>(part.taps.size());
            }
        }
    });
    // Blocks [begin, end) of all parts of sample i (of batch * groups), positions in tiles of chunk.
    auto compute = [&](int64_t i, const T* sample, int64_t begin, int64_t end) {
        const int64_t g = i % m.groups;
        const T* w = static_cast<const T*>(weights.data) + g * group_weights;
        for (const Part& part : m.parts) {
            const int64_t part_taps = static_cast<int64_t>(part.taps.size());
            if (product(part.out) > 0)
                for (int64_t b = begin; b < end; ++b) {
                    const int64_t o = b * block;
                    ConvRows<T> r;
                    r.x = sample;
                    r.channels = part_taps ? m.channels : 0;
                    r.channel_stride = m.packing.channel_stride;
                    r.taps = part_taps;
                    r.offsets = part.offsets.data();
                    r.w = w + o * m.channels * part_taps;
                    r.bias = m.bias ? m.bias + g * m.outputs + o : nullptr;
                    r.outputs = static_cast<int>(std::min(block, m.outputs - o));
                    r.pitch = m.packing.place[2];
                    r.plane_rows = m.packing.place[1];
                    r.out_rows = part.out[1];
                    r.out_columns = part.out[2];
                    r.y = y + (i * m.outputs + o) * out + part.first;
                    r.y_channel = out;
                    r.y_plane = m.out_stride[0] * m.out[1] * m.out[2];
                    r.y_row = m.out_stride[1] * m.out[2];
                    r.y_column = m.out_stride[2];
                    kernels.rows(r, 0, span(m.packing.place, part.out));
                }
            w += m.channels * m.outputs * part_taps;
        }
    };
    const int64_t samples = m.batch * m.groups;
    const size_t bytes = static_cast<size_t>(packed + kernels.slack) * sizeof(T);
    const double work = static_cast<double>(group_weights) * static_cast<double>(positions) + static_cast<double>(packed);
    std::atomic<bool> failed{false};
    if (samples >= 2 * fb_num_threads() || work < 1e5) {
        const int64_t grain = std::max<int64_t>(1, static_cast<int64_t>(2e5 / std::max(work, 1.0)));
        parallel_for(samples, grain, [&](int64_t begin, int64_t end) {
            Buffer sample(bytes);
            if (!sample.data) {
                failed = true;
                return;
            }
            T* to = static_cast<T*>(sample.data);
            std::fill(to + packed, to + packed + kernels.slack, T{});
            for (int64_t i = begin; i < end; ++i) {
                pack(m.packing, x + i * m.channels * in, m.channels, m.in, to);
                compute(i, to, 0, blocks);
            }
        });
        return failed ? FB_ERR_MEMORY : FB_OK;
    }
    Buffer sample(bytes);
    if (!sample.data) return FB_ERR_MEMORY;
    T* to = static_cast<T*>(sample.data);
    std::fill(to + packed, to + packed + kernels.slack, T{});
    for (int64_t i = 0; i < samples; ++i) {
        const int64_t grain = std::max<int64_t>(1, 32768 / std::max<int64_t>(m.packing.channel_stride, 1));
        parallel_for(m.channels, grain, [&](int64_t begin, int64_t end) {
            pack(m.packing, x + (i * m.channels + begin) * in, end - begin, m.in, to + begin * m.packing.channel_stride);
        });
        parallel_for(blocks, 1, [&](int64_t begin, int64_t end) { compute(i, to, begin, end); });
    }
    return FB_OK;
}

template <class T>
int forward(const Shape& s, const void* x, const void* w, const void* bias, void* y) {
    Map<T> m;
    Part part;
    m.packing = pack_input(s, part.offsets);
    for (size_t t = 0; t < part.offsets.size(); ++t) part.taps.push_back(static_cast<int64_t>(t));
    std::copy(s.out, s.out + 3, part.out);
    part.first = 0;
    m.parts.push_back(part);
    m.batch = s.batch, m.groups = s.groups, m.channels = s.inputs, m.outputs = s.outputs;
    std::copy(s.in, s.in + 3, m.in);
    std::copy(s.out, s.out + 3, m.out);
    std::fill(m.out_stride, m.out_stride + 3, 1);
    m.w = static_cast<const T*>(w);
    m.taps = m.w_channel = product(s.kernel);
    m.w_output = s.inputs * m.w_channel;
    m.bias = static_cast<const T*>(bias);
    const T* const from = static_cast<const T*>(x);
    const int status = tiles_forward(s, cost(m), from, m.w, m.bias, static_cast<T*>(y));
    return status == kNotComputed ? run(m, from, static_cast<T*>(y)) : status;
}

template <class T>
int grad_input(const Shape& s, const void* g, const void* w, void* gx) {
    Map<T> m;
    // Along an axis, element q * stride + a of the input gets tap t of position q + shift, where
    // shift * stride = a + padding - t * dilation.
    int64_t size[3];
    for (int i = 0; i < 3; ++i) {
        int64_t least = 0, most = 0;
        for (int64_t a = 0; a < s.stride[i]; ++a)
            for (int64_t t = 0; t < s.kernel[i]; ++t) {
                const int64_t reach = a + s.padding[i] - t * s.dilation[i];
                if (remainder(reach, s.stride[i])) continue;
                least = std::min(least, reach / s.stride[i]);
                most = std::max(most, reach / s.stride[i]);
            }
        size[i] = (s.in[i] + s.stride[i] - 1) / s.stride[i];
        m.packing.low[i] = -least;
        m.packing.stride[i] = 1;
        m.packing.place[i] = size[i] + most - least;
    }
    m.packing.channel_stride = product(m.packing.place);
    int64_t a[3], t[3];
    for (a[0] = 0; a[0] < s.stride[0]; ++a[0])
        for (a[1] = 0; a[1] < s.stride[1]; ++a[1])
            for (a[2] = 0; a[2] < s.stride[2]; ++a[2]) {
                Part part;
                part.first = (a[0] * s.in[1] + a[1]) * s.in[2] + a[2];
                for (int i = 0; i < 3; ++i) part.out[i] = std::max<int64_t>(0, (s.in[i] - a[i] + s.stride[i] - 1) / s.stride[i]);
                int64_t number = 0;
                for (t[0] = 0; t[0] < s.kernel[0]; ++t[0])
                    for (t[1] = 0; t[1] < s.kernel[1]; ++t[1])
                        for (t[2] = 0; t[2] < s.kernel[2]; ++t[2], ++number) {
                            int64_t place = 0;
                            bool reached = true;
                            for (int i = 0; i < 3; ++i) {
                                const int64_t reach = a[i] + s.padding[i] - t[i] * s.dilation[i];
                                reached = reached && remainder(reach, s.stride[i]) == 0;
                                place = place * m.packing.place[i] + reach / s.stride[i] + m.packing.low[i];
                            }
                            if (!reached) continue;
                            part.offsets.push_back(place);
                            part.taps.push_back(number);
                        }
                m.parts.push_back(part);
            }
    m.batch = s.batch, m.groups = s.groups, m.channels = s.outputs, m.outputs = s.inputs;
    std::copy(s.out, s.out + 3, m.in);
    std::copy(s.in, s.in + 3, m.out);
    std::copy(s.stride, s.stride + 3, m.out_stride);
    m.w = static_cast<const T*>(w);
    m.taps = m.w_output = product(s.kernel);
    m.w_channel = s.inputs * m.w_output;
    m.bias = nullptr;
    const T* const from = static_cast<const T*>(g);
    const int status = tiles_grad_input(s, cost(m), from, m.w, static_cast<T*>(gx));
    return status == kNotComputed ? run(m, from, static_cast<T*>(gx)) : status;
}

// For each weight a sum over samples in their order, each a dot product of a row of g with a shifted row of x, both
// packed with the same pitch; between its rows g is zero.
template <class T>
int grad_weight(const Shape& s, const void* g, const void* x, void* gw) {
    const ConvKernels<T>& kernels = table<T>();
    std::vector<int64_t> offsets;
    const Packing of_x = pack_input(s, offsets);
    const int64_t positions = span(of_x.place, s.out), taps = static_cast<int64_t>(offsets.size());
    Packing of_g{{0, 0, 0}, {1, 1, 1}, {s.out[0], of_x.place[1], of_x.place[2]}, (positions + 15) / 16 * 16};
    const int64_t in = product(s.in), out = product(s.out), columns = s.inputs * taps;
    const double products = static_cast<double>(of_g.channel_stride * s.outputs) * static_cast<double>(columns);
    const double by_rows = products + packing_cost(of_x) * static_cast<double>(in * s.inputs);
    const int status = tiles_grad_weight(
        s, static_cast<double>(s.batch * s.groups) * by_rows, static_cast<const T*>(g), static_cast<const T*>(x), static_cast<T*>(gw));
    if (status != kNotComputed) return status;
    const int64_t x_size = s.groups * s.inputs * of_x.channel_stride, g_size = s.groups * s.outputs * of_g.channel_stride;
    const int64_t at_once = std::max<int64_t>(1, std::min(s.batch, (int64_t{1} << 19) / (x_size + g_size)));
    Buffer xs(static_cast<size_t>(at_once * x_size + kernels.slack) * sizeof(T));
    Buffer gs(static_cast<size_t>(at_once * g_size + kernels.slack) * sizeof(T));
    if (!xs.data || !gs.data) return FB_ERR_MEMORY;
    T* const px = static_cast<T*>(xs.data);
    T* const pg = static_cast<T*>(gs.data);
    T* const result = static_cast<T*>(gw);
    std::fill(px + at_once * x_size, px + at_once * x_size + kernels.slack, T{});
    std::fill(pg + at_once * g_size, pg + at_once * g_size + kernels.slack, T{});
    std::fill(result, result + s.groups * s.outputs * columns, T{});
    const int64_t row_blocks = (s.outputs + kernels.g_rows - 1) / kernels.g_rows;
    for (int64_t n = 0; n < s.batch; n += at_once) {
        const int64_t now = std::min(at_once, s.batch - n);
        const int64_t channels = s.groups * s.inputs, outputs = s.groups * s.outputs;
        parallel_for(now * channels, std::max<int64_t>(1, 32768 / of_x.channel_stride), [&](int64_t begin, int64_t end) {
            pack(of_x, static_cast<const T*>(x) + (n * channels + begin) * in, end - begin, s.in, px + begin * of_x.channel_stride);
        });
        parallel_for(now * outputs, std::max<int64_t>(1, 32768 / of_g.channel_stride), [&](int64_t begin, int64_t end) {
            pack(of_g, static_cast<const T*>(g) + (n * outputs + begin) * out, end - begin, s.out, pg + begin * of_g.channel_stride);
        });
        const int64_t work = now * positions * columns * kernels.g_rows;
        parallel_for(s.groups * row_blocks, std::max<int64_t>(1, 400000 / std::max<int64_t>(work, 1)), [&](int64_t begin, int64_t end) {
            std::vector<const T*> shifted(static_cast<size_t>(columns)), rows(static_cast<size_t>(kernels.g_rows));
            std::vector<T*> to(rows.size());
            for (int64_t task = begin; task < end; ++task) {
                const int64_t group = task / row_blocks, first = task % row_blocks * kernels.g_rows;
                const int n_rows = static_cast<int>(std::min<int64_t>(kernels.g_rows, s.outputs - first));
                for (int64_t c = 0; c < s.inputs; ++c)
                    for (int64_t t = 0; t < taps; ++t)
                        shifted[static_cast<size_t>(c * taps + t)] =
                            px + (group * s.inputs + c) * of_x.channel_stride + offsets[static_cast<size_t>(t)];
                for (int r = 0; r < n_rows; ++r)
                    rows[static_cast<size_t>(r)] = pg + (group * s.outputs + first + r) * of_g.channel_stride;
                for (int64_t j = 0; j < columns; j += kernels.x_rows) {
                    for (int r = 0; r < n_rows; ++r)
                        to[static_cast<size_t>(r)] = result + (group * s.outputs + first + r) * columns + j;
                    kernels.dots(n_rows, static_cast<int>(std::min<int64_t>(kernels.x_rows, columns - j)), rows.data(),
                                 shifted.data() + j, {positions, now, g_size, x_size}, to.data());
                }
            }
        });
    }
    return FB_OK;
}

bool sound(const Shape* s) {
    if (s->batch < 1 || s->groups < 1 || s->inputs < 1 || s->outputs < 1) return false;
    for (int i = 0; i < 3; ++i)
        if (s->in[i] < 1 || s->out[i] < 1 || s->kernel[i] < 1 || s->stride[i] < 1 || s->padding[i] < 0 || s->dilation[i] < 1)
            return false;
    return true;
}

}  // namespace
}  // namespace fb

extern "C" {

int fb_conv(int dtype, const fb_conv_shape* s, const void* x, const void* w, const void* bias, void* y) {
    if (dtype != FB_FLOAT32 && dtype != FB_FLOAT64) return FB_ERR_DTYPE;
    if (!fb::sound(s)) return FB_ERR_VALUE;
    return dtype == FB_FLOAT32 ? fb::forward<float>(*s, x, w, bias, y) : fb::forward<double>(*s, x, w, bias, y);
}

int fb_conv_grad_input(int dtype, const fb_conv_shape* s, const void* g, const void* w, void* gx) {
    if (dtype != FB_FLOAT32 && dtype != FB_FLOAT64) return FB_ERR_DTYPE;
    if (!fb::sound(s)) return FB_ERR_VALUE;
    return dtype == FB_FLOAT32 ? fb::grad_input<float>(*s, g, w, gx) : fb::grad_input<double>(*s, g, w, gx);
}

int fb_conv_grad_weight(int dtype, const fb_conv_shape* s, const void* g, const void* x, void* gw) {
    if (dtype != FB_FLOAT32 && dtype != FB_FLOAT64) return FB_ERR_DTYPE;
    if (!fb::sound(s)) return FB_ERR_VALUE;
    return dtype == FB_FLOAT32 ? fb::grad_weight<float>(*s, g, x, gw) : fb::grad_weight<double>(*s, g, x, gw);
}
}
