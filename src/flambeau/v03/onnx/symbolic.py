"""Functions that write ops as ONNX nodes, by the names of 0.3: what the `symbolic` of a Function may call.

    @staticmethod
    def symbolic(g, x):
        return symbolic.mul(g, x, symbolic.sigmoid(g, x))

Each takes g, the operands and the attributes of the op, and returns the output of the node it adds. Operands that are
Python numbers become constants of float.
"""

import numpy as np


def _operand(g, item):
    return g.builder.number(item, np.float32) if isinstance(item, (int, float)) else item


def _binary(name):
    def write(g, self, other):
        return g.op(name, _operand(g, self), _operand(g, other))

    return write


def _unary(name):
    def write(g, self):
        return g.op(name, self)

    return write


add, sub, mul, div, pow = map(_binary, ("Add", "Sub", "Mul", "Div", "Pow"))
neg, sqrt, tanh, sigmoid, exp, log, abs, relu = map(
    _unary, ("Neg", "Sqrt", "Tanh", "Sigmoid", "Exp", "Log", "Abs", "Relu")
)


def mm(g, self, other):
    """The product of two matrices."""
    return g.op("MatMul", self, other)


def addmm(g, self, mat1, mat2, beta=1, alpha=1):
    """beta * self + alpha * (mat1 @ mat2)"""
    return g.op("Gemm", mat1, mat2, self, beta_f=beta, alpha_f=alpha)


def t(g, self):
    """The transposed matrix."""
    return g.op("Transpose", self, perm_i=[1, 0])


def transpose(g, self, dim0, dim1):
    """Two dimensions exchanged; the number of dimensions must be known."""
    order = list(range(self.dim()))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return g.op("Transpose", self, perm_i=order)


def permute(g, self, dims):
    """The dimensions in another order."""
    return g.op("Transpose", self, perm_i=list(dims))


def view(g, self, size):
    """Another shape."""
    return g.op("Reshape", self, g.builder.number(list(size)))


def cat(g, *tensors, dim=0):
    """Tensors side by side."""
    return g.op("Concat", *tensors, axis_i=dim)


def unsqueeze(g, self, dim):
    """A dimension of size 1 at dim."""
    return g.builder.unsqueeze(self, dim)


def squeeze(g, self, dim):
    """Without the dimension dim, of size 1."""
    return g.builder.squeeze(self, dim)


def expand(g, self, size):
    """Dimensions of size 1 repeated."""
    return g.op("Expand", self, g.builder.number(list(size)))


def sum(g, self, dim=None, keepdim=False):
    """The sum over a dimension; over all when dim is None."""
    return g.builder.reduce("ReduceSum", self, None if dim is None else (dim,), keepdim)


def mean(g, self, dim=None, keepdim=False):
    """The mean over a dimension; over all when dim is None."""
    return g.builder.reduce("ReduceMean", self, None if dim is None else (dim,), keepdim)


def softmax(g, input, dim=-1):
    """Softmax along dim."""
    return g.op("Softmax", input, axis_i=dim)


def log_softmax(g, input, dim=-1):
    """The logarithm of softmax along dim."""
    return g.op("LogSoftmax", input, axis_i=dim)


def leaky_relu(g, input, negative_slope, inplace=False):
    """x, or negative_slope * x below 0."""
    return g.op("LeakyRelu", input, alpha_f=negative_slope)


def threshold(g, self, threshold, value):
    """x above the threshold, else value; ONNX has it for 0 and 0."""
    if threshold != 0 or value != 0:
        raise ValueError(f"threshold: only 0 and 0 have a counterpart in ONNX, got {threshold} and {value}")
    return g.op("Relu", self)


def clamp(g, self, min=None, max=None):
    """Not below min, not above max."""
    return g.op("Clip", self, *[None if v is None else g.builder.number(v, np.float32) for v in (min, max)])


def index_select(g, self, index, dim):
    """The rows that index names, along dim."""
    return g.op("Gather", self, index, axis_i=dim)
