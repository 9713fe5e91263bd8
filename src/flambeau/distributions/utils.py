"""What the families share: broadcasting of parameters, probabilities and logits, properties that are computed once."""

from numbers import Number

import flambeau as fb

__all__ = [
    "broadcast_all", "clamp_probs", "lazy_property", "logits_to_probs", "probs_to_logits", "tril_matrix_to_vec",
    "vec_to_tril_matrix",
]  # fmt: skip

euler_constant = 0.57721566490153286060  # the constant of Euler and Mascheroni


def broadcast_all(*values):
    """broadcast_all(*values) -> tuple of Tensors: numbers and tensors, expanded to one shape.

    Numbers take the dtype and device of the first tensor, or the default dtype. ValueError for anything else.
    """
    like = None
    for value in values:
        if isinstance(value, fb.Tensor):
            like = value if like is None else like
        elif not isinstance(value, Number):
            raise ValueError(
                "Input arguments must all be instances of Number, torch.Tensor or objects implementing "
                f"__torch_function__, got {type(value).__name__}."
            )
    if like is None or (like.dtype is fb.get_default_dtype() and like.is_cpu):  # the quickest way to make them
        tensors = [v if isinstance(v, fb.Tensor) else fb.tensor(float(v)) for v in values]
    else:
        dtype, device = like.dtype, like.device
        tensors = [v if isinstance(v, fb.Tensor) else fb.tensor(v, dtype=dtype, device=device) for v in values]
    if all(t.shape == tensors[0].shape for t in tensors):
        return tuple(tensors)
    return fb.broadcast_tensors(*tensors)


def one_of(**parameters):
    """ValueError unless exactly one of the parameters is given."""
    if sum(value is not None for value in parameters.values()) != 1:
        names = " or ".join(f"`{name}`" for name in parameters)
        raise ValueError(f"Either {names} must be specified, but not both.")


def _standard_normal(shape, dtype, device):
    """Normal numbers of mean 0 and variance 1."""
    return fb.randn(shape, dtype=dtype, device=device)


def _sum_rightmost(value, dims):
    """The sum over the last `dims` dimensions."""
    if dims == 0 or not isinstance(value, fb.Tensor):
        return value
    return value.sum(tuple(range(-dims, 0)))


def clamp_probs(probs):
    """Probabilities at least an eps of their dtype away from 0 and 1."""
    eps = fb.finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def logits_to_probs(logits, is_binary=False):
    """Probabilities of logits: the logistic function of log odds if is_binary, else softmax of the last dimension."""
    return logits.sigmoid() if is_binary else logits.softmax(-1)


def probs_to_logits(probs, is_binary=False):
    """Log odds of probabilities if is_binary, else their logarithms. 0 and 1 are first moved inwards by an eps."""
    clamped = clamp_probs(probs)
    return clamped.log() - (-clamped).log1p() if is_binary else clamped.log()


class lazy_property:
    """Decorator of a property that is computed at its first use and then is an attribute of the object."""

    def __init__(self, wrapped):
        self.wrapped = wrapped
        self.__name__, self.__doc__ = wrapped.__name__, wrapped.__doc__

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        with fb.enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


class OfProbability:
    """Mixin of families of a probability, given by itself (`probs`) or by its log odds (`logits`)."""

    @lazy_property
    def logits(self):
        """The log odds."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self):
        """The probability."""
        return logits_to_probs(self.logits, is_binary=True)

    @property
    def _param(self):
        """The one of the two that is there."""
        return self.__dict__["probs" if "probs" in self.__dict__ else "logits"]

    @property
    def param_shape(self):
        """The shape of probs and logits."""
        return self._param.size()

    def _new(self, *args, **kwargs):
        return self._param.new(*args, **kwargs)


def tril_matrix_to_vec(mat, diag=0):
    """(..., n, n) -> (..., k): the elements of the lower triangle up to the diagonal `diag`, row by row."""
    n = mat.shape[-1]
    if not -n <= diag < n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    rows, columns = fb.tril_indices(n, n, diag, device=mat.device)
    return mat[..., rows, columns]


def vec_to_tril_matrix(vec, diag=0):
    """(..., k) -> (..., n, n): the matrix of which tril_matrix_to_vec gives vec, with zeros elsewhere."""
    length = vec.shape[-1]
    # below the diagonal `diag` of an n x n matrix are n (n + 2 diag + 1) / 2 elements, less those that stick out above
    size = (-(1 + 2 * diag) + ((1 + 2 * diag) ** 2 + 8 * length + 4 * abs(diag) * (diag + 1)) ** 0.5) / 2
    n = round(size)
    if abs(size - n) > 1e-9:
        raise ValueError(
            f"The size of last dimension is {length} which cannot be expressed as the lower triangular part of a "
            "square D x D matrix."
        )
    rows, columns = fb.tril_indices(n, n, diag, device=vec.device)
    matrix = vec.new_zeros((*vec.shape[:-1], n, n))
    matrix[..., rows, columns] = vec
    return matrix
