"""Parametrisations for `nn.utils.parametrize`: orthogonal matrices, weight and spectral normalisation."""

from enum import Enum, auto

import flambeau as fb
from flambeau import Tensor

from .. import functional as F
from ..module import Module
from . import parametrize
from .spectral_norm import as_matrix, default_dim
from .weight_norm import _weight_norm as _normalized

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


class _OrthMaps(Enum):
    """How orthogonal matrices are made of unconstrained ones."""

    matrix_exp = auto()
    cayley = auto()
    householder = auto()


def _is_orthogonal(q, eps=None):
    """Whether the columns are orthonormal, within eps (default: 10 n times the dtype's precision)."""
    n, k = q.size(-2), q.size(-1)
    if eps is None:
        eps = 10.0 * n * fb.finfo(q.dtype).eps
    identity = fb.eye(k, dtype=q.dtype, device=q.device)
    return fb.allclose(q.mH @ q, identity.expand(*q.shape[:-2], k, k), atol=eps)


def _make_orthogonal(a):
    """The Q of a = Q R with a positive diagonal of R, so that it is a for an orthogonal a."""
    factors, tau = fb.geqrf(a)
    q = fb.linalg.householder_product(factors, tau)
    return q * factors.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)


class _Orthogonal(Module):
    """Orthonormal columns (or rows, of wide matrices) from the lower triangle of any matrix of the same shape.

    With the skew-symmetric A = X - X^H: exp(A), or Cayley's (I + A / 2) (I - A / 2)^-1; or the product of the
    Householder reflections of the columns of X, whose diagonal has the signs. The buffer `base` B, with trivialisation,
    makes it B times that, so that every orthogonal matrix can be assigned (Lezcano Casado, 2019).
    """

    base: Tensor | None

    def __init__(self, weight, orthogonal_map, *, use_trivialization=True):
        super().__init__()
        if weight.is_complex() and orthogonal_map == _OrthMaps.householder:
            raise ValueError("The householder parametrization does not support complex tensors.")
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, x):
        wide = x.size(-2) < x.size(-1)
        if wide:
            x = x.mT
        q = self._reflections(x) if self.orthogonal_map == _OrthMaps.householder else self._exponential(x)
        if hasattr(self, "base"):
            q = self.base @ q
        return q.mT if wide else q

    def _exponential(self, x):
        n, k = x.size(-2), x.size(-1)
        x = F.pad(x.tril(), (0, n - k)) if n != k else x.tril()
        skew = x - x.mH
        if self.orthogonal_map == _OrthMaps.matrix_exp:
            q = fb.matrix_exp(skew)
        else:
            identity = fb.eye(n, dtype=skew.dtype, device=skew.device)
            q = fb.linalg.solve(identity - skew * 0.5, identity + skew * 0.5)
        return q[..., :k] if n != k else q

    def _reflections(self, x):
        vectors = x.tril(diagonal=-1)
        tau = 2.0 / (1.0 + (vectors * vectors).sum(dim=-2))
        q = fb.linalg.householder_product(vectors, tau)
        # As integers: the diagonal has signs, and no gradient.
        return q * x.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)

    def right_inverse(self, q):
        """A matrix that this maps to q, made orthogonal before if it is not."""
        if q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {q.shape}."
            )
        given, wide = q, q.size(-2) < q.size(-1)
        if wide:
            q = q.mT
        if not hasattr(self, "base"):
            return self._vectors_of(q).mT if wide else self._vectors_of(q)
        n, k = q.size(-2), q.size(-1)
        if n == k:
            q = q.clone() if _is_orthogonal(q) else _make_orthogonal(q)
        else:
            others = fb.randn(*q.shape[:-2], n, n - k, dtype=q.dtype, device=q.device)
            q = _make_orthogonal(fb.cat([q, others], dim=-1))
        self.base = q
        # -1 on the diagonal: what all three maps take to the identity's first columns.
        origin = fb.zeros_like(given)
        origin.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
        return origin

    def _vectors_of(self, q):
        """The Householder vectors of q, with signs of the diagonal of R; there is no such inverse of the other maps."""
        if self.orthogonal_map != _OrthMaps.householder:
            raise NotImplementedError(
                "It is not possible to assign to the matrix exponential or the Cayley parametrizations when "
                "use_trivialization=False."
            )
        factors, tau = fb.geqrf(q)
        diagonal = factors.diagonal(dim1=-2, dim2=-1)
        diagonal.sign_()
        diagonal[tau == 0.0] *= -1  # no reflection there, but forward makes one
        return factors


def _tensor_of(module, name):
    tensor = getattr(module, name, None)
    if not isinstance(tensor, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return tensor


def orthogonal(module, name="weight", orthogonal_map=None, *, use_trivialization=True):
    """orthogonal(module, name="weight", orthogonal_map=None, *, use_trivialization=True) -> module

    Parametrises a matrix, or batch of matrices, of module so that its columns are orthonormal (its rows where it is
    wide; unitary where complex).

    orthogonal_map: "matrix_exp", "cayley" or "householder"; None: matrix_exp for square and for complex ones, else
    householder. use_trivialization: around a base point, which an assignment to the tensor sets (Lezcano Casado, 2019);
    without it only householder can be assigned to. Raises ValueError for a vector and for what is no tensor of module.
    """
    weight = _tensor_of(module, name)
    if weight.ndim < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        square = weight.size(-2) == weight.size(-1)
        orthogonal_map = "matrix_exp" if square or weight.is_complex() else "householder"
    if orthogonal_map not in _OrthMaps.__members__:
        raise ValueError(
            f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}'
        )
    orth = _Orthogonal(weight, _OrthMaps[orthogonal_map], use_trivialization=use_trivialization)
    return parametrize.register_parametrization(module, name, orth, unsafe=True)


class _WeightNorm(Module):
    """g v / ||v||, the norm over all dimensions but `dim`."""

    def __init__(self, dim=0):
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g, weight_v):
        return _normalized(weight_v, weight_g, self.dim)

    def right_inverse(self, weight):
        """The magnitude and the direction of weight."""
        return fb.norm_except_dim(weight, 2, self.dim), weight


def weight_norm(module, name="weight", dim=0):
    """weight_norm(module, name="weight", dim=0) -> module

    Parametrises a tensor w of module by a magnitude g and a direction v, w = g v / ||v||, the norm over all dimensions
    but `dim` (None: over all): parametrizations.`name`.original0 and original1 (Salimans and Kingma, 2016). State
    dictionaries of `nn.utils.weight_norm`, with `name`_g and `name`_v, load as well.
    """
    parametrize.register_parametrization(module, name, _WeightNorm(dim), unsafe=True)
    module._register_load_state_dict_pre_hook(_FromHookForm(name))
    return module


class _FromHookForm:
    """Renames the entries of `nn.utils.weight_norm` before they load."""

    def __init__(self, name):
        self.name = name

    def __call__(self, state_dict, prefix, *_):
        old = [f"{prefix}{self.name}_{part}" for part in "gv"]
        if all(key in state_dict for key in old):
            for i, key in enumerate(old):
                state_dict[f"{prefix}parametrizations.{self.name}.original{i}"] = state_dict.pop(key)


class _SpectralNorm(Module):
    """A weight over its largest singular value u^T W v; of a vector, over its norm."""

    _u: Tensor
    _v: Tensor

    def __init__(self, weight, n_power_iterations=1, dim=0, eps=1e-12):
        super().__init__()
        ndim = weight.ndim
        if dim >= ndim or dim < -ndim:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{ndim}, {ndim - 1}] but got {dim})"
            )
        if n_power_iterations <= 0:
            raise ValueError(
                f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            )
        self.dim = dim % ndim
        self.eps = eps
        if ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = self._reshape_weight_to_matrix(weight)
            rows, columns = matrix.size()
            u, v = matrix.new_empty(rows).normal_(0, 1), matrix.new_empty(columns).normal_(0, 1)
            self.register_buffer("_u", F.normalize(u, dim=0, eps=eps))
            self.register_buffer("_v", F.normalize(v, dim=0, eps=eps))
            self._power_method(matrix, 15)

    def _reshape_weight_to_matrix(self, weight):
        return as_matrix(weight, self.dim)

    def _power_method(self, matrix, n_power_iterations):
        """Steps of the power method, in place on the estimates of the first singular vectors."""
        with fb.no_grad():
            for _ in range(n_power_iterations):
                self._u.copy_(F.normalize(fb.mv(matrix, self._v), dim=0, eps=self.eps))
                self._v.copy_(F.normalize(fb.mv(matrix.mH, self._u), dim=0, eps=self.eps))

    def forward(self, weight):
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = self._reshape_weight_to_matrix(weight)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        # Copies: the next forward changes the buffers before the backward of this one may have run.
        u, v = self._u.clone(), self._v.clone()
        return weight / fb.vdot(u, fb.mv(matrix, v))

    def right_inverse(self, value):
        """value itself: a weight of spectral norm 1 maps to itself."""
        return value


def spectral_norm(module, name="weight", n_power_iterations=1, eps=1e-12, dim=None):
    """spectral_norm(module, name="weight", n_power_iterations=1, eps=1e-12, dim=None) -> module

    Parametrises a tensor W of module as W / (u^T W v), the denominator an estimate of its largest singular value that
    `n_power_iterations` steps of the power method in training move on (Miyato et al., 2018). W is taken for a matrix
    with the entries of dimension `dim` as rows (None: 1 for transposed convolutions, else 0).

    Raises ValueError for what is no tensor of module and for n_power_iterations < 1, IndexError for dim.
    """
    weight = _tensor_of(module, name)
    norm = _SpectralNorm(weight, n_power_iterations, default_dim(module) if dim is None else dim, eps)
    return parametrize.register_parametrization(module, name, norm)
