"""gradcheck of forward mode and of several directions at once: it passes what is right and finds what is wrong."""

import pytest

import flambeau as fb
from flambeau.autograd import Function, gradcheck
from flambeau.autograd.gradcheck import GradcheckError


def inputs(*shapes, dtype=fb.float64):
    fb.manual_seed(0)
    return tuple([fb.randn(*s, dtype=dtype, requires_grad=True) for s in shapes])


class Twice(Function):
    """2 x, with a jvp that is off by `error`."""

    error = 0.0

    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        return grad * 2

    @classmethod
    def jvp(cls, ctx, tangent):
        return tangent * (2 + cls.error)


class Wrong(Twice):
    error = 0.1


ALL = dict(check_forward_ad=True, check_batched_grad=True, check_batched_forward_grad=True)


@pytest.mark.parametrize(
    "function", [lambda x, y: (x @ y).tanh(), lambda x, y: (x.sum(), y.sort().values), lambda x, y: x.exp()]
)
def test_what_is_right_passes(function):
    assert gradcheck(function, inputs((3, 4), (4,)), **ALL)


def test_complex_functions():
    for function in (lambda z: z * z.conj(), lambda z: z.exp(), lambda z: z.abs(), fb.view_as_real):
        assert gradcheck(function, inputs((3,), dtype=fb.complex128), **ALL)


def test_a_wrong_jvp_is_found():
    (x,) = inputs((3,))
    assert gradcheck(Twice.apply, (x,), check_forward_ad=True)
    assert gradcheck(Wrong.apply, (x,))
    with pytest.raises(GradcheckError, match=r"output 0 with respect to input 0 \(forward mode\)"):
        gradcheck(Wrong.apply, (x,), check_forward_ad=True)
    assert not gradcheck(
        Wrong.apply, (x,), check_forward_ad=True, check_backward_ad=False, raise_exception=False
    )


def test_options_that_do_not_go_together():
    (x,) = inputs((3,))
    for options in (
        dict(check_backward_ad=False),
        dict(check_batched_forward_grad=True),
    ):
        with pytest.raises(ValueError, match="check_"):
            gradcheck(fb.sin, (x,), **options)
