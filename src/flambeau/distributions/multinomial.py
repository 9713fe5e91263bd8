"""The multinomial distribution."""

import flambeau as fb

from . import constraints
from .binomial import Binomial
from .categorical import Categorical
from .distribution import Distribution


class Multinomial(Distribution):
    """Multinomial(total_count=1, probs=None, logits=None, validate_args=None): how often each category occurs

    in total_count (an int) draws of Categorical(probs, logits); vectors (..., K).
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}

    def __init__(self, total_count=1, probs=None, logits=None, validate_args=None):
        if not isinstance(total_count, int):
            raise NotImplementedError("inhomogeneous total_count is not supported")
        self.total_count = total_count
        self._categorical = Categorical(probs=probs, logits=logits)
        shape = self._categorical.param_shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        new = self._get_checked_instance(Multinomial, _instance)
        batch_shape = fb.Size(batch_shape)
        new.total_count = self.total_count
        new._categorical = self._categorical.expand(batch_shape)
        return self._as_expanded(new, batch_shape)

    def _new(self, *args, **kwargs):
        return self._categorical._new(*args, **kwargs)

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self):
        return constraints.multinomial(self.total_count)

    @property
    def probs(self):
        """The probabilities."""
        return self._categorical.probs

    @property
    def logits(self):
        """The logarithms of the probabilities."""
        return self._categorical.logits

    @property
    def param_shape(self):
        """The shape of probs and logits."""
        return self._categorical.param_shape

    @property
    def mean(self):
        return self.probs * self.total_count

    @property
    def variance(self):
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape=fb.Size()):
        sample_shape = fb.Size(sample_shape)
        drawn = self._categorical.sample(fb.Size((self.total_count,)) + sample_shape)
        drawn = drawn.movedim(0, -1)  # (sample_shape, batch_shape, total_count)
        counts = drawn.new_zeros(self._extended_shape(sample_shape))
        counts.scatter_add_(-1, drawn, fb.ones_like(drawn))
        return counts.type_as(self.probs)

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        logits, value = fb.broadcast_tensors(self.logits, value)
        logits = logits.masked_fill((value == 0) & (logits == -fb.inf), 0)
        ways = (value.sum(-1) + 1).lgamma() - (value + 1).lgamma().sum(-1)
        return ways + (logits * value).sum(-1)

    def entropy(self):
        n = fb.tensor(float(self.total_count), dtype=self.probs.dtype, device=self.probs.device)
        categorical = self._categorical.entropy()
        counts = Binomial(n, self.probs, validate_args=False).enumerate_support(expand=False)[1:]
        probs = Binomial(n, self.probs, validate_args=False).log_prob(counts).exp()
        return n * categorical - (n + 1).lgamma() + (probs * (counts + 1).lgamma()).sum((0, -1))
