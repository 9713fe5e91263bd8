"""Inputs of wrong shapes and dtypes, made from those of the table: every module answers as PyTorch's does.

Where PyTorch raises, we raise an exception of its type with a text that contains PyTorch's words; where it computes,
so do we, with the same shape and dtype. What differs on purpose is in the lists below, each with its reason.
"""

import re
import warnings

import numpy as np
import pytest

import flambeau as fb

from .table import CASES
from .test_every_module import outputs

torch = pytest.importorskip("torch")

# (module, change, reason), both regular expressions: one library raises, the other computes or raises another type.
OTHER_OUTCOME = [
    ("Unflatten", "0-dim", "PyTorch wraps its own IndexError in a RuntimeError"),
    ("CrossMapLRN2d", "dim 1 empty|int64|bool", "PyTorch's loop over channels fails on them"),
    ("CTCLoss", "in0 0-dim", "ours says how many dimensions there should be"),
    ("CTCLoss", "in0 dim 2 one", "a target outside of the classes is refused; PyTorch reads past the end"),
    ("Conv.*", "bool", "ours says that input and weight differ, PyTorch which kernel it lacks"),
    (
        "(Avg|LP)Pool2d|Unfold",
        "0-dim|one dim less",
        "PyTorch asks for a dimension before it checks their number",
    ),
    ("Adaptive(Avg|Max)Pool2d", "0-dim", "PyTorch reads the size before it checks the dimensions"),
    ("AdaptiveAvgPool2d", ".*", "PyTorch takes mean() for the output size 1, which takes any input"),
    ("AdaptiveAvgPool3d", "dim 1 empty", "no channels: computed as in one and two dimensions"),
    ("BatchNorm.d", "dim 1 empty", "PyTorch does not compare the channels of an empty input"),
    ("InstanceNorm2d", "dim 0 empty", "PyTorch fails on an empty batch with running statistics"),
    ("SiLU|SoftMarginLoss|BCEWithLogitsLoss", "complex128", "not defined for complex numbers here"),
    (
        "SmoothL1Loss|HuberLoss|Multi(Label)?MarginLoss",
        ".*bool",
        "the difference of bools is refused, as by `-`",
    ),
    ("(NLL|CrossEntropy)Loss.*", ".*uint8", "PyTorch takes bytes as classes of vectors, not of images"),
    ("NLLLoss.*", "in0 dim 1 empty", "no classes: another of two errors"),
    ("CrossEntropyLoss", "in0 0-dim", "ours says what scores should be like, PyTorch that there is no dim 1"),
    ("PoissonNLLLoss", "in1 bool", "counts may be bools"),
    ("GaussianNLLLoss", "in2 dim 0 empty", "ours says that var has a wrong size"),
    ("HingeEmbeddingLoss", "int64", "an integer loss is of the default dtype"),
    ("SoftMarginLoss", "int64|bool", "another of two errors"),
    ("MultiMarginLoss", "(in0|all) (float16|int64|bool|complex128)", "with weights: another of two errors"),
    ("MultiLabelSoftMarginLoss", "in0 0-dim", "a sample of one class"),
    ("EmbeddingBag", "in0 (dim 1 empty|bool)", "empty bags; PyTorch's fails in arange"),
    ("MaxUnpool.d", "in0 0-dim", "PyTorch reads a size before it checks the dimensions"),
    ("PixelUnshuffle", "empty", "PyTorch gives an empty input back as it is"),
    (
        "BCEWithLogitsLoss",
        "float(32|16)",
        "of the promoted dtype, also with weights; PyTorch's is the target's",
    ),
]

# Words that both texts have; around them PyTorch names kernels, C++ types or sizes that it padded with dimensions of
# its own.
SAME_WORDS = [
    r"not implemented for '\w+'",
    r"Input type \(.*\) and (bias|weight) type \(.*\) should be the same",
    r"must have the same dtype, got input1: ",
    r"can't be cast to the desired output type",
    r"Only zero batch or zero channel inputs are supported",
    r"Output size is too small",
    r"Expected input to have non-zero size for non-batch dimensions",
    r"expected input with shape \[\*",
    r"Expected shape of indices to be same as that of the input tensor",
    r"Subtraction, the `-` operator, with",
]

# (PyTorch's words, ours) for errors of one type, as regular expressions.
OTHER_WORDS = [
    (
        r"expected scalar type \w+ but found \w+",
        r"Input type \(.*\) and weight type \(.*\) should be the same",
    ),
    (r"clamp is not supported for complex types", r"not implemented for 'Complex"),
    (r"not implemented for 'Complex", r"clamp is not supported for complex types"),
    (r"\"mse_cpu\" not implemented for 'ComplexDouble'", r"\"mse_loss\" not implemented for 'Double'"),
    (r"got CPUBoolType instead", r"got torch.BoolTensor instead"),
    (r"with two bool tensors|kl_div: Integral", r"Subtraction, the `-` operator|Negation, the `-` operator"),
    (r"Subtraction.* with two bool tensors", r"can't be cast to the desired output type"),
    (r"Calculated padded input size per channel", r"Only zero batch or zero channel inputs are supported"),
    (r"wrapping around more than once", r"Only zero batch or zero channel inputs are supported"),
    (r"max_pool1d: Expected 2D or 3D", r"Expected 2 to 3 dimensions"),
    (r"Invalid computed output size: 0|smaller than kernel size", r"Output size is too small"),
    (r"tensor expected for input", r"tensor with optional 0 dim batch size for input"),
    (r"with optional 0 dim batch size for input", r"with optional 0 dim batch size for input"),
    (r"non-batch dimensions to have positive length", r"with optional 0 dim batch size for input"),
    (r"narrow\(\): length must be non-negative", r"resulted in a negative output size"),
    (r"Input to max_unpooling2d should be", r"Input to max_unpooling1d should be"),
    (r"fractional_max_pool3d_out\(\): .* relative", r"fractional_max_pool3d\(\): .* relative"),
    (r"fractional_max_pool3d_out\(\): Expected", r"fractional_max_pool3d\(\): Expected"),
    (r"argument #2 'target' is out of range", r"expected scalar type Long"),
    (r"got [56]-dimensional tensor for argument #1 'log_probs'", r"got [45]-dimensional tensor for argument #1"),
    (r"input_lengths must be of size batch_size", r"for argument #2 'targets'"),
    (r"tuple index out of range", r"Dimension specified as 0 but"),
    (r"Dimension specified as", r"Dimension specified as 0 but|Dimension out of range|tuple index"),
]


OTHER_DTYPES = {
    "f": ("float32", "float16", "int64", "bool", "complex128"),
    "i": ("float64", "int32", "bool", "uint8"),
}


def changes(arrays):
    """(what was changed, the arrays, the dtype of each or None)."""
    same = [None] * len(arrays)
    for i, a in enumerate(arrays):

        def with_input(b, i=i):
            return [*arrays[:i], b, *arrays[i + 1 :]]

        if a.ndim:
            yield f"in{i} one dim less", with_input(a[0]), same
            yield f"in{i} 0-dim", with_input(a.reshape(-1)[0]), same
        yield f"in{i} one dim more", with_input(a[None]), same
        yield f"in{i} two dims more", with_input(a[None, None]), same
        for d in range(a.ndim):
            yield f"in{i} dim {d} longer", with_input(np.concatenate([a, a.take([0], d)], d)), same
            yield f"in{i} dim {d} one", with_input(a.take([0], d)), same
            yield f"in{i} dim {d} empty", with_input(a.take([], d)), same
        for dtype in OTHER_DTYPES[a.dtype.kind]:
            yield f"in{i} {dtype}", arrays, [dtype if j == i else None for j in range(len(arrays))]
    if len(arrays) > 1:
        for dtype in ("float32", "int64", "bool"):
            yield f"all {dtype}", arrays, [dtype if a.dtype.kind == "f" else None for a in arrays]


def outcome(lib, case, arrays, dtypes):
    """The exception, or the shapes and dtypes of the results."""
    (module,) = case.pair(lib)
    tensors = [lib.from_numpy(np.array(a)) for a in arrays]
    tensors = [t if d is None else t.to(getattr(lib, d)) for t, d in zip(tensors, dtypes, strict=True)]
    lib.manual_seed(3)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = outputs(module(*tensors))
    except Exception as error:
        return error
    return [(tuple(t.shape), str(t.dtype)) for t in found]


def like(ours, theirs):
    """Whether the text of our error says what theirs does."""
    if re.split(r"\. |\n", theirs)[0].rstrip(".") in ours:
        return True
    for words in SAME_WORDS:
        found = re.search(words, theirs)
        if found and re.search(words if "not implemented" not in words else re.escape(found.group()), ours):
            return True
    return any(re.search(a, theirs) and re.search(b, ours) for a, b in OTHER_WORDS)


def difference(case, what, a, b):
    """What is wrong with our outcome a where PyTorch's is b, or None."""
    raised = isinstance(a, Exception), isinstance(b, Exception)
    if raised == (False, False) and a == b:
        return None
    if raised == (False, True) and isinstance(b, NotImplementedError):
        return None  # a dtype that PyTorch has no kernel for
    if raised == (True, True) and isinstance(a, type(b)) and like(str(a), str(b)):
        return None
    for name, change, _ in OTHER_OUTCOME:
        if re.fullmatch(name, case.name) and re.search(f"({change})$", what):
            return None
    return f"{case.id}, {what}:\n  {a!r}\n  PyTorch: {b!r}"


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
@pytest.mark.filterwarnings("ignore")
def test_wrong_inputs(case):
    found = []
    for what, arrays, dtypes in changes(case.arrays):
        a, b = outcome(fb, case, arrays, dtypes), outcome(torch, case, arrays, dtypes)
        found.append(difference(case, what, a, b))
    assert not [f for f in found if f], "\n".join(f for f in found if f)


@pytest.mark.parametrize("shape", [(2, 5, 4), (5, 4)])
def test_unused_channels_of_instance_norm(shape):
    """Without weights the number of channels does not matter; a warning says so."""
    texts = []
    for lib in (fb, torch):
        with pytest.warns(UserWarning, match="does not match num_features") as caught:
            lib.nn.InstanceNorm1d(3)(lib.zeros(*shape))
        texts.append(str(caught[0].message))
    assert texts[0] == texts[1]
