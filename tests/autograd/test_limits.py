"""Gradients at the limits of what formulas are good for: poles, ties, zeros, infinities, overflow.

A row is (name, function of (library, *tensors), inputs, gradients of the sum of its results). The gradients are the
analytic ones, or where a function has a kink those that PyTorch gives; None: PyTorch's, which are finite. The second
test holds the rows against PyTorch, but for those marked "analytic", where it is less exact.
"""

import math

import numpy as np
import pytest

import flambeau as fb

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch, the oracle, is not installed")

inf, nan = math.inf, math.nan
H = math.sqrt(0.5)
ZERO2, IDENTITY = [[0.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]

SMOOTH = [
    ("softplus, large", lambda L, x: L.nn.functional.softplus(x), [[-800.0, -1e-9, 0.0, 20.0, 800.0]],
     [[0.0, 0.49999999975, 0.5, 1 - 2.0611536181902037e-9, 1.0]]),
    ("logsigmoid, large", lambda L, x: L.nn.functional.logsigmoid(x), [[-800.0, 0.0, 800.0]], [[1.0, 0.5, 0.0]]),
    ("sigmoid, large", lambda L, x: L.sigmoid(x), [[-800.0, 0.0, 800.0]], [[0.0, 0.25, 0.0]]),
    ("tanh, large", lambda L, x: L.tanh(x), [[-800.0, 0.0, 800.0]], [[0.0, 1.0, 0.0]]),
    ("silu, large", lambda L, x: L.nn.functional.silu(x), [[-800.0, 0.0, 800.0]], [[0.0, 0.5, 1.0]]),
    ("mish, large", lambda L, x: L.nn.functional.mish(x), [[-800.0, 0.0, 800.0]], [[0.0, 0.6, 1.0]]),
    ("gelu, large", lambda L, x: L.nn.functional.gelu(x), [[-800.0, 0.0, 800.0]], [[0.0, 0.5, 1.0]]),
    ("logsumexp, large", lambda L, x: L.logsumexp(x, 0), [[1000.0, 1000.0, -1000.0]], [[0.5, 0.5, 0.0]]),
    ("logsumexp, one -inf", lambda L, x: L.logsumexp(x, 0), [[-inf, 1.0]], [[0.0, 1.0]]),
    ("logsumexp, only -inf", lambda L, x: L.logsumexp(x, 0), [[-inf, -inf]], [[nan, nan]]),
    ("logaddexp, large", lambda L, a, b: L.logaddexp(a, b), [[1000.0, -1000.0], [1000.0, 1000.0]],
     [[0.5, 0.0], [0.5, 1.0]]),
    ("logaddexp, one -inf", lambda L, a, b: L.logaddexp(a, b), [[-inf, 0.0], [0.0, -inf]], [[0.0, 1.0], [1.0, 0.0]]),
    ("logaddexp, both infinite", lambda L, a, b: L.logaddexp(a, b), [[inf, -inf], [inf, -inf]],
     [[0.5, 0.5], [0.5, 0.5]], "analytic"),
    ("softmax, one -inf", lambda L, x: L.softmax(x, 0)[1], [[-inf, 1.0]], [[0.0, 0.0]]),
    ("softmax, only -inf", lambda L, x: L.softmax(x, 0)[1], [[-inf, -inf]], [[nan, nan]]),
    ("log_softmax, large", lambda L, x: L.log_softmax(x, 0)[1], [[1000.0, -1000.0]], [[-1.0, 1.0]]),
    ("log_softmax, one -inf", lambda L, x: L.log_softmax(x, 0)[1], [[-inf, 1.0]], [[0.0, 0.0]]),
    ("cross_entropy, extreme", lambda L, x: L.nn.functional.cross_entropy(x, L.tensor([1, 0])),
     [[[1000.0, -1000.0, 0.0], [1000.0, -1000.0, 0.0]]], [[[0.5, -0.5, 0.0], [0.0, 0.0, 0.0]]]),
    ("cross_entropy, -inf elsewhere", lambda L, x: L.nn.functional.cross_entropy(x, L.tensor([1])),
     [[[-inf, 1.0, 1.0]]], [[[0.0, -0.5, 0.5]]]),
    ("cross_entropy, all ignored", lambda L, x: L.nn.functional.cross_entropy(
        x, L.tensor([-100, -100]), reduction="sum"), [[[1.0, 2.0], [3.0, 4.0]]], [[[0.0, 0.0], [0.0, 0.0]]]),
    ("bce with logits, large", lambda L, x: L.nn.functional.binary_cross_entropy_with_logits(
        x, L.tensor([0.0, 1.0, 1.0], dtype=L.float64), reduction="sum"), [[1000.0, -1000.0, 1000.0]],
     [[1.0, -1.0, 0.0]]),
    ("bce, 0 and 1", lambda L, x: L.nn.functional.binary_cross_entropy(
        x, L.tensor([0.0, 1.0], dtype=L.float64), reduction="sum"), [[0.0, 1.0]], [[0.0, 0.0]]),
    ("soft_margin_loss, large", lambda L, x: L.nn.functional.soft_margin_loss(
        x, L.tensor([-1.0, 1.0], dtype=L.float64), reduction="sum"), [[1000.0, -1000.0]], [[1.0, -1.0]], "analytic"),
    ("kl_div, target 0", lambda L, x: L.nn.functional.kl_div(
        x, L.tensor([0.0, 1.0], dtype=L.float64), reduction="sum"), [[-1.0, -2.0]], [[0.0, -1.0]]),
]  # fmt: skip

POLES = [
    ("sqrt(0)", lambda L, x: L.sqrt(x), [[0.0, 4.0]], [[inf, 0.25]]),
    ("rsqrt(0)", lambda L, x: L.rsqrt(x), [[0.0, 4.0]], [[-inf, -0.0625]]),
    ("log(0)", lambda L, x: L.log(x), [[0.0, 2.0]], [[inf, 0.5]]),
    ("log1p(-1)", lambda L, x: L.log1p(x), [[-1.0, 0.0, 1e-20]], [[inf, 1.0, 1.0]]),
    ("reciprocal(0)", lambda L, x: L.reciprocal(x), [[0.0, 2.0]], [[-inf, -0.25]]),
    ("acos at 1", lambda L, x: L.acos(x), [[1.0, -1.0, 0.0]], [[-inf, -inf, -1.0]]),
    ("atanh at 1", lambda L, x: L.atanh(x), [[1.0, 0.0]], [[inf, 1.0]]),
    ("acosh(1)", lambda L, x: L.acosh(x), [[1.0]], [[inf]]),
    ("erfinv near 1", lambda L, x: L.erfinv(x), [[1 - 2.0**-50, 0.0, 1.0]],
     [[math.sqrt(math.pi) / 2 * math.exp(5.686128441310391**2), math.sqrt(math.pi) / 2, inf]]),
    ("logit at 0", lambda L, x: L.logit(x), [[0.0, 0.5]], [[inf, 4.0]]),
    ("logit within eps", lambda L, x: L.logit(x, eps=0.1), [[0.05, 0.5, 1.0]], [[0.0, 4.0, 0.0]]),
    ("xlogy(0, 0)", lambda L, x, y: L.xlogy(x, y), [[0.0, 0.0, 2.0], [0.0, 3.0, 4.0]],
     [[0.0, math.log(3), math.log(4)], [nan, 0.0, 0.5]]),
    ("atan2(0, 0)", lambda L, x, y: L.atan2(x, y), [[0.0], [0.0]], [[0.0], [0.0]]),
    ("hypot(0, 0)", lambda L, x, y: L.hypot(x, y), [[3.0], [4.0]], [[0.6], [0.8]]),
    ("lgamma near 0", lambda L, x: L.lgamma(x), [[1.0, 2.0]], [[-0.5772156649015329, 1 - 0.5772156649015329]]),
]  # fmt: skip

POWERS = [
    ("0 ** p", lambda L, x, p: x**p, [[0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 2.0, 0.5]],
     [[0.0, 1.0, 0.0, inf], [0.0, 0.0, 0.0, 0.0]]),
    ("negative base", lambda L, x: x**3, [[-2.0, 0.0]], [[12.0, 0.0]]),
    ("negative base, exponent a tensor", lambda L, x, p: x**p, [[-2.0], [2.0]], [[-4.0], [nan]]),
    ("x ** 0", lambda L, x: x**0, [[0.0, 2.0]], [[0.0, 0.0]]),
    ("x ** 1 at 0", lambda L, x: x**1, [[0.0]], [[1.0]]),
    ("x ** 0.5 at 0", lambda L, x: x**0.5, [[0.0]], [[inf]]),
    ("0 ** x of a number", lambda L, x: 0**x, [[0.0, 2.0]], [[0.0, 0.0]]),
    ("prod, one zero", lambda L, x: x.prod(), [[0.0, 2.0, 3.0]], [[6.0, 0.0, 0.0]]),
    ("prod, two zeros", lambda L, x: x.prod(), [[0.0, 2.0, 0.0]], [[0.0, 0.0, 0.0]]),
    ("prod of none", lambda L, x: x.prod(), [[]], [[]]),
    ("cumprod, one zero", lambda L, x: x.cumprod(0), [[2.0, 0.0, 3.0]], [[1.0, 8.0, 0.0]]),
    ("cumprod, two zeros", lambda L, x: x.cumprod(0), [[2.0, 0.0, 3.0, 0.0]], [[1.0, 8.0, 0.0, 0.0]]),
    ("cumprod of zeros", lambda L, x: x.cumprod(0), [[0.0, 0.0]], [[1.0, 0.0]]),
]  # fmt: skip

KINKS = [
    ("abs(0)", lambda L, x: x.abs(), [[0.0, -0.0, -2.0]], [[0.0, 0.0, -1.0]]),
    ("sgn", lambda L, x: x.sgn(), [[0.0, 2.0]], [[0.0, 0.0]]),
    ("sinc(0)", lambda L, x: L.sinc(x), [[0.0, 1.0]], [[0.0, -1.0]]),
    ("i0e(0)", lambda L, x: L.special.i0e(x), [[0.0, 1e10]], [[0.0, -1.9947114020071634e-16]]),
    ("relu(0)", lambda L, x: x.relu(), [[0.0, -0.0, 1e-300]], [[0.0, 0.0, 1.0]]),
    ("clamp at its bounds", lambda L, x: x.clamp(-1, 1), [[-1.0, 1.0, 2.0, -2.0]], [[1.0, 1.0, 0.0, 0.0]]),
    ("clamp, bounds crossed", lambda L, x: x.clamp(1, -1), [[0.0]], [[0.0]]),
    ("hardtanh at its bounds", lambda L, x: L.nn.functional.hardtanh(x), [[-1.0, 1.0, 0.0]], [[0.0, 0.0, 1.0]]),
    ("max, ties", lambda L, x: x.max(), [[1.0, 3.0, 3.0]], [[0.0, 0.5, 0.5]]),
    ("max along a dim, ties", lambda L, x: x.max(0)[0], [[1.0, 3.0, 3.0]], [[0.0, 1.0, 0.0]]),
    ("amax, ties", lambda L, x: x.amax(0), [[1.0, 3.0, 3.0]], [[0.0, 0.5, 0.5]]),
    ("amin, ties", lambda L, x: x.amin(), [[1.0, 1.0, 1.0, 4.0]], [[1 / 3, 1 / 3, 1 / 3, 0.0]]),
    ("maximum, ties", lambda L, x, y: L.maximum(x, y), [[1.0, 2.0], [1.0, 1.0]], [[0.5, 1.0], [0.5, 0.0]]),
    ("fmax, nan", lambda L, x, y: L.fmax(x, y), [[nan, 1.0], [0.0, nan]], [[0.0, 1.0], [1.0, 0.0]]),
    ("median, ties", lambda L, x: x.median(), [[1.0, 3.0, 3.0, 3.0]], None),
    ("cummax, ties", lambda L, x: x.cummax(0)[0], [[1.0, 1.0, 3.0]], [[1.0, 1.0, 1.0]]),
    ("std of one", lambda L, x: x.std(unbiased=False), [[1.0]], [[0.0]]),
    ("std of equal elements", lambda L, x: x.std(), [[2.0, 2.0, 2.0]], [[0.0, 0.0, 0.0]]),
    ("var of one", lambda L, x: x.var(unbiased=False), [[1.0]], [[0.0]]),
    ("mean of none", lambda L, x: x.mean(), [[]], [[]]),
    ("where, masked sqrt", lambda L, x: L.where(x > 0, L.where(x > 0, x, 1).sqrt(), 0), [[0.0, 4.0]], [[0.0, 0.25]]),
    ("where, trap", lambda L, x: L.where(x > 0, x.sqrt(), x * 0), [[0.0, 4.0]], [[nan, 0.25]]),
    ("masked_fill, trap", lambda L, x: (x / x).masked_fill(x == 0, 0), [[0.0, 4.0]], [[nan, 0.0]]),
    ("masked_select", lambda L, x: (x * 2).masked_select(x > 0), [[nan, 4.0]], [[0.0, 2.0]]),
    ("nansum", lambda L, x: x.nansum(), [[nan, 1.0]], [[0.0, 1.0]]),
    ("nan_to_num", lambda L, x: x.nan_to_num(), [[nan, inf, 1.0]], [[0.0, 0.0, 1.0]]),
]  # fmt: skip

NORMS = [
    ("norm 1 at 0", lambda L, x: x.norm(1), [[0.0, -2.0]], [[0.0, -1.0]]),
    ("norm 2 at 0", lambda L, x: x.norm(2), [[0.0, 0.0]], [[0.0, 0.0]]),
    ("norm 3 at 0", lambda L, x: x.norm(3), [[0.0, 0.0]], [[0.0, 0.0]]),
    ("norm inf, ties", lambda L, x: x.norm(inf), [[3.0, -3.0, 1.0]], [[0.5, -0.5, 0.0]]),
    ("norm inf at 0", lambda L, x: x.norm(inf), [[0.0, 0.0]], [[0.0, 0.0]]),
    ("norm 0.5 at 0", lambda L, x: x.norm(0.5), [[0.0, 1.0]], None),
    ("norm 0", lambda L, x: x.norm(0), [[0.0, 2.0]], [[0.0, 0.0]], "analytic"),
    ("norm -inf", lambda L, x: x.norm(-inf), [[3.0, -2.0]], [[0.0, -1.0]]),
    ("normalize zeros", lambda L, x: L.nn.functional.normalize(x, dim=0), [[0.0, 0.0]], [[1e12, 1e12]]),
    ("cosine_similarity of zeros", lambda L, a, b: L.nn.functional.cosine_similarity(a, b, dim=0),
     [[0.0, 0.0], [3.0, 4.0]], [[0.6e8, 0.8e8], [0.0, 0.0]]),
    ("cdist 2 at equal points", lambda L, a, b: L.cdist(a, b), [[[0.0, 0.0]], [[0.0, 0.0], [3.0, 4.0]]],
     [[[-0.6, -0.8]], [[0.0, 0.0], [0.6, 0.8]]]),
    ("cdist 1 at equal points", lambda L, a, b: L.cdist(a, b, 1.0), [[[0.0, 0.0]], [[0.0, 0.0], [3.0, 0.0]]],
     [[[-1.0, 0.0]], [[0.0, 0.0], [1.0, 0.0]]]),
    ("dist at equal points", lambda L, a, b: L.dist(a, b), [[1.0, 2.0], [1.0, 2.0]], [[0.0, 0.0], [0.0, 0.0]]),
    ("layer_norm of equal elements", lambda L, x: L.nn.functional.layer_norm(x, (2,))[0], [[2.0, 2.0]],
     [[0.5 / math.sqrt(1e-5), -0.5 / math.sqrt(1e-5)]]),
]  # fmt: skip

MATRICES = [
    ("det of zeros", lambda L, x: L.linalg.det(x), [ZERO2], [ZERO2]),
    ("det, singular", lambda L, x: L.linalg.det(x), [[[1.0, 2.0], [2.0, 4.0]]], [[[4.0, -2.0], [-2.0, 1.0]]],
     "analytic"),
    ("svdvals, repeated", lambda L, x: L.linalg.svdvals(x).sum(), [IDENTITY], [IDENTITY]),
    ("nuclear norm, repeated", lambda L, x: L.linalg.matrix_norm(x, "nuc"), [IDENTITY], [IDENTITY]),
    ("eigvalsh, repeated", lambda L, x: L.linalg.eigvalsh(x), [IDENTITY], [IDENTITY]),
    ("eigh put together", lambda L, x: (lambda w, v: (v * w) @ v.T)(*L.linalg.eigh(x)), [[[1.0, 2.0], [2.0, 4.0]]],
     [[[1.0, 1.0], [1.0, 1.0]]]),
    ("eigh, repeated", lambda L, x: L.linalg.eigh(x)[1].sum() * 0 + L.linalg.eigh(x)[0].sum(), [IDENTITY],
     [[[nan, nan], [nan, nan]]]),
    ("pinv, singular", lambda L, x: L.linalg.pinv(x), [[[1.0, 0.0], [0.0, 0.0]]], None),
    ("Frobenius norm at 0", lambda L, x: L.linalg.matrix_norm(x), [ZERO2], [ZERO2]),
    ("matrix_exp of zeros", lambda L, x: L.linalg.matrix_exp(x), [ZERO2], [[[1.0, 1.0], [1.0, 1.0]]]),
]  # fmt: skip

ROWS = SMOOTH + POLES + POWERS + KINKS + NORMS + MATRICES
each = pytest.mark.parametrize("row", ROWS, ids=lambda r: r[0])


def gradients(lib, function, inputs):
    leaves = [lib.tensor(v, dtype=lib.float64, requires_grad=True) for v in inputs]
    with np.errstate(all="ignore"):
        grads = lib.autograd.grad(function(lib, *leaves).sum(), leaves)
    return [g.numpy(force=True) for g in grads]


@each
def test_gradients_at_limits(row):
    _, function, inputs, expected, *_ = row
    if expected is None:
        assert all(np.isfinite(g).all() for g in gradients(fb, function, inputs))
        return
    for got, want in zip(gradients(fb, function, inputs), expected, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12)


@needs_torch
@pytest.mark.parametrize("row", [r for r in ROWS if "analytic" not in r[4:]], ids=lambda r: r[0])
def test_gradients_at_limits_are_those_of_pytorch(row):
    _, function, inputs, *_ = row
    for got, want in zip(gradients(fb, function, inputs), gradients(torch, function, inputs), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


# ---- second derivatives where the quotient of the first cancels

SECOND = [
    ("sinc", lambda x: fb.sinc(x), [0.0, 1e-9, 1e-3, 0.02], lambda x: -math.pi**2 / 3 + math.pi**4 * x**2 / 10, 1e-5),
    ("i1", lambda x: fb.special.i1(x), [0.0, 1e-300, 1e-9, 1e-3], lambda x: 3 * x / 8, 1e-5),
    ("bessel_j1", lambda x: fb.special.bessel_j1(x), [0.0, 1e-300, 1e-9, 1e-3], lambda x: -3 * x / 8, 1e-5),
    ("spherical_bessel_j0", lambda x: fb.special.spherical_bessel_j0(x), [0.0, 1e-300, 1e-9, 1e-3],
     lambda x: -1 / 3 + x**2 / 10, 1e-9),
    ("log_ndtr", lambda x: fb.special.log_ndtr(x), [100.0, 700.0, -1e6], lambda x: -1.0 if x < 0 else 0.0, 1e-3),
    ("norm 2", lambda x: x.norm(dim=1) if x.ndim > 1 else x.unsqueeze(1).norm(dim=1), [0.0, 1.0], lambda x: 0.0, 1e-9),
]  # fmt: skip


@pytest.mark.parametrize("row", SECOND, ids=lambda r: r[0])
def test_second_derivatives_at_limits(row):
    _, function, at, expected, rtol = row
    x = fb.tensor(at, dtype=fb.float64, requires_grad=True)
    (g,) = fb.autograd.grad(function(x).sum(), x, create_graph=True)
    (h,) = fb.autograd.grad(g.sum(), x)
    np.testing.assert_allclose(h.numpy(), [expected(v) for v in at], rtol=rtol, atol=1e-15)
