"""Which dtype each op computes in under CPU autocast: that of PyTorch, for every row of the table of ops."""

import itertools

import pytest

import flambeau as fb
from flambeau import _core
from flambeau.ops.autocast import CASTS, RULES

from ..ops.table import Sample
from ..ops.test_ops import ROWS, quiet, to_torch, torch_function

torch = pytest.importorskip("torch")
F = fb.nn.functional

# Where ours differ, and why.
DIFFERENT = {
    "linalg.pinv": "PyTorch multiplies the float32 factors of a decomposition in bfloat16",
    "lstm": "networks without elements or with projections go through other kernels of PyTorch",
    "tensordot": "over all dimensions it is a dot product in PyTorch, which is not cast",
    "sparse.mm sparse": "PyTorch does not cast the product of two sparse matrices",
}


def flat(value, tensor):
    if isinstance(value, (list, tuple)):
        return [t for v in value for t in flat(v, tensor)]
    return [value] if isinstance(value, tensor) else []


def dtypes_of(library, function, sample):
    """The dtypes of the results, or None for an error."""
    try:
        return [repr(t.dtype) for t in flat(quiet(function, sample), library.Tensor)]
    except Exception:  # of any kind: whether there is one is the question
        return None


def variants(sample):
    """The sample, with all floats in bfloat16, and with the first or the second of them."""
    count = itertools.count()

    def lower(wanted):
        def change(t):
            return t.to(fb.bfloat16) if t.dtype is fb.float32 and wanted(next(count)) else t

        return change

    yield sample
    for wanted in (lambda i: True, lambda i: i == 0, lambda i: i == 1):
        count = itertools.count()
        yield sample.map(lower(wanted))


@pytest.mark.parametrize("row", [r for r in ROWS if "float32" in r.dtypes and r.name not in DIFFERENT], ids=str)
def test_dtypes_are_those_of_pytorch(row):
    function = torch_function(row)
    if function is None:
        return
    for sample in row.make("float32")[:8]:
        for given in variants(sample):
            theirs = given.map(to_torch)
            with torch.autocast("cpu"):
                expected = dtypes_of(torch, function, theirs)
            without = dtypes_of(torch, function, theirs)
            if expected is None or (expected == without != dtypes_of(fb, row.function, given)):
                continue  # an error of PyTorch, or a dtype in which ours differ without autocast, too
            with fb.autocast("cpu"):
                assert dtypes_of(fb, row.function, given) == expected, f"{row.name}{given}"


def test_every_listed_function_is_there():
    for name in CASTS:
        found = fb
        for part in name.split("."):
            found = getattr(found, part)
        assert found.casts is CASTS[name], name


def test_no_function_has_two_rules():
    for rules in RULES.values():
        names = [name for names in rules.values() for name in names]
        assert len(names) == len(set(names))


def x(*shape, dtype="bfloat16"):
    return fb.rand(*shape).to(getattr(fb, dtype))


LOSSES = [
    ("l1_loss", 2), ("smooth_l1_loss", 2), ("huber_loss", 2), ("kl_div", 2), ("soft_margin_loss", 2),
    ("hinge_embedding_loss", 2), ("poisson_nll_loss", 2), ("margin_ranking_loss", 3), ("triplet_margin_loss", 3),
    ("gaussian_nll_loss", 3), ("multilabel_soft_margin_loss", 2), ("cosine_similarity", 2), ("pairwise_distance", 2),
    ("triplet_margin_with_distance_loss", 3), ("mse_loss", 2), ("binary_cross_entropy", 2),
    ("binary_cross_entropy_with_logits", 2),
]  # fmt: skip


@pytest.mark.parametrize(("name", "count"), LOSSES)
def test_losses_without_a_row(name, count):
    given = Sample(*[x(3, 4) for _ in range(count)])
    with fb.autocast("cpu"), torch.autocast("cpu"):
        ours = quiet(getattr(F, name), given)
        theirs = quiet(getattr(torch.nn.functional, name), given.map(to_torch))
    assert repr(ours.dtype) == repr(theirs.dtype)


def test_losses_of_classes():
    with fb.autocast("cpu"):
        classes = fb.tensor([0, 2, 1])
        assert F.multi_margin_loss(x(3, 4), classes).dtype is fb.float32
        assert F.multilabel_margin_loss(x(3, 4), fb.zeros(3, 4, dtype=fb.int64)).dtype is fb.float32
        assert F.cross_entropy(x(3, 4), classes, x(4, dtype="float32")).dtype is fb.float32
        assert F.cosine_embedding_loss(x(3, 4), x(3, 4), fb.ones(3)).dtype is fb.float32


def test_pools():
    image, volume = x(1, 1, 6, 6), x(1, 1, 6, 6, 6)
    with fb.autocast("cpu"):
        assert F.fractional_max_pool2d(image, 2, output_size=3).dtype is fb.float32
        assert F.max_pool3d(volume, 2).dtype is fb.float32
        assert F.max_pool3d(volume, 2, return_indices=True)[0].dtype is fb.bfloat16
        assert F.max_pool2d(image, 2).dtype is fb.bfloat16
        pooled, index = F.max_pool2d(image, 2, return_indices=True)
        assert F.max_unpool2d(pooled, index, 2).dtype is fb.float32


def test_modules():
    nn = fb.nn
    with fb.autocast("cpu"):
        steps = fb.rand(4, 2, 3)
        assert [t.dtype for t in nn.GRU(3, 2)(steps)] == [fb.float32] * 2
        assert [t.dtype for t in nn.GRU(3, 2)(steps.bfloat16())] == [fb.bfloat16] * 2
        out, (h, c) = nn.LSTM(3, 2)(steps)
        assert out.dtype is h.dtype is c.dtype is fb.bfloat16
        packed = nn.utils.rnn.pack_padded_sequence(steps, [4, 3])
        out, (h, c) = nn.LSTM(3, 2)(packed)
        assert out.data.dtype is h.dtype is c.dtype is fb.float32
        assert nn.MultiheadAttention(4, 2)(*[fb.rand(3, 1, 4)] * 3)[0].dtype is fb.bfloat16
        assert nn.TransformerEncoderLayer(4, 2)(fb.rand(3, 1, 4)).dtype is fb.float32
        assert nn.BatchNorm1d(2)(nn.Linear(2, 2)(fb.rand(3, 2))).dtype is fb.bfloat16


def test_a_product_of_activations_and_a_sparse_matrix():
    adjacency = fb.eye(3).to_sparse()
    with fb.autocast("cpu"):
        hidden = fb.nn.Linear(2, 4)(fb.rand(3, 2))
        assert (adjacency @ hidden).dtype is fb.sparse.mm(adjacency, hidden).dtype is fb.bfloat16


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_results_are_those_of_the_cast_arguments(dtype):
    a, b, target = fb.randn(4, 6), fb.randn(6, 5), fb.randn(4, 5)
    lower = getattr(fb, dtype)
    with fb.autocast("cpu", dtype=lower):
        product = a @ b
        loss = F.mse_loss(product, target)
    assert fb.equal(product, a.to(lower) @ b.to(lower))
    assert fb.equal(loss, F.mse_loss(product.float(), target))


def test_the_widest_dtype_of_several():
    a, b = fb.rand(2), fb.rand(2)
    with fb.autocast("cpu"):
        assert fb.cat([a, b.bfloat16()]).dtype is fb.float32
        assert fb.stack((a.half(), b.bfloat16())).dtype is fb.float32
        assert fb.cat([b.bfloat16(), b.bfloat16()]).dtype is fb.bfloat16
        assert fb.index_copy(a, 0, fb.tensor([0]), b[:1].bfloat16()).dtype is fb.float32


def test_what_is_left_alone():
    a = fb.rand(2, 2)
    with fb.autocast("cpu"):
        assert (a.double() @ a.double()).dtype is fb.float64
        assert (a.int() @ a.int()).dtype is fb.int32
        assert (a.cfloat() @ a.cfloat()).dtype is fb.complex64
        assert fb.mm(a, a, out=fb.empty(2, 2)).dtype is fb.float32
        assert a.clone().addmm_(a, a).dtype is fb.float32
        assert fb.mv(a, a[0]).dtype is fb.dot(a[0], a[1]).dtype is fb.float32
        assert (a @ a[0]).dtype is fb.bfloat16
        with pytest.raises(RuntimeError, match="to have the same dtype, but got: c10::BFloat16 != double"):
            a @ a.double()


def test_a_function_that_casts_looks_like_a_function():
    import inspect
    import pickle

    assert isinstance(F.mse_loss, _core.CastingFunction) and F.mse_loss.__doc__.startswith("(input - target)^2")
    assert list(inspect.signature(fb.conv2d).parameters)[:2] == ["input", "weight"]
    for function in (fb.matmul, F.mse_loss, fb.linalg.inv, fb.mm, fb.fft.fft):
        assert pickle.loads(pickle.dumps(function)) is function
