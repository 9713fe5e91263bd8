"""What all modules can do: parameters, sharing, flattening, types, networks; and modules with gradients of their
own."""

import copy
import pickle

import numpy as np
import pytest

import flambeau.v03 as torch
import flambeau.v03.legacy.nn as nn
import flambeau.v03.legacy.optim as torch_optim
from flambeau.v03.autograd import Function, Variable


def network():
    torch.manual_seed(0)
    return nn.Sequential().add(nn.Linear(3, 4)).add(nn.Tanh()).add(nn.Linear(4, 2))


def test_parameters():
    weights, grads = network().parameters()
    assert [tuple(w.size()) for w in weights] == [(4, 3), (4,), (2, 4), (2,)]
    assert [tuple(g.size()) for g in grads] == [(4, 3), (4,), (2, 4), (2,)]
    assert nn.Tanh().parameters() is None
    assert len(nn.Linear(3, 4, bias=False).parameters()[0]) == 1


def test_parameters_are_drawn_between_bounds():
    layer = nn.Linear(400, 300)
    assert 0.045 < layer.weight.max() <= 0.05 and -0.05 <= layer.weight.min() < -0.045
    assert layer.reset(1.0).weight.std() == pytest.approx(1, rel=0.01)
    conv = nn.SpatialConvolution(4, 50, 3, 3)
    assert 0.15 < conv.weight.max() <= 1 / 6
    assert nn.LookupTable(1000, 10).weight.std() == pytest.approx(1, rel=0.05)
    assert nn.BatchNormalization(500).weight.min() >= 0 and nn.BatchNormalization(5).bias.norm() == 0


def test_output_stays_one_object():
    layer = nn.Linear(3, 4)
    out, grad = layer.output, layer.gradInput
    x = torch.randn(2, 3)
    assert layer.forward(x) is out is layer.output
    assert layer.backward(x, out.clone()) is grad is layer.gradInput


def test_a_call_goes_forward_and_back():
    layer, x = nn.Linear(3, 4), torch.randn(2, 3)
    assert layer(x) is layer.output
    out, grad = layer(x, torch.ones(2, 4))
    assert out is layer.output and grad.equal(torch.ones(2, 4).mm(layer.weight))


def test_no_gradient_of_the_input_is_computed_where_it_is_none():
    layer, x = nn.Linear(3, 4), torch.randn(2, 3)
    layer.gradInput = None
    layer.forward(x)
    assert layer.backward(x, torch.ones(2, 4)) is None
    assert layer.gradBias.tolist() == [2, 2, 2, 2]


def test_backward_with_changed_gradients_of_one_tensor():
    layer, x, g = nn.Linear(3, 4), torch.randn(2, 3), torch.ones(2, 4)
    layer.forward(x)
    layer.updateGradInput(x, g)
    g.fill_(2)
    layer.accGradParameters(x, g)
    assert layer.gradBias.tolist() == [4, 4, 4, 4]
    layer.zeroGradParameters()
    layer.backward(x, g.fill_(3))
    assert layer.gradBias.tolist() == [6, 6, 6, 6]


def test_backward_of_another_input_than_the_last():
    layer, x, y = nn.Square(), torch.ones(3), torch.ones(3) * 5
    layer.forward(x)
    assert layer.backward(y, torch.ones(3)).tolist() == [10, 10, 10]


def test_steps_of_gradient_descent():
    layer, x = nn.Linear(3, 4), torch.randn(2, 3)
    before = layer.bias.clone()
    layer.forward(x)
    layer.backward(x, torch.ones(2, 4))
    layer.updateParameters(0.5)
    np.testing.assert_allclose(layer.bias.numpy(), (before - 1).numpy(), rtol=1e-5)
    layer.sharedAccUpdateGradParameters(x, torch.ones(2, 4), 0.5)
    np.testing.assert_allclose(layer.bias.numpy(), (before - 2).numpy(), rtol=1e-5)


def test_flat_parameters_are_the_parameters():
    net, x = network(), torch.randn(5, 3)
    expected = net.forward(x).clone()
    flat, grads = net.getParameters()
    assert flat.numel() == grads.numel() == 26
    assert net.forward(x).equal(expected)
    flat.zero_()
    assert net.forward(x).norm() == 0
    grads.fill_(1)
    assert net.get(2).gradWeight.sum() == 8
    net.updateParameters(2)
    assert flat.equal(grads * -2)


def test_shared_parameters_are_flattened_once():
    one, two = nn.Linear(3, 4), nn.Linear(3, 4)
    two.share(one, "weight", "gradWeight")
    flat, grads = nn.Sequential().add(one).add(two).flattenParameters()
    assert flat.numel() == grads.numel() == 12 + 4 + 4
    flat.fill_(3)
    assert one.weight.sum() == two.weight.sum() == 36 and one.bias.sum() == two.bias.sum() == 12
    assert two.weight.data_ptr() == one.weight.data_ptr() and two.bias.data_ptr() != one.bias.data_ptr()


def test_parts_of_one_memory_are_flattened_without_what_lies_between():
    one, two = nn.Add(3), nn.Add(4)
    memory = torch.arange(0, 20)
    one.bias, two.bias = memory[2:5], memory[4:8]
    flat, _ = nn.Sequential().add(one).add(two).flattenParameters()
    assert flat.tolist() == [2, 3, 4, 5, 6, 7]
    flat[2] = 9
    assert one.bias[2] == two.bias[0] == 9


def test_parameters_of_different_types_are_not_flattened():
    with pytest.raises(TypeError, match="parameters must have one type"):
        nn.Sequential().add(nn.Linear(3, 4)).add(nn.Linear(3, 4).double()).flattenParameters()


def test_clones_share_what_is_named():
    layer = nn.Linear(3, 4)
    other = layer.clone("weight")
    layer.weight.fill_(1)
    layer.bias.fill_(1)
    assert other.weight.sum() == 12 and other.bias.sum() != 4
    net = network()
    tied = net.clone("bias")
    net.get(2).bias.fill_(7)
    assert tied.get(2).bias.tolist() == [7, 7]


def test_types():
    net = network()
    assert net.type() == "torch.FloatTensor"
    assert net.double() is net and net.type() == "torch.DoubleTensor" and net.get(0).type() == "torch.DoubleTensor"
    assert type(net.get(0).gradBias) is torch.DoubleTensor
    assert type(net.forward(torch.randn(2, 3).double())) is torch.DoubleTensor
    net.type(torch.FloatTensor)
    assert type(net.get(0).weight) is torch.FloatTensor


def test_shared_memory_is_still_shared_in_another_type():
    net = network()
    flat, _ = net.flattenParameters()
    net.double()
    start = net.get(0).weight
    again = start.new().set_(start.storage())
    again.fill_(0.5)
    assert all((p - 0.5).abs().max() == 0 for p in net.parameters()[0])
    one, two = nn.Linear(3, 4), nn.Linear(3, 4)
    two.share(one, "bias")
    nn.utils.recursiveType([one, two], "torch.DoubleTensor")
    one.bias.fill_(8)
    assert two.bias.tolist() == [8] * 4


def test_tensors_of_ints_keep_their_type():
    pool = nn.SpatialMaxPooling(2, 2)
    pool.forward(torch.randn(1, 2, 4, 4))
    assert type(pool.double().indices) is torch.LongTensor


def test_inputs_of_another_type_are_refused():
    with pytest.raises(TypeError, match=r"parameters of type torch.FloatTensor, but got an input of type torch.Double"):
        nn.Linear(3, 4).forward(torch.randn(2, 3).double())
    layer, x = nn.Tanh(), torch.randn(2, 3)
    layer.forward(x)
    with pytest.raises(TypeError, match=r"outputs of type torch.FloatTensor, but got a gradOutput of"):
        layer.backward(x, x.double())
    with pytest.raises(TypeError, match=r"inputs of type torch.FloatTensor, but got a target of type"):
        nn.MSECriterion().forward(x, x.double())


def test_gradients_of_another_size_are_refused():
    layer, x = nn.Linear(3, 4), torch.randn(2, 3)
    layer.forward(x)
    with pytest.raises(RuntimeError, match=r"size of the output, \(2, 4\), but got \(2, 3\)"):
        layer.backward(x, x)
    assert layer.gradBias.norm() == 0


@pytest.mark.parametrize(("call", "message"), [
    (lambda: nn.Linear(3, 4).forward(torch.ones(2, 5)), r"must have the size \(N, 3\), got \(2, 5\)"),
    (lambda: nn.SpatialConvolution(3, 4, 2, 2).forward(torch.ones(2, 5, 5)), "3 planes"),
    (lambda: nn.BatchNormalization(3).forward(torch.ones(2, 4)), "3 features"),
    (lambda: nn.BatchNormalization(3).forward(torch.ones(1, 3)), "Expected more than 1 value per channel"),
    (lambda: nn.Dropout(1.5), "p must be from"),
    (lambda: nn.HardTanh(2, 1), "max_value must be larger"),
    (lambda: nn.RReLU(2, 1), "lower must not be above upper"),
    (lambda: nn.Normalize(0), "p must be positive"),
    (lambda: nn.Normalize(2).forward(torch.ones(2, 2, 2)), "only vectors and matrices"),
    (lambda: nn.SoftMax().forward(torch.ones(1, 1, 1, 1, 1)), "1 to 4 dimensions"),
    (lambda: nn.View(-1, -1), "may be -1"),
    (lambda: nn.Replicate(2, -1), "must not be negative"),
    (lambda: nn.NarrowTable(0, 0), "length positive"),
    (lambda: nn.PairwiseDistance(1.5), "must be an int"),
    (lambda: nn.MM().forward([torch.ones(2, 2), torch.ones(1, 2, 2)]), "both be matrices"),
    (lambda: nn.MV().forward([torch.ones(2, 2), torch.ones(2, 2)]), "a matrix and a vector"),
    (lambda: nn.SpatialFullConvolution(1, 1, 2, 2, adjW=1), "smaller than dW"),
    (lambda: nn.VolumetricFullConvolution(1, 1, 2, 2, 2, adjT=1), "smaller than dT"),
    (lambda: nn.SpatialConvolutionLocal(1, 1, 2, 2, 3, 3), "no kernel 3x3 fits"),
    (lambda: nn.SpatialConvolutionLocal(1, 1, 4, 4, 3, 3).forward(torch.ones(1, 5, 5)), "must be 4 x 4"),
    (lambda: nn.TemporalConvolution(3, 4, 5).forward(torch.ones(4, 3)), "at least 5 frames of 3"),
    (lambda: nn.TemporalMaxPooling(5).forward(torch.ones(4, 3)), "at least 5 frames"),
    (lambda: nn.SpatialFractionalMaxPooling(1, 2, 2, 2), "at least 2x2"),
    (lambda: nn.SpatialFractionalMaxPooling(2, 2, 0.5, 2), "fractions"),
    (lambda: nn.SpatialFractionalMaxPooling(2, 2, 4, 4).forward(torch.ones(1, 4, 4)), "do not fit into 4"),
    (lambda: nn.SpatialMaxUnpooling(nn.ReLU()), "expected an nn.SpatialMaxPooling"),
    (lambda: nn.SpatialMaxUnpooling(nn.SpatialMaxPooling(2, 2, 1, 1)), "must not overlap"),
    (lambda: nn.SpatialZeroPadding(1).forward(torch.ones(2, 2)), "3 or 4 dimensions"),
    (lambda: nn.SpatialUpSamplingNearest(1.5), "positive int"),
    (lambda: nn.SpatialSubtractiveNormalization(1, torch.ones(2, 2)), "odd sizes"),
    (lambda: nn.SpatialSubtractiveNormalization(2).forward(torch.ones(3, 2, 2)), "must have 2 planes"),
    (lambda: nn.SpatialDropout().forward(torch.ones(3)), "must have 4 dimensions"),
])  # fmt: skip
def test_refusals(call, message):
    with pytest.raises((ValueError, RuntimeError, TypeError), match=message):
        call()


def test_networks_are_searched():
    net = network()
    found, containers = net.findModules("nn.Linear")
    assert found == [net.get(0), net.get(2)] and containers == [net, net]
    assert net.findModules(nn.Tanh)[0] == [net.get(1)]
    lone = nn.Tanh()
    assert lone.findModules("Tanh") == ([lone], [lone])
    assert net.listModules() == [net, *net.modules]
    seen = []
    net.apply(seen.append)
    assert seen == net.listModules()
    net.applyToModules(lambda m: seen.append(m))
    assert seen[4:] == net.modules


def test_modules_are_replaced():
    net = nn.Sequential().add(nn.Tanh()).add(nn.Concat(1).add(nn.Tanh()).add(nn.Exp()))
    new = net.replace(lambda m: nn.ReLU() if isinstance(m, nn.Tanh) else m)
    assert new is net
    assert type(net.get(0)) is nn.ReLU and [type(m) for m in net.get(1).modules] == [nn.ReLU, nn.Exp]


def test_a_module_of_ones_own():
    class Scale(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.weight, self.gradWeight = torch.ones(n) * 2, torch.zeros(n)

        def updateOutput(self, input):
            self.output.resize_as_(input).copy_(input).mul_(self.weight.expand_as(input))
            return self.output

        def updateGradInput(self, input, gradOutput):
            self.gradInput.resize_as_(input).copy_(gradOutput).mul_(self.weight.expand_as(input))
            return self.gradInput

        def accGradParameters(self, input, gradOutput, scale=1):
            self.gradWeight.add_(scale, (input * gradOutput).sum(0))

    net, x = nn.Sequential().add(nn.Linear(3, 3)).add(Scale(3)).add(nn.Sigmoid()), torch.randn(4, 3)
    flat, _ = net.flattenParameters()
    assert flat.numel() == 15
    net.forward(x)
    net.backward(x, torch.ones(4, 3))
    assert net.get(1).gradWeight.norm() > 0
    assert net.double().get(1).weight.tolist() == [2, 2, 2]


def test_state_is_cleared():
    net, x = network(), torch.randn(2, 3)
    net.forward(x)
    net.clearState()
    assert not any(m.output.numel() for m in net.listModules())
    small = len(pickle.dumps(net))
    net.forward(torch.randn(1000, 3))
    assert len(pickle.dumps(net)) > small
    assert len(pickle.dumps(net.clearState())) <= small + 100


def test_saved_and_loaded(tmp_path):
    net, x = network(), torch.randn(2, 3)
    expected = net.forward(x)
    torch.save(net, tmp_path / "net.pt")
    loaded = torch.load(tmp_path / "net.pt")
    assert repr(loaded) == repr(net) and loaded.forward(x).equal(expected)
    assert copy.deepcopy(net).forward(x).equal(expected)


def test_a_gradient_is_reversed():
    module, x, g = nn.GradientReversal(0.5), torch.randn(2, 3), torch.randn(2, 3)
    assert module.forward(x) is x
    assert module.backward(x, g).equal(g * -0.5)
    module.setLambda(2)
    assert module.backward(x, g).equal(g * -2)


@pytest.mark.parametrize(("mean", "factor"), [(False, 0.1), (True, 0.1 / 6)])
def test_a_penalty_is_added(mean, factor):
    module, x, g = nn.L1Penalty(0.1, mean), torch.randn(2, 3), torch.randn(2, 3)
    assert module.forward(x) is x
    assert module.loss == pytest.approx(factor * x.norm(1), rel=1e-6)
    np.testing.assert_allclose(module.backward(x, g).numpy(), (g + x.sign() * factor).numpy(), rtol=1e-6)
    alone = nn.L1Penalty(0.1, mean, False)
    alone.forward(x)
    np.testing.assert_allclose(alone.backward(x, g).numpy(), (x.sign() * factor).numpy(), rtol=1e-6)


def test_a_copy_has_another_type():
    module, x = nn.Copy("torch.FloatTensor", "torch.DoubleTensor"), torch.randn(2, 3)
    assert module.forward(x).type() == "torch.DoubleTensor"
    assert module.backward(x, module.output).type() == "torch.FloatTensor"
    kept = nn.Copy("torch.FloatTensor", "torch.DoubleTensor", True)
    assert kept.float().forward(x).type() == "torch.DoubleTensor"
    assert module.float().forward(x).type() == "torch.FloatTensor"


def test_in_place_modules_write_over_their_input():
    for module in (nn.ReLU(True), nn.LeakyReLU(0.1, True), nn.ELU(1.0, True), nn.HardTanh(0, 1, True)):
        x = torch.Tensor([-1, 0.5])
        out = module.forward(x)
        assert out.equal(x) and out.data_ptr() == x.data_ptr() and x[0] > -1
        assert module.backward(x, torch.ones(2))[1] == 1


def test_views_share_memory():
    x = torch.randn(2, 3)
    for module in (nn.View(6), nn.Narrow(1, 0, 2), nn.Select(0, 0), nn.Unsqueeze(0), nn.Squeeze(), nn.Identity()):
        assert module.forward(x).data_ptr() == x.data_ptr()


def test_tables_hand_on_the_same_tensors():
    a, b, c = torch.randn(2), torch.randn(3), torch.randn(4)

    def same(given, expected):
        return list(map(id, given)) == list(map(id, expected))

    assert nn.SelectTable(-1).forward([a, b]) is b
    assert same(nn.NarrowTable(1, 2).forward([a, b, c]), [b, c])
    flatten = nn.FlattenTable()
    assert same(flatten.forward([a, [b, [c]]]), [a, b, c])
    grads = flatten.backward([a, [b, [c]]], [a, b, c])
    assert grads[0] is a and grads[1][0] is b and grads[1][1][0] is c
    for module in (nn.SelectTable(0), nn.NarrowTable(0), flatten):
        module.forward([a, b])
        module.clearState()
    assert a.numel() == 2


def test_tables_of_connected_planes():
    maps = nn.SpatialConvolutionMap.maps
    assert maps.oneToOne(2).tolist() == [[0, 0], [1, 1]] and maps.full(2, 1).tolist() == [[0, 0], [1, 0]]
    assert maps.random(3, 2, 2).size() == (4, 2)


def test_lists_of_tensors():
    a, b = [torch.ones(2), [torch.ones(3)]], [torch.ones(2), [torch.ones(3)]]
    nn.utils.recursiveFill(a, 4)
    nn.utils.recursiveAdd(a, 0.5, b)
    assert a[0].tolist() == [4.5, 4.5] and a[1][0].tolist() == [4.5] * 3
    nn.utils.recursiveAdd(a, b)
    assert a[0].tolist() == [5.5, 5.5]
    copied, _ = nn.utils.recursiveCopy(None, a)
    assert copied[1][0].equal(a[1][0]) and copied[1][0] is not a[1][0]
    sized, _ = nn.utils.recursiveResizeAs([torch.Tensor()], a)
    assert [tuple(sized[0].size()), tuple(sized[1][0].size())] == [(2,), (3,)]


def test_each_class_has_a_module_of_its_name():
    from flambeau.v03.legacy.nn.Sequential import Sequential
    from flambeau.v03.legacy.optim.sgd import sgd

    from flambeau.v03.legacy.nn.utils import clear

    assert Sequential is nn.Sequential and callable(clear)
    assert sgd is torch_optim.sgd


def test_variables_are_refused():
    with pytest.raises(TypeError, match=r"nn.Tanh takes tensors and lists of them, got Variable"):
        nn.Tanh().forward(Variable(torch.randn(2)))
    with pytest.raises(TypeError, match=r"nn.MSECriterion takes tensors and lists of them, got Variable"):
        nn.MSECriterion().forward(Variable(torch.randn(2)), torch.randn(2))


@pytest.mark.parametrize("make", [lambda: nn.SpatialCrossMapLRN(3, 0.5), lambda: nn.SpatialReflectionPadding(1)])
def test_modules_within_a_function(make):
    class Wrapped(Function):
        def forward(self, input):
            self.save_for_backward(input)
            self.module = make().type(input.type())
            return self.module.forward(input)

        def backward(self, grad_output):
            (input,) = self.saved_tensors
            return self.module.backward(input, grad_output)

    x = Variable(torch.randn(2, 4, 3, 3).double(), requires_grad=True)
    out = Wrapped()(x)
    weights = torch.randn(*out.size()).double()
    out.backward(weights)
    alone = make().double()
    alone.forward(x.data)
    np.testing.assert_allclose(x.grad.data.numpy(), alone.backward(x.data, weights).numpy())
    assert x.grad.data.norm() > 0.1


def test_attributes_as_lua_wrote_them():
    """Readers of Lua's files make objects without calling __init__."""
    made = nn.Linear(3, 2)
    read = nn.Linear.__new__(nn.Linear)
    read.__dict__.update({n: getattr(made, n) for n in ("weight", "bias", "gradWeight", "gradBias", "output",
                                                        "gradInput", "_type")})  # fmt: skip
    x = torch.randn(4, 3)
    assert read.forward(x).equal(made.forward(x)) and read.double().type() == "torch.DoubleTensor"
    view = nn.View.__new__(nn.View)
    view.__dict__.update(size=torch.LongStorage([-1, 6]), numElements=6, output=torch.Tensor(),
                         gradInput=torch.Tensor())  # fmt: skip
    assert tuple(view.forward(torch.randn(2, 2, 3)).size()) == (2, 6)
    pool = nn.SpatialMaxPooling.__new__(nn.SpatialMaxPooling)
    pool.__dict__.update(kW=2, kH=2, dW=2, dH=2, padW=0, padH=0, ceil_mode=True, output=torch.Tensor(),
                         gradInput=torch.Tensor())  # fmt: skip
    assert tuple(pool.forward(torch.randn(1, 3, 3)).size()) == (1, 2, 2)
