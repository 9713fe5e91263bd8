"""Ops on single elements: one and two operands, in place, out=, casts, complex numbers, bits, special functions."""

from ..case import Case, Dtype
from ..draw import ALL, COMPLEX, FLOATS, HALVES, INTS, NUMERIC, REAL
from . import family

UNARY = (
    "abs acos acosh angle asin asinh atan atanh ceil conj cos cosh deg2rad digamma erf erfc exp exp2 expm1 floor frac "
    "isfinite isinf isnan isneginf isposinf lgamma log log10 log1p log2 logical_not neg rad2deg reciprocal relu round "
    "rsqrt sigmoid sgn sign signbit sin sinc sinh sqrt square tan tanh trunc isreal positive i0 bitwise_not "
    "conj_physical erfinv logit nan_to_num real imag resolve_conj selu celu"
).split()
BINARY = (
    "add sub mul div floor_divide remainder fmod atan2 maximum minimum fmax fmin eq ne lt le gt ge logical_and "
    "logical_or logical_xor bitwise_and bitwise_or bitwise_xor hypot copysign logaddexp logaddexp2 xlogy pow "
    "true_divide nextafter heaviside gcd lcm ldexp float_power rsub isclose igamma igammac"
).split()
INPLACE_UNARY = (
    "abs acos asin atan ceil cos cosh erf exp expm1 floor frac log log1p logical_not neg reciprocal relu round rsqrt "
    "sigmoid sgn sign sin sinh sqrt square tan tanh trunc bitwise_not nan_to_num zero conj_physical"
).split()
INPLACE_BINARY = (
    "add sub mul div floor_divide remainder fmod atan2 eq ne lt le gt ge logical_and logical_or logical_xor "
    "bitwise_and bitwise_or bitwise_xor hypot copysign xlogy pow true_divide heaviside gcd copy "
    "bitwise_left_shift bitwise_right_shift"
).split()
ACTIVATIONS = {
    "silu": {}, "mish": {}, "hardsigmoid": {}, "relu6": {}, "softsign": {}, "tanhshrink": {}, "hardswish": {},
    "logsigmoid": {}, "elu": {"alpha": (0.5, 2.0)},
    "gelu": {"approximate": ("none", "tanh")}, "hardtanh": {"min_val": (-2.0, -0.5), "max_val": (0.5, 2)},
    "leaky_relu": {"negative_slope": (0.2, 0.0)}, "softplus": {"beta": (2, 0.5), "threshold": (1, 20)},
    "softshrink": {"lambd": (0.1, 1.0)}, "hardshrink": {"lambd": (0.1, 1.0)}, "glu": {"dim": (0, -1, 1)},
    "threshold": {"threshold": (0.5,), "value": (-1.0,)}, "softmin": {"dim": (0, -1)},
}  # fmt: skip
SPECIAL_UNARY = (
    "airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 digamma entr erf erfc erfcx erfinv exp2 expit expm1 gammaln i0 "
    "i0e i1 i1e log1p log_ndtr ndtr ndtri psi sinc modified_bessel_i0 modified_bessel_i1 modified_bessel_k0 "
    "modified_bessel_k1 scaled_modified_bessel_k0 scaled_modified_bessel_k1 spherical_bessel_j0 logit round"
).split()
POLYNOMIALS = (
    "chebyshev_polynomial_t chebyshev_polynomial_u chebyshev_polynomial_v chebyshev_polynomial_w "
    "hermite_polynomial_h hermite_polynomial_he laguerre_polynomial_l legendre_polynomial_p "
    "shifted_chebyshev_polynomial_t shifted_chebyshev_polynomial_u"
).split()


@family
def unary(d):
    name = d.pick(*UNARY)
    values = d.pick("normal", "normal", "unit", "special")
    return Case(name, (d.tensor(d.shape(), d.dtype(), values),), view=name in ("real", "imag", "positive"))


@family
def activation(d):
    name = d.pick(*ACTIVATIONS)
    options = d.options(**ACTIVATIONS[name])
    if name == "threshold":
        options = {"threshold": 0.5, "value": -1.0}
    x = d.tensor(d.shape(), d.dtype(*FLOATS, *HALVES, "int64"), d.pick("normal", "special"))
    return Case(f"nn.functional.{name}", (x,), options)


@family
def binary(d):
    shape = d.shape()
    values = d.pick("normal", "normal", "positive", "special")
    dtypes = REAL if values == "special" else ALL  # arithmetic of complex infinities is unspecified
    a = d.tensor(shape, d.dtype(*dtypes), values)
    if d.integer(0, 3) == 0:
        number = d.pick(2, -1, 3, 0.5, 2.5, True, 0, 1j)
        return Case(d.pick(*BINARY), (a, number))
    b = d.tensor(d.broadcast(shape), d.dtype(*dtypes), values)
    return Case(d.pick(*BINARY), (a, b) if d.flag() else (b, a))


@family
def scaled(d):
    """add and sub with alpha=, div with rounding_mode=, round with decimals=, and the like."""
    shape = d.shape()
    a, b = d.tensor(shape, d.dtype()), d.tensor(d.broadcast(shape), d.dtype())
    name = d.pick(
        "add", "sub", "div", "round", "nan_to_num", "logit", "isclose", "lerp", "addcmul", "addcdiv"
    )
    if name in ("add", "sub"):
        return Case(name, (a, b), d.options(alpha=(2, -1, 0.5, True, 1j)))
    if name == "div":
        return Case(name, (a, b), d.options(rounding_mode=("floor", "trunc", None, "up")))
    if name == "round":
        return Case(name, (a,), d.options(decimals=(0, 1, -1, 3)))
    if name == "nan_to_num":
        special = d.tensor(shape, d.dtype(), "special")
        return Case(name, (special,), d.options(nan=(0.5, 1), posinf=(3.0,), neginf=(-3.0,)))
    if name == "logit":
        return Case(name, (d.tensor(shape, d.dtype(*FLOATS, "int64"), "unit"),), d.options(eps=(0.1, 0.3)))
    if name == "isclose":
        return Case(name, (a, b), d.options(rtol=(0.5, 0.0), atol=(1.0, 0.0), equal_nan=(True,)))
    dtype = d.dtype(*NUMERIC)
    a, b = d.tensor(shape, dtype), d.tensor(d.broadcast(shape), dtype)
    if name == "lerp":
        weight = d.pick(0.3, 1, d.tensor(d.broadcast(shape), dtype))
        return Case(name, (a, b, weight))
    c = d.tensor(d.broadcast(shape), d.pick(dtype, d.dtype(*NUMERIC)), "positive")
    return Case(name, (a, b, c), d.options(value=(2, 0.5, -1)))


@family
def clamp(d):
    shape = d.shape()
    x = d.tensor(shape, d.dtype(), d.pick("normal", "special"))
    numbers = d.flag()

    def bound():  # two numbers or two tensors: PyTorch mixes them only when the tensor has no dimensions
        if d.integer(0, 3) == 0:
            return None
        return (
            d.pick(-1, 0.5, 2)
            if numbers
            else d.tensor(d.broadcast(shape), d.dtype(*FLOATS, "int64", "int32"))
        )

    name = d.pick("clamp", "clip", "clamp_min", "clamp_max", "Tensor.clamp_")
    if name in ("clamp_min", "clamp_max"):
        return Case(name, (x, bound()))
    return Case(name, (x,), {"min": bound(), "max": bound()}, mutates=name.endswith("_"))


@family
def inplace(d):
    shape = d.shape()
    x = d.tensor(
        shape, d.dtype(), d.pick("normal", "unit"), d.pick("plain", "gaps", "fortran") if shape else None
    )
    kind = d.integer(0, 3)
    if kind == 0:
        return Case(f"Tensor.{d.pick(*INPLACE_UNARY)}_", (x,), mutates=True)
    name = f"Tensor.{d.pick(*INPLACE_BINARY)}_"
    if kind == 1 and "copy_" not in name:
        return Case(name, (x, d.pick(2, -1, 0.5, True, 3)), mutates=True)
    return Case(name, (x, d.tensor(d.broadcast(shape), d.dtype())), mutates=True)


@family
def inplace_others(d):
    """In-place forms with more than two operands or with options."""
    shape = d.shape()
    dtype = d.dtype(*NUMERIC)
    x = d.tensor(shape, dtype, layout="plain")
    b, c = (
        d.tensor(d.broadcast(shape), d.pick(dtype, d.dtype())),
        d.tensor(d.broadcast(shape), dtype, "positive"),
    )
    name = d.pick("addcmul_", "addcdiv_", "lerp_", "add_", "sub_", "div_", "fill_", "where", "masked_fill_")
    if name in ("addcmul_", "addcdiv_"):
        return Case(f"Tensor.{name}", (x, b, c), d.options(value=(2, 0.5)), mutates=True)
    if name == "lerp_":
        return Case("Tensor.lerp_", (x, b, d.pick(0.5, c)), mutates=True)
    if name in ("add_", "sub_"):
        return Case(f"Tensor.{name}", (x, b), d.options(alpha=(2, 0.5)), mutates=True)
    if name == "div_":
        return Case("Tensor.div_", (x, c), d.options(rounding_mode=("floor", "trunc")), mutates=True)
    if name == "fill_":
        return Case("Tensor.fill_", (x, d.pick(2, 1.5, True, d.tensor((), d.dtype()), b)), mutates=True)
    mask = d.tensor(d.broadcast(shape), "bool")
    if name == "where":
        return Case("where", (mask, x, d.pick(b, 2, 0.5)))
    return Case("Tensor.masked_fill_", (x, mask, d.pick(2, 0.5, d.tensor((), d.dtype()))), mutates=True)


@family
def out_forms(d):
    """out= of a good shape, to be resized, of other dtypes: cast or refused."""
    shape = d.shape()
    dtype = d.dtype(*FLOATS, "int64", "int32", "bool", "complex64")
    out_shape = d.pick(shape, shape, (0,), (2, 3), ())
    layout = d.pick("own", "gaps", "fortran") if out_shape and out_shape == shape else "own"
    out = d.tensor(out_shape, d.pick(dtype, d.dtype()), layout=layout)
    x = d.tensor(shape, dtype)
    kind = d.integer(0, 3)
    if kind == 0:
        return Case(d.pick(*UNARY[:44]), (x,), {"out": out}, invariant=_written)
    if kind == 1:
        b = d.tensor(d.broadcast(shape), d.dtype(*FLOATS, "int64", "bool"))
        return Case(d.pick(*BINARY[:33]), (x, b), {"out": out}, invariant=_written, grad=False)
    if dtype not in FLOATS:
        out = d.tensor(out_shape, d.pick(dtype, "float32"), layout="own")
    name = d.pick("sum", "mean", "amax", "prod", "cumsum", "cumprod", "all", "var", "argmax", "logsumexp")
    grad = name not in ("all", "argmax")
    return Case(name, (x, d.dim(len(shape))), {"out": out}, invariant=_written, grad=grad)


def _written(library, result, *args, out, **kwargs):
    return result is out, result


@family
def bits(d):
    shape = d.shape()
    dtype = d.dtype(*INTS, "bool")
    a, b = d.tensor(shape, dtype), d.tensor(d.broadcast(shape), d.pick(dtype, d.dtype(*INTS)), "positive")
    name = d.pick("bitwise_left_shift", "bitwise_right_shift", "bitwise_and", "bitwise_or", "bitwise_xor")
    return Case(name, (a, d.pick(b, b, 1, 3)))


@family
def operators(d):
    """Python's operators, with numbers on either side."""
    shape = d.shape()
    name = d.pick(
        *"add sub mul truediv floordiv mod pow and_ or_ xor lshift rshift lt le eq ne gt ge".split()
    )
    shift = "shift" in name
    a = d.tensor(shape, d.dtype(*INTS) if shift else d.dtype(), "positive" if shift else "normal")
    other = d.pick(1, 2, 3) if shift else d.pick(2, -1, 0.5, True, 0, 1j)
    if d.flag():
        other = d.tensor(
            d.broadcast(shape), d.dtype(*INTS) if shift else d.dtype(), "positive" if shift else "normal"
        )
    ulps = 256 if name == "pow" else 32  # PyTorch's complex powers are exp(log)
    return Case(f"operator.{name}", (a, other) if d.flag() else (other, a), ulps=ulps)


@family
def special(d):
    shape = d.shape(0, 3)
    kind = d.integer(0, 3)
    dtype = d.dtype(*FLOATS, *FLOATS, *HALVES, *INTS, "bool")
    values = d.pick("normal", "unit", "positive", "special")
    x = d.tensor(shape, dtype, values)
    if kind < 2:
        return Case(f"special.{d.pick(*SPECIAL_UNARY)}", (x,), ulps=256)
    y = d.tensor(d.broadcast(shape), d.dtype(*FLOATS, "int64"), "positive")
    if kind == 2:
        name = d.pick("xlogy", "xlog1py", "gammainc", "gammaincc", "zeta")
        return Case(f"special.{name}", (x, d.pick(y, y, 2)) if d.flag() else (y, x), ulps=256)
    name = d.pick(*POLYNOMIALS, "polygamma", "multigammaln")
    if name == "polygamma":
        return Case("special.polygamma", (d.integer(0, 3), x), ulps=1024)
    if name == "multigammaln":
        return Case("special.multigammaln", (d.tensor(shape, dtype, "positive"), d.integer(1, 3)), ulps=256)
    degree = d.pick(d.integer(0, 4), d.tensor(d.broadcast(shape), "int64", "positive"))
    return Case(f"special.{name}", (d.tensor(shape, dtype), degree), ulps=1024, grad=False)


@family
def complex_numbers(d):
    shape = d.shape()
    name = d.pick("complex", "polar", "view_as_real", "view_as_complex", "angle", "abs", "conj", "Tensor.is_complex",
                  "Tensor.mH", "vdot", "real", "imag", "sgn", "isreal")  # fmt: skip
    if name in ("complex", "polar"):
        dtype = d.dtype(*FLOATS)
        a, b = d.tensor(shape, dtype), d.tensor(d.broadcast(shape), d.pick(dtype, d.dtype(*FLOATS)))
        if name == "polar":
            a = d.tensor(shape, dtype, "positive")  # an absolute value
        return Case(name, (a, b))
    if name == "view_as_complex":
        x = d.tensor((*shape, d.pick(2, 2, 3)), d.dtype(*FLOATS))
        return Case(name, (x,), view=True)
    if name == "vdot":
        dtype = d.dtype(*NUMERIC)
        n = d.pick(0, 1, 3)
        return Case(name, (d.tensor((n,), dtype), d.tensor((n,), dtype)))
    x = d.tensor(shape, d.dtype(*COMPLEX, *COMPLEX, "float64", "int32"))
    if name == "Tensor.mH":
        return Case("adjoint", (x,))
    return Case(name, (x,), view=name in ("view_as_real", "real", "imag"))


@family
def conversions(d):
    """to, type and the short forms: out-of-range values are undefined, so floats go to ints only when they fit."""
    source, target = d.dtype(), d.dtype()
    values = "special" if target not in (*INTS, "bool") else "positive" if target == "uint8" else "normal"
    x = d.tensor(d.shape(), source, values)
    if source in INTS and target == "uint8":
        x = d.tensor(x.shape, source, "positive")
    name = d.pick(
        "to", "type", "type_as", "copy", d.pick("float", "double", "half", "bfloat16", "long", "int", "bool")
    )
    if name == "to":
        return Case("Tensor.to", (x, Dtype(target)), d.options(copy=(True, False)))
    if name == "type":
        return Case("Tensor.type", (x, Dtype(target)))
    if name == "type_as":
        return Case("Tensor.type_as", (x, d.tensor((1,), target)))
    if name == "copy":
        return Case("Tensor.copy_", (d.tensor(x.shape, target, layout="plain"), x), mutates=True)
    return Case(f"Tensor.{name}", (d.tensor(x.shape, source, "positive"),))


@family
def promotion(d):
    pair = (d.dtype(), d.dtype())
    name = d.pick("promote_types", "can_cast", "result_type")
    if name == "result_type":
        shape = d.pick((), (2,))
        return Case(
            name, (d.tensor(shape, pair[0]), d.pick(d.tensor((), pair[1]), 2, 0.5, 1j, True)), grad=False
        )
    return Case(name, tuple(map(Dtype, pair)))
