"""In-place changes of tensors that share memory: history, versions, what is refused."""

import random

import numpy as np
import pytest

import flambeau as fb
from flambeau import autograd

try:
    import torch
except ImportError:
    torch = None

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch, the oracle, is not installed")


def leaf(values):
    return fb.tensor(values, dtype=fb.float64, requires_grad=True)


def values(t):
    return t.detach().numpy()


# ---- history of the base and of its other views


def test_change_of_a_view_reaches_the_base():
    x = leaf([1.0, 2.0, 3.0])
    y = x * 1
    y[0].mul_(5)
    assert y.grad_fn.name() == "CopySlices"
    (g,) = autograd.grad((y * y).sum(), x)
    np.testing.assert_allclose(values(g), [50.0, 4.0, 6.0])  # d(5x)^2 = 50x


def test_change_of_the_base_reaches_an_old_view():
    x = leaf([1.0, 2.0, 3.0])
    y = x * 1
    v = y[1:]
    y.mul_(2)
    assert v.grad_fn.name() == "AsStridedBackward0"
    (g,) = autograd.grad((v * v).sum(), x)
    np.testing.assert_allclose(values(g), [0.0, 16.0, 24.0])


def test_change_through_one_view_reaches_another():
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    y = x * 1
    row, column = y[0], y.t()[1]
    row.mul_(3)  # y = [[3, 6], [3, 4]]
    np.testing.assert_array_equal(values(column), [6.0, 4.0])
    (g,) = autograd.grad((column * fb.tensor([1.0, 10.0], dtype=fb.float64)).sum(), x)
    np.testing.assert_allclose(values(g), [[0.0, 3.0], [0.0, 10.0]])


def test_views_of_views():
    x = leaf(np.arange(1.0, 9.0).reshape(2, 2, 2).tolist())
    y = x * 1
    y.transpose(0, 2)[1][:, 1:].mul_(10)  # y[1, :, 1]
    y.view(4, 2)[2:].view(-1)[1:3].mul_(2)  # y[1, 0, 1] and y[1, 1, 0]
    (g,) = autograd.grad(y.sum(), x)
    np.testing.assert_allclose(values(g), [[[1, 1], [1, 1]], [[1, 20], [2, 10]]])


def test_overwritten_elements_have_no_gradient():
    x, w = leaf([1.0, 2.0, 3.0]), leaf([7.0])
    y = x * 2
    y[1] = w.sum() * 4
    (gx, gw) = autograd.grad((y * y).sum(), [x, w])
    np.testing.assert_allclose(values(gx), [8.0, 0.0, 24.0])
    np.testing.assert_allclose(values(gw), [2 * 28 * 4])


def test_several_changes_in_order():
    x = leaf([1.0, 2.0, 3.0, 4.0])
    y = x * 1
    y[:2].mul_(2)
    y[1:3].add_(y[2:4].detach())
    y[::2].mul_(3)
    (g,) = autograd.grad(y.sum(), x)
    np.testing.assert_allclose(values(g), [6.0, 2.0, 3.0, 1.0])


def test_base_without_history_gets_one():
    w = leaf([2.0])
    base = fb.zeros(3, dtype=fb.float64)
    view = base[1:]
    view.add_(w)
    assert base.requires_grad and not base.is_leaf and view.requires_grad
    (g,) = autograd.grad((base * fb.tensor([1.0, 2.0, 3.0], dtype=fb.float64)).sum(), w)
    np.testing.assert_allclose(values(g), [5.0])


def test_base_of_several_views():
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    y = x * 1
    first, second = y.unbind(0)
    y[0].mul_(2)
    (g,) = autograd.grad((first * second).sum(), x)
    np.testing.assert_allclose(values(g), [[6.0, 8.0], [2.0, 4.0]])


def test_complex_seen_as_real():
    x = fb.tensor([1 + 2j, 3 - 1j], dtype=fb.complex128, requires_grad=True)
    y = x * 1
    fb.view_as_real(y)[:, 1].mul_(3)  # the imaginary parts
    np.testing.assert_allclose(values(y), [1 + 6j, 3 - 3j])
    (g,) = autograd.grad((y.real * y.real + y.imag * y.imag).sum(), x)
    np.testing.assert_allclose(values(g), [2 + 36j, 6 - 18j])


def test_column_major_base():
    x = fb.from_numpy(np.asfortranarray(np.arange(6.0).reshape(2, 3))).requires_grad_()
    y = x.clone()
    assert not y.is_contiguous()
    y[1].mul_(2)
    y[:, 2].mul_(3)
    (g,) = autograd.grad(y.sum(), x)
    np.testing.assert_allclose(values(g), [[1, 1, 3], [2, 2, 6]])


def test_second_derivatives_pass_the_change():
    x, w = leaf([1.0, 2.0]), leaf([3.0, 5.0])
    y = x * x
    y[1:].mul_(w[1:] * w[1:])  # y = [x0^2, x1^2 w1^2]
    assert autograd.gradcheck(_changed, (x, w))
    assert autograd.gradgradcheck(_changed, (x, w))
    (g,) = autograd.grad((y * y).sum(), x, create_graph=True)  # 4 x0^3, 4 x1^3 w1^4
    np.testing.assert_allclose(values(g), [4.0, 4 * 8 * 625.0])
    (gg,) = autograd.grad(g.sum(), x)
    np.testing.assert_allclose(values(gg), [12.0, 12 * 4 * 625.0])


def _changed(x, w):
    y = x * x
    view = y[1:]
    view.mul_(w[1:] * w[1:])
    y[0] = w[0] * x[1]
    return y * view.sum()


def test_saved_values_of_the_change_are_freed():
    x, w = leaf([1.0, 2.0]), leaf([2.0])
    y = x * 1
    y[:1].mul_(w)
    loss = y.sum()
    loss.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        loss.backward()


def test_view_of_a_base_that_was_given_other_memory():
    x = leaf([1.0, 2.0, 3.0])
    y = x * 1
    view = y[1:]
    y.data = fb.zeros(3, dtype=fb.float64)
    view.mul_(leaf([2.0]))
    assert view.tolist() == [4.0, 6.0] and y.tolist() == [0.0, 0.0, 0.0]
    (g,) = autograd.grad(view.sum(), x)
    np.testing.assert_array_equal(values(g), [0.0, 2.0, 2.0])


# ---- versions

VIEWS = {
    "index": lambda t: t[0],
    "slice": lambda t: t[:, 1:],
    "view": lambda t: t.view(-1),
    "transpose": lambda t: t.transpose(0, 1),
    "expand": lambda t: t.unsqueeze(0).expand(2, 2, 3)[1],
    "diagonal": lambda t: t.diagonal(),
    "unfold": lambda t: t.unfold(1, 2, 2),
    "as_strided": lambda t: t.as_strided((2,), (1,)),
    "split": lambda t: t.split(1)[0],
    "unbind": lambda t: t.unbind()[1],
    "squeeze": lambda t: t.squeeze(),
    "permute": lambda t: t.permute(1, 0),
    "detach": lambda t: t.detach(),
    "dtype": lambda t: t.view(fb.int64),
}


@pytest.mark.parametrize("name", VIEWS)
def test_version_is_shared(name):
    base = fb.ones(2, 3, dtype=fb.float64)
    view = VIEWS[name](base)
    assert view._version == 0 and view._is_view() == (name != "detach")
    view.zero_()
    assert base._version == view._version == 1 and (base == 0).any()
    base.fill_(3)
    assert base._version == view._version == 2


@pytest.mark.parametrize("name", VIEWS)
def test_change_of_a_saved_tensor_is_noticed(name):
    x = leaf([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    saved = x.detach().clone()
    y = x * saved  # keeps `saved` for the gradient of x
    with fb.no_grad():
        VIEWS[name](saved).zero_()
    with pytest.raises(
        RuntimeError, match="modified by an inplace operation: .*is at version 1; expected version 0"
    ):
        y.sum().backward()


def test_data_has_a_version_of_its_own():
    x = fb.ones(3)
    x.data.zero_()
    assert x._version == 0 and x.tolist() == [0.0, 0.0, 0.0]


# ---- what is refused

LEAF = r"^a leaf Variable that requires grad is being used in an in-place operation\."
LEAF_VIEW = r"^a view of a leaf Variable that requires grad is being used in an in-place operation\."


@pytest.mark.parametrize(
    "change",
    [lambda x: x.add_(1), lambda x: x.zero_(), lambda x: x.copy_(fb.zeros(2, 2)), lambda x: x.masked_fill_(x > 0, 0),
     lambda x: x.__setitem__(x > 0, 0)],
)  # fmt: skip
def test_leaves_are_not_changed(change):
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(RuntimeError, match=LEAF):
        change(x)
    assert x._version == 0 and x.tolist() == [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    "view",
    [lambda x: x[0], lambda x: x.t(), lambda x: x.view(4), lambda x: x[0][1:]],
)
def test_views_of_leaves_are_not_changed(view):
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(RuntimeError, match=LEAF_VIEW):
        view(x).mul_(2)
    with pytest.raises(RuntimeError, match=LEAF_VIEW):
        x[0, 0] = 1
    assert x._version == 0


def test_leaves_are_changed_without_recording():
    x = leaf([1.0, 2.0])
    view = x[:1]
    with fb.no_grad():
        x[0] = 5
        x.add_(1)
    assert x.is_leaf and x.requires_grad and x.tolist() == [6.0, 3.0] and view.tolist() == [6.0]
    view.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [1.0, 0.0])


def test_overlapping_elements_are_not_written():
    x = fb.zeros(1, 3).expand(2, 3)
    with pytest.raises(
        RuntimeError,
        match="more than one element of the written-to tensor refers to a single memory location",
    ):
        x.add_(1)
    with pytest.raises(RuntimeError, match="more than one element"):
        x[:, 0] = 1
    assert x._version == 0


def test_empty_tensors_have_no_overlapping_elements():
    for x in (fb.zeros(0, 3).flip(0), fb.zeros(2, 3)[:0].clone(), fb.zeros(0, 1).expand(0, 3)):
        x.add_(1)
        x[:] = fb.ones(0, 3)
        assert fb.exp(fb.ones(0, 3), out=x) is x and x.shape == (0, 3)


def test_overlapping_source():
    x = fb.arange(5.0)
    x[1:].copy_(x[:-1])
    assert x.tolist() == [0.0, 0.0, 1.0, 2.0, 3.0]
    y = fb.arange(4.0)
    y[:] = y.flip(0)
    assert y.tolist() == [3.0, 2.0, 1.0, 0.0]


# ---- random programs against the oracle


def _program(lib, seed, second):
    """Views and in-place changes in random order, and the gradients of a loss over all tensors that were made."""
    r, rs = random.Random(seed), np.random.RandomState(seed)

    def make(array):
        return lib.tensor(np.asarray(array).tolist(), dtype=lib.float64)

    leaves = [make(rs.rand(3, 4)).requires_grad_() for _ in range(2)]
    tensors = [
        leaves[0] * 1.5 if r.random() < 0.7 else make(rs.rand(3, 4)),
        make(rs.rand(3, 4)),
        leaves[1] * 2,
    ]
    for _ in range(r.randint(3, 9)):
        x = r.choice(tensors)
        x.grad_fn  # noqa: B018  (the oracle brings the history of a view up to date when asked for it)
        step, sized = r.randint(0, 15), x.ndim > 0 and x.shape[0] > 1
        if step == 0 and x.ndim:
            tensors.append(x[r.randrange(x.shape[0])])
        elif step == 1 and x.ndim:
            tensors.append(x[..., r.randrange(x.shape[-1]) :])
        elif step == 2 and x.ndim > 1:
            tensors.append(x.transpose(0, 1))
        elif step == 3:
            tensors.append(x.unsqueeze(0))
        elif step == 4 and x.is_contiguous():
            tensors.append(x.view(-1))
        elif step == 5 and x.ndim > 1:
            tensors.append(x.diagonal())
        elif step == 6 and sized:
            tensors.append(x.unfold(0, 2, 2))
        elif step == 7:
            tensors.append(x.squeeze())
        elif step == 8 and sized:
            tensors.append(x[::2])
        elif step == 9:
            x.mul_(r.choice([2.0, 3.0]))
        elif step == 10:
            x.mul_(r.choice(leaves).sum())
        elif step == 11:
            x.add_(x.detach() * 0.5)
        elif step == 12 and x.ndim:
            x[0] = leaves[1].sum() * r.random()
        elif step == 13:
            x.copy_((x * x).detach() + leaves[0].mean())
        elif step == 14:
            x.fill_(1.25)
        elif step == 15 and x.numel() > 2:
            tensors.append(x.as_strided((2,), (1,)))
    loss = sum(((t * t) * make(rs.rand(*t.shape))).sum() for t in tensors)
    results = [loss]
    grads = lib.autograd.grad(loss, leaves, create_graph=second, allow_unused=True)
    results += grads
    if second:
        total = sum(t.sum() * 0 for t in leaves) + sum((g * g).sum() for g in grads if g is not None)
        results += lib.autograd.grad(total, leaves, allow_unused=True)
    return [0.0 if t is None else t.detach().numpy() for t in results]


@needs_torch
@pytest.mark.parametrize("seed", range(0, 300, 20))
def test_random_programs(seed):
    for s in range(seed, seed + 20):
        for got, expected in zip(_program(fb, s, s % 2 == 0), _program(torch, s, s % 2 == 0), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12, err_msg=f"program {s}")
