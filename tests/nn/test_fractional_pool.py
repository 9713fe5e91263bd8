"""FractionalMaxPool against PyTorch: the same windows from the same seed."""

import numpy as np
import pytest

import flambeau as fb

from .parity import assert_close, raised, run

torch = pytest.importorskip("torch")

CASES = [
    (2, (2, 3, 9, 11), (2,), {"output_size": (4, 5)}),
    (2, (3, 9, 11), ((3, 2),), {"output_ratio": 0.5}),
    (2, (2, 3, 9, 11), (2,), {"output_size": (1, 3)}),
    (3, (2, 3, 7, 6, 8), (2,), {"output_size": (3, 4, 5)}),
    (3, (2, 7, 6, 8), ((2, 3, 2),), {"output_ratio": (0.5, 0.5, 0.7)}),
]


@pytest.mark.parametrize("dims,shape,args,options", CASES, ids=str)
def test_same_windows(dims, shape, args, options):
    x = np.random.default_rng(0).permutation(int(np.prod(shape))).reshape(shape) / 10.0
    results = []
    for lib in (fb, torch):
        layer = getattr(lib.nn, f"FractionalMaxPool{dims}d")(*args, return_indices=True, **options)
        results.append(run(lib, layer, [x]))
    assert_close(*results)


def test_given_samples():
    x, samples = np.arange(98.0).reshape(1, 2, 7, 7), np.array([[[0.3, 0.8], [0.0, 0.99]]])
    results = [
        lib.nn.FractionalMaxPool2d(2, 3, _random_samples=lib.from_numpy(samples))(lib.from_numpy(x))
        for lib in (fb, torch)
    ]
    assert_close(*results)


@pytest.mark.parametrize(
    "options",
    [{}, {"output_size": 3, "output_ratio": 0.5}, {"output_ratio": 1.5}],
    ids=str,
)
def test_constructor_errors(options):
    ours, theirs = (raised(lambda n=lib: n.nn.FractionalMaxPool2d(2, **options)) for lib in (fb, torch))
    assert ours == theirs


def test_errors():
    with pytest.raises(RuntimeError, match="pool height 2 too large relative to input height 5"):
        fb.nn.FractionalMaxPool2d(2, output_size=5)(fb.zeros(1, 2, 5, 5))
    with pytest.raises(RuntimeError, match="Expected 3D or 4D tensor, but got"):
        fb.nn.FractionalMaxPool2d(2, output_size=3)(fb.zeros(5, 5))
    with pytest.raises(RuntimeError, match="Expect _random_samples.size.2. equals to 2"):
        fb.nn.FractionalMaxPool2d(2, 3, _random_samples=fb.zeros(1, 2, 3))(fb.zeros(1, 2, 5, 5))
