// A matrix that is multiplied by few rows many times, as the weight of a recurrent layer is in every step.
//
// Packed, its columns lie in panels that the micro kernel (panels.dispatch.cpp) reads in order. The columns are `units`
// of `gates` columns each; a panel has the same units of all gates, so that what multiplies a panel can go on with
// complete units. Without packing, BLAS computes the product of all units at once.
#pragma once

#include <algorithm>
#include <cstring>

#include "buffer.hpp"
#include "dispatch.hpp"
#include "threads.hpp"

namespace fb {

template <class T>
const PanelKernels<T>& panel_kernels();
template <>
inline const PanelKernels<float>& panel_kernels<float>() { return kernels().panel32; }
template <>
inline const PanelKernels<double>& panel_kernels<double>() { return kernels().panel64; }

// A matrix (k, gates * units) in memory: its element (p, column) is data[p * k_step + column * column_step].
template <class T>
struct Matrix {
    const T* data;
    int64_t k, gates, units, k_step, column_step;
    int64_t columns() const { return gates * units; }
};

// Rows and units of a product.
struct Block {
    int64_t row, rows, unit, units;
};

// Where the product of a block lies: elements from row to row and from gate to gate.
template <class T>
struct Product {
    const T* data;
    int64_t row_step, gate_step;
};

template <class T>
class Factor {
public:
    static constexpr int64_t kRows = 32;                // of a block
    static constexpr int64_t kTile = kRows * 64 * 4;    // bytes of the product of a block: rows of four vectors

    static constexpr int64_t kPointwise = 64, kWork = 1 << 18;  // operations; kWork: that a thread takes at least

    // max_rows: of the products. Panels pay off for several products.
    Factor(const Matrix<T>& m, int64_t max_rows, bool packed)
        : m_(m), packed_(packed), lanes_(panel_kernels<T>().lanes), vectors_(m.gates == 1 ? kPanelVectors : 1),
          // The last panel may have fewer vectors, but none that are not full.
          data_(packed ? (m.units + lanes_ - 1) / lanes_ * lanes_ * m.gates * m.k : max_rows * m.columns()) {
        if (packed_ && data_.data) pack();
    }
    bool ok() const { return data_.data; }
    int64_t width() const { return vectors_ * lanes_; }  // units of a block

    // Takes the rows (rows, k) of the product; false when BLAS has no memory.
    bool start(int64_t rows, const T* a, int64_t lda) {
        a_ = a;
        lda_ = lda;
        return packed_ || multiply(rows) == FB_OK;
    }
    // The product of a block, in `tile` (of kTile bytes, aligned to 64) or where it already is.
    Product<T> product(const Block& b, T* tile) const {
        if (!packed_) return {data_.data + b.row * m_.columns() + b.unit, m_.columns(), m_.units};
        const int64_t step = vectors_of(b.unit) * lanes_;
        const int vectors = static_cast<int>(m_.gates * vectors_of(b.unit));
        panel_kernels<T>().product[vectors - 1](b.rows, m_.k, a_ + b.row * lda_, lda_, panel(b.unit), tile);
        return {tile, m_.gates * step, step};
    }

    // Calls f(block) for the blocks of all units of some rows. f takes about kPointwise operations for a row and unit
    // beside the product.
    template <class F>
    void each_block(int64_t rows, F&& f) const {
        const int64_t down = (rows + kRows - 1) / kRows, across = (m_.units + width() - 1) / width();
        const int64_t work = kPointwise + (packed_ ? 2 * m_.gates * m_.k : 0);
        const int64_t block_work = std::max<int64_t>(work * std::min(rows, kRows) * width(), 1);
        const int64_t grain = std::max<int64_t>(kWork / block_work, 1);
        parallel_for(down * across, grain, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                const int64_t row = i % down * kRows, unit = i / down * width();
                f(Block{row, std::min(kRows, rows - row), unit, std::min(width(), m_.units - unit)});
            }
        });
    }

private:
    int64_t vectors_of(int64_t unit) const {  // in the panel that begins with the unit, of each gate
        return std::min((m_.units - unit + lanes_ - 1) / lanes_, vectors_);
    }
    const T* panel(int64_t unit) const { return data_.data + unit * m_.gates * m_.k; }

    void pack() {
        const int64_t panels = (m_.units + width() - 1) / width();
        const int64_t grain = std::max<int64_t>(16384 / std::max<int64_t>(width() * m_.gates * m_.k, 1), 1);
        parallel_for(panels, grain, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) pack_panel(i * width());
        });
    }
    void pack_panel(int64_t unit) {
        const int64_t step = vectors_of(unit) * lanes_, units = std::min(step, m_.units - unit);
        const int64_t width = m_.gates * step, k_step = m_.k_step, column_step = m_.column_step, k = m_.k;
        // A column of the transposed matrix gives some elements at a time, all that its cache line has; the next ones
        // are on their way meanwhile.
        const int64_t run = column_step == 1 ? 1 : 64 / static_cast<int64_t>(sizeof(T));
        T* const panel_data = const_cast<T*>(panel(unit));
        for (int64_t p0 = 0; p0 < k; p0 += run) {
            const int64_t n = std::min(run, k - p0);
            for (int64_t g = 0; g < m_.gates; ++g) {
                const T* from = m_.data + (g * m_.units + unit) * column_step + p0 * k_step;
                T* to = panel_data + p0 * width + g * step;
                for (int64_t j = 0; j < units; ++j) {
                    const T* column = from + j * column_step;
                    if (n == run) __builtin_prefetch(column + run * k_step);
                    for (int64_t p = 0; p < n; ++p) to[p * width + j] = column[p * k_step];
                }
                for (int64_t p = 0; p < n; ++p) std::fill(to + p * width + units, to + p * width + step, T{});
            }
        }
    }
    int multiply(int64_t rows) {
        const int dtype = sizeof(T) == 4 ? FB_FLOAT32 : FB_FLOAT64;
        const bool transposed = m_.column_step != 1;
        return fb_gemm(dtype, 0, transposed, rows, m_.columns(), m_.k, 1.0, 0.0, a_, lda_, m_.data,
                       transposed ? m_.column_step : m_.k_step, 0.0, data_.data, m_.columns());
    }

    const Matrix<T> m_;
    const bool packed_;
    const int64_t lanes_, vectors_;
    Buffer<T> data_;  // the panels, or the product of all units
    const T* a_ = nullptr;
    int64_t lda_ = 0;
};

}  // namespace fb
