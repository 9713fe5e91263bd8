"""The table of modules: a case or more for every class of `nn`, from which `test_every_module.py` and
`test_errors_of_modules.py` derive their tests.

A layer of floats is a line of LAYERS in `test_layers.py`, a loss one of LOSSES in `test_losses.py`; what takes indices,
states or other modules is a line of FURTHER here. A module without a case fails `test_every_module_has_a_case`.
"""

import inspect
from dataclasses import dataclass, field

import numpy as np

from .test_layers import LAYERS
from .test_losses import LOSSES

# What has no forward, or takes any module, with the tests it has instead.
WITHOUT_CASE = {
    "Module": "test_module.py",
    "ModuleDict": "test_containers.py",
    "ModuleList": "test_containers.py",
    "ParameterDict": "test_containers.py",
    "ParameterList": "test_containers.py",
    "Container": "test_more_functions.py",
    "DataParallel": "test_parallel.py",
    "LinearCrossEntropyLoss": "test_more_functions.py",
    **{
        f"Lazy{name}": "test_lazy.py"
        for name in ("Linear", *(f"{k}{n}d" for k in ("Conv", "ConvTranspose", "BatchNorm", "InstanceNorm")
                                 for n in (1, 2, 3)))
    },
    "RNNBase": "the base of RNN, LSTM and GRU",
    "RNNCellBase": "the base of the cells",
}


@dataclass
class Case:
    """A module of `nn` by its name, `make(lib)` with lib flambeau or PyTorch, and NumPy arrays as its inputs."""

    name: str
    make: object
    arrays: list = field(repr=False)

    def pair(self, *libraries, seed=11, double=True):
        """The module from each library, of the same seed."""
        made = []
        for lib in libraries:
            lib.manual_seed(seed)
            module = self.make(lib)
            made.append(module.double() if double else module)
        return made

    def inputs(self, lib):
        return [lib.from_numpy(a.copy()) for a in self.arrays]

    @property
    def id(self):
        return f"{self.name}-{'x'.join(map(str, self.arrays[0].shape))}"


def tensors_of(lib, value):
    """Arrays, and arrays in dicts, as tensors of lib."""
    if isinstance(value, dict):
        return {k: tensors_of(lib, v) for k, v in value.items()}
    return lib.from_numpy(value.copy()) if isinstance(value, np.ndarray) else value


def case(name, args, kwargs, arrays):
    """A case whose module is made from arguments that may be arrays."""
    return Case(
        name,
        lambda lib: getattr(lib.nn, name)(*args, **tensors_of(lib, kwargs)),
        [np.array(a) for a in arrays],
    )


random = np.random.default_rng(5)
normal = random.normal


def ints(high, *shape):
    return random.integers(0, high, shape)


def _encoder(lib):
    layer = lib.nn.TransformerEncoderLayer(4, 2, 8, 0.0)
    return lib.nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)


def _decoder(lib):
    return lib.nn.TransformerDecoder(lib.nn.TransformerDecoderLayer(4, 2, 8, 0.0), 1)


def _sequential(lib):
    return lib.nn.Sequential(lib.nn.Linear(4, 3), lib.nn.Tanh(), lib.nn.Linear(3, 2))


def _unpool(n):
    """Maxima of windows of two, at their places."""
    places = np.array([1, 2, 4, 7]).reshape(1, 1, 4) if n == 1 else None
    if n == 2:
        places = np.array([[0, 3], [9, 14]]).reshape(1, 1, 2, 2)
    if n == 3:
        places = np.array([[[0, 3], [9, 14]], [[33, 38], [41, 62]]]).reshape(1, 1, 2, 2, 2)
    places = np.repeat(places, 2, 1)
    return case(f"MaxUnpool{n}d", (2,), {}, [normal(size=places.shape), places])


SEQUENCE, MEMORY = normal(size=(3, 2, 4)), normal(size=(5, 2, 4))
FURTHER = [
    case("Embedding", (5, 3), {}, [ints(5, 2, 4)]),
    case("EmbeddingBag", (5, 3), {}, [ints(5, 2, 4)]),
    *(case(name, (3, 4), {}, [normal(size=(5, 2, 3))]) for name in ("RNN", "GRU", "LSTM")),
    *(case(name, (3, 4), {}, [normal(size=(2, 3))]) for name in ("RNNCell", "GRUCell", "LSTMCell")),
    case("MultiheadAttention", (4, 2), {}, [SEQUENCE, MEMORY, MEMORY]),
    case("TransformerEncoderLayer", (4, 2, 8, 0.0), {}, [SEQUENCE]),
    case("TransformerDecoderLayer", (4, 2, 8, 0.0), {}, [SEQUENCE, MEMORY]),
    Case("TransformerEncoder", _encoder, [SEQUENCE]),
    Case("TransformerDecoder", _decoder, [SEQUENCE, MEMORY]),
    case("Transformer", (4, 2, 1, 1, 8, 0.0), {}, [MEMORY, SEQUENCE]),
    Case("Sequential", _sequential, [normal(size=(5, 4))]),
    case("NLLLoss2d", (), {}, [normal(size=(2, 4, 3, 2)), ints(4, 2, 3, 2)]),
    *(_unpool(n) for n in (1, 2, 3)),
    case(
        "FractionalMaxPool2d",
        (2,),
        {"output_size": 3, "_random_samples": random.uniform(size=(2, 3, 2))},
        [normal(size=(2, 3, 6, 7))],
    ),
    case(
        "FractionalMaxPool3d",
        (2,),
        {"output_size": 2, "_random_samples": random.uniform(size=(2, 3, 3))},
        [normal(size=(2, 3, 4, 5, 4))],
    ),
    case("AdaptiveLogSoftmaxWithLoss", (8, 6, [2, 4], 2.0), {}, [normal(size=(5, 8)), ints(6, 5)]),
]

CASES = [
    *(case(name, args, kwargs, [normal(size=s) for s in shapes]) for name, args, kwargs, shapes in LAYERS),
    *(case(name, (), kwargs, arrays) for name, kwargs, arrays in LOSSES),
    *FURTHER,
]


def one_of_each():
    """The first case of every class."""
    first = {}
    for c in CASES:
        first.setdefault(c.name, c)
    return list(first.values())


def module_classes(nn):
    """The names of all public module classes of nn."""
    return {n for n in dir(nn) if inspect.isclass(getattr(nn, n)) and issubclass(getattr(nn, n), nn.Module)}
