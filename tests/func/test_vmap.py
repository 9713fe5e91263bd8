"""The interface of vmap: arguments, results, errors, nesting, chunks."""

import collections

import numpy as np
import pytest

import flambeau as fb
from flambeau.func import vmap

Pair = collections.namedtuple("Pair", ["a", "b"])


def same(got, wanted):
    np.testing.assert_allclose(got.detach().numpy(), wanted.detach().numpy(), rtol=1e-6, atol=1e-6)


@pytest.fixture
def x():
    return fb.arange(12.0).reshape(3, 4)


# ---- dimensions


def test_public_names():
    assert fb.vmap is fb.func.vmap is vmap


@pytest.mark.parametrize("dim", [0, 1, -1, -2])
def test_in_dims(x, dim):
    same(vmap(lambda t: t.sum(), in_dims=dim)(x), x.sum(1 - dim % 2))


@pytest.mark.parametrize("dim", [0, 1, 2, -1])
def test_out_dims(x, dim):
    out = vmap(lambda t: t.reshape(2, 2), out_dims=dim)(x)
    same(out, x.reshape(3, 2, 2).movedim(0, dim))


def test_none_is_the_same_for_all(x):
    same(vmap(lambda t, u: t * u, in_dims=(0, None))(x, fb.arange(4.0)), x * fb.arange(4.0))


def test_unbatched_results_are_repeated(x):
    assert vmap(lambda t: fb.ones(2))(x).shape == (3, 2)


def test_out_dims_none(x):
    first, second = vmap(lambda t: (t, fb.ones(2)), out_dims=(0, None))(x)
    assert first.shape == (3, 4) and second.shape == (2,)


@pytest.mark.parametrize(
    "make", [lambda t: {"a": t}, lambda t: [t, t], lambda t: (t, (t, t)), lambda t: Pair(t, t)]
)
def test_containers(x, make):
    got = vmap(lambda tree: tree)(make(x))
    assert type(got) is type(make(x)) and str(got) == str(make(x))


def test_dims_in_containers(x):
    got = vmap(lambda d, p: d["u"] + p.a + p.b, in_dims=({"u": 1, "v": None}, Pair(0, None)))(
        {"u": x.T, "v": 3}, Pair(x, fb.ones(4))
    )
    same(got, 2 * x + 1)


def test_out_dims_in_containers(x):
    got = vmap(lambda t: {"p": t, "q": [t, t]}, out_dims={"p": 1, "q": [0, 1]})(x)
    assert got["p"].shape == (4, 3) and [t.shape for t in got["q"]] == [(3, 4), (4, 3)]


def test_keywords_are_batched_along_dim_0(x):
    same(
        vmap(lambda t, scale=None, n=1: t * scale * n)(x, scale=fb.arange(3.0), n=2),
        x * fb.arange(3.0)[:, None] * 2,
    )


def test_as_a_decorator(x):
    @vmap
    def total(t):
        """The sum."""
        return t.sum()

    assert total.__name__ == "total" and total.__doc__ == "The sum."
    same(total(x), x.sum(1))


def test_a_batch_of_none():
    assert vmap(lambda t: t.sin() @ fb.ones(4))(fb.zeros(0, 4)).shape == (0,)
    assert vmap(lambda t: t.histc(3, 0, 1))(fb.zeros(0, 4)).shape == (0, 3)


@pytest.mark.parametrize("chunk_size", [1, 2, 3, 5])
def test_chunks(x, chunk_size):
    run = vmap(lambda t, u: (t + u, t.sum()), in_dims=(0, 1), out_dims=(1, 0), chunk_size=chunk_size)
    first, second = run(x, x.T)
    same(first, 2 * x.T)
    same(second, x.sum(1))


# ---- nesting


def test_nested(x):
    outer = vmap(vmap(lambda a, b: a * b, in_dims=(0, None)), in_dims=(None, 0))
    same(outer(fb.arange(3.0), fb.arange(4.0)), fb.outer(fb.arange(4.0), fb.arange(3.0)))


def test_three_deep():
    a, b, c = fb.randn(2), fb.randn(3), fb.randn(4)
    f = vmap(vmap(vmap(lambda x, y, z: x * y + z, (None, None, 0)), (None, 0, None)), (0, None, None))
    same(f(a, b, c), a[:, None, None] * b[:, None] + c)


def test_a_tensor_of_an_outer_level(x):
    same(vmap(lambda t: vmap(lambda s: s * t.sum())(t))(x), x * x.sum(1, keepdim=True))


def test_the_level_ends_with_an_error(x):
    with pytest.raises(ZeroDivisionError):
        vmap(lambda t: 1 / 0)(x)
    assert fb.func.levels.active_levels() == []


# ---- what a function sees


def test_logical_answers(x):
    def look(t):
        assert (
            t.shape == (4,)
            and t.size() == (4,)
            and t.size(0) == 4
            and t.dim() == t.ndim == 1
            and t.numel() == 4
        )
        assert t.stride() == (1,) and t.is_contiguous() and len(t) == 4 and t.dtype is fb.float32
        assert t.device == fb.device("cpu") and not t.requires_grad and t.is_leaf and t.grad_fn is None
        assert t.element_size() == 4 and t.nbytes == 16 and t.is_floating_point() and not t.is_complex()
        rows = t.reshape(2, 2)
        assert rows.T.shape == rows.mT.shape == (2, 2) and [r.shape for r in rows] == [(2,), (2,)]
        assert (
            isinstance(t, fb.Tensor) and t.new_zeros(2, 3).shape == (2, 3) and fb.zeros_like(t).shape == (4,)
        )
        return t

    vmap(look)(x)


def test_strides_are_those_of_an_element(x):
    vmap(lambda t: [None, t][t.stride() == (4,) and not t.is_contiguous()], in_dims=1)(x)


def test_complex_parts():
    z = fb.randn(3, 2, dtype=fb.complex64)
    same(vmap(lambda t: t.real + t.imag)(z), z.real + z.imag)


def test_printed(x):
    shown = []
    vmap(vmap(lambda t: shown.append(repr(t)) or t))(x[:2, :2])
    assert shown == [
        "BatchedTensor(lvl=2, bdim=0, value=\n    BatchedTensor(lvl=1, bdim=0, value=\n"
        "        tensor([[0., 1.],\n                [4., 5.]])\n    )\n)"
    ]


# ---- in place


def test_in_place(x):
    def f(t, u):
        t = t.clone()
        t.add_(u).mul_(2).cumsum_(0)
        t[1:3].zero_()
        t[0] = u.sum()
        t.unsqueeze_(0).squeeze_()
        return t

    u = fb.randn(3, 4)
    wanted = (2 * (x + u)).cumsum(1)
    wanted[:, 1:3] = 0
    wanted[:, 0] = u.sum(1)
    same(vmap(f)(x, u), wanted)


def test_in_place_results_keep_shape_and_dtype():
    x = fb.zeros(3, dtype=fb.float16)
    vmap(lambda t, u: t.add_(u), in_dims=(0, None))(x, fb.tensor(2.0))
    assert x.tolist() == [2, 2, 2]
    with pytest.raises(RuntimeError, match=r"output with shape \[\] doesn't match the broadcast shape \[1\]"):
        vmap(lambda t, u: t.add_(u))(x, fb.ones(3, 1))
    with pytest.raises(RuntimeError, match="can't be cast to the desired output type Bool"):
        vmap(lambda t, u: t.add_(u))(x > 0, fb.ones(3))


@pytest.mark.parametrize(
    "a, b", [("int64", "float64"), ("float64", "float32"), ("float32", "int32"), ("bool", "uint8")]
)
def test_elements_without_dimensions_promote_as_such(a, b):
    many, point = fb.ones(3, 2, dtype=getattr(fb, a)), fb.ones(3, dtype=getattr(fb, b))
    for f in (fb.add, fb.maximum, fb.eq, lambda s, t: fb.where(s > 0, s, t), fb.clamp):
        assert vmap(f)(many, point).dtype is f(many[0], point[0]).dtype
        assert vmap(f)(point, point.to(many.dtype)).dtype is f(point[0], point[0].to(many.dtype)).dtype
        assert vmap(f, in_dims=(None, 0))(many[0], point).dtype is f(many[0], point[0]).dtype


def test_the_argument_changes_too(x):
    vmap(lambda t: t.add_(1))(x)
    same(x, fb.arange(1.0, 13).reshape(3, 4))


def test_likes_may_be_written_to(x):
    def f(t):
        out = t.new_zeros(2)
        out[0] = t[0]
        out[1:] = fb.empty_like(t).copy_(t)[1:2]
        return out

    same(vmap(f)(x), x[:, :2])


def test_in_place_on_an_unbatched_tensor(x):
    y = fb.zeros(4)
    for change in (y.add_, y.copy_, lambda t: y[0].copy_(t[0]), lambda t: y.__setitem__(0, t[0])):
        with pytest.raises(RuntimeError, match="vmap: inplace arithmetic"):
            vmap(lambda t, change=change: change(t))(x)
    assert (y == 0).all()


# ---- indices


def test_index_tensors(x):
    i = fb.tensor([0, 2, 1])
    same(vmap(lambda t, k: t[k])(x, i), x[fb.arange(3), i])
    same(vmap(lambda k: x[0, k])(i), x[0, i])
    same(
        vmap(lambda t, k: t[k, None])(x, fb.tensor([[0, 1], [1, 2], [3, 0]])),
        x.gather(1, fb.tensor([[0, 1], [1, 2], [3, 0]]))[..., None],
    )


def test_setting_at_index_tensors(x):
    def f(t, k):
        t = t.clone()
        t[k] = -1
        return t

    wanted = x.clone()
    wanted[fb.arange(3), fb.tensor([0, 2, 1])] = -1
    same(vmap(f)(x, fb.tensor([0, 2, 1])), wanted)


@pytest.mark.parametrize("key", [
    (slice(None), 0, 1), (0, slice(None), 1), (slice(None), 0, None, 1), (..., 1), (0, None, ..., 1), (0, 1),
    (slice(1), 0),
])  # fmt: skip
def test_index_tensors_between_slices(key):
    """0 and 1 stand for index tensors, of which the first, the second or both are batched."""
    t = fb.randn(2, 3, 4, 3)
    k, j = fb.randint(0, 3, (2, 5)), fb.randint(0, 3, (2, 2, 5))

    def pick(x, a, b):
        return x[tuple({0: a, 1: b}.get(i, i) if type(i) is int else i for i in key)]

    for dims in [(0, 0, 0), (0, 0, None), (0, None, None), (None, 0, 0), (None, None, 0)]:
        given = [v if d == 0 else v[0] for v, d in zip((t, k, j), dims, strict=True)]
        rows = [pick(*[v[i] if d == 0 else v for v, d in zip(given, dims, strict=True)]) for i in range(2)]
        same(vmap(pick, in_dims=dims)(*given), fb.stack(rows))


def test_counts_that_differ():
    counts = fb.tensor([[1, 2], [2, 1]])
    x = fb.randn(2, 2)
    same(
        vmap(fb.repeat_interleave)(x, counts), fb.stack([x[i].repeat_interleave(counts[i]) for i in range(2)])
    )
    with pytest.raises(RuntimeError, match="dynamic shape"):
        vmap(fb.repeat_interleave)(x, fb.tensor([[1, 2], [2, 2]]))


# ---- random numbers


@pytest.mark.parametrize("draw", [
    lambda t: fb.rand(4), lambda t: fb.randn(4) + t, lambda t: fb.randperm(4), lambda t: fb.rand_like(t),
    lambda t: fb.randint(0, 9, (4,)), lambda t: t.clone().uniform_(), lambda t: fb.nn.functional.dropout(t + 1),
    lambda t: fb.nn.functional.dropout(fb.ones(4)), lambda t: fb.bernoulli(fb.full((4,), 0.5)),
    lambda t: fb.multinomial(fb.ones(4), 2), lambda t: fb.multinomial(t + 1, 2), lambda t: fb.poisson(t * 0 + 9),
    lambda t: fb.normal(t, 1.0), lambda t: fb.zeros_like(t).bernoulli_(0.5), lambda t: fb.bernoulli(t * 0 + 0.5),
])  # fmt: skip
def test_randomness(draw):
    x = fb.zeros(20, 4)
    with pytest.raises(RuntimeError, match="vmap: called random operation while in randomness error mode"):
        vmap(draw)(x)
    drawn = vmap(draw, randomness="same")(x)
    assert (drawn == drawn[:1]).all()
    drawn = vmap(draw, randomness="different")(x)
    assert drawn.shape[0] == 20 and not (drawn == drawn[:1]).all()


def test_the_stream_is_that_of_the_batch():
    fb.manual_seed(3)
    drawn = vmap(lambda t: fb.randn(4), randomness="different")(fb.zeros(5))
    fb.manual_seed(3)
    same(drawn, fb.randn(5, 4))


def test_chunks_draw_the_same_numbers():
    drawn = vmap(lambda t: fb.rand(3), randomness="same", chunk_size=2)(fb.zeros(5))
    assert (drawn == drawn[0]).all()


def test_nested_randomness():
    drawn = vmap(vmap(lambda t: fb.rand(()), randomness="different"), randomness="same")(fb.zeros(3, 4))
    assert (drawn == drawn[0]).all() and len(set(drawn[0].tolist())) == 4
    with pytest.raises(RuntimeError, match="randomness error mode"):
        vmap(vmap(lambda t: fb.rand(()), randomness="different"))(fb.zeros(3, 4))


def test_different_numbers_need_a_batch_to_be_written_to():
    with pytest.raises(RuntimeError, match="different inplace randomness on an unbatched tensor"):
        vmap(lambda t: fb.zeros(4).uniform_(), randomness="different")(fb.zeros(3))


# ---- errors


def message(error, function, *args, **kwargs):
    with pytest.raises(error) as raised:
        function(*args, **kwargs)
    return str(raised.value)


def test_data_dependent(x):
    for look in (
        lambda t: t.sum().item(),
        lambda t: float(t.sum()),
        lambda t: int(t[0]),
        lambda t: range(t[0].long()),
    ):
        assert "vmap: It looks like you're calling .item() on a Tensor" in message(
            RuntimeError, vmap(look), x
        )
    assert "data-dependent control flow" in message(RuntimeError, vmap(lambda t: t if t.sum() > 0 else -t), x)
    for look in (lambda t: t.tolist(), lambda t: t.numpy(), lambda t: np.asarray(t), lambda t: t.data_ptr()):
        assert "Cannot access data pointer" in message(RuntimeError, vmap(look), x)
    assert "indexing with a boolean mask" in message(RuntimeError, vmap(lambda t: t[t > 0]), x)
    assert "torch.masked_select" in message(RuntimeError, vmap(lambda t: t.masked_select(t > 0)), x)
    assert "aten::nonzero" in message(RuntimeError, vmap(lambda t: t.nonzero()), x)
    assert "aten::_unique2" in message(RuntimeError, vmap(lambda t: t.unique()), x)
    assert "backward() called inside" in message(
        RuntimeError, vmap(lambda t: t.sum().backward()), x.requires_grad_()
    )


def test_out_is_refused(x):
    assert "aten::add.out" in message(RuntimeError, vmap(lambda t: fb.add(t, t, out=fb.empty(4))), x)


BAD = [
    (lambda v, x: v(lambda a, b: a, in_dims=(0,))(x, x), ValueError),
    (lambda v, x: v(lambda a: a, in_dims={"a": 0})(x), ValueError),
    (lambda v, x: v(lambda a: a, in_dims="x")(x), ValueError),
    (lambda v, x: v(lambda a: a, in_dims=(0.5,))(x), ValueError),
    (lambda v, x: v(lambda: 1)(), ValueError),
    (lambda v, x: v(lambda a: a, in_dims=None)(x), ValueError),
    (lambda v, x: v(lambda a: a, in_dims=(None,))(x), ValueError),
    (lambda v, x: v(lambda a, b: a, in_dims=(0, 0))(x, 3), ValueError),
    (lambda v, x: v(lambda a: a, in_dims=(2,))(x), ValueError),
    (lambda v, x: v(lambda a: a, in_dims=(-3,))(x), ValueError),
    (lambda v, x: v(lambda a: a)(x[0, 0]), ValueError),
    (lambda v, x: v(lambda a, b: a)(x, x[:2]), ValueError),
    (lambda v, x: v(lambda a: a, in_dims=({"v": 0},))({"u": x}), ValueError),
    (lambda v, x: v(lambda a: 3)(x), ValueError),
    (lambda v, x: v(lambda a: None)(x), ValueError),
    (lambda v, x: v(lambda a: (a, a), out_dims=(0,))(x), ValueError),
    (lambda v, x: v(lambda a: a, out_dims="x")(x), ValueError),
    (lambda v, x: v(lambda a: a, out_dims=3)(x), IndexError),
    (lambda v, x: v(lambda a: a, out_dims=None)(x), ValueError),
    (lambda v, x: v(lambda a: {"p": a}, out_dims={"q": 1})(x), ValueError),
    (lambda v, x: v(lambda a: a, chunk_size=0), ValueError),
    (lambda v, x: v(lambda a: a, randomness="x"), RuntimeError),
]


@pytest.mark.parametrize("call, error", BAD)
def test_errors(x, call, error):
    message(error, call, vmap, x)


@pytest.mark.parametrize("call, error", BAD)
def test_errors_are_those_of_pytorch(x, call, error):
    """In type and wording."""
    torch = pytest.importorskip("torch")

    def theirs():
        return call(torch.func.vmap, torch.arange(12.0).reshape(3, 4))

    try:
        theirs()
    except error as raised:
        wanted = str(raised)
    got = message(error, call, vmap, x)
    assert got == wanted
