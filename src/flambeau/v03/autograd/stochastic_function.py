"""`StochasticFunction`, which 0.3 replaced by `torch.distributions`."""


class StochasticFunction:
    """Removed in 0.3: making one raises RuntimeError."""

    def __init__(self):
        raise RuntimeError(
            "stochastic functions were removed. Use torch.distributions instead: the log-probability of a sample times "
            "the reward is the loss, e.g. `(-m.log_prob(action) * reward).backward()`"
        )
