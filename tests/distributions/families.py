"""The table of families: parameters, and what SciPy calls the same distribution. The tests derive from it.

`make(d, *parameters)` builds the distribution with the module d (flambeau's or PyTorch's) from tensors; `scipy(s,
*parameters)` the same with scipy.stats as s, from arrays. Parameters are the batches that broadcast to `batch`.
"""

from dataclasses import dataclass

import numpy as np


@dataclass
class Family:
    name: str
    make: object
    parameters: dict
    batch: tuple
    scipy: object = None
    event: tuple = ()
    discrete: bool = False
    has: tuple = ("mean", "variance", "entropy")  # what it computes beyond log_prob and sample

    def arrays(self, dtype=np.float64):
        return [np.array(v, dtype) for v in self.parameters.values()]

    def build(self, lib, dtype="float64", requires_grad=False, **options):
        """(the distribution of a library, its parameters)"""
        tensors = [lib.tensor(a, dtype=getattr(lib, dtype)) for a in self.arrays()]
        if requires_grad:
            for t in tensors:
                t.requires_grad_()
        return self.make(lib.distributions, *tensors, **options), tensors

    def __repr__(self):
        return self.name


CDF = ("mean", "variance", "entropy", "mode", "cdf", "icdf")
MODE = ("mean", "variance", "entropy", "mode")
COVARIANCE = [[[2.0, 0.5, 0.1], [0.5, 1.0, -0.3], [0.1, -0.3, 0.7]]] * 2
PROBS = [[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.15, 0.05], [0.25, 0.25, 0.25, 0.25]]


def _each(parameters, make):
    """A list of frozen SciPy distributions, one for each element of the batch."""
    return [make(*p) for p in zip(*parameters, strict=True)]


FAMILIES = [
    Family("Normal", lambda d, m, s, **o: d.Normal(m, s, **o), dict(loc=[-1.0, 0, 2], scale=[[0.5], [3]]), (2, 3),
           lambda s, m, c: s.norm(m, c), has=CDF),
    Family("Laplace", lambda d, m, s, **o: d.Laplace(m, s, **o), dict(loc=[-1.0, 0, 2], scale=[0.5, 1, 3]), (3,),
           lambda s, m, c: s.laplace(m, c), has=CDF),
    Family("Cauchy", lambda d, m, s, **o: d.Cauchy(m, s, **o), dict(loc=[-1.0, 0, 2], scale=[0.5, 1, 3]), (3,),
           lambda s, m, c: s.cauchy(m, c), has=("mean", "variance", "entropy", "mode", "cdf", "icdf")),
    Family("Gumbel", lambda d, m, s, **o: d.Gumbel(m, s, **o), dict(loc=[-1.0, 0, 2], scale=[0.5, 1, 3]), (3,),
           lambda s, m, c: s.gumbel_r(m, c), has=CDF),
    Family("LogNormal", lambda d, m, s, **o: d.LogNormal(m, s, **o), dict(loc=[-1.0, 0, 1], scale=[0.5, 1, 0.8]),
           (3,), lambda s, m, c: s.lognorm(c, scale=np.exp(m)), has=CDF),
    Family("StudentT", lambda d, n, m, s, **o: d.StudentT(n, m, s, **o),
           dict(df=[0.7, 1.5, 5, 40], loc=[0.0, 1, -1, 2], scale=[1.0, 2, 0.5, 3]), (4,),
           lambda s, n, m, c: s.t(n, m, c), has=MODE),
    Family("Uniform", lambda d, a, b, **o: d.Uniform(a, b, **o), dict(low=[-1.0, 0, 2], high=[1.0, 1, 7]), (3,),
           lambda s, a, b: s.uniform(a, b - a), has=CDF),
    Family("VonMises", lambda d, m, k, **o: d.VonMises(m, k, **o), dict(loc=[0.0, 1, -2], concentration=[0.3, 2, 50]),
           (3,), lambda s, m, k: s.vonmises(k, m), has=("mean", "variance", "mode")),
    Family("Exponential", lambda d, r, **o: d.Exponential(r, **o), dict(rate=[0.3, 1, 5]), (3,),
           lambda s, r: s.expon(scale=1 / r), has=CDF),
    Family("Gamma", lambda d, c, r, **o: d.Gamma(c, r, **o),
           dict(concentration=[0.05, 0.5, 1, 4, 300], rate=[1.0, 2, 0.5, 3, 10]), (5,),
           lambda s, c, r: s.gamma(c, scale=1 / r), has=(*MODE, "cdf")),
    Family("Chi2", lambda d, n, **o: d.Chi2(n, **o), dict(df=[0.5, 2, 9]), (3,), lambda s, n: s.chi2(n),
           has=(*MODE, "cdf")),
    Family("InverseGamma", lambda d, c, r, **o: d.InverseGamma(c, r, **o),
           dict(concentration=[0.6, 1.5, 4, 20], rate=[1.0, 2, 0.5, 3]), (4,),
           lambda s, c, r: s.invgamma(c, scale=r), has=(*MODE, "cdf")),
    Family("Beta", lambda d, a, b, **o: d.Beta(a, b, **o),
           dict(concentration1=[0.3, 1, 2, 30], concentration0=[0.4, 1, 5, 7]), (4,), lambda s, a, b: s.beta(a, b),
           has=MODE),
    Family("Kumaraswamy", lambda d, a, b, **o: d.Kumaraswamy(a, b, **o),
           dict(concentration1=[0.5, 1, 2, 5], concentration0=[0.7, 2, 3, 1.5]), (4,), has=(*CDF[:3], "cdf", "icdf")),
    Family("FisherSnedecor", lambda d, a, b, **o: d.FisherSnedecor(a, b, **o),
           dict(df1=[1.5, 3, 8, 20], df2=[1.0, 3, 5, 30]), (4,), lambda s, a, b: s.f(a, b),
           has=("mean", "variance", "mode")),
    Family("HalfNormal", lambda d, s, **o: d.HalfNormal(s, **o), dict(scale=[0.5, 1, 3]), (3,),
           lambda s, c: s.halfnorm(scale=c), has=CDF),
    Family("HalfCauchy", lambda d, s, **o: d.HalfCauchy(s, **o), dict(scale=[0.5, 1, 3]), (3,),
           lambda s, c: s.halfcauchy(scale=c), has=CDF),
    Family("Pareto", lambda d, s, a, **o: d.Pareto(s, a, **o), dict(scale=[0.5, 1, 3], alpha=[0.8, 1.5, 4]), (3,),
           lambda s, c, a: s.pareto(a, scale=c), has=CDF),
    Family("GeneralizedPareto", lambda d, m, s, c, **o: d.GeneralizedPareto(m, s, c, **o),
           dict(loc=[0.0, 1, -1, 2], scale=[1.0, 2, 0.5, 1], concentration=[0.3, 0.0, -0.4, 1.2]), (4,),
           lambda s, m, c, k: s.genpareto(k, m, c), has=CDF),
    Family("Weibull", lambda d, s, c, **o: d.Weibull(s, c, **o), dict(scale=[0.5, 1, 3], concentration=[1.2, 2, 5]),
           (3,), lambda s, c, k: s.weibull_min(k, scale=c), has=CDF),
    Family("ContinuousBernoulli", lambda d, p, **o: d.ContinuousBernoulli(p, **o),
           dict(probs=[0.1, 0.4985, 0.4999, 0.5, 0.7]), (5,), has=("mean", "variance", "entropy", "cdf", "icdf")),
    Family("RelaxedBernoulli", lambda d, t, p, **o: d.RelaxedBernoulli(t, p, **o),
           dict(temperature=0.7, probs=[0.2, 0.5, 0.9]), (3,), has=()),
    Family("Bernoulli", lambda d, p, **o: d.Bernoulli(p, **o), dict(probs=[0.1, 0.5, 0.8]), (3,),
           lambda s, p: s.bernoulli(p), discrete=True, has=MODE),
    Family("Geometric", lambda d, p, **o: d.Geometric(p, **o), dict(probs=[0.1, 0.5, 0.8, 0.95]), (4,),
           lambda s, p: s.geom(p, -1), discrete=True, has=MODE),
    Family("Binomial", lambda d, n, p, **o: d.Binomial(n, p, **o), dict(total_count=[6.0], probs=[0.1, 0.5, 0.8]),
           (3,), lambda s, n, p: s.binom(n, p), discrete=True, has=MODE),
    Family("NegativeBinomial", lambda d, n, p, **o: d.NegativeBinomial(n, p, **o),
           dict(total_count=[6.0, 1.5, 40], probs=[0.1, 0.5, 0.8]), (3,), lambda s, n, p: s.nbinom(n, 1 - p),
           discrete=True, has=("mean", "variance", "mode")),
    Family("Poisson", lambda d, r, **o: d.Poisson(r, **o), dict(rate=[0.2, 3.0, 60]), (3,), lambda s, r: s.poisson(r),
           discrete=True, has=("mean", "variance", "mode")),
    Family("Categorical", lambda d, p, **o: d.Categorical(p, **o), dict(probs=PROBS), (3,), discrete=True,
           has=("entropy", "mode")),
    Family("OneHotCategorical", lambda d, p, **o: d.OneHotCategorical(p, **o), dict(probs=PROBS), (3,), event=(4,),
           discrete=True, has=MODE),
    Family("OneHotCategoricalStraightThrough", lambda d, p, **o: d.OneHotCategoricalStraightThrough(p, **o),
           dict(probs=PROBS), (3,), event=(4,), discrete=True, has=MODE),
    Family("Multinomial", lambda d, p, **o: d.Multinomial(7, p, **o), dict(probs=PROBS), (3,),
           lambda s, p: _each([p], lambda q: s.multinomial(7, q)), event=(4,), discrete=True,
           has=("mean", "variance", "entropy")),
    Family("Dirichlet", lambda d, c, **o: d.Dirichlet(c, **o),
           dict(concentration=[[0.3, 0.4, 0.8], [1.0, 2, 3], [20.0, 5, 9]]), (3,),
           lambda s, c: _each([c], s.dirichlet), event=(3,), has=MODE),
    Family("LogisticNormal", lambda d, m, s, **o: d.LogisticNormal(m, s, **o),
           dict(loc=[[0.0, 1, -1], [1.0, 0, 0]], scale=[1.0, 0.5, 2]), (2,), event=(4,), has=()),
    Family("RelaxedOneHotCategorical", lambda d, t, p, **o: d.RelaxedOneHotCategorical(t, p, **o),
           dict(temperature=0.7, probs=PROBS), (3,), event=(4,), has=()),
    Family("MultivariateNormal", lambda d, m, c, **o: d.MultivariateNormal(m, c, **o),
           dict(loc=[[0.0, 1, 2], [3.0, 0, 0]], covariance_matrix=COVARIANCE), (2,),
           lambda s, m, c: _each([m, c], s.multivariate_normal), event=(3,), has=MODE),
    Family("MultivariateNormal-precision", lambda d, m, c, **o: d.MultivariateNormal(m, precision_matrix=c, **o),
           dict(loc=[[0.0, 1, 2], [3.0, 0, 0]], precision_matrix=COVARIANCE[0]), (2,), event=(3,), has=MODE),
    Family("LowRankMultivariateNormal", lambda d, m, w, g, **o: d.LowRankMultivariateNormal(m, w, g, **o),
           dict(loc=[[0.0, 1, 2], [3.0, 0, 0]], cov_factor=[[1.0, 0.5], [0.2, -1], [0.3, 0.4]],
                cov_diag=[0.5, 1.0, 2.0]), (2,), event=(3,), has=MODE),
    Family("Wishart", lambda d, n, c, **o: d.Wishart(n, c, **o),
           dict(df=[3.5, 9.0], covariance_matrix=COVARIANCE), (2,),
           lambda s, n, c: _each([n, c], lambda m, v: s.wishart(m, v)), event=(3, 3), has=MODE),
    Family("LKJCholesky", lambda d, c, **o: d.LKJCholesky(3, c, **o), dict(concentration=[0.5, 1, 4]), (3,),
           event=(3, 3), has=()),
    Family("Independent", lambda d, m, s, **o: d.Independent(d.Normal(m, s, **o), 1, **o),
           dict(loc=[[-1.0, 0, 2], [1.0, 1, 1]], scale=[0.5, 1, 3]), (2,), event=(3,), has=MODE),
    Family("MixtureSameFamily",
           lambda d, p, m, s, **o: d.MixtureSameFamily(d.Categorical(p, **o), d.Normal(m, s, **o), **o),
           dict(probs=[[0.2, 0.3, 0.5], [0.1, 0.8, 0.1]], loc=[-2.0, 0, 3], scale=[[0.5, 1, 2], [1.0, 1, 1]]), (2,),
           has=("mean", "variance", "cdf")),
    Family("TransformedDistribution", lambda d, m, s, **o: d.TransformedDistribution(
               d.Normal(m, s, **o), [d.AffineTransform(1.0, -2.0), d.SigmoidTransform()], **o),
           dict(loc=[-1.0, 0, 2], scale=[0.5, 1, 3]), (3,), has=("cdf", "icdf")),
]  # fmt: skip

BY_NAME = {f.name: f for f in FAMILIES}
