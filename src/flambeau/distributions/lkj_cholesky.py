"""The LKJ distribution of correlation matrices."""

import math

import flambeau as fb

from . import constraints
from .beta import Beta
from .distribution import Distribution
from .utils import broadcast_all


class LKJCholesky(Distribution):
    """LKJCholesky(dim, concentration=1., validate_args=None): Cholesky factors L of dim x dim correlation matrices

    whose density is proportional to det(L L^T)^(concentration - 1): 1 is uniform, more is nearer to the identity.
    Samples are drawn by the "onion" method (D. Lewandowski, D. Kurowicka, H. Joe: Generating random correlation
    matrices based on vines and extended onion method, Journal of Multivariate Analysis 100, 2009, section 3).
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky

    def __init__(self, dim, concentration=1.0, validate_args=None):
        if dim < 2:
            raise ValueError(f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}.")
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        # The squared length of row i below the diagonal, of i elements, is Beta(i / 2, ...); row 0 has none.
        half = 0.5 * fb.arange(dim - 1, dtype=self.concentration.dtype, device=self.concentration.device)
        half = fb.cat([half.new_zeros((1,)), half])
        marginal = self.concentration + 0.5 * (dim - 2)
        self._beta = Beta(half + 0.5, marginal.unsqueeze(-1) - half, validate_args=False)
        super().__init__(self.concentration.size(), fb.Size((dim, dim)), validate_args)

    def expand(self, batch_shape, _instance=None):
        new = self._get_checked_instance(LKJCholesky, _instance)
        batch_shape = fb.Size(batch_shape)
        new.dim, new.concentration = self.dim, self.concentration.expand(batch_shape)
        new._beta = self._beta.expand(batch_shape + (self.dim,))
        return self._as_expanded(new, batch_shape)

    def sample(self, sample_shape=fb.Size()):
        with fb.no_grad():
            square = self._beta.sample(sample_shape).unsqueeze(-1)
            shape = self._extended_shape(sample_shape)
            direction = fb.randn(shape, dtype=square.dtype, device=square.device).tril(-1)
            direction = direction / fb.linalg.vector_norm(direction, dim=-1, keepdim=True)
            direction[..., 0, :] = 0.0  # 0 / 0
            rows = square.sqrt() * direction
            rest = (1 - rows.pow(2).sum(-1)).clamp(min=fb.finfo(rows.dtype).tiny)
            return rows + rest.sqrt().diag_embed()

    def log_prob(self, value):
        """The density of L, with respect to its elements below the diagonal."""
        if self._validate_args:
            self._validate_sample(value)
        n, less = self.dim, self.dim - 1
        order = fb.arange(2, n + 1, dtype=self.concentration.dtype, device=self.concentration.device)
        order = 2 * (self.concentration - 1).unsqueeze(-1) + n - order
        log_density = (order * value.diagonal(dim1=-1, dim2=-2)[..., 1:].log()).sum(-1)
        alpha = self.concentration + 0.5 * less
        constant = 0.5 * less * math.log(math.pi) + fb.mvlgamma(alpha - 0.5, p=less) - alpha.lgamma() * less
        return log_density - constant
