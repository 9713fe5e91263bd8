// Convolution over two spatial axes by tiles of outputs: as matrix products whatever the size of the image.
//
// A tile of m x m outputs with r x r taps takes n x n elements of the input, n = m + r - 1. Along an axis, the sums
// y[i] = d[i] g[0] + ... + d[i + r - 1] g[r - 1] of all i take n multiplications instead of m r when sums of elements
// are multiplied by sums of taps (S. Winograd, Arithmetic Complexity of Computations, 1980; for images A. Lavin and
// S. Gray, "Fast algorithms for convolutional neural networks", 2015). The schemes:
//
//     m, r, n   factors of the data                   of the weights                              results
//     1, 1, 1   d0                                    g0                                          p0
//     2, 2, 3   d0-d1, d1, d2-d1                      g0, g0+g1, g1                               p0+p1, p1+p2
//     2, 3, 4   d0-d2, d1+d2, d2-d1, d1-d3            g0, (g0+g1+g2)/2, (g0-g1+g2)/2, g2          p0+p1+p2, p1-p2-p3
//
// All are exact for small whole numbers, and their rounding errors are about those of the sum itself; with larger m
// they would not be. Over two axes each is applied along both. For each of the n x n factors the sum over channels is
// one product of a matrix [tiles, channels] with a matrix [channels, outputs].
//
// Strides and larger kernels are sums of such convolutions, the phases: tap s t + p of stride s is tap t of a
// convolution of the elements s i + p, whose channels are summed together with those of the other phases. In scheme 1
// each tap is a phase: it multiplies what there is, of any stride and dilation. The gradient in the input is one
// convolution of the gradient of the output for each remainder of the input's places by the strides. The gradient in
// the weights has the transposed formulas: for each factor a product of matrices summed over tiles, then its results.
#include "conv.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <vector>

#include "threads.hpp"

namespace fb {
namespace {

using Shape = fb_conv_shape;

template <class T>
const TileKernels<T>& table();
template <>
const TileKernels<float>& table<float>() { return kernels().tiles32; }
template <>
const TileKernels<double>& table<double>() { return kernels().tiles64; }

int64_t rounded(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

// Where tiles lie in an image, and how it is padded for them.
struct Places {
    int64_t in[2], tiles[2];
    int64_t apart, taken, step;     // outputs from tile to tile; elements that a tile takes, so many places apart
    std::vector<int64_t> first[2];  // row and column of the first tile's first element, by phase
    int64_t low[2] = {0, 0}, reach[2] = {0, 0}, pitch = 0;
    std::vector<int64_t> offsets;

    int64_t phases() const { return static_cast<int64_t>(first[0].size()); }
    int64_t extent(int axis, int64_t tiles_of_axis) const {
        return ((tiles_of_axis - 1) * apart + taken - 1) * step + reach[axis] + 1;
    }
    void lay_out() {
        for (int i = 0; i < 2; ++i)
            if (phases()) {
                const auto ends = std::minmax_element(first[i].begin(), first[i].end());
                low[i] = i ? std::min<int64_t>(0, *ends.first) : *ends.first;
                reach[i] = *ends.second - low[i];
            }
        pitch = std::max(extent(1, tiles[1]), in[1] - low[1]);
        for (int64_t p = 0; p < phases(); ++p) {
            const size_t k = static_cast<size_t>(p);
            offsets.push_back((first[0][k] - low[0]) * pitch + first[1][k] - low[1]);
        }
    }
    // Elements of a lane's padded rows for so many rows of tiles.
    int64_t padded(int64_t tile_rows) const { return extent(0, tile_rows) * pitch; }
};

// What the factors of a matrix's elements are apart, and where they go.
template <class T>
struct Factors {
    T* v;
    int64_t factor, tile, phase;
};

// Factors of rows [begin, end) of tiles of channels [first, last) of one image.
template <class T>
void transform(void (*kernel)(const TileData<T>&), const Places& k, int64_t lanes, const T* image, int64_t begin,
               int64_t end, int64_t first, int64_t last, T* scratch, const Factors<T>& to) {
    const int64_t plane = k.in[0] * k.in[1], top = begin * k.apart * k.step + k.low[0];
    const int64_t y0 = std::clamp<int64_t>(top, 0, k.in[0]);
    const int64_t y1 = std::clamp<int64_t>(top + k.extent(0, end - begin), y0, k.in[0]);
    std::memset(static_cast<void*>(scratch), 0, static_cast<size_t>(k.padded(end - begin) * lanes) * sizeof(T));
    kernel({image + first * plane + y0 * k.in[1], last - first, plane, y1 - y0, k.in[1], scratch, k.pitch,
            (y0 - top) * k.pitch - k.low[1], end - begin, k.tiles[1], k.step, k.phases(), k.offsets.data(),
            to.v + first, to.factor, to.tile, to.phase});
}

// f(sample, begin, end, rows before) for the parts of rows [from, to) of tiles, counted through all samples.
template <class F>
void by_sample(int64_t from, int64_t to, int64_t rows_of_sample, F&& f) {
    for (int64_t row = from; row < to;) {
        const int64_t begin = row % rows_of_sample, end = std::min(rows_of_sample, begin + to - row);
        f(row / rows_of_sample, begin, end, row - from);
        row += end - begin;
    }
}

// One convolution without gaps between its outputs: images into outputs, which may lie in a larger array.
template <class T>
struct Map {
    const TileScheme<T>* scheme;
    Places places;
    std::vector<int64_t> taps;  // of each phase, r x r: their numbers in the kernel, or -1
    int64_t batch, groups, channels, outputs, out[2];
    const T* w;
    int64_t w_group, w_output, w_channel;
    const T* bias;
    int64_t y_sample, y_channel, y_row, y_column, y_first;

    int64_t factors() const {
        const int64_t n = scheme->outputs + scheme->taps - 1;
        return n * n;
    }
    int64_t tiles() const { return batch * places.tiles[0] * places.tiles[1]; }
    int64_t depth() const { return places.phases() * rounded(channels, table<T>().lanes); }
    int64_t width() const { return rounded(outputs, table<T>().panel); }
};

constexpr int64_t kMostFloats = 1 << 22;  // of the factors of a row of tiles: each thread has memory for one

// The multiplications that a map takes as long as: those of the products; about `data` for each factor of the data,
// `result` of the results, and 13 of the weights, as measured on a Zen 4 core with AVX-512.
template <class T>
double cost(const Map<T>& m, int64_t rounded_depth, int64_t rounded_width, double data, double result) {
    if (m.places.tiles[1] * m.factors() * m.depth() > kMostFloats) return HUGE_VAL;
    const double tiles = static_cast<double>(m.tiles());
    const double depth = static_cast<double>(rounded_depth), width = static_cast<double>(rounded_width);
    const double moved = tiles * (data * depth + result * width) + 13 * depth * width;
    return static_cast<double>(m.groups * m.factors()) * (tiles * depth * width + moved);
}
template <class T>
double map_cost(const Map<T>& m) {
    return cost(m, m.depth(), m.width(), 6, m.y_column > 1 ? 25 : 6);  // results between others are written singly
}
template <class T>
double grad_weight_cost(const Map<T>& m) {  // the factors of all channels of many tiles leave the core's cache
    return cost(m, rounded(m.depth(), table<T>().panel), rounded(m.outputs, table<T>().lanes), 12, 12);
}

constexpr int64_t kDataFloats = 1 << 17;  // of the factors of a chunk of tiles: half of a core's cache
constexpr int64_t kFewTiles = 48, kTiles = 192;  // of a chunk, where images are not wider

// [factor][panel][phase][channel][output of the panel], by group.
template <class T>
void make_weights(const Map<T>& m, T* u) {
    const TileKernels<T>& k = table<T>();
    const int64_t panels = m.width() / k.panel, size = m.depth() * k.panel;
    if (m.channels % k.lanes) std::fill(u, u + m.groups * m.factors() * panels * size, T{});
    const int64_t grain = std::max<int64_t>(1, 20000 / std::max<int64_t>(size, 1));
    parallel_for(m.groups * panels, grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int64_t group = i / panels, panel = i % panels, first = panel * k.panel;
            m.scheme->weights({m.w + group * m.w_group + first * m.w_output, m.w_output, m.w_channel,
                               std::min<int64_t>(k.panel, m.outputs - first), m.channels, m.places.phases(),
                               rounded(m.channels, k.lanes), m.taps.data(),
                               u + (group * m.factors() * panels + panel) * size, panels * size});
        }
    });
}

// Into how many chunks the rows of a map's tiles are divided, and into how many parts its panels of outputs.
struct Division {
    int64_t chunks, parts;
};

// No result depends on it: a tile's sums are its own.
template <class T>
Division divide(const Map<T>& m) {
    const int64_t rows = m.batch * m.places.tiles[0], across = m.places.tiles[1], threads = fb_num_threads();
    const int64_t tiles = std::clamp(kDataFloats / std::max<int64_t>(1, m.factors() * m.depth()), kFewTiles, kTiles);
    const int64_t at_once = std::max<int64_t>(1, tiles / across);
    Division d;
    d.chunks = (rows + at_once - 1) / at_once;
    if (m.groups == 1 && d.chunks < 8 * threads)  // as much for each thread
        d.chunks = std::min(rounded(d.chunks, threads), rows);
    d.parts = std::clamp<int64_t>(threads / (m.groups * d.chunks), 1, m.width() / table<T>().panel);
    return d;
}

// The memory of a thread: factors of data and products, padded so that their places in the cache differ.
template <class T>
struct Workspace {
    int64_t data_tile, data_factor, group, product_factor, scratch;
    Workspace(const Map<T>& m, int64_t tile_rows) {
        const TileKernels<T>& k = table<T>();
        const int64_t rows = rounded(tile_rows * m.places.tiles[1], k.few_rows);
        data_tile = m.depth() + k.lanes;
        data_factor = rows * data_tile + k.lanes;
        group = std::min<int64_t>(2 * k.panel, m.width());
        product_factor = rows * group + k.lanes;
        scratch = k.lanes * std::max(m.places.padded(tile_rows), tile_rows * m.scheme->outputs * m.out[1]);
    }
    int64_t size(int64_t factors) const { return factors * (data_factor + product_factor) + scratch; }
};

// Panels [first, last) of the outputs of rows [begin, end) of tiles of a group; false: one is not finite.
template <class T>
bool compute(const Map<T>& m, const T* x, const T* u, int64_t group, int64_t begin, int64_t end, int64_t first,
             int64_t last, const Workspace<T>& s, T* memory, T* y) {
    const TileKernels<T>& k = table<T>();
    const int64_t factors = m.factors(), across = m.places.tiles[1], panels = m.width() / k.panel;
    const int64_t tall = m.scheme->outputs, phase_channels = rounded(m.channels, k.lanes);
    T* const data = memory;
    T* const products = data + factors * s.data_factor;
    T* const scratch = products + factors * s.product_factor;
    const int64_t image = m.channels * m.places.in[0] * m.places.in[1];
    const int64_t tiles = (end - begin) * across, rows = rounded(tiles, k.few_rows);
    by_sample(begin, end, m.places.tiles[0], [&](int64_t sample, int64_t from, int64_t to, int64_t before) {
        transform(m.scheme->data, m.places, k.lanes, x + (sample * m.groups + group) * image, from, to, 0, m.channels,
                  scratch,
                  Factors<T>{data + before * across * s.data_tile, s.data_factor, s.data_tile, phase_channels});
    });
    for (int64_t f = 0; f < factors; ++f)
        std::fill(data + f * s.data_factor + tiles * s.data_tile, data + f * s.data_factor + rows * s.data_tile, T{});
    bool finite = true;
    for (int64_t panel = first; panel < last; panel += s.group / k.panel) {
        const int64_t until = std::min(last, panel + s.group / k.panel);
        for (int64_t f = 0; f < factors; ++f)
            for (int64_t p = panel; p < until; ++p)
                k.product({data + f * s.data_factor, s.data_tile, 1,
                           u + ((group * factors + f) * panels + p) * m.depth() * k.panel, k.panel, m.depth(), rows,
                           products + f * s.product_factor + (p - panel) * k.panel, s.group, false});
        const int64_t o = panel * k.panel, outputs = std::min(until * k.panel, m.outputs) - o;
        by_sample(begin, end, m.places.tiles[0], [&](int64_t sample, int64_t from, int64_t to, int64_t before) {
            finite = m.scheme->results({products + before * across * s.group, s.product_factor, s.group, outputs,
                                        std::min(to * tall, m.out[0]) - from * tall, m.out[1],
                                        m.bias ? m.bias + group * m.outputs + o : nullptr,
                                        y + m.y_first + sample * m.y_sample + (group * m.outputs + o) * m.y_channel +
                                            from * tall * m.y_row,
                                        m.y_channel, m.y_row, m.y_column, scratch}) && finite;
        });
    }
    return finite;
}

// All maps of x, of which the first is the largest, into y. A chunk is computed by all of them in turn: where they
// write between each other's outputs, those are still in the cache.
template <class T>
int run(const std::vector<Map<T>>& maps, const T* x, T* y) {
    const Division d = divide(maps[0]);
    const int64_t groups = maps[0].groups, factors = maps[0].factors();
    std::vector<Workspace<T>> spaces;
    int64_t weights = 0, most = 0;
    std::vector<int64_t> starts;
    for (const Map<T>& m : maps) {
        spaces.emplace_back(m, (m.batch * m.places.tiles[0] + d.chunks - 1) / d.chunks);
        most = std::max(most, spaces.back().size(factors));
        starts.push_back(weights);
        weights += groups * factors * m.depth() * m.width();
    }
    Buffer of_weights(static_cast<size_t>(std::max<int64_t>(weights, 1)) * sizeof(T));
    if (!of_weights.data) return FB_ERR_MEMORY;
    T* const u = static_cast<T*>(of_weights.data);
    for (size_t i = 0; i < maps.size(); ++i) make_weights(maps[i], u + starts[i]);
    const bool summed = maps[0].scheme->taps > 1;  // infinite elements have met others of their tile
    std::atomic<int> status{FB_OK};
    parallel_for(groups * d.chunks * d.parts, 1, [&](int64_t begin, int64_t end) {
        Buffer memory(static_cast<size_t>(most) * sizeof(T));
        if (!memory.data) {
            status = FB_ERR_MEMORY;
            return;
        }
        for (int64_t i = begin; i < end; ++i) {
            const int64_t part = i % d.parts, chunk = i / d.parts % d.chunks, group = i / d.parts / d.chunks;
            for (size_t j = 0; j < maps.size(); ++j) {
                const Map<T>& m = maps[j];
                const int64_t rows = m.batch * m.places.tiles[0], panels = m.width() / table<T>().panel;
                const bool finite = compute(m, x, u + starts[j], group, rows * chunk / d.chunks,
                                            rows * (chunk + 1) / d.chunks, panels * part / d.parts,
                                            panels * (part + 1) / d.parts, spaces[j], static_cast<T*>(memory.data), y);
                if (summed && !finite && status == FB_OK) status = kNotComputed;
            }
        }
    });
    return status;
}

bool is_flat(const Shape& s) {
    return s.in[0] == 1 && s.out[0] == 1 && s.kernel[0] == 1 && s.stride[0] == 1 && s.padding[0] == 0;
}

// Whether the taps of phase p, p + s, p + 2 s, ... are at most the scheme's, with no gaps between them.
template <class T>
bool fits(const Shape& s, const TileScheme<T>& scheme) {
    if (!is_flat(s) || s.stride[1] != s.stride[2]) return false;
    if (scheme.taps == 1) return true;
    if (sizeof(T) != sizeof(float) || s.dilation[1] * s.dilation[2] != 1) return false;
    return std::max(s.kernel[1], s.kernel[2]) <= s.stride[1] * scheme.taps;
}

template <class T>
Map<T> map_of(const Shape& s, const TileScheme<T>& scheme) {
    Map<T> m;
    m.scheme = &scheme;
    m.batch = s.batch, m.groups = s.groups;
    m.w_group = s.outputs * s.inputs * product(s.kernel);
    m.bias = nullptr;
    m.places.apart = scheme.outputs, m.places.taken = scheme.outputs + scheme.taps - 1;
    return m;
}

template <class T>
Map<T> forward_map(const Shape& s, const TileScheme<T>& scheme) {
    Map<T> m = map_of(s, scheme);
    const int64_t r = scheme.taps;
    m.channels = s.inputs, m.outputs = s.outputs;
    m.w_channel = product(s.kernel), m.w_output = s.inputs * m.w_channel;
    m.places.step = s.stride[1];
    m.y_channel = s.out[1] * s.out[2], m.y_row = s.out[2], m.y_column = 1, m.y_first = 0;
    m.y_sample = s.groups * s.outputs * m.y_channel;
    int64_t phases[2];
    for (int i = 0; i < 2; ++i) {
        m.places.in[i] = s.in[i + 1], m.out[i] = s.out[i + 1];
        m.places.tiles[i] = (s.out[i + 1] + scheme.outputs - 1) / scheme.outputs;
        phases[i] = r == 1 ? s.kernel[i + 1] : std::min(s.stride[i + 1], s.kernel[i + 1]);
    }
    for (int64_t p = 0; p < phases[0]; ++p)
        for (int64_t q = 0; q < phases[1]; ++q) {
            m.places.first[0].push_back(p * s.dilation[1] - s.padding[1]);
            m.places.first[1].push_back(q * s.dilation[2] - s.padding[2]);
            for (int64_t i = 0; i < r; ++i)
                for (int64_t j = 0; j < r; ++j) {
                    const int64_t a = p + i * s.stride[1], b = q + j * s.stride[2];
                    m.taps.push_back(a < s.kernel[1] && b < s.kernel[2] ? a * s.kernel[2] + b : -1);
                }
        }
    m.places.lay_out();
    return m;
}

// The taps along one axis that reach the places a, a + stride, ... of the input, as phases: the first place of the
// output's gradient that each takes, and its r taps.
struct AxisPhases {
    std::vector<int64_t> first;
    std::vector<std::vector<int64_t>> taps;
    AxisPhases(const Shape& s, int i, int64_t a, int64_t r) {
        for (int64_t t = 0; t < s.kernel[i]; ++t) {
            const int64_t reach = a + s.padding[i] - t * s.dilation[i];
            if (remainder(reach, s.stride[i])) continue;
            if (r > 1 && !taps.empty()) break;
            first.push_back(reach / s.stride[i] - (r - 1));
            taps.emplace_back();
            for (int64_t j = r - 1; j >= 0; --j) {
                const int64_t tap = t + j * s.stride[i];
                taps.back().push_back(tap < s.kernel[i] ? tap : -1);
            }
        }
    }
};

// The map to the places of the input whose remainders by the strides are a, b.
template <class T>
Map<T> grad_input_map(const Shape& s, const TileScheme<T>& scheme, int64_t a, int64_t b) {
    Map<T> m = map_of(s, scheme);
    m.channels = s.outputs, m.outputs = s.inputs;
    m.w_output = product(s.kernel), m.w_channel = s.inputs * m.w_output;
    m.places.step = 1;
    m.y_channel = s.in[1] * s.in[2], m.y_row = s.stride[1] * s.in[2], m.y_column = s.stride[2];
    m.y_first = a * s.in[2] + b, m.y_sample = s.groups * s.inputs * m.y_channel;
    const int64_t start[2] = {a, b};
    for (int i = 0; i < 2; ++i) {
        m.places.in[i] = s.out[i + 1];
        m.out[i] = std::max<int64_t>(0, (s.in[i + 1] - start[i] + s.stride[i + 1] - 1) / s.stride[i + 1]);
        m.places.tiles[i] = (m.out[i] + scheme.outputs - 1) / scheme.outputs;
    }
    const AxisPhases rows(s, 1, a, scheme.taps), columns(s, 2, b, scheme.taps);
    for (size_t p = 0; p < rows.first.size(); ++p)
        for (size_t q = 0; q < columns.first.size(); ++q) {
            m.places.first[0].push_back(rows.first[p]);
            m.places.first[1].push_back(columns.first[q]);
            for (int64_t i : rows.taps[p])
                for (int64_t j : columns.taps[q]) m.taps.push_back(i < 0 || j < 0 ? -1 : i * s.kernel[2] + j);
        }
    m.places.lay_out();
    return m;
}

template <class T>
std::vector<Map<T>> grad_input_maps(const Shape& s, const TileScheme<T>& scheme) {
    std::vector<Map<T>> maps;
    for (int64_t a = 0; a < std::min(s.stride[1], s.in[1]); ++a)
        for (int64_t b = 0; b < std::min(s.stride[2], s.in[2]); ++b) maps.push_back(grad_input_map(s, scheme, a, b));
    return maps;
}

constexpr double kFew = 1e6;  // multiplications, for which this is not worth deciding

// The scheme of least cost, or NULL where rows cost less.
template <class T, class F>
const TileScheme<T>* choose(const Shape& s, double by_rows, F&& cost_of) {
    const TileScheme<T>* best = nullptr;
    if (by_rows < kFew) return best;
    for (const TileScheme<T>& scheme : table<T>().schemes) {
        if (!fits(s, scheme)) continue;
        const double c = cost_of(scheme);
        if (c < by_rows) by_rows = c, best = &scheme;
    }
    return best;
}

// ---- the gradient in the weights

constexpr int64_t kSumFloats = 3 << 19;  // of the factors that are summed at once

// The products of the factors of g's tiles and of x's, summed over tiles: [factor][output][phase][channel].
template <class T>
struct WeightSums {
    const Map<T>& m;  // of the forward pass
    Places of_g;
    int64_t channels, outputs, depth;  // rounded
    int64_t rows, tiles;               // of tiles, and tiles, at once: a rule of sizes only, since it orders sums
    int64_t x_tile, x_factor, g_tile, g_factor;
    int64_t lanes = table<T>().lanes;

    explicit WeightSums(const Map<T>& map) : m(map) {
        channels = rounded(m.channels, lanes), outputs = rounded(m.outputs, lanes);
        depth = rounded(m.depth(), table<T>().panel);
        const int64_t across = m.places.tiles[1];
        const int64_t most = std::max<int64_t>(64, kSumFloats / (m.factors() * (depth + outputs)));
        rows = std::clamp<int64_t>(most / across, 1, m.batch * m.places.tiles[0]);
        tiles = rows * across;
        x_tile = depth + lanes, g_tile = outputs + lanes;
        x_factor = tiles * x_tile + lanes, g_factor = tiles * g_tile + lanes;
        of_g.apart = of_g.taken = m.scheme->outputs, of_g.step = 1;
        for (int i = 0; i < 2; ++i) {
            of_g.in[i] = m.out[i], of_g.tiles[i] = m.places.tiles[i];
            of_g.first[i].push_back(0);
        }
        of_g.lay_out();
    }

    // Factors of the tiles of rows [begin, end): of x's blocks of channels, then of g's.
    bool make_factors(const T* x, const T* g, int64_t group, int64_t begin, int64_t end, T* vx, T* vg) const {
        const int64_t block = 4 * lanes;
        const int64_t x_blocks = (m.channels + block - 1) / block, g_blocks = (m.outputs + block - 1) / block;
        const int64_t across = m.places.tiles[1], tall = m.places.tiles[0], all = end - begin;
        const int64_t pieces = std::min(all, std::max<int64_t>(1, all * across / 48));
        std::atomic<bool> failed{false};
        parallel_for(pieces * (x_blocks + g_blocks), 1, [&](int64_t from, int64_t to) {
            const int64_t most = std::min(tall, (all + pieces - 1) / pieces);
            const int64_t padded = std::max(m.places.padded(most), of_g.padded(most));
            Buffer memory(static_cast<size_t>(padded * lanes) * sizeof(T));
            if (!memory.data) {
                failed = true;
                return;
            }
            T* const scratch = static_cast<T*>(memory.data);
            for (int64_t i = from; i < to; ++i) {
                const int64_t piece = i / (x_blocks + g_blocks), b = i % (x_blocks + g_blocks);
                const int64_t first = all * piece / pieces, last = all * (piece + 1) / pieces;
                auto part = [&](int64_t sample, int64_t r0, int64_t r1, int64_t before) {
                    const int64_t image = sample * m.groups + group, tile = (first + before) * across;
                    if (b < x_blocks) {
                        const T* of_image = x + image * m.channels * m.places.in[0] * m.places.in[1];
                        transform(m.scheme->data, m.places, lanes, of_image, r0, r1, b * block,
                                  std::min(m.channels, (b + 1) * block), scratch,
                                  Factors<T>{vx + tile * x_tile, x_factor, x_tile, channels});
                    } else {
                        const int64_t o = (b - x_blocks) * block;
                        transform(m.scheme->grad, of_g, lanes, g + image * m.outputs * m.out[0] * m.out[1], r0, r1, o,
                                  std::min(m.outputs, o + block), scratch,
                                  Factors<T>{vg + tile * g_tile, g_factor, g_tile, 0});
                    }
                };
                by_sample(begin + first, begin + last, tall, part);
            }
        });
        return !failed;
    }

    void multiply(const T* vx, const T* vg, int64_t tiles_now, bool add, T* sums) const {
        const TileKernels<T>& k = table<T>();
        const int64_t block = 48, blocks = (outputs + block - 1) / block, panels = depth / k.panel;
        const int64_t together = m.factors() > 1 ? panels : 4, split = (panels + together - 1) / together;
        parallel_for(m.factors() * blocks * split, 1, [&](int64_t from, int64_t to) {
            for (int64_t i = from; i < to; ++i) {
                const int64_t f = i / split / blocks, o = i / split % blocks * block, first = i % split * together;
                for (int64_t p = first; p < std::min(panels, first + together); ++p)
                    k.product({vg + f * g_factor + o, 1, g_tile, vx + f * x_factor + p * k.panel, x_tile, tiles_now,
                               std::min(block, outputs - o), sums + (f * outputs + o) * depth + p * k.panel, depth,
                               add});
            }
        });
    }
};

template <class T>
int run_grad_weight(const Map<T>& m, const T* g, const T* x, T* gw) {
    const WeightSums<T> s(m);
    const int64_t factors = m.factors(), rows = m.batch * m.places.tiles[0];
    Buffer of_x(static_cast<size_t>(factors * s.x_factor) * sizeof(T));
    Buffer of_g(static_cast<size_t>(factors * s.g_factor) * sizeof(T));
    Buffer of_sums(static_cast<size_t>(factors * s.outputs * s.depth) * sizeof(T));
    if (!of_x.data || !of_g.data || !of_sums.data) return FB_ERR_MEMORY;
    T* const vx = static_cast<T*>(of_x.data);
    T* const vg = static_cast<T*>(of_g.data);
    T* const sums = static_cast<T*>(of_sums.data);
    if (s.depth != m.depth()) std::fill(vx, vx + factors * s.x_factor, T{});  // columns that no channel fills
    for (int64_t group = 0; group < m.groups; ++group) {
        for (int64_t row = 0; row < rows; row += s.rows) {
            const int64_t end = std::min(rows, row + s.rows);
            if (!s.make_factors(x, g, group, row, end, vx, vg)) return FB_ERR_MEMORY;
            s.multiply(vx, vg, (end - row) * m.places.tiles[1], row > 0, sums);
        }
        T* const to = gw + group * m.w_group;
        parallel_for(m.outputs, std::max<int64_t>(1, 4096 / s.depth), [&](int64_t from, int64_t until) {
            for (int64_t o = from; o < until; ++o)
                m.scheme->weight_results({sums + o * s.depth, s.outputs * s.depth, m.channels, m.places.phases(),
                                          s.channels, m.taps.data(), to + o * m.w_output, m.w_channel});
        });
    }
    if (m.scheme->taps == 1) return FB_OK;
    T zero{};  // NaN once something is not finite
    for (int64_t i = 0; i < m.groups * m.w_group; ++i) zero += gw[i] - gw[i];
    return zero == 0 ? FB_OK : kNotComputed;
}

}  // namespace

template <class T>
int tiles_forward(const Shape& s, double by_rows, const T* x, const T* w, const T* bias, T* y) {
    const TileScheme<T>* scheme =
        choose<T>(s, by_rows, [&](const TileScheme<T>& one) { return map_cost(forward_map(s, one)); });
    if (!scheme) return kNotComputed;
    std::vector<Map<T>> maps{forward_map(s, *scheme)};
    maps[0].w = w, maps[0].bias = bias;
    return run(maps, x, y);
}

template <class T>
int tiles_grad_input(const Shape& s, double by_rows, const T* g, const T* w, T* gx) {
    const TileScheme<T>* scheme = choose<T>(s, by_rows, [&](const TileScheme<T>& one) {
        double sum = 0;
        for (const Map<T>& m : grad_input_maps(s, one)) sum += map_cost(m);
        return sum;
    });
    if (!scheme) return kNotComputed;
    std::vector<Map<T>> maps = grad_input_maps(s, *scheme);
    for (Map<T>& m : maps) m.w = w;
    return run(maps, g, gx);
}

template <class T>
int tiles_grad_weight(const Shape& s, double by_rows, const T* g, const T* x, T* gw) {
    const TileScheme<T>* scheme =
        choose<T>(s, by_rows, [&](const TileScheme<T>& one) { return grad_weight_cost(forward_map(s, one)); });
    return scheme ? run_grad_weight(forward_map(s, *scheme), g, x, gw) : kNotComputed;
}

template int tiles_forward<float>(const Shape&, double, const float*, const float*, const float*, float*);
template int tiles_forward<double>(const Shape&, double, const double*, const double*, const double*, double*);
template int tiles_grad_input<float>(const Shape&, double, const float*, const float*, float*);
template int tiles_grad_input<double>(const Shape&, double, const double*, const double*, double*);
template int tiles_grad_weight<float>(const Shape&, double, const float*, const float*, float*);
template int tiles_grad_weight<double>(const Shape&, double, const double*, const double*, double*);

}  // namespace fb
