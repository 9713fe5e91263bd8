"""The classes of nn against PyTorch's: signatures, attributes, bases, and the paths that programs import them from."""

import importlib
import inspect
import pkgutil

import pytest

import flambeau as fb

torch = pytest.importorskip("torch")

from .test_layers import LAYERS  # noqa: E402  (the rows are not there without PyTorch)

ELSEWHERE = {"DataParallel"}  # of several devices
CLASSES = [
    name for name, value in sorted(vars(torch.nn).items())
    if isinstance(value, type) and issubclass(value, torch.nn.Module) and name not in ELSEWHERE
]  # fmt: skip
# Their PyTorch signatures are (*args, **kwargs).
UNTOLD = {"Container", "GRU", "LSTM", "NLLLoss2d", "RNN"}
# Of other devices, and of the compiler.
OUTSIDE = {"T_destination", "compile", "ipu", "mtia", "xpu"}


def signature(function):
    """(name, kind, default) of each parameter; functions as defaults by name."""
    shown = []
    for p in inspect.signature(function).parameters.values():
        default = getattr(p.default, "__name__", None) if callable(p.default) else p.default
        shown.append((p.name, p.kind, None if p.default is inspect.Parameter.empty else (default,)))
    return shown


def both(name):
    return getattr(fb.nn, name), getattr(torch.nn, name)


@pytest.mark.parametrize("name", CLASSES)
def test_signatures(name):
    ours, theirs = both(name)
    if name not in UNTOLD:
        assert signature(ours) == signature(theirs)
    assert signature(ours.forward) == signature(theirs.forward)


@pytest.mark.parametrize("name", CLASSES)
def test_members(name):
    ours, theirs = both(name)
    public = {n for n in dir(theirs) if not n.startswith("_")}
    assert public - set(dir(ours)) <= OUTSIDE


@pytest.mark.parametrize("name", CLASSES)
def test_bases(name):
    ours, theirs = both(name)
    bases = [c.__name__ for c in theirs.__mro__ if issubclass(c, torch.nn.Module) or c.__name__.startswith("_Lazy")]
    assert set(bases) <= {c.__name__ for c in ours.__mro__}


ROWS = {row[0]: row for row in LAYERS}


@pytest.mark.parametrize("name", sorted(ROWS))
@pytest.mark.filterwarnings("ignore")
def test_attributes_of_instances(name):
    _, args, kwargs, _ = ROWS[name]
    attributes = []
    for lib in (fb, torch):
        layer = getattr(lib.nn, name)(*args, **kwargs)
        attributes.append({k: v for k, v in vars(layer).items() if not k.startswith("_")})
    assert attributes[1].keys() <= attributes[0].keys()
    for key, value in attributes[1].items():
        if isinstance(value, (bool, int, float, str, type(None), tuple, list)):
            assert attributes[0][key] == value, key


@pytest.mark.parametrize(
    "family", [m.name for m in pkgutil.iter_modules(torch.nn.modules.__path__) if not m.name.startswith("_")]
)
def test_paths_of_classes(family):
    theirs = importlib.import_module(f"torch.nn.modules.{family}")
    ours = importlib.import_module(f"flambeau.nn.modules.{family}")
    own = [n for n, v in vars(theirs).items() if isinstance(v, type) and v.__module__ == theirs.__name__]
    assert [n for n in own if "Module" not in n and not n.startswith("_") and not hasattr(ours, n)] == []


PATHS = {
    "modules.activation": "MultiheadAttention ReLU6 Hardtanh",
    "modules.batchnorm": "_BatchNorm _NormBase _LazyNormBase SyncBatchNorm LazyBatchNorm2d",
    "modules.container": "Sequential ModuleList Container",
    "modules.conv": "_ConvNd _ConvTransposeNd _ConvTransposeMixin _LazyConvXdMixin Conv2d LazyConv2d",
    "modules.fold": "Fold Unfold",
    "modules.instancenorm": "_InstanceNorm InstanceNorm2d LazyInstanceNorm2d",
    "modules.lazy": "LazyModuleMixin",
    "modules.linear": "Linear Identity LazyLinear NonDynamicallyQuantizableLinear",
    "modules.linear_cross_entropy_options": "LinearCrossEntropyOptions",
    "modules.loss": "_Loss _WeightedLoss CTCLoss",
    "modules.module": "Module _addindent _IncompatibleKeys register_module_forward_hook",
    "modules.normalization": "CrossMapLRN2d LayerNorm",
    "modules.transformer": "_get_clones _get_activation_fn TransformerEncoderLayer",
    "modules.upsampling": "Upsample UpsamplingBilinear2d UpsamplingNearest2d",
    "modules.utils": "_single _pair _triple _quadruple _ntuple _reverse_repeat_tuple _list_with_default "
                     "consume_prefix_in_state_dict_if_present",
    "parameter": "Parameter Buffer UninitializedParameter UninitializedBuffer UninitializedTensorMixin is_lazy",
    "common_types": "_size_1_t _size_2_t _size_3_t _size_any_t _ratio_2_t _maybe_indices_t",
    "_reduction": "get_enum legacy_get_enum legacy_get_string",
    "grad": "conv1d_input conv2d_weight",
    "attention": "sdpa_kernel SDPBackend",
    "attention.bias": "CausalBias CausalVariant causal_lower_right causal_upper_left",
}  # fmt: skip


def test_names_in_files():
    from flambeau.serialization.names import torch_name

    classes = [name for name, value in vars(torch.nn).items() if isinstance(value, type) and name not in ELSEWHERE]
    for name in classes:
        ours, theirs = both(name)
        assert torch_name(ours.__module__, ours.__qualname__) == (theirs.__module__, theirs.__qualname__)


@pytest.mark.parametrize("path", PATHS)
def test_paths_of_names(path):
    for lib in ("torch", "flambeau"):
        module = importlib.import_module(f"{lib}.nn.{path}")
        assert [n for n in PATHS[path].split() if not hasattr(module, n)] == []


@pytest.mark.parametrize(
    "expression",
    [
        "utils._reverse_repeat_tuple((1, 2), 2)",
        "utils._list_with_default([None, 3], [5, 6, 7])",
        "utils._list_with_default(4, [5, 6])",
        "module._addindent('a\\nb\\n c', 3)",
        "repr(module._IncompatibleKeys([], []))",
        "activation.ReLU6(True)",
    ],
)
def test_what_the_names_do(expression):
    ours, theirs = [eval(expression, vars(lib.nn.modules)) for lib in (fb, torch)]
    assert str(ours) == str(theirs)


def test_prefixes_of_state_dicts():
    states = []
    for lib in (fb, torch):
        state = lib.nn.Sequential(lib.nn.Sequential(lib.nn.Linear(1, 1))).state_dict(prefix="module.")
        lib.nn.modules.utils.consume_prefix_in_state_dict_if_present(state, "module.")
        states.append((list(state), dict(state._metadata)))
    assert states[0] == states[1]


def test_numbers_of_reductions():
    ours, theirs = fb.nn._reduction, torch.nn._reduction
    for name in ("none", "mean", "sum"):
        assert ours.get_enum(name) == theirs.get_enum(name)
    with pytest.warns(UserWarning, match="reduction='elementwise_mean' is deprecated"):
        assert ours.get_enum("elementwise_mean") == 1
    assert ours.legacy_get_string(False, None, emit_warning=False) == "sum"
    assert ours.legacy_get_enum(None, False, emit_warning=False) == 0
    with pytest.raises(ValueError, match="x is not a valid value for reduction"):
        ours.get_enum("x")


@pytest.mark.parametrize("has_padding", [False, True])
@pytest.mark.parametrize("dims", [None, 2, 3])
def test_merged_masks(dims, has_padding):
    results = []
    for lib in (fb, torch):
        lib.manual_seed(0)
        attention = lib.nn.MultiheadAttention(4, 2)
        mask = None if dims is None else lib.arange(36.0).reshape(4, 3, 3)[0 if dims == 2 else slice(None)]
        padding = lib.arange(6.0).reshape(2, 3) if has_padding else None
        merged, kind = attention.merge_masks(mask, padding, lib.ones(2, 3, 4))
        results.append((None if merged is None else merged.tolist(), kind))
    assert results[0] == results[1]
