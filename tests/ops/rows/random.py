"""Random functions have no reference values: their streams, errors and gradients are tested in files of their own."""

ROWS = []

_NAMES = (
    "bernoulli", "bernoulli_", "cauchy_", "exponential_", "geometric_", "log_normal_", "multinomial", "normal",
    "normal_", "poisson", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "random_", "randperm",
    "uniform_",
)  # fmt: skip
ELSEWHERE = {**dict.fromkeys(_NAMES, "tests/test_random.py"), "from_dlpack": "tests/test_dlpack.py"}
