"""gradcheck and gradgradcheck: they accept what is right and find what is wrong."""

import pytest

import flambeau as fb
from flambeau.autograd import Function, gradcheck, gradgradcheck
from flambeau.autograd.gradcheck import GradcheckError


def leaf(values, dtype=fb.float64):
    return fb.tensor(values, dtype=dtype, requires_grad=True)


def apply(forward, backward):
    """A function of one tensor with a backward of one's own."""

    def save(ctx, *xs):
        ctx.save_for_backward(*xs)
        return forward(*xs)

    return type("F", (Function,), {"forward": staticmethod(save), "backward": staticmethod(backward)}).apply


X = leaf([1.0, 2.0])
Z = leaf([1 + 2j, 0.5 - 1j], fb.complex128)
modes = pytest.mark.parametrize("fast_mode", [False, True])


@modes
@pytest.mark.parametrize(
    "function,inputs",
    [
        (lambda x: x * x, X),
        (lambda x, y: (x * y, x + y), (X, leaf([3.0, 4.0]))),
        (lambda x, k: x * k, (X, 3)),
        (lambda x: x.sort(), X),  # an integer result
        (lambda x: (x * x, "text", x.detach() * 2), X),  # results without gradient are left alone
        (lambda x: x.long(), X),  # constant where nothing is recorded
        (lambda x: x * x, fb.ones(2, 3, dtype=fb.float64).t().requires_grad_()),
        (lambda x: x * x, fb.ones(0, dtype=fb.float64, requires_grad=True)),
        (lambda x: x.view(1, 2), X),
        (lambda x: x.clone().mul_(3), X),
        (lambda z: z * z, Z),
        (lambda z: z.abs(), Z),
        (lambda z: z.conj(), Z),
        (lambda z: z.real * z.imag, Z),
        (lambda x: fb.complex(x, x * x), X),
        (lambda z, x: z * x, (Z, X)),
    ],
)
def test_right_gradients(function, inputs, fast_mode):
    assert gradcheck(function, inputs, fast_mode=fast_mode)


def test_inputs_are_left_alone():
    x = leaf([1.0, 2.0])
    for fast_mode in (False, True):
        gradcheck(lambda x: x * x, x, fast_mode=fast_mode)
        gradgradcheck(lambda x: x * x, x, fast_mode=fast_mode)
    assert x.tolist() == [1.0, 2.0] and x.grad is None


WRONG = {
    "factor": (lambda x: x * x, lambda ctx, g: 3 * g, X),
    "missing": (lambda x: x * x, lambda ctx, g: None, X),
    "one element": (lambda x: x * x, lambda ctx, g: 2 * ctx.saved_tensors[0] * g + fb.tensor([0.0, 0.01]) * g, X),
    "summed": (lambda x: x * x, lambda ctx, g: (2 * ctx.saved_tensors[0] * g).sum().expand(2), X),
    "not conjugated": (lambda z: z * z, lambda ctx, g: 2 * ctx.saved_tensors[0] * g, Z),
    "imaginary factor": (lambda z: z * 1j, lambda ctx, g: g * 1j, Z),
    "absolute value": (lambda z: z.abs(),
                       lambda ctx, g: g * ctx.saved_tensors[0].conj() / ctx.saved_tensors[0].abs(), Z),
}  # fmt: skip


@modes
@pytest.mark.parametrize("name", WRONG)
def test_wrong_gradients(name, fast_mode):
    forward, backward, x = WRONG[name]
    function = apply(forward, backward)
    with pytest.raises(GradcheckError, match="Jacobian mismatch for output 0 with respect to input 0"):
        gradcheck(function, x, fast_mode=fast_mode)
    assert gradcheck(function, x, fast_mode=fast_mode, raise_exception=False) is False
    assert issubclass(GradcheckError, RuntimeError)


def test_tolerances():
    function = apply(lambda x: x * x, lambda ctx, g: 2.01 * ctx.saved_tensors[0] * g)
    assert not gradcheck(function, X, raise_exception=False)
    assert gradcheck(function, X, rtol=0.02) and gradcheck(function, X, atol=0.1)


@modes
def test_cut_gradients(fast_mode):
    with pytest.raises(GradcheckError, match="Numerical gradient for function expected to be zero"):
        gradcheck(lambda x: x.detach() * 2, X, fast_mode=fast_mode)


@modes
def test_backward_that_varies(fast_mode):
    noise = [0.0]

    def backward(ctx, g):
        noise[0] += 1e-4
        return (2 * ctx.saved_tensors[0] + noise[0]) * g

    function = apply(lambda x: x * x, backward)
    with pytest.raises(GradcheckError, match="Backward is not reentrant"):
        gradcheck(function, X, fast_mode=fast_mode)
    assert gradcheck(function, X, nondet_tol=1.0, atol=1.0, fast_mode=fast_mode)


def test_backward_that_adds_something():
    function = apply(lambda x: x * x, lambda ctx, g: 2 * ctx.saved_tensors[0] * g + 1e-6)
    with pytest.raises(GradcheckError, match="backward not multiplied by grad_output"):
        gradcheck(function, X)


class Bare(Function):
    """x -> x with a backward that gets None for an absent gradient."""

    @staticmethod
    def forward(ctx, x):
        ctx.set_materialize_grads(False)
        return x * 2


def test_absent_gradients():
    class Fails(Bare):
        @staticmethod
        def backward(ctx, g):
            return g * 2

    class Invents(Bare):
        @staticmethod
        def backward(ctx, g):
            return fb.ones(2, dtype=fb.float64) if g is None else g * 2

    class Right(Bare):
        @staticmethod
        def backward(ctx, g):
            return None if g is None else g * 2

    for wrong in (Fails, Invents):
        assert gradcheck(wrong.apply, X, check_undefined_grad=False)
        with pytest.raises(
            GradcheckError, match="Expected backward function to handle undefined output grads"
        ):
            gradcheck(wrong.apply, X)
    assert gradcheck(Right.apply, X)


def test_batched_gradients():
    assert gradcheck(lambda x: x.exp() * x, X, check_batched_grad=True)
    assert gradgradcheck(lambda x: x**3, X, check_batched_grad=True)


def test_dtypes_of_gradients():
    """backward casts what a Function returns, so a wrong dtype never arrives."""
    function = apply(lambda x: x * x, lambda ctx, g: (2 * ctx.saved_tensors[0] * g).float())
    assert gradcheck(function, X, check_grad_dtypes=True)


def test_what_cannot_be_checked():
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        gradcheck(lambda x: x * 2, fb.ones(1, dtype=fb.float64))
    with pytest.raises(RuntimeError, match="has a dimension with stride 0"):
        gradcheck(lambda x: x * 2, fb.ones(1, dtype=fb.float64).expand(3).requires_grad_())
    with pytest.warns(UserWarning, match="Input #0 requires gradient and is not a double precision"):
        gradcheck(lambda x: x * 2, leaf([1.0], fb.float32), atol=0.1)
    with pytest.raises(ValueError, match="at least one of check_forward_ad and check_backward_ad"):
        gradcheck(lambda x: x * 2, X, check_backward_ad=False)
    with pytest.raises(ValueError, match="at least one of check_rev_over_rev and check_fwd_over_rev"):
        gradgradcheck(lambda x: x * 2, X, check_rev_over_rev=False)


def test_only_what_was_asked_for():
    wrong = apply(lambda x: x * x, lambda ctx, g: 3 * g)
    shown = lambda x: x.sin() if fb.is_grad_enabled() and x.requires_grad else x.exp()  # noqa: E731
    assert gradcheck(lambda x: x.exp(), X, check_forward_ad=True, check_backward_ad=False)
    assert gradgradcheck(lambda x: x.exp(), X, check_fwd_over_rev=True)
    assert not gradcheck(wrong, X, raise_exception=False) and not gradcheck(shown, X, raise_exception=False)


# ---- second derivatives


@modes
@pytest.mark.parametrize(
    "function,inputs",
    [
        (lambda x: x**3, X),
        (lambda x: x * 2, X),
        (lambda x, c: x * c * x, (X, fb.tensor([2.0, 3.0], dtype=fb.float64))),
        (lambda x, c: (x * c * x, c), (X, fb.tensor([2.0, 3.0], dtype=fb.float64))),
        (lambda z: z.abs(), Z),
        (lambda z: z * z.conj() * z, Z),
    ],
)
def test_right_second_derivatives(function, inputs, fast_mode):
    assert gradgradcheck(function, inputs, fast_mode=fast_mode)


@modes
def test_wrong_second_derivatives(fast_mode):
    """The first backward is right, but part of it is hidden from the second."""
    function = apply(lambda x: x * x, lambda ctx, g: 2 * g * ctx.saved_tensors[0].detach())
    assert gradcheck(function, X, fast_mode=fast_mode)
    with pytest.raises(GradcheckError, match="Jacobian mismatch"):
        gradgradcheck(function, X, fast_mode=fast_mode)
    assert gradgradcheck(function, X, fast_mode=fast_mode, raise_exception=False) is False


def test_an_intermediate_value_hidden_from_the_second_derivative():
    class Exp(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.y = x.exp()
            return ctx.y * 1

        @staticmethod
        def backward(ctx, g):
            return g * ctx.y

    assert gradcheck(Exp.apply, X) and not gradgradcheck(Exp.apply, X, raise_exception=False)
    assert gradgradcheck(lambda x: x.exp(), X)


def test_given_starting_gradients():
    seen = []

    def backward(ctx, g):
        seen.append(g.is_contiguous())
        return 2 * ctx.saved_tensors[0] * g

    assert gradgradcheck(lambda x: x**3, X, fb.tensor([1.0, 2.0], dtype=fb.float64))
    assert gradgradcheck(apply(lambda x: x * x, backward), X, gen_non_contig_grad_outputs=True)
    assert False in seen
