"""What modules compute, against other ways to say it."""

import math

import numpy as np
import pytest

import flambeau as fb
import flambeau.nn.functional as F
import flambeau.v03 as torch
import flambeau.v03.legacy.nn as nn
from flambeau.v03.legacy.nn.tensors import todays

from .cases import distinct, normal


def agree(module, input, expected, tolerance=1e-6):
    """module(input) is what today's functions give."""
    out = module.double().forward(input)
    assert tuple(out.size()) == tuple(expected.shape)
    np.testing.assert_allclose(out.numpy(), np.asarray(expected.detach()), rtol=tolerance, atol=tolerance)


def params(module):
    return [todays(p) for p in module.double().parameters()[0]]


def test_linear():
    m, x = nn.Linear(3, 4), normal(2, 3)
    w, b = params(m)
    agree(m, x, todays(x) @ w.t() + b)


@pytest.mark.parametrize("sizes", [(2, 3, 6, 7), (3, 6, 7)])
def test_convolutions(sizes):
    x = normal(*sizes)
    m = nn.SpatialConvolution(3, 4, 3, 2, 2, 1, 1, 0)
    agree(m, x, F.conv2d(todays(x), *params(m), stride=(1, 2), padding=(0, 1)))
    m = nn.SpatialConvolution(3, 4, 3, 2, 1, 1, 2)
    agree(m, x, F.conv2d(todays(x), *params(m), padding=2))
    m = nn.SpatialDilatedConvolution(3, 4, 3, 2, 1, 1, 1, 0, 2, 1)
    agree(m, x, F.conv2d(todays(x), *params(m), padding=(0, 1), dilation=(2, 1)))
    m = nn.SpatialFullConvolution(3, 4, 3, 2, 2, 1, 1, 0, 1, 0)
    agree(m, x, F.conv_transpose2d(todays(x), *params(m), stride=(1, 2), padding=(0, 1), output_padding=(0, 1)))


def test_convolutions_of_volumes():
    x = normal(2, 3, 4, 5, 6)
    m = nn.VolumetricConvolution(3, 4, 2, 3, 1, 1, 2, 1, 1, 0, 2)
    agree(m, x, F.conv3d(todays(x), *params(m), stride=(1, 1, 2), padding=(1, 2, 0)))
    m = nn.VolumetricFullConvolution(3, 4, 2, 3, 1, 2, 1, 2, 0, 1, 0, 1, 0, 1)
    w, b = params(m)
    assert w.shape == (3, 4, 2, 1, 3)
    expected = F.conv_transpose3d(todays(x), w, b, stride=(2, 2, 1), padding=(0, 0, 1), output_padding=(1, 1, 0))
    agree(m, x, expected)


def test_a_local_convolution_of_equal_kernels_is_a_convolution():
    m, x = nn.SpatialConvolutionLocal(2, 3, 5, 4, 3, 2, 2, 1, 1, 0), normal(2, 2, 4, 5)
    m.weight.copy_(m.weight.narrow(0, 0, 1).narrow(1, 0, 1).expand_as(m.weight).clone())
    m.bias.copy_(m.bias.narrow(1, 0, 1).narrow(2, 0, 1).expand_as(m.bias).clone())
    w, b = params(m)
    agree(m, x, F.conv2d(todays(x), w[0, 0], b[:, 0, 0], stride=(1, 2), padding=(0, 1)))


def test_a_full_table_connects_all_planes():
    m, x = nn.SpatialConvolutionMap(nn.SpatialConvolutionMap.full(3, 2), 2, 3), normal(2, 3, 5, 5)
    w, b = params(m)
    agree(m, x, F.conv2d(todays(x), w.view(2, 3, 3, 2), b))
    m = nn.SpatialFullConvolutionMap(nn.SpatialFullConvolutionMap.full(3, 2), 2, 3)
    w, b = params(m)
    agree(m, x, F.conv_transpose2d(todays(x), w.view(2, 3, 3, 2).transpose(0, 1), b))


def test_a_table_of_pairs_connects_each_plane_with_its_own():
    m, x = nn.SpatialConvolutionMap(nn.SpatialConvolutionMap.oneToOne(3), 2, 2), normal(2, 3, 5, 5)
    w, b = params(m)
    agree(m, x, F.conv2d(todays(x), w.unsqueeze(1), b, groups=3))


@pytest.mark.parametrize(("nin", "nout", "nto"), [(3, 4, 2), (4, 8, 4), (6, 3, 1), (5, 2, 4)])
def test_random_tables_use_planes_equally_often(nin, nout, nto):
    rows = [tuple(map(int, r)) for r in nn.SpatialConvolutionMap.random(nin, nout, nto).tolist()]
    assert len(set(rows)) == nout * nto
    assert [o for _, o in rows] == [o for o in range(nout) for _ in range(nto)]
    used = [sum(i == plane for i, _ in rows) for plane in range(nin)]
    assert max(used) - min(used) <= 2


def test_convolutions_of_sequences():
    x = normal(2, 7, 3)
    m = nn.TemporalConvolution(3, 4, 2, 2)
    w, b = params(m)
    over_time = F.conv1d(todays(x).transpose(1, 2), w.view(4, 2, 3).transpose(1, 2), b, stride=2)
    agree(m, x, over_time.transpose(1, 2))
    m = nn.TemporalSubSampling(3, 2, 2)
    w, b = params(m)
    sums = F.avg_pool1d(todays(x).transpose(1, 2), 2, 2).transpose(1, 2) * 2
    agree(m, x, sums * w + b)
    agree(nn.TemporalMaxPooling(3, 2), x, F.max_pool1d(todays(x).transpose(1, 2), 3, 2).transpose(1, 2))


def test_poolings():
    x = normal(2, 3, 7, 6)
    t = todays(x)
    agree(nn.SpatialMaxPooling(3, 2, 2, 1, 1, 0), x, F.max_pool2d(t, (2, 3), (1, 2), (0, 1)))
    agree(nn.SpatialMaxPooling(2, 2).ceil(), x, F.max_pool2d(t, 2, ceil_mode=True))
    agree(nn.SpatialAveragePooling(3, 2), x, F.avg_pool2d(t, (2, 3), 1))
    agree(nn.SpatialAveragePooling(3, 3, 2, 2, 1, 1).setCountExcludePad().ceil(), x,
          F.avg_pool2d(t, 3, 2, 1, True, False))  # fmt: skip
    agree(nn.SpatialAdaptiveMaxPooling(3, 2), x, F.adaptive_max_pool2d(t, (2, 3)))
    agree(nn.SpatialLPPooling(3, 2, 2, 3), x, (F.avg_pool2d(t**2, (3, 2)) * 6).sqrt())
    m = nn.SpatialSubSampling(3, 2, 3, 2, 1)
    w, b = params(m)
    agree(m, x, F.avg_pool2d(t, (3, 2), (1, 2)) * 6 * w.view(-1, 1, 1) + b.view(-1, 1, 1))


def test_sums_of_windows():
    m, x = nn.SpatialAveragePooling(2, 2), normal(1, 1, 3, 3)
    m.divide = False
    agree(m, x, F.avg_pool2d(todays(x), 2, 1) * 4)


def test_maxima_go_back_to_their_places():
    pool = nn.SpatialMaxPooling(2, 2)
    x = torch.DoubleTensor([[[[1, 9, 3, 4], [5, 6, 7, 8]]]])
    assert nn.SpatialMaxUnpooling(pool).double().forward(pool.double().forward(x)).tolist() == [
        [[[0, 9, 0, 0], [0, 0, 0, 8]]]
    ]


def test_windows_of_fractional_pooling():
    m, x = nn.SpatialFractionalMaxPooling(2, 2, 0.6, 0.7).double(), distinct(1, 2, 10, 10)()
    out = m.forward(x).numpy()
    assert out.shape == (1, 2, 7, 6)
    samples, images = m.randomSamples.numpy(), x.numpy()

    def starts(u, out):
        step = (10 - 2) / (out - 1)
        return [math.floor((i + u) * step) - math.floor(u * step) for i in range(out - 1)] + [8]

    for c in range(2):
        rows, columns = starts(samples[0, c, 1], 7), starts(samples[0, c, 0], 6)
        for i, r in enumerate(rows):
            for j, k in enumerate(columns):
                assert out[0, c, i, j] == images[0, c, r : r + 2, k : k + 2].max()


def test_fractional_pooling_may_keep_its_windows():
    m, x = nn.SpatialFractionalMaxPooling(2, 2, 5, 5).double(), normal(2, 3, 12, 12)
    other = m.forward(x).clone()
    assert (m.forward(x) - other).abs().max() > 0
    m.fixPoolingRegions()
    kept = m.forward(x).clone()
    assert (m.forward(x) - kept).abs().max() == 0


def test_paddings():
    x = normal(2, 3, 4, 4)
    t = todays(x)
    agree(nn.SpatialZeroPadding(1, 0, -1, 2), x, F.pad(t, (1, 0, -1, 2)))
    agree(nn.SpatialZeroPadding(2), x, F.pad(t, (2, 2, 2, 2)))
    agree(nn.SpatialReflectionPadding(1, 2, 3, 0), x, F.pad(t, (1, 2, 3, 0), "reflect"))
    agree(nn.SpatialReplicationPadding(1, 2, 3, 0), x, F.pad(t, (1, 2, 3, 0), "replicate"))
    assert nn.SpatialUpSamplingNearest(2).double().forward(torch.DoubleTensor([[[1, 2]]])).tolist() == [
        [[1, 1, 2, 2], [1, 1, 2, 2]]
    ]


@pytest.mark.parametrize(("arguments", "expected"), [
    ((0, 2, 9), [1, 2, 3, 9, 9]), ((0, -2, 9), [9, 9, 1, 2, 3]),
    ((0, 1, 9, 1), [1, 2, 9, 3]), ((0, -1, 9, 1), [1, 9, 2, 3]),
])  # fmt: skip
def test_padding_of_one_dimension(arguments, expected):
    assert nn.Padding(*arguments).forward(torch.Tensor([1, 2, 3])).tolist() == expected


def test_batch_normalization_in_training_and_use():
    m, x = nn.SpatialBatchNormalization(3).double(), normal(4, 3, 2, 2)
    mean, var = fb.zeros(3, dtype=fb.float64), fb.ones(3, dtype=fb.float64)
    for _ in range(3):
        expected = F.batch_norm(todays(x), mean, var, *params(m), training=True)
        agree(m, x, expected)
    np.testing.assert_allclose(m.running_mean.numpy(), mean.numpy(), rtol=1e-9)
    np.testing.assert_allclose(m.running_var.numpy(), var.numpy(), rtol=1e-9)
    m.evaluate()
    agree(m, x, F.batch_norm(todays(x), mean, var, *params(m), training=False))
    np.testing.assert_allclose(m.running_mean.numpy(), mean.numpy(), rtol=1e-9)


def test_backward_with_another_input_leaves_running_statistics():
    m, x = nn.BatchNormalization(3).double(), normal(4, 3)
    m.forward(x)
    before = m.running_mean.clone()
    m.backward(x.clone(), x)
    assert m.running_mean.equal(before)


def test_local_response_normalization():
    x = normal(2, 6, 2, 3)
    agree(nn.SpatialCrossMapLRN(3, 0.5, 0.7, 2), x, F.local_response_norm(todays(x), 3, 0.5, 0.7, 2))


def neighbours(x, kernel):
    """The weighted means of the pixels around each, and of ones, by loops."""
    planes, height, width = x.shape
    kh, kw = kernel.shape
    mean, share = np.zeros((height, width)), np.zeros((height, width))
    for i in range(height):
        for j in range(width):
            for a in range(kh):
                for b in range(kw):
                    p, q = i + a - kh // 2, j + b - kw // 2
                    if 0 <= p < height and 0 <= q < width:
                        weight = kernel[a, b] / kernel.sum() / planes
                        mean[i, j] += weight * x[:, p, q].sum()
                        share[i, j] += weight * planes
    return mean, share


def test_subtractive_and_divisive_normalization():
    kernel, x = torch.DoubleTensor([[1, 2, 1], [2, 5, 3], [1, 2, 4]]), normal(2, 5, 4)
    mean, share = neighbours(x.numpy(), kernel.numpy())
    minus = nn.SpatialSubtractiveNormalization(2, kernel.clone()).double()
    np.testing.assert_allclose(minus.forward(x).numpy(), x.numpy() - mean / share)
    square, _ = neighbours(x.numpy() ** 2, kernel.numpy())
    deviation = np.sqrt(square) / share
    limit = float(np.median(deviation))
    over = nn.SpatialDivisiveNormalization(2, kernel.clone(), limit, 7).double()
    np.testing.assert_allclose(over.forward(x).numpy(), x.numpy() / np.where(deviation > limit, deviation, 7))
    both = nn.SpatialContrastiveNormalization(2, kernel.clone()).double()
    np.testing.assert_allclose(
        both.forward(x).numpy(),
        nn.SpatialDivisiveNormalization(2, kernel.clone()).double().forward(minus.forward(x)).numpy(),
    )


def test_a_vector_is_a_kernel_of_rows_and_columns():
    v, x = torch.DoubleTensor([1, 2, 4]), normal(1, 5, 5)
    one = nn.SpatialSubtractiveNormalization(1, v).double().forward(x)
    two = nn.SpatialSubtractiveNormalization(1, torch.ger(v, v)).double().forward(x)
    np.testing.assert_allclose(one.numpy(), two.numpy())


def test_softmax_is_over_features():
    for sizes, dim in (((4,), 0), ((2, 3), 1), ((3, 2, 2), 0), ((2, 3, 2, 2), 1)):
        x = normal(*sizes)
        agree(nn.SoftMax(), x, F.softmax(todays(x), dim))
        agree(nn.SoftMin(), x, F.softmax(-todays(x), dim))
        agree(nn.LogSoftMax(), x, F.log_softmax(todays(x), dim))


def test_distances():
    x = normal(2, 3)
    m = nn.Euclidean(3, 4)
    (w,) = params(m)
    agree(m, x, fb.cdist(todays(x), w.t()))
    m = nn.Cosine(3, 4)
    (w,) = params(m)
    agree(m, x, F.cosine_similarity(todays(x).unsqueeze(1), w, dim=2))
    m = nn.WeightedEuclidean(3, 4)
    m.diagCov.fill_(2)
    w, _ = params(m)
    agree(m, x, 2 * fb.cdist(todays(x), w.t()))
    y = normal(2, 3)
    pair = [todays(x), todays(y)]
    agree(nn.PairwiseDistance(1), [x, y], (pair[0] - pair[1]).abs().sum(1))
    agree(nn.CosineDistance(), [x, y], F.cosine_similarity(*pair))
    m, z = nn.Bilinear(3, 3, 5), [x, y]
    agree(m, z, F.bilinear(*pair, *params(m)))


def test_rows_of_a_lookup_table_may_be_limited_in_norm():
    m = nn.LookupTable(5, 3, maxNorm=0.5).double()
    before = m.weight.clone()
    out = m.forward(torch.LongTensor([[0, 2], [2, 4]]))
    assert tuple(out.size()) == (2, 2, 3)
    assert out.norm(2, 2).max() <= 0.5 + 1e-9
    assert m.weight[1].equal(before[1])


def test_gradients_of_rows_may_be_divided_by_their_frequency():
    m = nn.LookupTable(3, 2).double().scaleGradByFreq()
    indices = torch.LongTensor([1, 1, 2])
    m.backward(indices, m.forward(indices).clone().fill_(1))
    assert m.gradWeight.tolist() == [[0, 0], [1, 1], [1, 1]]


def test_only_the_partition_of_a_partial_linear_is_computed():
    m, x = nn.PartialLinear(3, 5).double(), normal(2, 3)
    whole = m.forward(x).clone()
    m.setPartition(torch.LongTensor([4, 1]))
    assert m.forward(x).equal(whole.index_select(1, torch.LongTensor([4, 1])))
    m.resetPartition()
    assert m.forward(x).equal(whole)


def test_mixtures_of_experts():
    gater, experts = normal(2, 3), [normal(2, 4) for _ in range(3)]
    expected = sum(todays(e) * todays(gater)[:, i : i + 1] for i, e in enumerate(experts))
    agree(nn.MixtureTable(), [gater, experts], expected)
    agree(nn.MixtureTable(), [gater, torch.stack(experts, 1)], expected)


def test_dropout():
    x = torch.ones(100, 100)
    m = nn.Dropout(0.3)
    out = m.forward(x)
    assert np.unique(out.numpy()).tolist() == pytest.approx([0, 1 / 0.7])
    assert abs(out.mean() - 1) < 0.05
    m.evaluate()
    assert m.forward(x).equal(x)


def test_dropout_of_planes():
    x = torch.ones(20, 20, 3, 3)
    m = nn.SpatialDropout(0.3)
    out = m.forward(x).numpy()
    assert ((out == out[:, :, :1, :1]).all()) and abs(out.mean() - 0.7) < 0.1
    m.evaluate()
    assert m.forward(x).mean() == pytest.approx(0.7)


def test_randomised_leaky_relu():
    x = torch.ones(50, 50).fill_(-1)
    m = nn.RReLU(0.2, 0.4)
    out = m.forward(x)
    assert out.max() <= -0.2 and out.min() >= -0.4 and out.std() > 0.01
    m.evaluate()
    assert m.forward(x).mean() == pytest.approx(-0.3)


def test_padding_row_of_a_lookup_table_is_its_own():
    m = nn.LookupTable(4, 2, paddingValue=0)
    indices = torch.LongTensor([0, 1, 3])
    m.backward(indices, m.forward(indices).clone().fill_(1))
    assert m.gradWeight.tolist() == [[0, 0], [1, 1], [0, 0], [1, 1]]
