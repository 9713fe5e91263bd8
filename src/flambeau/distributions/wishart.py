"""The Wishart distribution."""

import math
import warnings

import flambeau as fb

from . import constraints
from .chi2 import Chi2
from .exp_family import ExponentialFamily
from .multivariate_normal import OfCovariance, half_log_det
from .utils import broadcast_all


def _mvdigamma(x, p):
    """The derivative of mvlgamma(x, p)."""
    steps = fb.arange(p, dtype=x.dtype, device=x.device) / 2
    return (x.unsqueeze(-1) - steps).digamma().sum(-1)


class Wishart(OfCovariance, ExponentialFamily):
    """Wishart(df, covariance_matrix=None, precision_matrix=None, scale_tril=None, validate_args=None)

    sums x x^T of df vectors x of MultivariateNormal(0, covariance_matrix), (n, n); df > n - 1 may be a fraction. The
    matrix is given by itself, by its inverse or by its Cholesky factor. Samples are drawn as L A A^T L^T with A lower
    triangular (M. S. Bartlett, 1933), and differentiable.
    """

    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(self, df, covariance_matrix=None, precision_matrix=None, scale_tril=None, validate_args=None):
        matrices = dict(
            covariance_matrix=covariance_matrix, precision_matrix=precision_matrix, scale_tril=scale_tril
        )
        given = next((m for m in matrices.values() if m is not None), None)
        if given is not None:
            (df,) = broadcast_all(df) if isinstance(df, fb.Tensor) else (fb.tensor(float(df), dtype=given.dtype),)
        batch_shape, name, matrix = self._set_matrix(getattr(df, "shape", ()), **matrices)
        n = matrix.shape[-1]
        if not (df > n - 1).all():
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {n - 1}.")
        self.df = df.expand(batch_shape)
        if (self.df < n).any():
            warnings.warn(
                "Low df values detected. Singular samples are highly likely to occur for ndim - 1 < df < ndim.",
                stacklevel=2,
            )
        super().__init__(batch_shape, fb.Size((n, n)), validate_args=validate_args)
        self._set_factor(name, matrix)
        self._dist_chi2 = self._diagonal()

    def _diagonal(self):
        """The squares of the diagonal of A."""
        n = self._event_shape[-1]
        return Chi2(self.df.unsqueeze(-1) - fb.arange(n, dtype=self.df.dtype, device=self.df.device))

    def expand(self, batch_shape, _instance=None):
        new = self._get_checked_instance(Wishart, _instance)
        batch_shape = fb.Size(batch_shape)
        new.df = self.df.expand(batch_shape)
        self._expand_matrices(new, batch_shape)
        self._as_expanded(new, batch_shape)
        new._dist_chi2 = new._diagonal()
        return new

    @property
    def _matrix_shape(self):
        return self._event_shape

    @property
    def arg_constraints(self):
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self._event_shape[-1] - 1),
        }

    @property
    def mean(self):
        return self.df.view(self._batch_shape + (1, 1)) * self.covariance_matrix

    @property
    def mode(self):
        """NaN for df <= n + 1."""
        factor = self.df - self.covariance_matrix.shape[-1] - 1
        factor = factor.masked_fill(factor <= 0, fb.nan)
        return factor.view(self._batch_shape + (1, 1)) * self.covariance_matrix

    @property
    def variance(self):
        v = self.covariance_matrix
        diagonal = v.diagonal(dim1=-2, dim2=-1)
        outer = diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2)
        return self.df.view(self._batch_shape + (1, 1)) * (v.pow(2) + outer)

    def _bartlett_sampling(self, sample_shape):
        n = self._event_shape[-1]
        noise = self._dist_chi2.rsample(sample_shape).sqrt().diag_embed()
        rows, columns = fb.tril_indices(n, n, -1, device=noise.device)
        shape = fb.Size(sample_shape) + self._batch_shape + (n * (n - 1) // 2,)
        noise[..., rows, columns] = fb.randn(shape, dtype=noise.dtype, device=noise.device)
        factor = self._unbroadcasted_scale_tril @ noise
        return factor @ factor.mT

    def rsample(self, sample_shape=fb.Size(), max_try_correction=None):
        """rsample(sample_shape=(), max_try_correction=3) -> Tensor

        Samples that rounding has made singular are drawn again, max_try_correction times at most (10 without batch and
        sample dimensions); then a warning says that some are left.
        """
        if max_try_correction is None:
            max_try_correction = 3 if self._batch_shape else 10
        sample_shape = fb.Size(sample_shape)
        sample = self._bartlett_sampling(sample_shape)
        for _ in range(max_try_correction):
            singular = self._singular(sample)
            if not singular.any():
                return sample
            again = self._bartlett_sampling(sample_shape)
            sample = fb.where(singular[..., None, None], again, sample)
        if self._singular(sample).any():
            warnings.warn("Singular sample detected.", stacklevel=2)
        return sample

    def _singular(self, sample):
        return ~self.support.check(sample)

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        nu, n, factor = self.df, self._event_shape[-1], self._unbroadcasted_scale_tril
        norm = nu * (n * math.log(2) / 2 + half_log_det(factor)) + fb.mvlgamma(nu / 2, p=n)
        trace = fb.cholesky_solve(value, factor).diagonal(dim1=-2, dim2=-1).sum(-1)
        return (nu - n - 1) / 2 * fb.linalg.slogdet(value).logabsdet - trace / 2 - norm

    def entropy(self):
        nu, n, factor = self.df, self._event_shape[-1], self._unbroadcasted_scale_tril
        return ((n + 1) * (n * math.log(2) / 2 + half_log_det(factor)) + fb.mvlgamma(nu / 2, p=n)
                - (nu - n - 1) / 2 * _mvdigamma(nu / 2, p=n) + nu * n / 2)  # fmt: skip

    @property
    def _natural_params(self):
        return -self.precision_matrix / 2, (self.df - self._event_shape[-1] - 1) / 2

    def _log_normalizer(self, x, y):
        n = self._event_shape[-1]
        power = y + (n + 1) / 2
        return power * (n * math.log(2) - fb.linalg.slogdet(-2 * x).logabsdet) + fb.mvlgamma(power, p=n)
