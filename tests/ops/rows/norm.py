"""Rows of the normalisations. The running statistics of batch_norm are tested in test_norm.py."""

import numpy as np

from tests.ops.table import Bad, Row, Sample

HALF = dict(rtol={"float32": 1e-4}, atol={"float32": 1e-4, "float16": 1e-2, "bfloat16": 5e-2})


def standardized(x, axes, eps):
    mean = x.mean(axes, keepdims=True)
    return (x - mean) / np.sqrt(x.var(axes, keepdims=True) + eps)


def per_channel(p, ndim):
    return p.reshape(-1, *[1] * (ndim - 2))


def affine(xhat, weight, bias):
    return (xhat if weight is None else xhat * weight) + (0 if bias is None else bias)


def batch_norm(x, mean, var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    if training:
        xhat = standardized(x, (0, *range(2, x.ndim)), eps)
    else:
        xhat = (x - per_channel(mean, x.ndim)) / np.sqrt(per_channel(var, x.ndim) + eps)
    return affine(xhat, *(None if p is None else per_channel(p, x.ndim) for p in (weight, bias)))


def layer_norm(x, shape, weight=None, bias=None, eps=1e-5):
    return affine(standardized(x, tuple(range(-len(shape), 0)), eps), weight, bias)


def group_norm(x, groups, weight=None, bias=None, eps=1e-5):
    if not x.size:
        return x
    xhat = standardized(x.reshape(x.shape[0], groups, -1), 2, eps).reshape(x.shape)
    return affine(xhat, *(None if p is None else per_channel(p, x.ndim) for p in (weight, bias)))


def trained(t):
    return [
        Sample(t(4, 3), None, None, t(3), t(3), True),
        Sample(t(2, 3, 4), None, None, None, None, True),
        Sample(t(2, 3, 2, 2), None, None, t(3), None, True, 0.1, 1e-3),
        Sample(t(2, 2, 2, 1, 3), None, None, None, t(2), True),
        Sample(t(3, 2, 4), None, None, t(2), t(2), training=True),
    ]


def batch_samples(t):
    return trained(t) + [
        Sample(t(4, 3), t(3), t(3, low=0.5), t(3), t(3)),
        Sample(t(2, 3, 4, 2), t(3), t(3, low=0.5)),
        Sample(t(0, 3), t(3), t(3, low=0.5)),
    ]


def batch_errors(t):
    x = t(2, 3)
    return [
        Bad(Sample(x, t(4), t(4)), RuntimeError, "running_mean should contain 3 elements not 4"),
        Bad(Sample(x, t(3), t(3), t(4), t(4)), RuntimeError, "weight should contain 3 elements not 4"),
        Bad(Sample(x, None, None), RuntimeError, "running_mean must be defined in evaluation mode"),
        Bad(Sample(x, t(3), None), RuntimeError, "running_var must be defined in evaluation mode"),
        Bad(
            Sample(x, t(3), None, training=True),
            ValueError,
            "running_mean and running_var must either both be None or neither be None",
        ),
        Bad(
            Sample(x, t(3, dtype="float64"), t(3, dtype="float64"), training=True),
            RuntimeError,
            r"mixed dtype \(CPU\): expect parameter to have scalar type of Float",
        ),
        Bad(
            Sample(x, t(3), t(3), t(3), t(4), training=True),
            RuntimeError,
            "bias should contain 3 elements not 4",
        ),
        Bad(Sample(t(3), t(3), t(3)), RuntimeError, "expected an input .* of 2 or more dimensions"),
        Bad(
            Sample(x, t(3), t(3), training=True, eps=-1),
            ValueError,
            "eps must be positive during training, but got -1",
        ),
        Bad(
            Sample(t(2, 3, dtype="int64"), None, None, training=True),
            NotImplementedError,
            "\"batch_norm\" not implemented for 'Long'",
        ),
    ]


def layer_samples(t):
    return [
        Sample(t(4, 5), (5,), t(5), t(5)),
        Sample(t(2, 3, 4), (3, 4)),
        Sample(t(2, 3, 4), [4], t(4)),
        Sample(t(2, 3, 4), (4,), None, t(4), 1e-3),
        Sample(t(5), (5,), t(5), t(5)),
        Sample(t(0, 3), (3,), t(3)),
    ]


def layer_errors(t):
    x = t(4, 3)
    return [
        Bad(
            Sample(x, (4,)),
            RuntimeError,
            r"Given normalized_shape=\[4\], expected input with shape \[\*, 4\], but got input of size\[4, 3\]",
        ),
        Bad(Sample(x, ()), RuntimeError, "Expected normalized_shape to be at least 1-dimensional"),
        Bad(Sample(x, 3), TypeError, "argument 'normalized_shape' .* must be tuple of ints, not int"),
        Bad(Sample(x, (3,), t(4)), RuntimeError, "Expected weight to be of same shape as normalized_shape"),
        Bad(
            Sample(x, (3,), t(3), t(4)), RuntimeError, "Expected bias to be of same shape as normalized_shape"
        ),
        Bad(Sample(x, (3,), t(3, dtype="float64")), RuntimeError, "mixed dtype"),
        Bad(Sample(t(4, 3, dtype="int64"), (3,)), NotImplementedError, "not implemented for 'Long'"),
    ]


def group_samples(t):
    return [
        Sample(t(2, 4), 2, t(4), t(4)),
        Sample(t(2, 4, 3), 4),
        Sample(t(2, 6, 2, 2), 3, t(6), None, 1e-3),
        Sample(t(2, 6, 2, 1, 2), 1, None, t(6)),
        Sample(t(0, 4), 2),
    ]


def group_errors(t):
    x = t(2, 4, 3)
    return [
        Bad(
            Sample(x, 3),
            RuntimeError,
            "Expected number of channels in input to be divisible by num_groups, but got input of shape",
        ),
        Bad(Sample(x, 0), RuntimeError, "Expected num groups to be greater than 0, got 0"),
        Bad(
            Sample(x, 2, t(3)),
            RuntimeError,
            "Expected weight to be a vector of size equal to the number of channels in input",
        ),
        Bad(
            Sample(x, 2, t(4), t(3)),
            RuntimeError,
            "Expected bias to be a vector of size equal to the number of channels in input",
        ),
        Bad(Sample(t(4), 2), RuntimeError, "Expected at least 2 dimensions for input tensor but received 1"),
        Bad(Sample(t(1, 2), 2), ValueError, "Expected more than 1 value per channel when training"),
    ]


ROWS = [
    Row(
        "batch_norm",
        batch_samples,
        batch_norm,
        "nn.functional.batch_norm",
        grad_samples=trained,
        errors=batch_errors,
        **HALF,
    ),
    Row("layer_norm", layer_samples, layer_norm, "nn.functional.layer_norm", errors=layer_errors, **HALF),
    Row("group_norm", group_samples, group_norm, "nn.functional.group_norm", errors=group_errors, **HALF),
]
