"""`torch.autograd._functions` and `torch.nn._functions`, which programs of 2017 imported although they were private."""

import numpy as np
import pytest

import flambeau.v03 as torch
import flambeau.v03.nn.functional as F
from flambeau.v03 import nn
from flambeau.v03.autograd import Function, Variable, grad, gradcheck
from flambeau.v03.autograd._functions import (
    basic_ops,
    blas,
    compare,
    initializers,
    linalg,
    pointwise,
    reduce,
    stochastic,
    tensor,
    utils,
)
from flambeau.v03.nn import _functions
from flambeau.v03.nn._functions import rnn, thnn
from flambeau.v03.nn._functions.thnn import auto, rnnFusedPointwise
from flambeau.v03.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def randn(*sizes):
    return Variable(torch.randn(*sizes).double(), requires_grad=True)


def near(a, b):
    np.testing.assert_allclose(a.data.numpy(), b.data.numpy(), rtol=1e-5, atol=1e-6)


A, B = Variable(torch.FloatTensor([[1, 2], [3, 4]])), Variable(torch.FloatTensor([[2, 5], [1, 2]]))
INDEX = Variable(torch.LongTensor([1, 0]))


@pytest.mark.parametrize(
    ("function", "args", "expected"),
    [
        (basic_ops.Add, (A, B), A + B), (basic_ops.Sub, (A, B), A - B), (basic_ops.Mul, (A, B), A * B),
        (basic_ops.Div, (A, B), A / B), (basic_ops.Pow, (A, B), A**B), (basic_ops.PowConstant, (2, A), 2**A),
        (basic_ops.AddConstant, (A, 3), A + 3), (basic_ops.SubConstant, (3, A), 3 - A),
        (basic_ops.DivConstant, (3, A), 3 / A), (basic_ops.MulConstant, (A, 3), A * 3), (basic_ops.Negate, (A,), -A),
        (blas.Addmm, (A, A, B, 2, 3), 3 * A + 2 * A.mm(B)), (blas.Dot, (A[0], B[0]), A[0].dot(B[0])),
        (compare.Lt, (A, B), A < B), (compare.Eq, (A, 2), A == 2), (initializers.Zero, (A,), A * 0),
        (linalg.Potrf, (A.t().mm(A),), A.t().mm(A).potrf()), (linalg.Triu, (A, 1), A.triu(1)),
        (pointwise.Exp, (A,), A.exp()), (pointwise.Clamp, (A, 2, 3), A.clamp(2, 3)),
        (pointwise.CmaxConstant, (A, 2), A.clamp(min=2)), (pointwise.Cmin, (A, B), A.min(B)),
        (pointwise.Addcmul, (A, A, B, 2), A + 2 * A * B), (reduce.Sum, (A, 1), A.sum(1)), (reduce.Mean, (A,), A.mean()),
        (reduce.Max, (A, 1, True), A.max(1, True)), (reduce.Norm, (A, 2, 1), A.norm(2, 1)),
        (tensor.Type, (A, torch.DoubleTensor), A.double()), (tensor.Index, (A, 0), A[0]),
        (tensor.Resize, (A, (4,)), A.view(4)), (tensor.View, (A, (1, 4)), A.view(1, 4)),
        (tensor.Expand, (A[:1], (3, 2)), A[:1].expand(3, 2)), (tensor.Repeat, (A, (2, 1)), A.repeat(2, 1)),
        (tensor.Permute, (A, (1, 0)), A.t()), (tensor.Transpose, (A, 0, 1), A.t()),
        (tensor.Squeeze, (A[:1], 0), A[0]), (tensor.Unsqueeze, (A, 0), A.unsqueeze(0)),
        (tensor.Concat, (1, A, B), torch.cat([A, B], 1)), (tensor.Chunk, (A, 2, 1), A.chunk(2, 1)),
        (tensor.Sort, (A, 0, True), A.sort(0, True)), (tensor.Topk, (A, 1), A.topk(1)),
        (tensor.MaskedFill, (A, A > 2, 0), A.masked_fill(A > 2, 0)), (tensor.Cumsum, (A, 1), A.cumsum(1)),
        (tensor.IndexAdd, (A, 0, INDEX, B), A + B[INDEX]),
        (auto.Threshold, (A, 2, -1), F.threshold(A, 2, -1)), (auto.LeakyReLU, (-A, 0.2), F.leaky_relu(-A, 0.2)),
        (auto.ELU, (-A, 0.5), F.elu(-A, 0.5)), (auto.Hardtanh, (A, 0, 2), F.hardtanh(A, 0, 2)),
        (auto.Softplus, (A,), F.softplus(A)), (auto.Sigmoid, (A,), A.sigmoid()), (auto.GatedLinear, (A,), F.glu(A)),
        (auto.Softmax, (A, 1), F.softmax(A, 1)), (auto.LogSoftmax, (A, 1), F.log_softmax(A, 1)),
        (auto.MSELoss, (A, B), F.mse_loss(A, B)), (auto.L1Loss, (A, B, False), F.l1_loss(A, B, False)),
        (auto.NLLLoss, (-A, Variable(torch.LongTensor([0, 1]))), F.nll_loss(-A, Variable(torch.LongTensor([0, 1])))),
        (auto.ReplicationPad2d, (A.view(1, 1, 2, 2), 1, 0, 0, 0),
         F.pad(A.view(1, 1, 2, 2), (1, 0, 0, 0), "replicate")),
        (thnn.MaxPool2d, (A.view(1, 1, 2, 2), 2), F.max_pool2d(A.view(1, 1, 2, 2), 2, return_indices=True)),
        (thnn.AvgPool2d, (A.view(1, 1, 2, 2), 2), F.avg_pool2d(A.view(1, 1, 2, 2), 2)),
        (thnn.AdaptiveAvgPool2d, (A.view(1, 1, 2, 2), 1), F.adaptive_avg_pool2d(A.view(1, 1, 2, 2), 1)),
        (thnn.UpsamplingNearest2d, (A.view(1, 1, 2, 2), 2), F.upsample(A.view(1, 1, 2, 2), scale_factor=2)),
        (thnn.PReLU, (-A, A[0, 0]), F.prelu(-A, A[0, 0])),
        (thnn.Embedding, (Variable(torch.LongTensor([1])), A), A[1:]),
        (_functions.linear.Linear, (A, B), A.mm(B.t())),
        (_functions.loss.HingeEmbeddingLoss, (A, B.sign()), F.hinge_embedding_loss(A, B.sign())),
        (_functions.padding.ConstantPadNd, (A, (1, 0), 7), F.pad(A, (1, 0), value=7)),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)  # fmt: skip
def test_function(function, args, expected):
    assert issubclass(function, Function)
    got = function.apply(*args)
    for g, e in zip(got, expected, strict=True) if isinstance(expected, tuple) else [(got, expected)]:
        assert type(g) is Variable and type(g.data) is type(e.data)
        near(g, e)


def test_functions_as_instances():
    near(basic_ops.AddConstant(3)(A), A + 3)
    near(auto.Threshold(2, -1, False)(A), F.threshold(A, 2, -1))
    near(pointwise.Clamp(2, 3)(A), A.clamp(2, 3))
    near(_functions.dropout.Dropout(0.5, False)(A), A)
    with pytest.raises(RuntimeError, match="Use torch.distributions instead"):
        stochastic.Normal()


def test_functions_have_gradients():
    assert gradcheck(lambda a, b: blas.Addmm.apply(a, a, b, 2, 3), [randn(3, 3), randn(3, 3)])
    assert gradcheck(lambda a: auto.Softplus.apply(tensor.Resize.apply(a, (6,))), [randn(2, 3)])


def test_in_place():
    x = Variable(torch.FloatTensor([-1, 2]))
    assert auto.Threshold.apply(x, 0, 0, True) is x and x.data.tolist() == [0, 2]
    assert basic_ops.AddConstant.apply(x, 1, True) is x and x.data.tolist() == [1, 3]
    assert tensor.SetItem.apply(x, 0, 5) is x and x.data.tolist() == [5, 3]
    assert initializers.Zero.apply(x, True) is x and x.data.tolist() == [0, 0]


def test_resize_keeps_the_number_of_elements():
    with pytest.raises(RuntimeError, match=r"requested resize to 3x2 \(6 elements in total\), but the given tensor"):
        tensor.Resize.apply(A, (3, 2))


def test_dropout_draws_as_the_layer_does():
    x = Variable(torch.ones(4, 3, 2, 2))
    for function, layer in ((_functions.dropout.Dropout, nn.Dropout(0.5)),
                            (_functions.dropout.FeatureDropout, nn.Dropout2d(0.5))):  # fmt: skip
        torch.manual_seed(3)
        got = function.apply(x, 0.5, True, False)
        torch.manual_seed(3)
        near(got, layer(x))
        assert set(got.data.view(-1)) == {0, 2}


# ------------------------------------------------------------------------------------------------ helpers


def test_sizes_of_gradients():
    wide = Variable(torch.ones(4, 2, 3))
    assert utils.maybe_unexpand(wide, (2, 1)).data.tolist() == [[12], [12]]
    assert utils.maybe_unexpand(wide, (4, 2, 3)) is wide
    assert utils.maybe_view(wide, (8, 3)).size() == (8, 3)
    assert utils.maybe_unexpand_or_view(wide, (24,)).size() == (24,)
    assert utils.maybe_unexpand_or_view(wide, (3,)).data.tolist() == [8, 8, 8]


def test_paddings_of_onnx():
    assert utils.prepare_onnx_paddings(4, (1, 2, 3, 4)) == [0, 0, 3, 1, 0, 0, 4, 2]
    assert utils.prepare_onnx_paddings(2, (1, 2, 3, 4)) == [3, 1, 4, 2]


def test_broadcasting_of_onnx():
    assert utils.check_onnx_broadcast((2, 3), (2, 3)) == (False, None, True)
    assert utils.check_onnx_broadcast((2, 3, 4), (3, 4)) == (True, None, True)
    assert utils.check_onnx_broadcast((2, 3, 4), (2, 3)) == (True, 0, True)
    assert utils.check_onnx_broadcast((2, 3), (1,)) == (True, None, True)
    assert utils.check_onnx_broadcast((3, 4), (2, 3, 4)) == (True, None, False)
    assert utils.check_onnx_broadcast((2, 3), (2, 1)) == (True, None, False)


# ------------------------------------------------------------------------------------------ recurrent networks

MODES = {"RNN_TANH": (nn.RNN, {}), "RNN_RELU": (nn.RNN, {"nonlinearity": "relu"}), "LSTM": (nn.LSTM, {}),
         "GRU": (nn.GRU, {})}  # fmt: skip


def states(mode, *sizes):
    torch.manual_seed(5)
    return tuple(Variable(torch.randn(*sizes)) for _ in range(2)) if mode == "LSTM" else Variable(torch.randn(*sizes))


def compare_states(got, expected):
    for g, e in zip(got, expected, strict=True) if isinstance(expected, tuple) else [(got, expected)]:
        near(g, e)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_whole_network(mode, bidirectional):
    layer, options = MODES[mode]
    module = layer(3, 4, 2, bidirectional=bidirectional, **options)
    x, hidden = Variable(torch.randn(5, 2, 3), requires_grad=True), states(mode, 2 * (1 + bidirectional), 2, 4)
    expected, last = module(x, hidden)
    run = rnn.AutogradRNN(mode, 3, 4, num_layers=2, bidirectional=bidirectional)
    output, final = run(x, module.all_weights, hidden)
    near(output, expected)
    compare_states(final, last)
    near(*(grad(o.pow(2).sum(), x)[0] for o in (output, expected)))
    turned = rnn.RNN(mode, 3, 4, num_layers=2, batch_first=True, bidirectional=bidirectional)
    near(turned(x.transpose(0, 1), module.all_weights, hidden)[0].transpose(0, 1), expected)
    with pytest.raises(RuntimeError, match="the input must be on a GPU"):
        rnn.CudnnRNN(mode, 3, 4, num_layers=2)(x, module.all_weights, *(hidden if mode == "LSTM" else (hidden,)))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_packed_sequences(mode, bidirectional):
    layer, options = MODES[mode]
    module = layer(3, 4, bidirectional=bidirectional, **options)
    packed = pack_padded_sequence(Variable(torch.randn(5, 4, 3)), [5, 3, 3, 1])
    hidden = states(mode, 1 + bidirectional, 4, 4)
    expected, last = module(packed, hidden)
    run = rnn.AutogradRNN(mode, 3, 4, bidirectional=bidirectional, batch_sizes=packed.batch_sizes)
    output, final = run(packed.data, module.all_weights, hidden)
    near(output, expected.data)
    compare_states(final, last)


def test_own_cell_in_a_stack():
    """As programs built networks of cells of their own."""

    def cell(input, hidden, weight):
        return (input.mm(weight) + hidden).tanh()

    w = [randn(3, 3), randn(3, 3)]
    run = rnn.StackedRNN([rnn.Recurrent(cell)], 2)
    x, h = randn(4, 2, 3), randn(2, 2, 3)
    last, output = run(x, h, [[w[0]], [w[1]]])
    lower, upper = h[0], h[1]
    for t in range(4):
        lower = cell(x[t], lower, w[0])
        upper = cell(lower, upper, w[1])
        near(output[t], upper)
    near(last, torch.stack([lower, upper]))
    with pytest.raises(AssertionError, match="2 lists of weights needed, got 1"):
        run(x, h, [[w[0]]])


def test_dropout_between_layers():
    run = rnn.StackedRNN([rnn.Recurrent(lambda x, h: x)], 3, dropout=0.5)
    _, output = run(Variable(torch.ones(2, 2, 50)), Variable(torch.ones(3, 2, 50)), [[]] * 3)
    assert set(output.data.view(-1)) == {0, 4}
    run = rnn.StackedRNN([rnn.Recurrent(lambda x, h: x)], 3, dropout=0.5, train=False)
    assert run(Variable(torch.ones(2, 2, 5)), Variable(torch.ones(3, 2, 5)), [[]] * 3)[1].data.eq(1).all()


def test_fused_gates():
    x, h, c = randn(2, 3), randn(2, 4), randn(2, 4)
    for cell, fused, states_, n in ((rnn.LSTMCell, rnnFusedPointwise.LSTMFused, (h, c), 4),
                                    (rnn.GRUCell, rnnFusedPointwise.GRUFused, h, 3)):  # fmt: skip
        w_ih, w_hh, b_ih, b_hh = randn(n * 4, 3), randn(n * 4, 4), randn(n * 4), randn(n * 4)
        expected = cell(x, states_, w_ih, w_hh, b_ih, b_hh)
        got = fused.apply(F.linear(x, w_ih), F.linear(h, w_hh), c if n == 4 else h, b_ih, b_hh)
        compare_states(got, expected)
        got = fused.apply(F.linear(x, w_ih), F.linear(h, w_hh), c if n == 4 else h)
        compare_states(got, cell(x, states_, w_ih, w_hh))


def test_packing_as_a_function():
    x = Variable(torch.randn(3, 2, 1))
    data, sizes = _functions.packing.PackPadded.apply(x, [3, 1])
    packed = pack_padded_sequence(x, [3, 1])
    near(data, packed.data)
    assert sizes.data.tolist() == packed.batch_sizes == [2, 1, 1]
    near(pad_packed_sequence(packed)[0][:, 0], x[:, 0])


def test_grids():
    theta = Variable(torch.FloatTensor([[[1, 0, 0], [0, 1, 0]]]))
    grid = _functions.vision.affine_grid_generator(theta, torch.Size([1, 1, 2, 2]))
    assert grid.data[0, 0].tolist() == [[-1, -1], [1, -1]]
    near(_functions.vision.AffineGridGenerator.apply(theta, torch.Size([1, 1, 2, 2])), grid)


def test_layers_find_them_in_their_backend():
    class Layer(nn.Module):
        def forward(self, x):
            return self._backend.Threshold.apply(self._backend.Linear.apply(x, B), 0, 0, False)

    near(Layer()(A), A.mm(B.t()).clamp(min=0))
    with pytest.raises(NotImplementedError, match="no function Nothing"):
        nn.Module()._backend.Nothing  # noqa: B018
