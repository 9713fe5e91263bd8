"""Activations."""

import math

import numpy as np

from flambeau import tensor

from ..table import FLOATS, INTS, REAL, Bad, Row, Sample, unary


def _floats_only(t):
    return [Bad(Sample(tensor([1, 2])), NotImplementedError, "not implemented for 'Long'")]


def _optional(
    name,
    *options,
    reference,
    grad_values=(-2.0, -1.4, -0.3, 0.4, 1.7),
    dtypes=FLOATS,
    errors=_floats_only,
    **more,
):
    """An activation with parameters; every tuple of options is tried. Gradients are checked away from kinks."""

    def samples(t):
        made = [Sample(t(3, 4), *o) for o in options]
        return made + [Sample(t(), *options[0]), Sample(t(0), *options[0]), Sample(t(2, 1, 33), *options[0])]

    return Row(
        name,
        samples,
        reference,
        dtypes=dtypes,
        domain=(-4.0, 4.0),
        errors=errors,
        grad_samples=lambda t: [Sample(t.array(grad_values), *o) for o in options],
        **more,
    )


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _elu(x, alpha=1.0, scale=1.0):
    return scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _softplus(x, beta=1, threshold=20):
    return np.where(x * beta > threshold, x, np.log1p(np.exp(np.minimum(x * beta, 700))) / beta)


def _gelu(x, approximate="none"):
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x * 0.5 * (1 + np.vectorize(math.erf, otypes=[float])(x / math.sqrt(2))) if x.size else x


def _prelu(t):
    return [
        Sample(t(3, 4), t(4)),
        Sample(t(3, 4), t(1)),
        Sample(t(2, 3, 4), t(3)),
        Sample(t(5), t(1)),
        Sample(t(), t(1)),
        Sample(t(0, 4), t(4)),
        Sample(t(3), t()),
    ]


def _prelu_reference(x, w):
    w = w.reshape(()) if w.size == 1 else w.reshape(-1, *[1] * (x.ndim - 2))
    return np.where(x > 0, x, w * x)


def _prelu_errors(t):
    return [
        Bad(Sample(t(3, 4), t(3)), RuntimeError, "Mismatch of parameter numbers and input channel size"),
        Bad(Sample(t(3, 4), tensor([1])), RuntimeError, "Type promoting not supported. Got Float and Long"),
        Bad(Sample(t(3, 4), t(2, 2)), RuntimeError, "Expected `weight` to be a scalar or 1D tensor"),
    ]


def _smooth(name, reference, **options):
    return unary(name, reference, domain=(-4.0, 4.0), errors=_floats_only, **options)


ROWS = [
    unary(
        "relu",
        lambda x: np.maximum(x, 0),
        dtypes=REAL,
        errors=lambda t: [Bad(Sample(tensor([True])), RuntimeError, "Boolean inputs not supported for relu")],
    ),
    _optional(
        "relu6",
        (),
        reference=lambda x: np.clip(x, 0, 6),
        dtypes=FLOATS + INTS,
        errors=lambda t: [Bad(Sample(tensor([True])), RuntimeError, "Bool inputs not supported for hardtanh")],
    ),
    _optional(
        "hardtanh",
        (),
        (-0.5, 1.0),
        reference=lambda x, low=-1, high=1: np.clip(x, low, high),
        dtypes=FLOATS + INTS[1:],
        errors=lambda t: [Bad(Sample(t(2), 1.0, -1.0), ValueError, "min_val cannot be greater than max_val")],
    ),
    _optional(
        "hardsigmoid",
        (),
        reference=lambda x: np.clip(x + 3, 0, 6) / 6,
        grad_values=(-3.5, -2.0, 1.0, 3.5),
        edges=True,
        edge_gradients=False,
    ),
    _optional(
        "threshold",
        (0.5, 2),
        (-1, 0),
        reference=lambda x, limit, value: np.where(x > limit, x, value),
        dtypes=FLOATS + INTS[1:],
        errors=lambda t: [Bad(Sample(tensor([True]), 0, 1), NotImplementedError, "'Bool'")],
    ),
    _optional("hardshrink", (), (1.0,), reference=lambda x, lambd=0.5: np.where(np.abs(x) > lambd, x, 0)),
    _optional(
        "softshrink",
        (),
        (1.0,),
        reference=lambda x, lambd=0.5: np.sign(x) * np.maximum(np.abs(x) - lambd, 0),
        errors=lambda t: [Bad(Sample(t(2), -1.0), RuntimeError, "lambda must be greater or equal to 0")],
    ),
    _optional(
        "leaky_relu", (), (0.3,), (-0.5,), reference=lambda x, slope=0.01: np.where(x > 0, x, slope * x)
    ),
    Row("prelu", _prelu, _prelu_reference, dtypes=FLOATS, errors=_prelu_errors),
    _optional("elu", (), (0.5,), reference=_elu),
    _optional("selu", (), reference=lambda x: _elu(x, 1.6732632423543772, 1.0507009873554805)),
    _optional(
        "celu",
        (),
        (2.0,),
        reference=lambda x, a=1.0: np.maximum(x, 0) + np.minimum(a * np.expm1(x / a), 0),
        errors=lambda t: [Bad(Sample(t(2), 0), RuntimeError, "alpha cannot be 0 for CELU")],
    ),
    _smooth("silu", lambda x: x * _sigmoid(x)),
    _smooth("mish", lambda x: x * np.tanh(np.log1p(np.exp(x)))),
    _smooth("logsigmoid", lambda x: -np.log1p(np.exp(-x))),
    _optional(
        "hardswish",
        (),
        reference=lambda x: x * np.clip(x + 3, 0, 6) / 6,
        grad_values=(-3.5, -2.0, 0.4, 2.5, 3.5),
    ),
    _optional("softplus", (), (2.0,), (3, 1.5), reference=_softplus, edges=True),
    Row(
        "gelu",
        lambda t: [
            Sample(t(3, 4)),
            Sample(t(3, 4), approximate="tanh"),
            Sample(t()),
            Sample(t(0)),
            Sample(t(70)),
        ],
        _gelu,
        domain=(-4.0, 4.0),
        errors=lambda t: [
            Bad(
                Sample(t(2), approximate="erf"),
                RuntimeError,
                "approximate argument must be either none or tanh",
            ),
            *_floats_only(t),
        ],
    ),
]

ELSEWHERE = dict.fromkeys(("relu6_", "selu_", "celu_"), "tests/ops/test_activation.py")
