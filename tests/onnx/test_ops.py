"""Every op of the table that can be exported gives the same when the file is run; the others name themselves."""

import itertools
import re

import numpy as np
import pytest

import flambeau as fb
from flambeau import onnx

from ..jit.test_ops import ROWS_HERE, by_name, leaves
from . import interpreter
from .checks import onnxruntime, run_by_runtime

# What can be exported, with each option of the op but where PARTLY says otherwise.
EXPORTED = set(
    """
    abs acos acosh adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d add addcdiv addcmul addmm addmv addr all
    amax amin any argmax argmin asin asinh atan atanh avg_pool1d avg_pool2d avg_pool3d baddbmm batch_norm bmm cat ceil
    celu chunk clamp clone conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d cos cosh
    count_nonzero cumsum deg2rad div dot elu embedding eq erf erfc exp exp2 expand expm1 flatten flip floor
    floor_divide fmod frac ge gelu group_norm gt hardshrink hardsigmoid hardswish hardtanh hypot
    layer_norm le leaky_relu lerp linear log log10 log1p log2 log_softmax logaddexp logical_and
    logical_not logical_or logical_xor logit logsigmoid logsumexp lt masked_fill matmul max max_pool1d max_pool2d
    max_pool3d maximum mean min minimum mish mm movedim mse_loss mul mv narrow ne neg pad permute pow
    prelu prod rad2deg reciprocal relu relu6 remainder repeat reshape round rsqrt select selu
    sigmoid sign silu sin sinh softmax softplus softshrink sort split sqrt square squeeze stack std std_mean sub sum t
    take_along_dim tan tanh threshold topk transpose tril triu trunc unbind unflatten unfold unsqueeze var var_mean
    where
""".split()
)
PARTLY = {
    "cross_entropy",
    "nll_loss",
    "gather",
    "scatter",
    "index_select",
    "index_add",
    "roll",
    "diagonal",
    "einsum",
}
ROWS = [r for r in ROWS_HERE if r.name in EXPORTED | PARTLY]


def finite(arrays):
    return all(np.isfinite(a).all() for a in arrays if a.dtype.kind == "f")


def sizes(wanted, tensors):
    """Whether nothing is empty."""
    return all(a.size for a in wanted) and all(t.numel() for t in tensors)


def cases(row):
    """(function of tensors, tensors, results) for the samples of a row whose numbers are finite and not empty."""
    for sample in row.make("float32" if "float32" in row.dtypes else row.dtypes[0]):
        tensors = sample.tensors()

        def call(*tensors, sample=sample):
            given = iter(tensors)
            mapped = sample.map(lambda t: next(given))
            return tuple(leaves((by_name(row) or row.function)(*mapped.args, **mapped.kwargs)))

        wanted = [r.detach().numpy() for r in call(*[t.clone() for t in tensors])]
        supported = all(t.dtype.name not in ("float64", "uint8", "int8") for t in tensors)
        if (
            wanted
            and supported
            and finite([*wanted, *[t.numpy() for t in tensors]])
            and sizes(wanted, tensors)
        ):
            yield call, tensors, wanted


def same(found, wanted):
    for a, b in zip(found, wanted, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("opset", [12, 18])
@pytest.mark.parametrize("row", ROWS, ids=repr)
def test_op(row, opset):
    count = 0
    for call, tensors, wanted in itertools.islice(cases(row), 8):
        try:
            program = onnx.export(call, tuple(t.clone() for t in tensors), opset_version=opset)
        except onnx.UnsupportedOperatorError as error:
            if row.name in PARTLY or "needs opset_version" in str(error):
                continue
            raise
        inputs = {n: t.numpy() for n, t in zip(program.input_names, tensors, strict=True)}
        same(interpreter.run(program.model_bytes, inputs), wanted)
        if onnxruntime is not None and count < 3:
            same(run_by_runtime(program.model_bytes, inputs), wanted)
        count += 1
    assert count or opset < 18


def test_table_names_are_rows():
    assert {r.name for r in ROWS_HERE} >= EXPORTED | PARTLY


@pytest.mark.parametrize("name", ["digamma", "cumprod", "erfinv", "cummax"])
def test_an_op_without_counterpart_is_named(name):
    class Net(fb.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = fb.nn.Sequential(Inner())

        def forward(self, x):
            return self.inner(x)

    class Inner(fb.nn.Module):
        def forward(self, x):
            function = getattr(fb, name)
            return function(x, 0) if name.startswith("cum") else function(x)

    with pytest.raises(
        onnx.UnsupportedOperatorError, match=re.escape(f"{name} at inner.0 has no counterpart")
    ):
        onnx.export(Net(), fb.rand(3))
