"""Dual numbers: making and unpacking them, levels, views and in-place changes, mixing with reverse mode, Functions."""

import copy
import pickle

import numpy as np
import pytest

import flambeau as fb
from flambeau.autograd import Function, forward_ad
from flambeau.autograd.forward_ad import dual_level, make_dual, unpack_dual


@pytest.fixture
def level():
    with dual_level() as number:
        yield number


def pair(*shape):
    random = np.random.RandomState(len(shape))
    return fb.tensor(random.standard_normal(shape)), fb.tensor(random.standard_normal(shape))


def close(a, b):
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), 1e-12)


# ------------------------------------------------------------------------------------- making and unpacking


def test_make_and_unpack(level):
    x, t = pair(3)
    d = make_dual(x, t)
    unpacked = unpack_dual(d)
    assert unpacked.primal is x and unpacked.tangent is t
    assert unpack_dual(x) == (x, None)
    assert d.shape == x.shape and d.dtype is x.dtype and d.data_ptr() == x.data_ptr()
    y, dy = unpack_dual(d.sin() * 2)
    close(y, x.sin() * 2)
    close(dy, x.cos() * 2 * t)


def test_refused(level):
    x, t = pair(3)
    d = make_dual(x, t)
    for call, error, words in (
        (lambda: make_dual(x, t[:2]), RuntimeError,
         r"is of size \[3\] while the given forward gradient is of size \[2\]"),
        (lambda: make_dual(x.long(), t), ValueError,
         "Expected primal to be floating point or complex, but got: torch.int64"),
        (lambda: make_dual(x, t.long()), ValueError, "Expected tangent to be floating point"),
        (lambda: make_dual(x, t + 1j), RuntimeError, "cannot have a tangent of torch.complex128"),
        (lambda: make_dual(d, t), RuntimeError, "already has a forward gradient at the same level"),
        (lambda: make_dual(x, 1.0), TypeError, "argument 'tangent' must be Tensor, not float"),
        (lambda: fb.add(d, d, out=fb.empty(3)), NotImplementedError,
         "add_out that does not support it because it is an out="),
        (lambda: forward_ad.exit_dual_level(level=level + 1), RuntimeError, "not the last one that was created"),
    ):  # fmt: skip
        with pytest.raises(error, match=words):
            call()


def test_no_level():
    x, t = pair(3)
    with pytest.raises(RuntimeError, match="no level exists"):
        make_dual(x, t)
    with pytest.raises(RuntimeError, match="none is open"):
        forward_ad.exit_dual_level()
    assert unpack_dual(x).tangent is None


def test_the_end_of_a_level_ends_its_tangents():
    x, t = pair(3)
    with dual_level():
        d = make_dual(x, t)
        y = d * 2
    assert unpack_dual(y).tangent is None
    assert "tangent" not in repr(y)
    with dual_level():
        assert unpack_dual(y).tangent is None
        assert unpack_dual(y * 2).tangent is None
        assert unpack_dual(make_dual(y, t) * 2).tangent is not None
    np.testing.assert_array_equal((y + 1).numpy(), (x * 2 + 1).numpy())


def test_levels_nest():
    """Tangents of tangents: the second derivative of x^3 in the directions 1 and 1 is 6 x."""
    x, one = fb.tensor(2.0), fb.ones(())
    with dual_level():
        outer = make_dual(x, one)
        with dual_level():
            inner = make_dual(outer, one)
            _, first = unpack_dual(inner**3)
        value, second = unpack_dual(first)
    assert value == 12 and second == 12


def test_a_dual_as_a_plain_value(level):
    x, t = fb.tensor([1.5]), fb.tensor([2.0])
    d = make_dual(x, t)
    assert d.item() == 1.5 and float(d) == 1.5 and d.tolist() == [1.5] and bool(d > 1)
    assert repr(d) == "tensor([1.5000], tangent=tensor([2.]))"
    assert unpack_dual(d.detach()).tangent is None and unpack_dual(d.data).tangent is None
    assert not d.requires_grad and d.is_leaf and d.grad_fn is None
    np.testing.assert_array_equal(d.numpy(), x.numpy())
    assert pickle.loads(pickle.dumps(d)).tolist() == [1.5] and copy.deepcopy(d).tolist() == [1.5]


def test_dtypes(level):
    x, t = pair(3)
    d = make_dual(x, t)
    assert unpack_dual(d.float()).tangent.dtype is fb.float32
    assert unpack_dual(d + fb.ones(3, dtype=fb.complex128)).tangent.dtype is fb.complex128
    assert unpack_dual(d.long()).tangent is None and unpack_dual(d > 0).tangent is None
    assert unpack_dual(d.argmax()).tangent is None


def test_outputs_without_tangent_of_ops_with_several(level):
    x, t = pair(5)
    values, indices = make_dual(x, t).sort()
    assert unpack_dual(indices).tangent is None
    close(unpack_dual(values).tangent, t[indices])


def test_lists_of_tensors(level):
    x, t = pair(2, 3)
    d = make_dual(x, t)
    close(unpack_dual(fb.cat([x, d])).tangent, fb.cat([fb.zeros_like(x), t]))
    close(unpack_dual(fb.stack([d, d * 2])).tangent, fb.stack([t, t * 2]))
    close(unpack_dual(fb.einsum("ij,kj->ik", d, d)).tangent, t @ x.T + x @ t.T)


def test_switching_forward_mode_off(level):
    x, t = pair(3)
    d = make_dual(x, t)
    with forward_ad.set_fwd_grad_enabled(False):
        assert unpack_dual(d * 2).tangent is None
    assert unpack_dual(d * 2).tangent is not None
    with fb.inference_mode():
        assert unpack_dual(d * 2).tangent is None
    with fb.no_grad():
        assert unpack_dual(d * 2).tangent is not None


# ----------------------------------------------------------------------------------------- views and changes


def test_views_of_duals_have_views_of_tangents(level):
    x, t = pair(4, 3)
    d = make_dual(x, t)
    row = unpack_dual(d[1])
    assert row.primal.data_ptr() == x[1].data_ptr() and row.tangent.data_ptr() == t[1].data_ptr()
    assert unpack_dual(d.t()).tangent.data_ptr() == t.data_ptr()


def test_in_place_changes_show_in_views_both_ways(level):
    x, t = pair(4, 3)
    d = make_dual(x.clone(), t.clone())
    view = d[1:3]
    view.mul_(d[0])
    expected = t.clone()
    expected[1:3] = t[1:3] * x[0] + x[1:3] * t[0]
    close(unpack_dual(d).tangent, expected)
    d.sin_()
    close(unpack_dual(view).tangent, unpack_dual(d).tangent[1:3])


def test_assignment(level):
    x, t = pair(4)
    d = make_dual(x.clone(), t.clone())
    d[0] = 5.0
    d[1] = d[2] * 2
    d[fb.tensor([3])] = d[2] ** 2
    expected = fb.stack([t[0] * 0, 2 * t[2], t[2], 2 * x[2] * t[2]])
    close(unpack_dual(d).tangent, expected)


def test_a_plain_tensor_takes_the_tangents_written_to_it(level):
    x, t = pair(3)
    d = make_dual(x, t)
    buffer = fb.zeros(2, 3, dtype=fb.float64)
    buffer[1] = d
    buffer[:, 0].add_(d[1])
    tangent = unpack_dual(buffer).tangent
    expected = fb.zeros(2, 3, dtype=fb.float64)
    expected[1] = t
    expected[:, 0] += t[1]
    close(tangent, expected)
    close(unpack_dual(buffer).primal[1, 1:], x[1:])


def test_random_numbers_and_constants_have_no_tangent(level):
    x, t = pair(3)
    for change in (lambda v: v.normal_(), lambda v: v.fill_(2), lambda v: v.copy_(2), lambda v: v.zero_()):
        d = make_dual(x.clone(), t.clone())
        change(d)
        close(unpack_dual(d).tangent, fb.zeros(3, dtype=fb.float64))


def test_a_change_that_is_refused_changes_nothing(level):
    x, t = pair(3)
    d = make_dual(x.clone(), t.clone())
    with pytest.raises(RuntimeError):
        d.add_(fb.ones(2, 3, dtype=fb.float64))
    close(d, x)
    close(unpack_dual(d).tangent, t)
    leaf = fb.zeros(3, dtype=fb.float64, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
        leaf.add_(d)


# ------------------------------------------------------------------------------------ with reverse mode


def test_forward_over_reverse(level):
    """The tangent of a gradient is the Hessian times the direction."""
    x, t = pair(3)
    d = make_dual(x.clone().requires_grad_(), t)
    (g,) = fb.autograd.grad((d**4).sum(), d)
    close(g, 4 * x**3)
    close(unpack_dual(g).tangent, 12 * x**2 * t)


def test_forward_over_reverse_with_dual_seeds(level):
    x, t = pair(3)
    d = make_dual(x.clone().requires_grad_(), t)
    u = make_dual(x.cos(), -x.sin() * t)
    (g,) = fb.autograd.grad(d**2, d, u)
    close(unpack_dual(g).tangent, 2 * t * x.cos() - 2 * x * x.sin() * t)


def test_backward_gives_gradients_with_tangents(level):
    x, t = pair(3)
    leaf = x.clone().requires_grad_()
    y = (make_dual(leaf, t) ** 3).sum()
    y.backward()
    close(leaf.grad, 3 * x**2)
    close(unpack_dual(leaf.grad).tangent, 6 * x * t)


def test_reverse_over_forward(level):
    x, t = pair(3)
    x.requires_grad_()
    _, tangent = unpack_dual(make_dual(x, t).exp().log_softmax(0))
    (g,) = fb.autograd.grad(tangent[0], x)
    probe = [t.detach() * 0 + 1e-6 * (fb.arange(3) == i) for i in range(3)]

    def first(v):
        with dual_level():
            return unpack_dual(make_dual(v, t).exp().log_softmax(0)).tangent[0]

    numeric = [((first(x.detach() + e) - first(x.detach() - e)) / 2e-6).item() for e in probe]
    np.testing.assert_allclose(g.numpy(), numeric, 1e-5)


def test_the_tangent_may_require_grad(level):
    x, t = pair(3)
    t.requires_grad_()
    y, tangent = unpack_dual(make_dual(x, t).sin())
    assert not y.requires_grad and tangent.requires_grad
    close(fb.autograd.grad(tangent.sum(), t)[0], x.cos())


def test_nothing_is_recorded_that_nobody_asked_for(level):
    x, t = pair(3)
    for f in (fb.sin, lambda v: v.softmax(0), lambda v: v * v, lambda v: v.cumsum(0), fb.prod):
        y, tangent = unpack_dual(f(make_dual(x, t)))
        assert not y.requires_grad and not tangent.requires_grad


# ---------------------------------------------------------------------------------------- custom Functions


class Cube(Function):
    @staticmethod
    def forward(ctx, x, factor):
        ctx.save_for_backward(x)
        ctx.save_for_forward(x)
        ctx.factor = factor
        return x**3 * factor

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return 3 * x**2 * ctx.factor * grad, None

    @staticmethod
    def jvp(ctx, tangent, _):
        (x,) = ctx.saved_tensors
        return 3 * x**2 * ctx.factor * tangent


def test_function_with_jvp(level):
    x, t = pair(3)
    y, tangent = unpack_dual(Cube.apply(make_dual(x, t), 2.0))
    close(y, 2 * x**3)
    close(tangent, 6 * x**2 * t)


def test_function_with_jvp_and_reverse_mode(level):
    x, t = pair(3)
    leaf = x.clone().requires_grad_()
    y, tangent = unpack_dual(Cube.apply(make_dual(leaf, t), 2.0))
    close(fb.autograd.grad(y.sum(), leaf)[0], 6 * x**2)
    close(fb.autograd.grad(tangent.sum(), leaf)[0], 12 * x * t)


def test_function_without_jvp(level):
    class Plain(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return grad * 2

    with pytest.raises(
        NotImplementedError, match="You must implement the jvp function for custom autograd.Function"
    ):
        Plain.apply(make_dual(*pair(3)))


def test_absent_tangents_arrive_as_zeros_or_none(level):
    seen = []

    class Note(Function):
        @staticmethod
        def forward(ctx, materialize, x, y, n):
            ctx.set_materialize_grads(materialize)
            return x * y

        @staticmethod
        def jvp(ctx, *tangents):
            seen.append(tangents)
            return tangents[1]

    x, t = pair(3)
    Note.apply(True, make_dual(x, t), x, 3)
    Note.apply(False, make_dual(x, t), x, 3)
    assert seen[0][0] is None and seen[0][1] is t and seen[0][3] is None
    close(seen[0][2], fb.zeros(3, dtype=fb.float64))
    assert seen[1][2] is None


def test_function_with_setup_context_and_several_outputs(level):
    class Both(Function):
        @staticmethod
        def forward(x):
            return x.sin(), x.long()

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_forward(*inputs)

        @staticmethod
        def jvp(ctx, tangent):
            (x,) = ctx.saved_tensors
            return x.cos() * tangent, None

    x, t = pair(3)
    y, n = Both.apply(make_dual(x, t))
    close(unpack_dual(y).tangent, x.cos() * t)
    assert unpack_dual(n).tangent is None


def test_a_jvp_of_the_wrong_form_is_refused(level):
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x, given):
            ctx.given = given
            return x * 2

        @staticmethod
        def jvp(ctx, tangent, _):
            return ctx.given(tangent)

    d = make_dual(*pair(3))
    with pytest.raises(RuntimeError, match=r"tangent of shape \[1\] for an output of shape \[3\]"):
        Wrong.apply(d, lambda t: t[:1])
    with pytest.raises(RuntimeError, match="returned 2 tangents, expected one for each of the 1 outputs"):
        Wrong.apply(d, lambda t: (t, t))


# --------------------------------------------------------------------------------------- sparse, threads


def test_sparse_tensors_have_sparse_tangents(level):
    x = fb.tensor([[1.0, 0.0], [0.0, 2.0]]).to_sparse()
    t = fb.tensor([[3.0, 7.0], [0.0, 4.0]])
    d = make_dual(x, t)
    dense = fb.tensor([[1.0, 2.0], [3.0, 4.0]])
    y, tangent = unpack_dual(fb.sparse.mm(d, dense))
    close(y, x.to_dense() @ dense)
    close(tangent, fb.tensor([[3.0, 0.0], [0.0, 4.0]]) @ dense)
    assert unpack_dual(d).tangent.to_dense().tolist() == [[3.0, 0.0], [0.0, 4.0]]


def test_levels_belong_to_threads(level):
    import threading

    found = []

    def other():
        found.append(forward_ad.enter_dual_level())
        forward_ad.exit_dual_level()

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert found == [1]
    assert unpack_dual(make_dual(*pair(3))).tangent is not None


def test_a_leaf_that_requires_grad_takes_no_tangents_in_place(level):
    leaf = fb.zeros(3, dtype=fb.float64, requires_grad=True)
    with fb.no_grad(), pytest.raises(RuntimeError, match="write to a clone"):
        leaf.copy_(make_dual(*pair(3)))
