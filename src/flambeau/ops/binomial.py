"""Binomial numbers."""

import numpy as np

from .. import _core
from .. import random as generators
from ..random import engine
from ._args import check_tensor
from .create import zeros_like
from .random import _Drawn


class Binomial(_Drawn, name="binomial"):
    """binomial(count, prob, generator=None) -> Tensor: successes of `count` trials of probability `prob`, elementwise

    count and prob: floating, of one dtype, broadcast. Counts are rounded down, negative ones are 0, and probabilities
    beyond 0 and 1 count as those; NaN gives NaN. The gradient of both is zero. ValueError for dtypes that are not
    floating.
    """

    @staticmethod
    def prepare(count, prob, generator=None):
        check_tensor(count, "binomial", "count", 1)
        check_tensor(prob, "binomial", "prob", 2)
        for t, what in ((count, "count"), (prob, "prob")):
            if not t.is_floating_point():
                raise ValueError(f"binomial only supports floating-point dtypes for {what}, got: {t.dtype.title}")
        if count.dtype is not prob.dtype:
            raise RuntimeError(f"Found dtype {prob.dtype.title} but expected {count.dtype.title}")
        _core.broadcast_shapes(count.shape, prob.shape)
        args = count, prob, engine(generator, "binomial")
        spread = generators.draws.spread(count)
        return args if spread is count else Binomial.apply(spread, *args[1:])

    @staticmethod
    def forward(ctx, count, prob, rng):
        seed = np.empty((1,), np.int64)
        rng.randint(seed, 0, 2**32)
        n, p = np.broadcast_arrays(count.astype(np.float64), prob.astype(np.float64))
        known = ~(np.isnan(n) | np.isnan(p))
        trials = np.floor(np.where(known, n, 0.0).clip(0, 2.0**62)).astype(np.int64)
        draws = np.random.RandomState(int(seed[0])).binomial(trials, np.where(known, p, 0.0).clip(0, 1))
        return np.where(known, draws, np.nan).astype(count.dtype)

    @staticmethod
    def backward(ctx, grad):
        return zeros_like(grad), zeros_like(grad)
