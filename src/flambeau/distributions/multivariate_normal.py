"""The multivariate normal distribution."""

import math
from typing import Any

import flambeau as fb

from . import constraints
from .distribution import Distribution
from .utils import _standard_normal, lazy_property


def _batch_mv(matrix, vector):
    """The products of matrices (..., n, m) and vectors (..., m)."""
    return (matrix @ vector.unsqueeze(-1)).squeeze(-1)


def _batch_mahalanobis(factor, x):
    """x^T (L L^T)^-1 x for vectors x (..., n) and lower triangular matrices L (..., n, n); batches broadcast."""
    batch, n = factor.shape[:-2], factor.shape[-1]
    shape = fb.broadcast_shapes(x.shape[:-1], batch)
    columns = x.expand((*shape, n)).reshape((-1, *shape[len(shape) - len(batch) :], n)).movedim(0, -1)
    solved = fb.linalg.solve_triangular(factor, columns, upper=False)
    return solved.pow(2).sum(-2).movedim(-1, 0).reshape(shape)


def _precision_to_scale_tril(precision):
    """The Cholesky factor of the inverse of positive definite matrices."""
    flipped = fb.linalg.cholesky(precision.flip((-2, -1)))
    inverse = flipped.flip((-2, -1)).mT
    identity = fb.eye(precision.shape[-1], dtype=precision.dtype, device=precision.device)
    return fb.linalg.solve_triangular(inverse, identity.expand_as(inverse), upper=False)


def half_log_det(factor):
    """The logarithm of the determinant of triangular matrices."""
    return factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)


class OfCovariance:
    """Mixin of families of a covariance matrix, given by itself, by its inverse or by its Cholesky factor. What is not
    given follows from `_unbroadcasted_scale_tril`."""

    _batch_shape: Any
    _event_shape: Any

    def _set_matrix(self, batch, **matrices):
        """Takes the one matrix that is given; `batch` are the other batch dimensions. The batch shape of both."""
        if sum(m is not None for m in matrices.values()) != 1:
            raise ValueError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified."
            )
        ((name, matrix),) = [(k, m) for k, m in matrices.items() if m is not None]
        if matrix.dim() < 2:
            shown = "scale_tril matrix" if name == "scale_tril" else name
            raise ValueError(f"{shown} must be at least two-dimensional, with optional leading batch dimensions")
        batch_shape = fb.broadcast_shapes(matrix.shape[:-2], batch)
        setattr(self, name, matrix.expand(batch_shape + (-1, -1)))
        return batch_shape, name, matrix

    def _set_factor(self, name, matrix):
        """The Cholesky factor of the matrix that is given, once that has been checked."""
        if name == "scale_tril":
            self._unbroadcasted_scale_tril = matrix
        elif name == "covariance_matrix":
            self._unbroadcasted_scale_tril = fb.linalg.cholesky(matrix)
        else:
            self._unbroadcasted_scale_tril = _precision_to_scale_tril(matrix)

    def _expand_matrices(self, new, batch_shape):
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril
        for name in ("covariance_matrix", "precision_matrix", "scale_tril"):
            if name in self.__dict__:
                setattr(new, name, self.__dict__[name].expand(batch_shape + self._matrix_shape))

    @property
    def _matrix_shape(self):
        n = self._event_shape[-1:]
        return n + n

    def _broadcast_matrix(self, matrix):
        return matrix.expand(self._batch_shape + self._matrix_shape)

    @lazy_property
    def scale_tril(self):
        """The Cholesky factor of the covariance matrix."""
        return self._broadcast_matrix(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self):
        """The covariance matrix."""
        factor = self._unbroadcasted_scale_tril
        return self._broadcast_matrix(factor @ factor.mT)

    @lazy_property
    def precision_matrix(self):
        """The inverse of the covariance matrix."""
        return self._broadcast_matrix(fb.cholesky_inverse(self._unbroadcasted_scale_tril))


class MultivariateNormal(OfCovariance, Distribution):
    """MultivariateNormal(loc, covariance_matrix=None, precision_matrix=None, scale_tril=None, validate_args=None)

    loc: (..., n), the mean; (..., n, n): the covariance matrix, or its inverse, or its Cholesky factor (the cheapest).
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, loc, covariance_matrix=None, precision_matrix=None, scale_tril=None, validate_args=None):
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        batch_shape, name, matrix = self._set_matrix(
            loc.shape[:-1],
            covariance_matrix=covariance_matrix,
            precision_matrix=precision_matrix,
            scale_tril=scale_tril,
        )
        self.loc = loc.expand(batch_shape + (-1,))
        super().__init__(batch_shape, self.loc.shape[-1:], validate_args=validate_args)
        self._set_factor(name, matrix)

    def expand(self, batch_shape, _instance=None):
        new = self._get_checked_instance(MultivariateNormal, _instance)
        batch_shape = fb.Size(batch_shape)
        new.loc = self.loc.expand(batch_shape + self._event_shape)
        self._expand_matrices(new, batch_shape)
        return self._as_expanded(new, batch_shape)

    @property
    def mean(self):
        return self.loc

    @property
    def mode(self):
        return self.loc

    @property
    def variance(self):
        """The variances of the elements."""
        variance = self._unbroadcasted_scale_tril.pow(2).sum(-1)
        return variance.expand(self._batch_shape + self._event_shape)

    def rsample(self, sample_shape=fb.Size()):
        noise = _standard_normal(self._extended_shape(sample_shape), self.loc.dtype, self.loc.device)
        return self.loc + _batch_mv(self._unbroadcasted_scale_tril, noise)

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        factor = self._unbroadcasted_scale_tril
        distance = _batch_mahalanobis(factor, value - self.loc)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + distance) - half_log_det(factor)

    def entropy(self):
        constant = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi))
        return (constant + half_log_det(self._unbroadcasted_scale_tril)).expand(self._batch_shape)
