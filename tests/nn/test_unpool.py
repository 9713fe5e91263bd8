"""MaxUnpool against PyTorch."""

import numpy as np
import pytest

import flambeau as fb

from .parity import assert_close, raised, run

torch = pytest.importorskip("torch")

CASES = [
    (1, (2, 3, 10), (2,), {}),
    (1, (3, 9), (3,), {"stride": 2, "padding": 1}),
    (2, (2, 3, 6, 8), (2,), {}),
    (2, (3, 7, 8), ((3, 2),), {"stride": 2, "padding": 1}),
    (3, (2, 3, 4, 6, 4), (2,), {}),
]


def there_and_back(lib, dims, args, options):
    pool = getattr(lib.nn, f"MaxPool{dims}d")(*args, return_indices=True, **options)
    unpool = getattr(lib.nn, f"MaxUnpool{dims}d")(*args, **options)

    def call(x):
        maxima, indices = pool(x)
        return unpool(maxima, indices), unpool(maxima * 2, indices, output_size=x.shape[-dims:])

    return unpool, call


@pytest.mark.parametrize("dims,shape,args,options", CASES, ids=str)
def test_unpooling(dims, shape, args, options):
    x = np.random.default_rng(0).permutation(int(np.prod(shape))).reshape(shape) / 10.0
    ours, call = there_and_back(fb, dims, args, options)
    theirs, expected = there_and_back(torch, dims, args, options)
    assert repr(ours) == repr(theirs)
    assert_close(run(fb, call, [x]), run(torch, expected, [x]))


def test_gradcheck():
    x = fb.from_numpy(np.random.default_rng(0).permutation(24).reshape(1, 4, 6) / 10.0)
    maxima, indices = fb.nn.functional.max_pool2d(x, 2, return_indices=True)
    maxima = maxima.detach().requires_grad_()
    assert fb.autograd.gradcheck(lambda m: fb.nn.functional.max_unpool2d(m, indices, 2), (maxima,))


@pytest.mark.parametrize(
    "call",
    [
        lambda f, x, i: f.max_unpool2d(x, i, 2, output_size=(9, 7)),
        lambda f, x, i: f.max_unpool2d(x, i, 2, output_size=(9,)),
        lambda f, x, i: f.max_unpool2d(x, i.int(), 2),
        lambda f, x, i: f.max_unpool2d(x, i[..., :1], 2),
        lambda f, x, i: f.max_unpool2d(x[:, :1, :1, :1], i[:, :1, :1, :1] * 0 + 77, 2),
        lambda f, x, i: f.max_unpool2d(x[0, 0], i[0, 0], 2),
    ],
)
def test_errors(call):
    def make(lib):
        x, i = lib.nn.functional.max_pool2d(lib.arange(48.0).reshape(1, 2, 4, 6), 2, return_indices=True)
        return call(lib.nn.functional, x, i)

    assert raised(lambda: make(fb)) == raised(lambda: make(torch))
