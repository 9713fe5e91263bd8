"""Functions of `special`, `linalg` and `fft` go by the names that PyTorch's users see, in errors too."""

import copy
import pickle

import pytest

import flambeau as fb
from flambeau.ops import FUNCTIONS, METHODS

OPS = [name for name in fb.special.__all__ if type(getattr(fb.special, name)).__name__ == "OpFunction"]


def test_the_special_functions():
    assert len(fb.special.__all__) == 56 and all(callable(getattr(fb.special, n)) for n in fb.special.__all__)
    assert fb.special.i1 is fb.special.modified_bessel_i1 and fb.special.expit is fb.sigmoid
    assert not hasattr(fb, "airy_ai") and "airy_ai" not in FUNCTIONS


@pytest.mark.parametrize("name", OPS)
def test_shown_names(name):
    function = getattr(fb.special, name)
    shown = repr(function).removeprefix("<flambeau function ").removesuffix(">")
    assert function in (FUNCTIONS.get(shown), getattr(fb.special, shown.removeprefix("special_"), None))
    with pytest.raises((TypeError, RuntimeError)) as raised:
        function(*[object()] * len(function.names))
    assert "_special" not in str(raised.value) and shown in str(raised.value)


@pytest.mark.parametrize("name", OPS)
def test_pickle(name):
    function = getattr(fb.special, name)
    assert pickle.loads(pickle.dumps(function)) is function and copy.deepcopy(function) is function


@pytest.mark.parametrize(
    "call, name",
    [(lambda x: fb.special.i0e(x), "special_i0e"), (lambda x: fb.special.airy_ai(x), "special_airy_ai"),
     (lambda x: fb.special.xlog1py(x, x), "special_xlog1py"), (lambda x: fb.special.zeta(x, x), "special_zeta"),
     (lambda x: fb.special.hermite_polynomial_he(x, 2), "special_hermite_polynomial_he"),
     (lambda x: fb.special.shifted_chebyshev_polynomial_w(x, 2), "special_shifted_chebyshev_polynomial_w")],
)  # fmt: skip
def test_errors_of_special_functions(call, name):
    with pytest.raises(NotImplementedError, match=f"\"{name}\" not implemented for 'ComplexFloat'"):
        call(fb.ones(2, dtype=fb.complex64))


def test_private_ops_show_no_underscore():
    from flambeau.ops import decomposition, fft, ldl, solve
    from flambeau.ops.op import Op

    shown = [
        c.name for m in (decomposition, solve, ldl, fft) for c in vars(m).values()
        if isinstance(c, type) and issubclass(c, Op) and c.__module__ == m.__name__ and c.function is not None
    ]  # fmt: skip
    assert "linalg_inv_ex" in shown and "fft_c2c" in shown and "linalg_eigvalsh" in shown
    assert not [name for name in shown if "_linalg" in name or "_fft" in name]


@pytest.mark.parametrize(
    "name", ["view", "expand", "unfold", "repeat", "select", "lu", "svd", "qr", "cholesky", "adjoint", "lu_solve",
             "masked_copy_", "__idiv__", "argwhere"],
)  # fmt: skip
def test_errors_about_arguments(name):
    function = METHODS.get(name) or FUNCTIONS[name]
    with pytest.raises(TypeError, match=rf"^{name}\(\)"):
        function([1.0], bogus=3)
