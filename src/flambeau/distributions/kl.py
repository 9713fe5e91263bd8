"""Kullback-Leibler divergences KL(p || q): the expectation under p of log p - log q, in nats.

`kl_divergence(p, q)` looks for what `register_kl` has registered for the families of p and q. Most of it is written as
cross-entropy less entropy, where the cross-entropy with q needs a few expectations under p.
"""

import functools
import math
import warnings
from typing import Any

import flambeau as fb

from .bernoulli import Bernoulli
from .beta import Beta
from .binomial import Binomial
from .categorical import Categorical
from .cauchy import Cauchy
from .continuous_bernoulli import ContinuousBernoulli
from .dirichlet import Dirichlet
from .distribution import Distribution
from .exp_family import ExponentialFamily
from .exponential import Exponential
from .gamma import Gamma
from .geometric import Geometric
from .gumbel import Gumbel
from .half_normal import HalfNormal
from .independent import Independent
from .laplace import Laplace
from .lowrank_multivariate_normal import (
    LowRankMultivariateNormal,
    _batch_lowrank_logdet,
    _batch_lowrank_mahalanobis,
)
from .multivariate_normal import MultivariateNormal, _batch_mahalanobis, half_log_det
from .normal import Normal
from .one_hot_categorical import OneHotCategorical
from .pareto import Pareto
from .poisson import Poisson
from .transformed_distribution import TransformedDistribution
from .uniform import Uniform
from .utils import _sum_rightmost, euler_constant

__all__ = ["kl_divergence", "register_kl"]

_KL_REGISTRY: dict[tuple[type, type], Any] = {}  # (class of p, class of q) -> function of p and q


def register_kl(type_p, type_q):
    """register_kl(type_p, type_q) -> decorator of f(p, q) -> Tensor of the batch shape, for these families

    and their subclasses, unless something closer is registered. Two registrations may be equally close, one for p and
    one for q: kl_divergence then warns; registering the very pair settles it. TypeError for other classes.
    """
    for name, family in (("type_p", type_p), ("type_q", type_q)):
        if not isinstance(family, type) or not issubclass(family, Distribution):
            raise TypeError(f"Expected {name} to be a Distribution subclass but got {family}")

    def register(function):
        _KL_REGISTRY[type_p, type_q] = function
        _dispatch.cache_clear()
        return function

    return register


@functools.cache
def _dispatch(type_p: Any, type_q: Any) -> Any:
    """The function for the closest registered pair of superclasses, or None."""
    mro_p, mro_q = type_p.__mro__, type_q.__mro__
    pairs = [(mro_p.index(p), mro_q.index(q), p, q) for p, q in _KL_REGISTRY if p in mro_p and q in mro_q]
    if not pairs:
        return None
    *_, left_p, left_q = min(pairs, key=lambda pair: pair[:2])
    *_, right_p, right_q = min(pairs, key=lambda pair: pair[1::-1])
    if _KL_REGISTRY[left_p, left_q] is not _KL_REGISTRY[right_p, right_q]:
        warnings.warn(
            f"Ambiguous kl_divergence({type_p.__name__}, {type_q.__name__}). Please "
            f"register_kl({left_p.__name__}, {right_q.__name__})",
            RuntimeWarning,
            stacklevel=3,
        )
    return _KL_REGISTRY[left_p, left_q]


def kl_divergence(p, q):
    """kl_divergence(p, q) -> Tensor of the batch shape: KL(p || q), >= 0, infinite where p has values that q has not

    NotImplementedError for pairs of families that nothing is registered for.
    """
    families: Any = type(p), type(q)
    function = _dispatch(*families)
    if function is None:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}"
        )
    return function(p, q)


# ---- cross-entropies with q


def _x_log_x(x):
    return x.xlogy(x)


def _with_exponential(q, mean):
    return q.rate * mean - q.rate.log()


def _with_gamma(q, mean, mean_log):
    c = q.concentration
    return c.lgamma() - c * q.rate.log() - (c - 1) * mean_log + q.rate * mean


def _with_normal(q, mean, variance):
    return 0.5 * math.log(2 * math.pi) + q.scale.log() + (variance + (mean - q.loc).pow(2)) / (2 * q.scale.pow(2))


def _with_gumbel(q, mean, mean_exp):
    """mean_exp: the expectation of exp(-(x - loc) / scale)"""
    return q.scale.log() + (mean - q.loc) / q.scale + mean_exp


def _with_continuous_bernoulli(q, mean):
    return -mean * q.logits - (-q.probs).log1p() - q._cont_bern_log_norm()


def _with_uniform(q, low, high):
    """For values between low and high."""
    return (q.high - q.low).log().masked_fill((q.low > low) | (q.high < high), fb.inf)


def _mean_log(p):
    """The expectation of log x under a uniform distribution."""
    return (_x_log_x(p.high) - _x_log_x(p.low)) / (p.high - p.low) - 1


# ---- two distributions of one family


@register_kl(Bernoulli, Bernoulli)
def _bernoulli_bernoulli(p, q):
    softplus = fb.nn.functional.softplus
    ones = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    zeros = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    ones = ones.masked_fill(q.probs == 0, fb.inf).masked_fill(p.probs == 0, 0)
    return ones + zeros.masked_fill(q.probs == 1, fb.inf).masked_fill(p.probs == 1, 0)


@register_kl(Beta, Beta)
def _beta_beta(p, q):
    return kl_divergence(p._dirichlet, q._dirichlet)


@register_kl(Binomial, Binomial)
def _binomial_binomial(p, q):
    if (p.total_count < q.total_count).any():
        raise NotImplementedError(
            "KL between Binomials where q.total_count > p.total_count is not implemented"
        )
    of_trial = p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    return (p.total_count * of_trial).masked_fill(p.total_count > q.total_count, fb.inf)


@register_kl(Categorical, Categorical)
def _categorical_categorical(p, q):
    terms = p.probs * (p.logits - q.logits)
    return terms.masked_fill(q.probs == 0, fb.inf).masked_fill(p.probs == 0, 0).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot_one_hot(p, q):
    return _categorical_categorical(p._categorical, q._categorical)


@register_kl(Cauchy, Cauchy)
def _cauchy_cauchy(p, q):
    """F. Chyzak, F. Nielsen, 2019"""
    return ((p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)).log() - (4 * p.scale * q.scale).log()


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _continuous_bernoulli_continuous_bernoulli(p, q):
    return _with_continuous_bernoulli(q, p.mean) - p.entropy()


@register_kl(Dirichlet, Dirichlet)
def _dirichlet_dirichlet(p, q):
    a, b = p.concentration, q.concentration
    mean_log = a.digamma() - a.sum(-1, True).digamma()
    return q._log_normalizer(b) - p._log_normalizer(a) + ((a - b) * mean_log).sum(-1)


@register_kl(Exponential, Exponential)
def _exponential_exponential(p, q):
    ratio = q.rate / p.rate
    return ratio - ratio.log() - 1


@register_kl(ExponentialFamily, ExponentialFamily)
def _exp_family_exp_family(p, q):
    """The Bregman divergence of the log-normaliser (F. Nielsen, R. Nock, 2010); of one family only."""
    if type(p) is not type(q):
        raise NotImplementedError(
            f"The cross KL-divergence between different exponential families cannot be computed: {type(p).__name__} "
            f"and {type(q).__name__}"
        )
    natural, normalizer, gradients = p._bregman()
    result = q._log_normalizer(*q._natural_params) - normalizer
    for of_p, of_q, gradient in zip(natural, q._natural_params, gradients, strict=True):
        own = of_q.dim() - len(q.batch_shape)
        result = result - _sum_rightmost((of_q - of_p) * gradient, own)
    return result


@register_kl(Gamma, Gamma)
def _gamma_gamma(p, q):
    a, b = p.concentration, q.concentration
    return (b * (p.rate / q.rate).log() + b.lgamma() - a.lgamma() + (a - b) * a.digamma()
            + (q.rate - p.rate) * (a / p.rate))  # fmt: skip


@register_kl(Gumbel, Gumbel)
def _gumbel_gumbel(p, q):
    ratio = p.scale / q.scale
    mean_exp = ((q.loc - p.loc) / q.scale + (1 + ratio).lgamma()).exp()
    return _with_gumbel(q, p.mean, mean_exp) - p.entropy()


@register_kl(Geometric, Geometric)
def _geometric_geometric(p, q):
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(HalfNormal, HalfNormal)
def _half_normal_half_normal(p, q):
    return _normal_normal(p.base_dist, q.base_dist)


@register_kl(Laplace, Laplace)
def _laplace_laplace(p, q):
    away, ratio = (p.loc - q.loc).abs(), p.scale / q.scale
    return away / q.scale - ratio.log() + ratio * (-away / p.scale).exp() - 1


@register_kl(Normal, Normal)
def _normal_normal(p, q):
    ratio = (p.scale / q.scale).pow(2)
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).pow(2) - 1 - ratio.log())


@register_kl(Pareto, Pareto)
def _pareto_pareto(p, q):
    ratio = q.alpha / p.alpha
    result = q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1
    return result.masked_fill(p.scale < q.scale, fb.inf)


@register_kl(Poisson, Poisson)
def _poisson_poisson(p, q):
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed_transformed(p, q):
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError(
            "KL(p || q) of transformed distributions is implemented for the same transforms and event shapes"
        )
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Uniform, Uniform)
def _uniform_uniform(p, q):
    return _with_uniform(q, p.low, p.high) - p.entropy()


@register_kl(Independent, Independent)
def _independent_independent(p, q):
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError(
            "KL(p || q) of Independent distributions is implemented for the same reinterpreted_batch_ndims, got "
            f"{p.reinterpreted_batch_ndims} and {q.reinterpreted_batch_ndims}"
        )
    return _sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


# ---- multivariate normal distributions


def _check_event_shapes(p, q):
    if p.event_shape != q.event_shape:
        raise ValueError(
            f"KL-divergence between multivariate normal distributions of different event shapes: {p.event_shape} and "
            f"{q.event_shape}"
        )


def _square_sum(matrix):
    """The trace of M M^T."""
    return matrix.pow(2).sum((-2, -1))


def _solve(factor, matrix):
    return fb.linalg.solve_triangular(factor, matrix, upper=False)


def _log_det(d):
    if isinstance(d, LowRankMultivariateNormal):
        return _batch_lowrank_logdet(d._unbroadcasted_cov_factor, d._unbroadcasted_cov_diag, d._capacitance_tril)
    return 2 * half_log_det(d._unbroadcasted_scale_tril)


def _roots(d):
    """Matrices whose squares M M^T add up to the covariance."""
    if isinstance(d, LowRankMultivariateNormal):
        return [d._unbroadcasted_cov_factor, d._unbroadcasted_cov_diag.sqrt().diag_embed()]
    return [d._unbroadcasted_scale_tril]


def _distance_and_trace(p, q):
    """The squared distance of the means and the trace of the covariance of p, both measured by the precision of q."""
    away = q.loc - p.loc
    if isinstance(q, LowRankMultivariateNormal):
        factor, diagonal = q._unbroadcasted_cov_factor, q._unbroadcasted_cov_diag
        distance = _batch_lowrank_mahalanobis(factor, diagonal, away, q._capacitance_tril)
        half = _solve(q._capacitance_tril, factor.mT / diagonal.unsqueeze(-2))  # Woodbury's identity
        root = diagonal.rsqrt().unsqueeze(-1)
        return distance, sum(_square_sum(root * m) - _square_sum(half @ m) for m in _roots(p))
    factor = q._unbroadcasted_scale_tril
    return _batch_mahalanobis(factor, away), sum(_square_sum(_solve(factor, m)) for m in _roots(p))


@register_kl(MultivariateNormal, MultivariateNormal)
@register_kl(MultivariateNormal, LowRankMultivariateNormal)
@register_kl(LowRankMultivariateNormal, MultivariateNormal)
@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _multivariate_normal(p, q):
    _check_event_shapes(p, q)
    distance, trace = _distance_and_trace(p, q)
    return 0.5 * (_log_det(q) - _log_det(p) + trace + distance - p.event_shape[0])


# ---- different families


@register_kl(Bernoulli, Poisson)
def _bernoulli_poisson(p, q):
    return q.rate - p.probs * q.rate.log() - p.entropy()


@register_kl(Beta, ContinuousBernoulli)
@register_kl(Uniform, ContinuousBernoulli)
def _any_continuous_bernoulli(p, q):
    return _inside_unit(p, _with_continuous_bernoulli(q, p.mean)) - p.entropy()


def _inside_unit(p, value):
    """value, infinite where p has values outside [0, 1]."""
    support = p.support
    outside = (fb.as_tensor(support.lower_bound) < 0) | (fb.as_tensor(support.upper_bound) > 1)
    return value.masked_fill(outside, fb.inf)


@register_kl(Beta, Exponential)
@register_kl(ContinuousBernoulli, Exponential)
@register_kl(Gamma, Exponential)
@register_kl(Pareto, Exponential)
def _positive_exponential(p, q):
    return _with_exponential(q, p.mean) - p.entropy()


@register_kl(Uniform, Exponential)
def _uniform_exponential(p, q):
    return (_with_exponential(q, p.mean) - p.entropy()).masked_fill(p.low < 0, fb.inf)


@register_kl(Beta, Gamma)
def _beta_gamma(p, q):
    mean_log = p.concentration1.digamma() - (p.concentration1 + p.concentration0).digamma()
    return _with_gamma(q, p.mean, mean_log) - p.entropy()


@register_kl(Exponential, Gamma)
def _exponential_gamma(p, q):
    return _with_gamma(q, p.mean, -euler_constant - p.rate.log()) - p.entropy()


@register_kl(Pareto, Gamma)
def _pareto_gamma(p, q):
    return _with_gamma(q, p.mean, p.scale.log() + 1 / p.alpha) - p.entropy()


@register_kl(Uniform, Gamma)
def _uniform_gamma(p, q):
    return (_with_gamma(q, p.mean, _mean_log(p)) - p.entropy()).masked_fill(p.low < 0, fb.inf)


@register_kl(Beta, Normal)
@register_kl(ContinuousBernoulli, Normal)
@register_kl(Exponential, Normal)
@register_kl(Gamma, Normal)
@register_kl(Gumbel, Normal)
@register_kl(Laplace, Normal)
@register_kl(Pareto, Normal)
@register_kl(Uniform, Normal)
def _any_normal(p, q):
    return _with_normal(q, p.mean, p.variance) - p.entropy()


@register_kl(Beta, Uniform)
@register_kl(ContinuousBernoulli, Uniform)
def _unit_uniform(p, q):
    return _with_uniform(q, 0, 1) - p.entropy()


@register_kl(Exponential, Gumbel)
def _exponential_gumbel(p, q):
    product = p.rate * q.scale
    return _with_gumbel(q, p.mean, (q.loc / q.scale).exp() * product / (product + 1)) - p.entropy()


@register_kl(Gamma, Gumbel)
def _gamma_gumbel(p, q):
    mean_exp = (q.loc / q.scale - p.concentration * (1 / (p.rate * q.scale)).log1p()).exp()
    return _with_gumbel(q, p.mean, mean_exp) - p.entropy()


@register_kl(Normal, Gumbel)
def _normal_gumbel(p, q):
    mean_exp = ((q.loc - p.loc) / q.scale + 0.5 * (p.scale / q.scale).pow(2)).exp()
    return _with_gumbel(q, p.mean, mean_exp) - p.entropy()


@register_kl(Uniform, Gumbel)
def _uniform_gumbel(p, q):
    low, high = (((q.loc - bound) / q.scale).exp() for bound in (p.low, p.high))
    return _with_gumbel(q, p.mean, q.scale * (low - high) / (p.high - p.low)) - p.entropy()


@register_kl(Normal, Laplace)
def _normal_laplace(p, q):
    away = p.loc - q.loc
    z = away / (math.sqrt(2) * p.scale)
    mean_away = p.scale * math.sqrt(2 / math.pi) * (-z * z).exp() + away * z.erf()
    return (2 * q.scale).log() + mean_away / q.scale - p.entropy()


@register_kl(Uniform, Beta)
def _uniform_beta(p, q):
    mirrored = Uniform(1 - p.high, 1 - p.low, validate_args=False)
    a, b = q.concentration1, q.concentration0
    cross = q._log_normalizer(a, b) - (a - 1) * _mean_log(p) - (b - 1) * _mean_log(mirrored)
    return (cross - p.entropy()).masked_fill((p.high > 1) | (p.low < 0), fb.inf)


@register_kl(Uniform, Pareto)
def _uniform_pareto(p, q):
    cross = (q.alpha + 1) * _mean_log(p) - q.alpha.log() - q.alpha * q.scale.log()
    return (cross - p.entropy()).masked_fill(p.low < q.scale, fb.inf)


def _infinite(p, q):
    """p has values that q has not."""
    like = p.mean
    return like.new_full(fb.broadcast_shapes(p.batch_shape, q.batch_shape), fb.inf)


_DISJOINT: dict[type, list[type]] = {
    Beta: [Pareto],
    ContinuousBernoulli: [Pareto],
    Exponential: [Uniform, Pareto, ContinuousBernoulli, Beta],
    Gamma: [Uniform, Pareto, ContinuousBernoulli, Beta],
    Gumbel: [Uniform, Pareto, Gamma, Exponential, ContinuousBernoulli, Beta],
    Laplace: [Uniform, Pareto, Gamma, Exponential, ContinuousBernoulli, Beta],
    Normal: [Uniform, Pareto, Gamma, Exponential, ContinuousBernoulli, Beta],
    Pareto: [Uniform, ContinuousBernoulli, Beta],
    Poisson: [Binomial, Bernoulli],
}
for _p, _others in _DISJOINT.items():
    for _q in _others:
        register_kl(_p, _q)(_infinite)
