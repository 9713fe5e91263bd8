"""A module and an input for it, of each class of torch.legacy.nn that computes a tensor from tensors."""

import flambeau.v03 as torch
import flambeau.v03.legacy.nn as nn


def away_from(t, *points, by=0.05):
    """t with no element close to one of the points, where a function has no derivative."""
    for point in points:
        t = t + (t - point).sign() * by
    return t


def normal(*sizes):
    return torch.DoubleTensor(*sizes).normal_()


def kinked(*sizes):
    return lambda: away_from(normal(*sizes), 0)


def positive(*sizes):
    return lambda: torch.DoubleTensor(*sizes).uniform_(0.2, 2)


def distinct(*sizes):
    """Elements that are all apart, for maxima."""
    n = 1
    for s in sizes:
        n *= s
    return lambda: (torch.randperm(n).double() * 0.1 - n * 0.05).view(*sizes)


def gauss(*sizes):
    return lambda: normal(*sizes)


def listed(*makers):
    return lambda: [m() for m in makers]


def long(*values):
    return lambda: torch.LongTensor(list(values))


def unpooling(pooling, *sizes):
    """An unpooling module after its pooling module has seen an input."""

    def make():
        pool = pooling()
        pool.forward(distinct(*sizes)().type(pool.type()))
        return nn.SpatialMaxUnpooling(pool) if len(sizes) == 4 else nn.VolumetricMaxUnpooling(pool)

    return make


def masked():
    return [normal(2, 3), torch.ByteTensor([[1, 0, 1], [0, 1, 0]])]


def partial():
    module = nn.PartialLinear(4, 6)
    module.setPartition([1, 3, 4])
    return module


def kernel(*sizes):
    return torch.Tensor(*sizes).uniform_(0.5, 1.5)


TABLE = nn.SpatialConvolutionMap.random(3, 4, 2)

CASES = [
    (nn.Abs, kinked(2, 3)),
    (nn.Exp, gauss(2, 3)),
    (nn.Log, positive(2, 3)),
    (nn.Sqrt, positive(2, 3)),
    (nn.Square, gauss(2, 3)),
    (lambda: nn.Power(3), gauss(2, 3)),
    (lambda: nn.Power(0.5), positive(2, 3)),
    (nn.Sigmoid, gauss(2, 3)),
    (nn.LogSigmoid, gauss(2, 3)),
    (nn.Tanh, gauss(2, 3)),
    (nn.TanhShrink, gauss(2, 3)),
    (nn.SoftSign, kinked(2, 3)),
    (nn.SoftPlus, gauss(2, 3)),
    (lambda: nn.SoftPlus(2, 1), gauss(2, 3)),
    (nn.HardShrink, lambda: away_from(normal(2, 3), 0.5, -0.5)),
    (lambda: nn.SoftShrink(0.3), lambda: away_from(normal(2, 3), 0.3, -0.3)),
    (nn.Threshold, kinked(2, 3)),
    (lambda: nn.Threshold(0.2, -3), lambda: away_from(normal(2, 3), 0.2)),
    (lambda: nn.Threshold(-0.5, 7, True), lambda: away_from(normal(2, 3), -0.5)),
    (nn.ReLU, kinked(2, 3)),
    (lambda: nn.ReLU(True), kinked(2, 3)),
    (nn.ReLU6, lambda: away_from(normal(2, 3) * 6, 0, 6)),
    (nn.HardTanh, lambda: away_from(normal(2, 3), -1, 1)),
    (lambda: nn.HardTanh(-0.5, 0.7, True), lambda: away_from(normal(2, 3), -0.5, 0.7)),
    (lambda: nn.Clamp(-0.4, 0.9), lambda: away_from(normal(2, 3), -0.4, 0.9)),
    (lambda: nn.ELU(2.0), kinked(2, 3)),
    (lambda: nn.ELU(1.0, True), kinked(2, 3)),
    (nn.LeakyReLU, kinked(2, 3)),
    (lambda: nn.LeakyReLU(0.3, True), kinked(2, 3)),
    (nn.RReLU, kinked(2, 3)),
    (lambda: nn.RReLU(0.1, 0.4, True), kinked(2, 3)),
    (nn.PReLU, kinked(2, 3)),
    (lambda: nn.PReLU(3), kinked(2, 3)),
    (lambda: nn.PReLU(3), kinked(2, 3, 4, 5)),
    (lambda: nn.PReLU(3), kinked(3, 4, 5)),
    (lambda: nn.AddConstant(2.5), gauss(2, 3)),
    (lambda: nn.AddConstant(2.5, True), gauss(2, 3)),
    (lambda: nn.MulConstant(-2.5), gauss(2, 3)),
    (lambda: nn.MulConstant(-2.5, True), gauss(2, 3)),
    (nn.SoftMax, gauss(4)),
    (nn.SoftMax, gauss(2, 3)),
    (nn.SoftMax, gauss(3, 2, 2)),
    (nn.SoftMin, gauss(2, 3)),
    (nn.LogSoftMax, gauss(2, 3)),
    (nn.LogSoftMax, gauss(2, 3, 2, 2)),
    (nn.SpatialSoftMax, gauss(2, 3, 2, 2)),
    (lambda: nn.Normalize(2), gauss(2, 3)),
    (lambda: nn.Normalize(1), kinked(4)),
    (lambda: nn.Normalize(3), kinked(2, 3)),
    (lambda: nn.Normalize(float("inf")), lambda: distinct(2, 3)() + 0.02),
    (nn.Dropout, gauss(2, 3)),
    (lambda: nn.Dropout(0.3, True), gauss(2, 3)),
    (nn.SpatialDropout, gauss(2, 3, 2, 2)),
    (nn.SpatialDropout, gauss(3, 2, 2)),
    (lambda: nn.VolumetricDropout(0.3), gauss(2, 3, 2, 2, 2)),
    (lambda: nn.Linear(3, 4), gauss(2, 3)),
    (lambda: nn.Linear(3, 4), gauss(3)),
    (lambda: nn.Linear(3, 4, bias=False), gauss(2, 3)),
    (lambda: nn.PartialLinear(4, 6), gauss(2, 4)),
    (partial, gauss(2, 4)),
    (lambda: nn.Bilinear(3, 4, 5), listed(gauss(2, 3), gauss(2, 4))),
    (lambda: nn.Bilinear(3, 4, 5, False), listed(gauss(2, 3), gauss(2, 4))),
    (lambda: nn.Add(4), gauss(3, 4)),
    (lambda: nn.Add(4), gauss(4)),
    (lambda: nn.Add(4, True), gauss(3, 4)),
    (nn.Mul, gauss(3, 4)),
    (lambda: nn.CMul(4), gauss(3, 4)),
    (lambda: nn.CMul(2, 3), gauss(3, 2, 3)),
    (lambda: nn.CMul(1, 3, 1), gauss(2, 3, 4)),
    (lambda: nn.LookupTable(5, 3), long(0, 2, 2, 4)),
    (lambda: nn.LookupTable(5, 3, 2), long(0, 2, 2, 4)),
    (lambda: nn.Cosine(3, 4), gauss(2, 3)),
    (lambda: nn.Euclidean(3, 4), gauss(2, 3)),
    (lambda: nn.Euclidean(3, 4), gauss(3)),
    (lambda: nn.WeightedEuclidean(3, 4), gauss(2, 3)),
    (nn.DotProduct, listed(gauss(2, 3), gauss(2, 3))),
    (nn.DotProduct, listed(gauss(3), gauss(3))),
    (nn.CosineDistance, listed(gauss(2, 3), gauss(2, 3))),
    (lambda: nn.PairwiseDistance(2), listed(gauss(2, 3), gauss(2, 3))),
    (lambda: nn.PairwiseDistance(1), listed(gauss(3), gauss(3))),
    (nn.MM, listed(gauss(2, 3), gauss(3, 4))),
    (lambda: nn.MM(True, True), listed(gauss(5, 3, 2), gauss(5, 4, 3))),
    (nn.MV, listed(gauss(2, 3), gauss(3))),
    (lambda: nn.MV(True), listed(gauss(5, 3, 2), gauss(5, 3))),
    (lambda: nn.JoinTable(1), listed(gauss(2, 3), gauss(2, 1))),
    (lambda: nn.JoinTable(0, 1), listed(gauss(2, 3), gauss(2, 1))),
    (lambda: nn.SplitTable(1), gauss(2, 3)),
    (lambda: nn.SplitTable(0, 1), gauss(2, 3)),
    (lambda: nn.SplitTable(-1), gauss(2, 3)),
    (nn.FlattenTable, listed(gauss(2), listed(gauss(3), listed(gauss(1))))),
    (lambda: nn.SelectTable(1), listed(gauss(2), gauss(3))),
    (lambda: nn.NarrowTable(1, 2), listed(gauss(2), gauss(3), gauss(1), gauss(4))),
    (nn.CAddTable, listed(gauss(2, 3), gauss(2, 3), gauss(2, 3))),
    (lambda: nn.CAddTable(True), listed(gauss(2, 3), gauss(2, 3))),
    (nn.CSubTable, listed(gauss(2, 3), gauss(2, 3))),
    (nn.CMulTable, listed(gauss(2, 3), gauss(2, 3), gauss(2, 3))),
    (nn.CDivTable, listed(gauss(2, 3), positive(2, 3))),
    (nn.MixtureTable, listed(gauss(2, 3), listed(gauss(2, 4), gauss(2, 4), gauss(2, 4)))),
    (nn.MixtureTable, listed(gauss(2, 3), gauss(2, 3, 4))),
    (lambda: nn.MixtureTable(0), listed(gauss(3), gauss(3, 4))),
    (nn.Identity, gauss(2, 3)),
    (nn.Identity, listed(gauss(2, 3), gauss(1))),
    (nn.MaskedSelect, masked),
    (lambda: nn.Index(0), listed(gauss(4, 2), long(1, 3, 1))),
    (lambda: nn.View(6), gauss(2, 3)),
    (lambda: nn.View(-1, 2), gauss(2, 3)),
    (lambda: nn.View(3), gauss(2, 3)),
    (lambda: nn.Reshape(3, 2), gauss(4, 2, 3)),
    (lambda: nn.Reshape(6), gauss(2, 3)),
    (nn.Squeeze, gauss(2, 1, 3)),
    (lambda: nn.Squeeze(1), gauss(2, 1, 3)),
    (lambda: nn.Unsqueeze(1), gauss(2, 3)),
    (lambda: nn.Transpose((0, 1), (1, 2)), gauss(2, 3, 4)),
    (nn.Contiguous, lambda: normal(3, 2).t()),
    (lambda: nn.Replicate(3), gauss(2, 3)),
    (lambda: nn.Replicate(3, 1), gauss(2, 3)),
    (lambda: nn.Narrow(1, 1, 2), gauss(2, 4)),
    (lambda: nn.Narrow(1, 1, -2), gauss(2, 4)),
    (lambda: nn.Select(1, 2), gauss(2, 3)),
    (lambda: nn.Padding(1, 2), gauss(2, 3)),
    (lambda: nn.Padding(0, -2, 5, 1, 1), gauss(2, 3)),
    (lambda: nn.Max(1), distinct(2, 3)),
    (nn.Max, distinct(4)),
    (lambda: nn.Min(0), distinct(2, 3)),
    (lambda: nn.Sum(1), gauss(2, 3)),
    (lambda: nn.Sum(0, True, False), gauss(2, 3)),
    (nn.Mean, gauss(2, 3)),
    (lambda: nn.Mean(1, False), gauss(2, 3)),
    (lambda: nn.GradientReversal(-1), gauss(2, 3)),
    (lambda: nn.SpatialConvolution(3, 4, 3, 2, 2, 1, 1, 0), gauss(2, 3, 5, 6)),
    (lambda: nn.SpatialConvolution(3, 4, 3, 3), gauss(3, 5, 6)),
    (lambda: nn.SpatialConvolution(2, 3, 2, 2).noBias(), gauss(2, 2, 4, 4)),
    (lambda: nn.SpatialDilatedConvolution(2, 3, 2, 2, 1, 1, 1, 0, 2, 3), gauss(2, 2, 5, 6)),
    (lambda: nn.SpatialFullConvolution(2, 3, 3, 2, 2, 2, 1, 0, 1, 0), gauss(2, 2, 3, 4)),
    (lambda: nn.SpatialFullConvolution(2, 3, 3, 3, 2, 2), listed(gauss(2, 2, 3, 3), gauss(2, 1, 8, 7))),
    (lambda: nn.VolumetricConvolution(2, 3, 2, 3, 1, 1, 2, 1, 0, 1), gauss(2, 2, 3, 3, 4)),
    (lambda: nn.VolumetricFullConvolution(2, 2, 2, 3, 2, 2, 1, 1, 0, 1, 0, 1), gauss(1, 2, 2, 3, 3)),
    (lambda: nn.SpatialConvolutionLocal(2, 3, 5, 4, 3, 2, 2, 1, 1, 0), gauss(2, 2, 4, 5)),
    (lambda: nn.SpatialConvolutionLocal(2, 3, 4, 4, 2, 2), gauss(2, 4, 4)),
    (lambda: nn.SpatialConvolutionMap(TABLE, 2, 3), gauss(2, 3, 4, 4)),
    (lambda: nn.SpatialFullConvolutionMap(TABLE, 2, 3, 2, 1), gauss(2, 3, 3, 3)),
    (lambda: nn.SpatialSubSampling(3, 2, 3, 2, 1), gauss(2, 3, 4, 4)),
    (lambda: nn.TemporalConvolution(3, 4, 2, 2), gauss(2, 5, 3)),
    (lambda: nn.TemporalConvolution(3, 4, 2), gauss(5, 3)),
    (lambda: nn.TemporalSubSampling(3, 2, 2), gauss(2, 5, 3)),
    (lambda: nn.TemporalMaxPooling(2), distinct(2, 5, 3)),
    (lambda: nn.TemporalMaxPooling(3, 1), distinct(5, 3)),
    (lambda: nn.SpatialMaxPooling(3, 2, 2, 2, 1, 0), distinct(2, 3, 5, 6)),
    (lambda: nn.SpatialMaxPooling(2, 2).ceil(), distinct(3, 5, 5)),
    (lambda: nn.SpatialAveragePooling(3, 2, 2, 2, 1, 1), gauss(2, 3, 5, 6)),
    (lambda: nn.SpatialAveragePooling(3, 3, 2, 2, 1, 1).setCountExcludePad(), gauss(2, 3, 5, 5)),
    (lambda: nn.SpatialLPPooling(3, 2, 2, 2), gauss(2, 3, 4, 4)),
    (lambda: nn.SpatialLPPooling(3, 3, 2, 2, 1, 1), positive(2, 3, 4, 4)),
    (lambda: nn.SpatialAdaptiveMaxPooling(3, 2), distinct(2, 3, 5, 4)),
    (lambda: nn.SpatialFractionalMaxPooling(2, 2, 3, 2), distinct(2, 3, 5, 5)),
    (lambda: nn.SpatialFractionalMaxPooling(2, 3, 0.5, 0.6), distinct(3, 6, 6)),
    (lambda: nn.SpatialFractionalMaxPooling(2, 2, 1, 3), distinct(2, 3, 5, 5)),
    (unpooling(lambda: nn.SpatialMaxPooling(2, 2), 2, 3, 4, 5), gauss(2, 3, 2, 2)),
    (lambda: nn.VolumetricMaxPooling(2, 2, 2, 1, 1, 1, 1, 0, 1), distinct(1, 2, 3, 3, 3)),
    (lambda: nn.VolumetricAveragePooling(2, 2, 1), gauss(1, 2, 4, 3, 4)),
    (unpooling(lambda: nn.VolumetricMaxPooling(2, 2, 2), 1, 2, 4, 4, 4), gauss(1, 2, 2, 2, 2)),
    (lambda: nn.SpatialZeroPadding(1, 0, -1, 2), gauss(2, 3, 4, 4)),
    (lambda: nn.SpatialReflectionPadding(1, 2, 1, 0), gauss(2, 3, 4, 4)),
    (lambda: nn.SpatialReplicationPadding(1, 2, 3, 0), gauss(3, 4, 4)),
    (lambda: nn.VolumetricReplicationPadding(1, 2, 0, 1, 1, 1), gauss(1, 2, 2, 3, 2)),
    (lambda: nn.SpatialUpSamplingNearest(2), gauss(2, 3, 2, 3)),
    (lambda: nn.PixelShuffle(2), gauss(2, 8, 2, 3)),
    (lambda: nn.PixelShuffle(2), gauss(4, 2, 3)),
    (lambda: nn.BatchNormalization(3), gauss(4, 3)),
    (lambda: nn.BatchNormalization(3, affine=False), gauss(4, 3)),
    (lambda: nn.SpatialBatchNormalization(3), gauss(2, 3, 2, 2)),
    (lambda: nn.VolumetricBatchNormalization(2, 1e-3, 0.3), gauss(2, 2, 2, 2, 2)),
    (lambda: nn.SpatialCrossMapLRN(3, 0.5, 0.75, 2), gauss(2, 5, 2, 2)),
    (lambda: nn.SpatialCrossMapLRN(4, 0.5), gauss(5, 2, 2)),
    (lambda: nn.SpatialSubtractiveNormalization(2, kernel(3, 5)), gauss(2, 2, 4, 6)),
    (lambda: nn.SpatialSubtractiveNormalization(2, kernel(3)), gauss(2, 4, 6)),
    (lambda: nn.SpatialDivisiveNormalization(2, kernel(3, 3), 0.1), gauss(2, 2, 4, 4)),
    (lambda: nn.SpatialContrastiveNormalization(1), gauss(2, 1, 6, 6)),
]  # fmt: skip


def name_of(case):
    """What pytest calls a case."""
    return repr(case[0]()).removeprefix("nn.").split("\n")[0].replace(" ", "")


def build(case, type="torch.DoubleTensor"):
    """The module, of a type, and its input."""
    torch.manual_seed(3)
    module = case[0]().type(type)
    return module, case[1]()
