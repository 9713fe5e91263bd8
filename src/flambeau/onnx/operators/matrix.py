"""Matrix products."""

from ..registry import call, op
from .pointwise import Formula


@op("mm", "bmm", "_matmul", "mv", "dot")
def matmul(g, node, a, b):
    dtype = node.outputs[0].dtype
    return g.op("MatMul", g.argument(a, dtype), g.argument(b, dtype))


@op("linear")
def linear(g, node, input, weight, bias=None):
    x, w = g.value(input), g.value(weight)
    if len(input.shape) == 2 and len(weight.shape) == 2:
        return g.op("Gemm", x, w, None if bias is None else g.value(bias), transB=1)
    if len(weight.shape) == 2:
        w = g.op("Transpose", w, perm=[1, 0])
    product = g.op("MatMul", x, w)
    return product if bias is None else g.op("Add", product, g.value(bias))


@op("addmm")
def addmm(g, node, input, a, b, beta, alpha):
    return g.op("Gemm", g.value(a), g.value(b), g.value(input), alpha=float(alpha), beta=float(beta))


@op("baddbmm", "addmv", "addr")
def baddbmm(g, node, input, a, b, beta, alpha):
    f = Formula(g, node.outputs[0].dtype)
    product = f("MatMul", g.value(a), g.value(b))
    product = product if alpha == 1 else f("Mul", product, alpha)
    if beta == 0:
        return product
    return f("Add", product, g.value(input) if beta == 1 else f("Mul", g.value(input), beta))


@op("addbmm")
def addbmm(g, node, input, a, b, beta, alpha):
    f = Formula(g, node.outputs[0].dtype)
    product = g.value(a), g.value(b)
    total = f("MatMul", *product)
    if len(a.shape) == 3:
        total = g.reduce("ReduceSum", total, (0,), False)
    return f("Add", f("Mul", g.value(input), beta), f("Mul", total, alpha))


@call("einsum")
def einsum(g, node, equation, *operands):
    if g.opset < 12 or not isinstance(equation, str):
        return NotImplemented
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    names = [g.argument(o, node.outputs[0].dtype) for o in operands]
    return g.op("Einsum", *names, equation=equation.replace(" ", ""))
