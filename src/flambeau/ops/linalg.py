"""Products of matrices and vectors."""

import math

from .. import _core
from .._core import native as _native
from ..dtype import ALL
from ._args import check_tensor
from .op import Op, composite
from .pointwise import conj

TensorBase = _core.TensorBase

# dtypes as messages about products name them
_C_NAMES = {"bool": "bool", "uint8": "unsigned char", "int8": "signed char", "int16": "short int", "int32": "int",
            "int64": "long int", "float16": "c10::Half", "bfloat16": "c10::BFloat16", "float32": "float",
            "float64": "double", "complex64": "c10::complex<float>", "complex128": "c10::complex<double>",
            "uint16": "short unsigned int", "uint32": "unsigned int", "uint64": "long unsigned int"}  # fmt: skip


def _title(a):
    return ALL[_core.code_of(a.dtype)].title


def _c_name(a):
    return _C_NAMES[ALL[_core.code_of(a.dtype)].name]


def _check_arrays(name, **arguments):
    """TypeError for arguments of forward that were no tensors."""
    for position, (argument, value) in enumerate(arguments.items(), 1):
        if not hasattr(value, "strides"):
            raise TypeError(
                f"{name}(): argument '{argument}' (position {position}) must be Tensor, not {type(value).__name__}"
            )


def _check_no_bool(name, a):
    if a.dtype.kind == "b":
        raise NotImplementedError(f"\"{name}\" not implemented for 'Bool': convert to a number type first")


def check_expandable(shape, target):
    """RuntimeError unless a tensor of `shape` broadcasts to the shape `target`."""
    lead = len(target) - len(shape)
    for i, n in enumerate(shape, lead):
        if lead < 0 or (n != 1 and n != target[i]):
            where = max(i, 0)
            raise RuntimeError(
                f"The expanded size of the tensor ({target[where] if lead >= 0 else len(target)}) must match the "
                "existing "
                f"size ({n if lead >= 0 else len(shape)}) at non-singleton dimension {where}.  Target sizes: "
                f"{list(target)}."
                f"  Tensor sizes: {list(shape)}"
            )


class _Into(Op, name="_into"):
    """The tensor itself: gives composed functions their `out=`."""

    @staticmethod
    def forward(ctx, input):
        return input

    @staticmethod
    def backward(ctx, grad):
        return grad


def into(out, result):
    """`result`, or `out` with the result written into it."""
    return result if out is None else _Into.function(result, out=out)


def adjoint(t):
    """The conjugate transposes of a batch of matrices."""
    check_tensor(t, "adjoint")
    return conj(t).transpose(-2, -1)


# ---- products of two


def _check_mm(a, b):
    """Raises unless a and b are matrices of one dtype whose product exists."""
    _check_arrays("mm", input=a, mat2=b)
    for argument, value in (("self", a), ("mat2", b)):
        if value.ndim != 2:
            raise RuntimeError(f"{argument} must be a matrix")
    if a.shape[1] != b.shape[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({a.shape[0]}x{a.shape[1]} and {b.shape[0]}x{b.shape[1]})"
        )
    if a.dtype != b.dtype:
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {_c_name(a)} != {_c_name(b)}"
        )
    _check_no_bool("mm", a)


class Mm(Op, name="mm", tangent="multilinear", methods=("mm",), short=_native.mm,
         short_saves=(("mat2", "input"), ("input", "mat2"))):  # fmt: skip
    """mm(input, mat2, *, out=None) -> Tensor: the product (N, P) of two matrices (N, K) and (K, P) of one dtype."""

    @staticmethod
    def forward(ctx, input, mat2):
        # What is right mostly is found right here, and the rest sorted out there.
        if not (
            type(mat2) is type(input)
            and input.ndim == 2 == mat2.ndim
            and input.shape[1] == mat2.shape[0]
            and input.dtype is mat2.dtype
            and input.dtype.kind != "b"
        ):
            _check_mm(input, mat2)
        if ctx.recording:
            ctx.save_for_backward(mat2 if ctx.needs(0) else None, input if ctx.needs(1) else None)
        return ctx.k.matmul(input, mat2)

    @staticmethod
    def backward(ctx, grad):
        mat2, input = ctx.saved
        return (
            None if mat2 is None else Mm.function(grad, adjoint(mat2)),
            None if input is None else Mm.function(adjoint(input), grad),
        )


class Matmul(Op, name="_matmul", tangent="multilinear"):
    """The product of two batches of matrices (*, N, K) and (*, K, P), whose batch dimensions broadcast."""

    @staticmethod
    def forward(ctx, input, other):
        if input.dtype != other.dtype:
            raise RuntimeError(f"expected scalar type {_title(input)} but found {_title(other)}")
        _check_no_bool("bmm", input)
        ctx.save_for_backward(other if ctx.needs(0) else None, input if ctx.needs(1) else None)
        return ctx.k.matmul(input, other)

    @staticmethod
    def backward(ctx, grad):
        other, input = ctx.saved
        return (None if other is None else matmul(grad, adjoint(other)),
                None if input is None else Matmul.apply(adjoint(input), grad))  # fmt: skip


_core.set_operator("mm", Mm.function)


def _check_bmm(a, b):
    check_tensor(a, "bmm")
    check_tensor(b, "bmm", "mat2", 2)
    for argument, value in (("batch1", a), ("batch2", b)):
        if value.ndim != 3:
            raise RuntimeError(f"{argument} must be a 3D tensor")
    if b.shape[:2] != (a.shape[0], a.shape[2]):
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: {[a.shape[0], a.shape[2]]} "
            f"but got: {list(b.shape[:2])}."
        )


class Bmm(Matmul, name="bmm", methods=("bmm",)):
    """bmm(input, mat2, *, out=None) -> Tensor: the products (B, N, P) of B pairs of matrices (B, N, K) and (B, K,
    P).
    """

    @staticmethod
    def prepare(input, mat2):
        _check_bmm(input, mat2)
        return input, mat2


class Mv(Op, name="mv", tangent="multilinear", methods=("mv",)):
    """mv(input, vec, *, out=None) -> Tensor: the product (N,) of a matrix (N, K) and a vector (K,)."""

    @staticmethod
    def forward(ctx, input, vec):
        _check_arrays("mv", input=input, vec=vec)
        _check_mv(input.shape[0] if input.ndim else 0, input, vec)
        ctx.save_for_backward(vec if ctx.needs(0) else None, input if ctx.needs(1) else None)
        return ctx.k.matmul(input, vec)

    @staticmethod
    def backward(ctx, grad):
        vec, input = ctx.saved
        return (None if vec is None else outer(grad, conj(vec)),
                None if input is None else Mv.function(adjoint(input), grad))  # fmt: skip


def _check_mv(rows, mat, vec, input_dims=1):
    """rows: the length of the vector that the product is added to."""
    if mat.ndim != 2 or vec.ndim != 1 or input_dims > 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {input_dims}, {mat.ndim}, {vec.ndim}")
    if mat.shape[1] != vec.shape[0] or rows not in (1, mat.shape[0]):
        raise RuntimeError(
            f"size mismatch, got input ({rows}), mat ({mat.shape[0]}x{mat.shape[1]}), vec ({vec.shape[0]})"
        )
    if mat.dtype != vec.dtype:
        raise RuntimeError(
            f"addmv input tensors must have the same dtype, but got {_title(vec)}, {_title(mat)}, and {_title(vec)}"
        )
    _check_no_bool("mv", mat)


class Dot(Op, name="dot", tangent="multilinear", methods=("dot",)):
    """dot(input, tensor, *, out=None) -> 0-dim Tensor: the sum of the products of the elements of two vectors."""

    @staticmethod
    def forward(ctx, input, tensor):
        _check_arrays("dot", input=input, tensor=tensor)
        if input.ndim != 1 or tensor.ndim != 1:
            raise RuntimeError(f"1D tensors expected, but got {input.ndim}D and {tensor.ndim}D tensors")
        if input.dtype != tensor.dtype:
            raise RuntimeError(
                f"dot : expected both vectors to have same dtype, but found {_title(input)} and {_title(tensor)}"
            )
        if input.size != tensor.size:
            raise RuntimeError(
                f"inconsistent tensor size, expected tensor {list(input.shape)} and src {list(tensor.shape)} to "
                "have the "
                f"same number of elements, but got {input.size} and {tensor.size} elements respectively"
            )
        _check_no_bool("dot", input)
        ctx.save_for_backward(tensor if ctx.needs(0) else None, input if ctx.needs(1) else None)
        return ctx.k.matmul(input, tensor)

    @staticmethod
    def backward(ctx, grad):
        tensor, input = ctx.saved
        return None if tensor is None else grad * conj(tensor), None if input is None else grad * conj(input)


@composite("vdot")
def vdot(input, other, *, out=None):
    """vdot(input, other, *, out=None) -> 0-dim Tensor: `dot` of the conjugate of input with other."""
    check_tensor(input, "vdot")
    return Dot.function(conj(input), other, out=out)


@composite("matmul")
def matmul(input, other, *, out=None):
    """matmul(input, other, *, out=None) -> Tensor: the matrix product; the operator `@`.

    Two vectors give their dot product, matrices and vectors their product. With more dimensions, the leading
    ones are batches, which broadcast; a vector on the left counts as a row, on the right as a column, and that
    dimension goes again. Raises RuntimeError when the sizes do not match, or the dtypes differ.
    """
    if not isinstance(input, TensorBase) or not isinstance(other, TensorBase):
        check_tensor(input, "matmul")
        check_tensor(other, "matmul", "other", 2)
    if out is not None:
        return into(out, matmul(input, other))
    m, n = input.ndim, other.ndim
    if m == 2 and n == 2:
        return Mm.function(input, other)
    if m == 0 or n == 0:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {m}D and {n}D")
    if n == 1:
        return Dot.function(input, other) if m == 1 else _folded(Mv.function, input, other)
    if n == 2:
        return (
            Mm.function(input.unsqueeze(0), other).squeeze(0)
            if m == 1
            else _folded(Mm.function, input, other)
        )
    if m == 1:
        input = input.unsqueeze(0)
    _check_batches(input.shape, other.shape)
    product = Matmul.apply(input, other)
    return product.squeeze(-2) if m == 1 else product


def _folded(product, input, other):
    """The product of a batch with one matrix or vector, as a single product of all its rows."""
    if input.ndim == 2:
        return product(input, other)
    shape = input.shape
    rows = input.reshape(math.prod(shape[:-1]), shape[-1])
    return product(rows, other).reshape(*shape[:-1], *other.shape[1:])


def _check_batches(a, b):
    for i in range(1, min(len(a), len(b)) - 1):
        m, n = a[-2 - i], b[-2 - i]
        if m != n and m != 1 and n != 1:
            dim = max(len(a), len(b)) - 2 - i
            raise RuntimeError(
                f"The size of tensor a ({m}) must match the size of tensor b ({n}) at non-singleton dimension {dim}"
            )
    if a[-1] != b[-2]:
        batch = math.prod(max(a, b, key=len)[:-2])
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: {[batch, a[-1]]} but got: "
            f"{[batch, b[-2]]}."
        )


_core.set_operator("@", matmul)


@composite("outer", "ger", aliases=("ger",))
def outer(input, vec2, *, out=None):
    """outer(input, vec2, *, out=None) -> Tensor: all products (N, M) of the elements of two vectors (N,) and (M,)."""
    _check_vectors("outer", self=input, vec2=vec2)
    return into(out, input.unsqueeze(1) * vec2)


def _check_vectors(name, **vectors):
    for position, (argument, value) in enumerate(vectors.items(), 1):
        check_tensor(value, name, argument, position)
        if value.ndim != 1:
            raise RuntimeError(f"{name}: Expected 1-D argument {argument}, but got {value.ndim}-D")


# ---- products added to a tensor


class _AddProduct(Op):
    """beta * input + alpha * (a @ b)"""

    @staticmethod
    def forward(ctx, input, a, b, beta, alpha):
        ctx.save_for_backward(b if ctx.needs(1) else None, a if ctx.needs(2) else None)
        ctx.beta, ctx.alpha = beta, alpha
        return ctx.k.addmm(input, a, b, beta, alpha)

    @staticmethod
    def backward(ctx, grad):
        b, a = ctx.saved
        to_input = (grad if ctx.beta == 1 else grad * conj(ctx.beta)) if ctx.needs(0) else None
        if ctx.alpha != 1:
            grad = grad * conj(ctx.alpha)
        vector = grad.ndim == 1
        to_a = to_b = None
        if b is not None:
            to_a = outer(grad, conj(b)) if vector else matmul(grad, adjoint(b))
        if a is not None:
            to_b = matmul(adjoint(a), grad)
        return to_input, to_a, to_b


def _check_factors(name, input, beta, alpha):
    """beta and alpha must not be fractions where the tensor holds integers."""
    if input.is_floating_point() or input.is_complex():
        return
    for argument, value in (("beta", beta), ("alpha", alpha)):
        if isinstance(value, (float, complex)):
            raise RuntimeError(
                f"{name}(): For integral input tensors, argument {argument} must not be a floating point number."
            )


def _check_added(input, a, b, target):
    check_expandable(input.shape, target)
    if input.dtype != b.dtype or a.dtype != b.dtype:
        other = b if input.dtype != b.dtype else a
        first = input if input.dtype != b.dtype else b
        raise RuntimeError(
            f"self and mat2 must have the same dtype, but got {first.dtype.title} and {other.dtype.title}"
        )
    if b.dtype.category == "bool":
        raise NotImplementedError("\"addmm\" not implemented for 'Bool': convert to a number type first")


class Addmm(_AddProduct, name="addmm", methods=("addmm", "addmm_")):
    """addmm(input, mat1, mat2, *, beta=1, alpha=1, out=None) -> Tensor

    beta * input + alpha * (mat1 @ mat2) for matrices (N, K) and (K, P) and input that broadcasts to (N, P).
    With beta=0 input is not read. All three have one dtype.
    """

    @staticmethod
    def prepare(input, mat1, mat2, *, beta=1, alpha=1):
        for position, (argument, value) in enumerate((("input", input), ("mat1", mat1), ("mat2", mat2)), 1):
            check_tensor(value, "addmm", argument, position)
            if position > 1 and value.ndim != 2:
                raise RuntimeError(f"{argument} must be a matrix, got {value.ndim}-D tensor")
        _check_factors("addmm", input, beta, alpha)
        (n, k), (rows, p) = mat1.shape, mat2.shape
        if k != rows:
            raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({n}x{k} and {rows}x{p})")
        _check_added(input, mat1, mat2, (n, p))
        return input, mat1, mat2, beta, alpha


class Addmv(_AddProduct, name="addmv", methods=("addmv", "addmv_")):
    """addmv(input, mat, vec, *, beta=1, alpha=1, out=None) -> Tensor: beta * input + alpha * (mat @ vec), of shape
    (N,).
    """

    @staticmethod
    def prepare(input, mat, vec, *, beta=1, alpha=1):
        for position, (argument, value) in enumerate((("input", input), ("mat", mat), ("vec", vec)), 1):
            check_tensor(value, "addmv", argument, position)
        _check_factors("addmv", input, beta, alpha)
        _check_mv(input.shape[0] if input.ndim else 1, _core.array_of(mat), _core.array_of(vec), input.ndim)
        _check_added(input, mat, vec, mat.shape[:1])
        return input, mat, vec, beta, alpha


class Baddbmm(_AddProduct, name="baddbmm", methods=("baddbmm", "baddbmm_")):
    """baddbmm(input, batch1, batch2, *, beta=1, alpha=1, out=None) -> Tensor

    beta * input + alpha * bmm(batch1, batch2), with input that broadcasts to (B, N, P).
    """

    @staticmethod
    def prepare(input, batch1, batch2, *, beta=1, alpha=1):
        check_tensor(input, "baddbmm")
        _check_bmm(batch1, batch2)
        _check_factors("baddbmm", input, beta, alpha)
        _check_added(input, batch1, batch2, (*batch1.shape[:2], batch2.shape[2]))
        return input, batch1, batch2, beta, alpha


class Addbmm(_AddProduct, name="addbmm", methods=("addbmm", "addbmm_")):
    """addbmm(input, batch1, batch2, *, beta=1, alpha=1, out=None) -> Tensor

    beta * input + alpha * (the sum over the batch of bmm(batch1, batch2)), with input that broadcasts to (N, P).
    """

    @staticmethod
    def prepare(input, batch1, batch2, *, beta=1, alpha=1):
        check_tensor(input, "addbmm")
        _check_bmm(batch1, batch2)
        _check_factors("addbmm", input, beta, alpha)
        batch, n, k = batch1.shape
        p = batch2.shape[2]
        _check_added(input, batch1, batch2, (n, p))
        # The sum over the batch is one product of matrices that lie side by side.
        return input, batch1.permute(1, 0, 2).reshape(n, batch * k), batch2.reshape(batch * k, p), beta, alpha


class Addr(_AddProduct, name="addr", methods=("addr", "addr_")):
    """addr(input, vec1, vec2, *, beta=1, alpha=1, out=None) -> Tensor: beta * input + alpha * outer(vec1, vec2)."""

    @staticmethod
    def prepare(input, vec1, vec2, *, beta=1, alpha=1):
        check_tensor(input, "addr")
        _check_vectors("addr", vec1=vec1, vec2=vec2)
        _check_factors("addr", input, beta, alpha)
        _check_added(input, vec1, vec2, (*vec1.shape, *vec2.shape))
        return input, vec1.unsqueeze(1), vec2.unsqueeze(0), beta, alpha


# ---- the linear layer


class Linear(Op, name="linear", tangent="biased", short=_native.linear,
             short_saves=(("weight", "input"), ("input", "weight"))):  # fmt: skip
    """linear(input, weight, bias=None) -> Tensor: input @ weight.T + bias, in one step.

    input (*, K), weight (M, K) or (K,), bias that broadcasts to the result, mostly (M,) -> (*, M), or (*) for a
    weight (K,). All of one dtype. Raises RuntimeError when sizes or dtypes do not match.
    """

    @staticmethod
    def forward(ctx, input, weight, bias=None):
        if (
            type(weight) is type(input)
            and input.ndim == 2 == weight.ndim
            and input.shape[1] == weight.shape[1]
            and input.dtype is weight.dtype
            and input.dtype.kind != "b"
            and (bias is None or (bias.shape == weight.shape[:1] and bias.dtype is input.dtype))
        ):
            if ctx.recording:
                ctx.save_for_backward(weight if ctx.needs(0) else None, input if ctx.needs(1) else None)
            return ctx.k.linear(input, weight, bias)
        _check_linear(input, weight, bias)
        ctx.save_for_backward(weight if ctx.needs(0) else None, input if ctx.needs(1) else None)
        if weight.ndim == 1:
            return ctx.k.matmul(input, weight)
        rows = input.reshape(math.prod(input.shape[:-1]), input.shape[-1])
        return ctx.k.linear(rows, weight, bias).reshape(*input.shape[:-1], weight.shape[0])

    @staticmethod
    def backward(ctx, grad):
        weight, input = ctx.saved
        if weight.ndim == 1 if weight is not None else input is not None and input.ndim > grad.ndim:
            column = grad.unsqueeze(-1)
            return None if weight is None else column * conj(
                weight
            ), None if input is None else column * conj(input)
        return (None if weight is None else matmul(grad, conj(weight)),
                None if input is None else LinearWeight.function(grad, conj(input)),
                grad)  # fmt: skip


# The name under which graphs of linear layers are known.
Linear.node_type.__name__ = "AddmmBackward0"


def _check_linear(x, w, b):
    _check_arrays("linear", input=x, weight=w, **({} if b is None else {"bias": b}))
    if x.ndim == 0 or w.ndim == 0:
        raise RuntimeError(
            f"both arguments to linear need to be at least 1D, but they are {x.ndim}D and {w.ndim}D"
        )
    if w.ndim > 2:
        raise RuntimeError(f"linear(): weight must be 1D or 2D, but it is {w.ndim}D: {list(w.shape)}")
    rows = math.prod(x.shape[:-1])
    if w.ndim == 1:
        if b is not None:
            raise RuntimeError(
                "linear(): with a bias, weight must be a matrix, got 1-D tensor (mat2 must be a matrix)"
            )
        if x.shape[-1] != w.shape[0]:
            raise RuntimeError(
                f"size mismatch, got input ({rows}), mat ({rows}x{x.shape[-1]}), vec ({w.shape[0]})"
            )
    elif x.shape[-1] != w.shape[1]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{x.shape[-1]} and {w.shape[1]}x{w.shape[0]})"
        )
    if x.dtype != w.dtype:
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {_c_name(x)} != {_c_name(w)}"
            if b is None
            else f"mat1 and mat2 must have the same dtype, but got {_title(x)} and {_title(w)}"
        )
    _check_no_bool("linear", x)
    if b is not None:
        if b.dtype != x.dtype:
            raise RuntimeError(f"self and mat2 must have the same dtype, but got {_title(b)} and {_title(x)}")
        check_expandable(b.shape, (rows, w.shape[0]) if x.ndim == 2 else (w.shape[0],))


class LinearWeight(Op, name="_linear_weight"):
    """The gradient of `linear` in its weight: grad (*, M) and input (*, K) -> the sum over * of their outer
    products.
    """

    @staticmethod
    def forward(ctx, grad, input):
        ctx.save_for_backward(input, grad)
        rows = grad.reshape(math.prod(grad.shape[:-1]), grad.shape[-1])
        return ctx.k.matmul(rows.T, input.reshape(rows.shape[0], input.shape[-1]))

    @staticmethod
    def backward(ctx, g):
        input, grad = ctx.saved
        return (Linear.function(conj(input), g) if ctx.needs(0) else None,
                matmul(conj(grad), g) if ctx.needs(1) else None)  # fmt: skip
