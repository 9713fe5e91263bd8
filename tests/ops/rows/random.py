"""Random functions have no reference values: their streams, errors and gradients are tested in files of their own. The
derivatives of random numbers have rows."""

from flambeau import ones

from ..table import Bad, Row, Sample

# PyTorch's are approximations of three digits; test_random_distributions.py has exact values.
THREE_DIGITS = dict(rtol={"float32": 5e-3, "float64": 5e-3}, atol={"float32": 1e-3, "float64": 1e-3})


def _gamma(t):
    return [
        Sample(t(3, 4), t(3, 4)), Sample(t(), t()), Sample(t(0), t(0)), Sample(t(4, 3).t(), t(3, 4)), Sample(t(3), t(3))
    ]  # fmt: skip


def _beta(t):
    def sample(*shape):
        return Sample(t(*shape, low=0.05, high=0.95), t(*shape), t(*shape, low=6, high=9))

    return [sample(3, 4), sample(), sample(0), sample(2, 1, 3)]


def _gamma_errors(t):
    return [Bad(Sample(ones(2), ones(3)), (RuntimeError, ValueError), "size|shape|broadcast")]


def _beta_errors(t):
    return [Bad(Sample(ones(2), ones(2), 1.0), TypeError, r"argument 'total' \(position 3\) must be Tensor, not float")]


_OPTIONS = dict(dtypes=("float32", "float64"), domain=(0.1, 5), grad=None, **THREE_DIGITS)
ROWS = [
    Row("_standard_gamma_grad", _gamma, torch="_standard_gamma_grad", errors=_gamma_errors, **_OPTIONS),
    Row("_dirichlet_grad", _beta, torch="_dirichlet_grad", errors=_beta_errors, **_OPTIONS),
]

_NAMES = (
    "bernoulli", "bernoulli_", "cauchy_", "exponential_", "geometric_", "log_normal_", "multinomial", "normal",
    "normal_", "poisson", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "random_", "randperm",
    "uniform_",
)  # fmt: skip
ELSEWHERE = {**dict.fromkeys(_NAMES, "tests/test_random.py"), "from_dlpack": "tests/test_dlpack.py"}
