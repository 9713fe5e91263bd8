"""Lazy layers: what they become, what they save and load, and what cannot be done with a tensor without a shape."""

import copy
import pickle

import numpy as np
import pytest

import flambeau as fb
from flambeau import nn
from flambeau.nn.lazy import LazyModuleMixin
from flambeau.nn.parameter import is_lazy

from .parity import assert_close

torch = pytest.importorskip("torch")

# (class, arguments, keyword arguments, shape of the first input)
LAYERS = [
    ("LazyLinear", (3,), {}, (2, 5)),
    ("LazyLinear", (3,), {"bias": False}, (4, 2, 5)),
    ("LazyConv1d", (4, 2), {"groups": 2}, (2, 6, 5)),
    ("LazyConv1d", (4, 2), {}, (6, 5)),
    ("LazyConv2d", (4, 3), {"padding": "same", "bias": False}, (2, 6, 5, 4)),
    ("LazyConv3d", (4, 2), {"stride": 2}, (2, 3, 4, 4, 4)),
    ("LazyConvTranspose1d", (4, 2), {}, (2, 6, 5)),
    ("LazyConvTranspose2d", (4, 2), {"groups": 2, "output_padding": 1, "stride": 2}, (2, 6, 5, 4)),
    ("LazyConvTranspose3d", (4, 2), {}, (2, 3, 4, 4, 4)),
    ("LazyBatchNorm1d", (), {}, (6, 4)),
    ("LazyBatchNorm2d", (), {"bias": False, "momentum": 0.3}, (3, 4, 5, 2)),
    ("LazyBatchNorm3d", (), {"track_running_stats": False}, (3, 2, 2, 3, 2)),
    ("LazyInstanceNorm1d", (), {}, (3, 4, 5)),
    ("LazyInstanceNorm2d", (), {"affine": False}, (3, 4, 5, 2)),
    ("LazyInstanceNorm3d", (), {}, (3, 2, 2, 3, 2)),
]


@pytest.mark.parametrize("name, args, kwargs, shape", LAYERS, ids=[f"{r[0]}-{r[3]}" for r in LAYERS])
def test_layer(name, args, kwargs, shape):
    """Before and after the first call: repr, kinds of parameters, draws, output."""
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    seen = []
    for lib in (fb, torch):
        lib.manual_seed(3)
        layer = getattr(lib.nn, name)(*args, **kwargs)
        before = repr(layer), [(k, type(v).__name__) for k, v in layer.state_dict().items()]
        out = layer(lib.from_numpy(x))
        after = repr(layer), type(layer).__name__, type(layer) is getattr(lib.nn, name.removeprefix("Lazy"))
        hooks = len(layer._forward_pre_hooks), len(layer._load_state_dict_pre_hooks)
        seen.append((before, after, hooks, out, layer.state_dict()))
    assert seen[0][:3] == seen[1][:3]
    assert list(seen[0][4]) == list(seen[1][4])
    assert_close([seen[0][3], *seen[0][4].values()], [seen[1][3], *seen[1][4].values()], 1e-5, 1e-5)


def test_unbatched_instances():
    layer = nn.LazyInstanceNorm1d()
    assert layer(fb.rand(4, 5)).shape == (4, 5) and layer.num_features == 4


def test_errors_of_the_first_input():
    with pytest.raises(RuntimeError, match=r"Expected 3D \(unbatched\) or 4D \(batched\) input to LazyConv2d, but got"):
        nn.LazyConv2d(3, 2)(fb.ones(3, 5))
    with pytest.raises(ValueError, match="in_channels must be divisible by groups"):
        nn.LazyConv2d(4, 2, groups=2)(fb.ones(1, 3, 5, 5))


def test_loading_into_a_lazy_layer():
    lazy, full = nn.LazyLinear(3), nn.Linear(5, 3)
    assert str(lazy.load_state_dict(nn.LazyLinear(3).state_dict())) == "<All keys matched successfully>"
    assert lazy.has_uninitialized_params()
    lazy.load_state_dict(full.state_dict())
    assert lazy.weight.equal(full.weight) and not lazy.has_uninitialized_params()
    assert type(lazy) is nn.LazyLinear and lazy.in_features == 0
    lazy(fb.ones(2, 5))
    assert type(lazy) is nn.Linear and lazy.in_features == 5 and lazy.weight.equal(full.weight)


def test_a_loaded_normalisation_knows_its_features():
    layer = nn.LazyInstanceNorm2d()
    layer.load_state_dict(nn.InstanceNorm2d(3, affine=True, track_running_stats=True).state_dict())
    assert layer(fb.ones(2, 3, 4, 4)).shape == (2, 3, 4, 4) and layer.num_features == 3


def test_loading_a_lazy_state_into_a_full_layer():
    with pytest.raises(RuntimeError, match="Can't access the shape of an uninitialized parameter or buffer"):
        nn.Linear(5, 3).load_state_dict(nn.LazyLinear(3).state_dict())


def test_the_state_of_a_lazy_layer_is_saved(tmp_path):
    fb.save(nn.LazyBatchNorm1d().state_dict(), tmp_path / "state.pt")
    state = fb.load(tmp_path / "state.pt", weights_only=False)
    assert [is_lazy(v) for v in state.values()] == [True] * 4 + [False]


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
def test_copies_become_layers_of_their_own(clone):
    model = nn.Sequential(nn.LazyConv2d(3, 2), nn.LazyBatchNorm2d())
    copied = clone(model)
    copied(fb.ones(2, 4, 5, 5))
    assert type(copied[0]) is nn.Conv2d and type(copied[1]) is nn.BatchNorm2d
    assert type(model[0]) is nn.LazyConv2d and model[1].has_uninitialized_params()
    model(fb.ones(2, 6, 5, 5))
    assert type(model[0]) is nn.Conv2d and model[0].in_channels == 6


@pytest.mark.parametrize("source, target", [(fb, torch), (torch, fb)], ids=["to PyTorch", "from PyTorch"])
def test_whole_lazy_modules_go_to_and_from_pytorch(source, target, tmp_path):
    source.save(source.nn.Sequential(source.nn.LazyConv2d(3, 2), source.nn.LazyBatchNorm2d()), tmp_path / "lazy.pt")
    model = target.load(tmp_path / "lazy.pt", weights_only=False)
    assert model(target.ones(2, 4, 5, 5)).shape == (2, 3, 4, 4)
    assert type(model[0]) is target.nn.Conv2d and type(model[1]) is target.nn.BatchNorm2d


def test_dtype_and_device_may_change_before_the_first_input():
    layer = nn.LazyBatchNorm1d().double()
    assert layer.weight.dtype is layer.running_mean.dtype is fb.float64 and is_lazy(layer.running_mean)
    layer(fb.ones(2, 3, dtype=fb.float64))
    assert layer.weight.dtype is layer.running_var.dtype is fb.float64
    with pytest.raises(RuntimeError, match="Can't share memory on an uninitialized parameter or buffer"):
        nn.LazyLinear(3).share_memory()


def test_an_optimiser_made_before_updates_after():
    layer = nn.LazyLinear(1)
    optimiser = fb.optim.SGD(layer.parameters(), 0.1)
    layer(fb.ones(2, 3)).sum().backward()
    before = layer.weight.clone()
    optimiser.step()
    assert_close(layer.weight, before - 0.2)


class Scale(LazyModuleMixin, nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.UninitializedParameter()

    def initialize_parameters(self, x, factor=1.0):
        self.scale.materialize(x.shape[-1:])
        nn.init.constant_(self.scale, factor)

    def forward(self, x, factor):
        return x * self.scale


def test_a_lazy_module_of_ones_own():
    module = Scale()
    assert module(fb.ones(3), factor=2.0).tolist() == [2.0, 2.0, 2.0]
    assert type(module) is Scale and type(module.scale) is nn.Parameter
    assert module(fb.ones(3), factor=5.0).tolist() == [2.0, 2.0, 2.0]


def test_a_lazy_module_must_initialise_all():
    class Nothing(Scale):
        initialize_parameters = LazyModuleMixin.initialize_parameters

    class Half(Scale):
        def initialize_parameters(self, x):
            pass

    with pytest.raises(NotImplementedError, match="initialize_parameters is not implemented for Nothing"):
        Nothing()(fb.ones(2))
    with pytest.raises(RuntimeError, match="module Half has not been fully initialized"):
        Half()(fb.ones(2))


# ---- tensors without a shape


def test_uninitialised_parameter():
    p = nn.UninitializedParameter(requires_grad=False, dtype=fb.float64)
    assert isinstance(p, nn.Parameter) and is_lazy(p) and repr(p) == "<UninitializedParameter>"
    assert p.dtype is fb.float64 and p.device.type == "cpu" and not p.requires_grad and p.grad is None
    p.materialize((2, 3))
    assert type(p) is nn.Parameter and p.shape == (2, 3) and p.dtype is fb.float64 and not p.requires_grad
    assert not is_lazy(p) and p.is_contiguous()


def test_uninitialised_buffer():
    b = nn.UninitializedBuffer(persistent=False)
    assert isinstance(b, nn.Buffer) and not b.requires_grad and repr(b) == "<UninitializedBuffer>"
    b.materialize((2,), dtype=fb.int64)
    assert type(b) is fb.Tensor and b.dtype is fb.int64


@pytest.mark.parametrize(
    "call",
    [
        lambda p: p + 1, lambda p: fb.add(1, p), lambda p: p.detach(), lambda p: p.clone(), lambda p: p.numel(),
        lambda p: p.dim(), lambda p: len(p), lambda p: p.zero_(), lambda p: p.item(), lambda p: p.numpy(),
        lambda p: nn.functional.linear(fb.ones(2, 2), p), lambda p: p.sum(), lambda p: fb.cat([p, p]),
    ],
)  # fmt: skip
def test_operations_are_refused(call):
    with pytest.raises(ValueError, match="Attempted to use an uninitialized parameter in .* Call `forward` with a dum"):
        call(nn.UninitializedParameter())


def test_the_shape_is_refused():
    with pytest.raises(RuntimeError, match="Can't access the shape of an uninitialized parameter or buffer"):
        nn.UninitializedParameter().shape  # noqa: B018
    assert not hasattr(nn.Parameter(fb.ones(2)), "cls_to_become")


# ---- Buffer


class Buffered(nn.Module):
    def __init__(self):
        super().__init__()
        self.kept = nn.Buffer(fb.ones(2))
        self.left_out = nn.Buffer(fb.ones(2), persistent=False)


def test_buffers_register_themselves():
    module = Buffered()
    assert list(dict(module.named_buffers())) == ["kept", "left_out"] and list(module.state_dict()) == ["kept"]
    module.kept = fb.zeros(2)
    assert module.kept is module._buffers["kept"]
    module.left_out = nn.Buffer(fb.zeros(3))
    assert list(module.state_dict()) == ["kept", "left_out"]


def test_a_buffer_takes_the_place_of_a_parameter_or_attribute():
    module = Buffered()
    module.count, module.weight = 3, nn.Parameter(fb.ones(1))
    module.count, module.weight = nn.Buffer(fb.ones(1)), nn.Buffer(fb.ones(1))
    assert not list(module.parameters()) and list(module._buffers) == ["kept", "left_out", "count", "weight"]
    assert "count" not in module.__dict__


def test_what_is_a_buffer():
    data = fb.ones(2)
    buffer = nn.Buffer(data)
    assert type(buffer) is fb.Tensor and isinstance(buffer, nn.Buffer) and buffer.persistent
    assert not isinstance(data, nn.Buffer) and buffer.data_ptr() == data.data_ptr()
    assert nn.Buffer().shape == (0,)
