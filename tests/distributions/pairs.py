"""The pairs of families for which kl_divergence is defined, as constructors of p and q by batches of two."""

# family -> two lists of parameters for each: as p and as q. Values are chosen so that no divergence is infinite
# that need not be.
ARGUMENTS = {
    "Bernoulli": ([[0.3, 0.6]], [[0.5, 0.1]]),
    "Beta": ([[0.7, 3.0], [2.0, 1.5]], [[2.0, 0.8], [1.0, 3.0]]),
    "Binomial": ([[5.0, 5.0], [0.3, 0.6]], [[5.0, 5.0], [0.5, 0.1]]),
    "Categorical": ([[[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]]], [[[0.5, 0.3, 0.2], [0.3, 0.4, 0.3]]]),
    "Cauchy": ([[0.0, 1.0], [1.0, 2.0]], [[1.0, -1.0], [3.0, 0.5]]),
    "ContinuousBernoulli": ([[0.3, 0.8]], [[0.6, 0.4999]]),
    "Dirichlet": ([[[0.5, 2.0, 3.0], [1.0, 1.0, 4.0]]], [[[1.0, 1.5, 2.0], [3.0, 2.0, 1.0]]]),
    "Exponential": ([[0.7, 2.0]], [[1.5, 0.4]]),
    "Gamma": ([[0.8, 3.0], [1.0, 2.0]], [[2.0, 1.1], [0.5, 3.0]]),
    "Geometric": ([[0.3, 0.6]], [[0.5, 0.1]]),
    "Gumbel": ([[0.0, 1.0], [0.5, 1.2]], [[0.3, -1.0], [2.0, 3.0]]),
    "HalfNormal": ([[1.0, 0.3]], [[0.5, 2.0]]),
    "Laplace": ([[0.0, 1.0], [1.0, 2.0]], [[1.0, -1.0], [3.0, 0.5]]),
    "LowRankMultivariateNormal": (
        [[[0.0, 1.0], [1.0, 2.0]], [[1.0], [0.5]], [0.5, 1.0]],
        [[[1.0, 1.0], [0.0, 2.0]], [[0.3], [-0.5]], [0.8, 0.6]],
    ),
    "MultivariateNormal": (
        [[[0.0, 1.0], [1.0, 2.0]], [[2.0, 0.3], [0.3, 1.0]]],
        [[[1.0, 1.0], [0.0, 2.0]], [[1.0, -0.3], [-0.3, 3.0]]],
    ),
    "Normal": ([[0.0, 1.0], [1.0, 2.0]], [[1.0, -1.0], [3.0, 0.5]]),
    "OneHotCategorical": ([[[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]]], [[[0.5, 0.3, 0.2], [0.3, 0.4, 0.3]]]),
    "Pareto": ([[1.5, 2.0], [2.5, 3.0]], [[1.0, 0.1], [1.5, 4.0]]),
    "Poisson": ([[6.0, 4.0]], [[1.5, 3.0]]),
    "Uniform": ([[0.2, 0.3], [0.9, 0.5]], [[-1.0, 0.1], [2.0, 3.0]]),
}


def build(lib, family, side, **options):
    """The distribution of a family as p (side 0) or q (side 1), in float64."""
    arguments = [lib.tensor(a, dtype=lib.float64) for a in ARGUMENTS[family][side]]
    return getattr(lib.distributions, family)(*arguments, **options)


def registered(kl):
    """The pairs of names that a module `kl` has registered, but for those of structure."""
    names = sorted((p.__name__, q.__name__) for p, q in kl._KL_REGISTRY)
    return [pair for pair in names if pair[0] in ARGUMENTS and pair[1] in ARGUMENTS]
