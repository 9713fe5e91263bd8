"""Rules of modules that were other ones in 0.3: hooks, buffers, casts, texts, lists of Parameters."""

import pickle
import warnings

import pytest

import flambeau.v03 as torch
from flambeau.v03 import nn
from flambeau.v03.autograd import Variable
from flambeau.v03.nn import functional as F


def variable(*sizes, requires_grad=False):
    return Variable(torch.randn(*sizes), requires_grad=requires_grad)


# ---- hooks


def test_what_a_hook_before_forward_returns_is_ignored():
    net, x = nn.Sigmoid(), variable(3)
    net.register_forward_pre_hook(lambda module, input: (input[0] * 100,))
    assert net(x).data.equal(x.data.sigmoid())


def test_a_hook_after_forward_must_return_nothing():
    def fw_hook(module, input, output):
        return output

    net = nn.Sigmoid()
    handle = net.register_forward_hook(fw_hook)
    with pytest.raises(RuntimeError, match=r"never return any values, but '<function .*fw_hook.*'didn't return None"):
        net(variable(3))
    handle.remove()
    net(variable(3))


@pytest.mark.parametrize("change", [lambda grads: grads[:0], lambda grads: (*grads, grads[0])])
def test_a_hook_of_backward_must_return_as_many_gradients(change):
    def bw_hook(module, grad_input, grad_output):
        return change(grad_input)

    net = nn.Sigmoid()
    net.register_backward_hook(bw_hook)
    with pytest.raises(RuntimeError, match=r"hook 'bw_hook' has returned an incorrect number of values"):
        net(variable(3, requires_grad=True)).sum().backward()


def sizes(grads):
    return [None if g is None else tuple(g.size()) for g in grads]


@pytest.mark.parametrize(("bias", "expected"), [(True, [(4, 2), (4, 3), (3, 2)]), (False, [(4, 3), (3, 2)])])
def test_hooks_of_linear_see_the_gradients_of_addmm(bias, expected):
    """Of the bias for each row, of the input, and of the transposed weight."""
    seen, net = [], nn.Linear(3, 2, bias=bias)
    net.register_backward_hook(lambda module, grad_input, grad_output: seen.append((sizes(grad_input), grad_output)))
    x = variable(4, 3, requires_grad=True)
    net(x).backward(torch.ones(4, 2))
    assert seen[0][0] == expected and seen[0][1][0].data.equal(torch.ones(4, 2))
    assert x.grad.data.sub(torch.ones(4, 2).mm(net.weight.data)).abs().max() < 1e-6


def test_hooks_of_linear_replace_gradients():
    net, x = nn.Linear(3, 2), variable(4, 3, requires_grad=True)
    net.register_backward_hook(lambda module, grad_input, grad_output: tuple(g * 2 for g in grad_input))
    net(x).backward(torch.ones(4, 2))
    assert net.bias.grad.data.tolist() == [8, 8]
    assert net.weight.grad.data.sub(torch.ones(4, 2).t().mm(x.data) * 2).abs().max() < 1e-5


# ---- buffers and casts


def test_a_variable_is_not_assigned_to_a_buffer():
    net = nn.BatchNorm1d(2)
    with pytest.raises(TypeError, match="as buffer 'running_mean'"):
        net.running_mean = Variable(torch.zeros(2))
    mean = torch.ones(2)
    net.running_mean = mean
    assert net.state_dict()["running_mean"] is mean
    net.register_buffer("state", Variable(torch.zeros(2)))
    assert isinstance(net.state, Variable)


def test_a_cast_is_of_all_buffers():
    net = nn.Linear(1, 1)
    net.register_buffer("steps", torch.LongTensor([3]))
    assert type(net.double().steps) is torch.DoubleTensor
    assert type(net.float().steps) is torch.FloatTensor
    assert type(net.half().steps) is torch.HalfTensor


def test_modes_and_positional_arguments():
    net = nn.Sequential(nn.Dropout())
    assert not net.train(0)[0].training and net.train(1)[0].training
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [*nn.Linear(1, 1).state_dict(None, "a.")] == ["a.weight", "a.bias"]


def test_all_buffers():
    net = nn.Sequential(nn.BatchNorm1d(2), nn.BatchNorm1d(2))
    assert [b.sum() for b in net._all_buffers()] == [0, 2, 0, 2]


# ---- texts


@pytest.mark.parametrize(("make", "text"), [
    (nn.Sigmoid, "Sigmoid()"), (nn.Tanh, "Tanh()"), (nn.Softmax2d, "Softmax2d()"), (nn.MSELoss, "MSELoss(\n)"),
    (nn.Sequential, "Sequential(\n)"), (nn.Module, "Module(\n)"), (nn.CosineSimilarity, "CosineSimilarity(\n)"),
    (nn.Softplus, "Softplus(beta=1, threshold=20)"), (lambda: nn.EmbeddingBag(10, 3), "EmbeddingBag(10, 3, mode=mean)"),
    (lambda: nn.ParameterList([nn.Parameter(torch.ones(2))]), "ParameterList(\n)"),
    (lambda: nn.ModuleList(), "ModuleList(\n)"),
    (lambda: nn.ModuleList([nn.Tanh(), nn.Tanh()]), "ModuleList(\n  (0): Tanh()\n  (1): Tanh()\n)"),
    (lambda: nn.Sequential(nn.Module(), nn.ReLU(True)), "Sequential(\n  (0): Module(\n  )\n  (1): ReLU(inplace)\n)"),
])  # fmt: skip
def test_texts(make, text):
    assert repr(make()) == text


# ---- lists


def test_lists_of_parameters_take_parameters_only():
    a, b, c = (nn.Parameter(torch.ones(n + 1)) for n in range(3))
    params = nn.ParameterList([a])
    params += [b]
    for wrong in (torch.ones(1), Variable(torch.ones(1)), 3):
        with pytest.raises(TypeError):
            params.append(wrong)
        with pytest.raises(TypeError):
            params[0] = wrong
    params[-1] = c
    assert len(params) == 2 and list(params) == [a, c] and params[1] is c
    assert [n for n, _ in params.named_parameters()] == ["0", "1"]
    with pytest.raises(IndexError):
        params[2]
    assert [p.size(0) for p in pickle.loads(pickle.dumps(params))] == [1, 3]


# ---- arguments


def test_softmax2d_takes_images():
    assert nn.Softmax2d()(variable(2, 3, 4, 4)).sum(1).data.sub(torch.ones(2, 4, 4)).abs().max() < 1e-5
    with pytest.raises(AssertionError, match="requires a 4D tensor"):
        nn.Softmax2d()(variable(3, 4, 4))


@pytest.mark.parametrize(("shape", "widths", "mode", "error"), [
    ((2, 2), (1,), "constant", AssertionError), ((2, 2), (1,) * 6, "constant", AssertionError),
    ((1, 1, 4, 4), (1, 1), "reflect", AssertionError), ((1, 1, 4), (1, 1, 1, 1), "replicate", AssertionError),
    ((4, 4), (1, 1), "reflect", NotImplementedError),
    ((1, 1, 4, 4, 4), (1,) * 6, "reflect", NotImplementedError),
])  # fmt: skip
def test_widths_of_padding(shape, widths, mode, error):
    with pytest.raises(error):
        F.pad(variable(*shape), widths, mode)


def test_rows_of_a_matrix():
    """The limit comes third."""
    rows = Variable(torch.Tensor([[3, 4], [0.3, 0.4]]))
    found = F.embedding(Variable(torch.LongTensor([1, 0])), rows, 1)
    assert found.data.sub(torch.Tensor([[0.3, 0.4], [0.6, 0.8]])).abs().max() < 1e-6


def test_padding():
    x = variable(1, 1, 4, 4)
    assert F.pad(x, (1, 1, 2, 2), "replicate").size() == (1, 1, 8, 6)
    assert F.pad(x, (-1, 0))[0, 0].data.equal(x.data[0, 0][:, 1:])
    with pytest.raises(AssertionError, match="doesn't take in value"):
        F.pad(x, (1, 1, 1, 1), "replicate", 3)


def test_as_many_lengths_as_sequences():
    with pytest.raises(ValueError, match="incorrect size"):
        nn.utils.rnn.pack_padded_sequence(variable(5, 3, 2), [5, 3])
    packed = nn.utils.rnn.pack_padded_sequence(variable(3, 5, 2), [5, 3, 1], batch_first=True)
    assert packed.batch_sizes == [3, 2, 2, 1, 1]


def test_dropout_of_one_layer_is_not_warned_about():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nn.LSTM(2, 3, dropout=0.5)


def test_limited_rows_are_not_a_rounding_too_long():
    torch.manual_seed(0)
    for _ in range(50):
        table = nn.Embedding(22, 5, max_norm=1.0)
        rows = table(Variable(torch.LongTensor([2, 8, 8, 6]))).data
        assert rows.norm(2, 1).le(1).all() and rows[1].equal(rows[2])


def test_modules_with_computed_attributes_are_pickled():
    """weight_norm leaves one, with history."""
    net = nn.utils.weight_norm(nn.Linear(3, 2))
    x = variable(4, 3)
    assert pickle.loads(pickle.dumps(net))(x).data.equal(net(x).data)
