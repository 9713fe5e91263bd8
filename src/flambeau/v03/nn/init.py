"""`torch.nn.init` of 0.3: fills a tensor, or the data of a Variable, and returns it."""

import math
import random

from ...nn import init as todays
from ...nn.init import calculate_gain
from ..faces import Variable, plain
from ..wording import in_03s_words

__all__ = [
    "calculate_gain", "constant", "dirac", "eye", "kaiming_normal", "kaiming_uniform", "normal", "orthogonal", "sparse",
    "uniform", "xavier_normal", "xavier_uniform",
]  # fmt: skip


_calculate_fan_in_and_fan_out = in_03s_words("init")(todays._calculate_fan_in_and_fan_out)
_calculate_correct_fan = in_03s_words("init")(todays._calculate_correct_fan)


@in_03s_words("init")
def _filled(tensor, fill, *args):
    fill(plain(tensor), *args)
    return tensor


def uniform(tensor, a=0, b=1):
    """uniform(tensor, a=0, b=1): draws from U(a, b)"""
    return _filled(tensor, todays.uniform_, a, b)


def normal(tensor, mean=0, std=1):
    """normal(tensor, mean=0, std=1): draws from N(mean, std^2)"""
    return _filled(tensor, todays.normal_, mean, std)


def constant(tensor, val):
    """constant(tensor, val)"""
    return _filled(tensor, todays.constant_, val)


def eye(tensor):
    """eye(tensor): the identity matrix"""
    return _filled(tensor, todays.eye_)


def dirac(tensor):
    """dirac(tensor): a kernel of 3, 4 or 5 dimensions that leaves its input as it is"""
    return _filled(tensor, todays.dirac_)


def xavier_uniform(tensor, gain=1):
    """xavier_uniform(tensor, gain=1): U(-a, a), a = gain sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010)"""
    return _filled(tensor, todays.xavier_uniform_, gain)


def xavier_normal(tensor, gain=1):
    """xavier_normal(tensor, gain=1): N(0, s^2), s = gain sqrt(2 / (fan_in + fan_out))"""
    return _filled(tensor, todays.xavier_normal_, gain)


def kaiming_uniform(tensor, a=0, mode="fan_in"):
    """kaiming_uniform(tensor, a=0, mode='fan_in'): U(-b, b), b = sqrt(6 / ((1 + a^2) fan)) (He et al., 2015)"""
    return _filled(tensor, todays.kaiming_uniform_, a, mode)


def kaiming_normal(tensor, a=0, mode="fan_in"):
    """kaiming_normal(tensor, a=0, mode='fan_in'): N(0, s^2), s = sqrt(2 / ((1 + a^2) fan))"""
    return _filled(tensor, todays.kaiming_normal_, a, mode)


def orthogonal(tensor, gain=1):
    """orthogonal(tensor, gain=1): a (semi-)orthogonal matrix (Saxe et al., 2014)"""
    return _filled(tensor, todays.orthogonal_, gain)


def sparse(tensor, sparsity, std=0.01):
    """sparse(tensor, sparsity, std=0.01): N(0, std^2), with a share of zeros in each column, which Python's `random`
    chooses (Martens, 2010)"""
    data = tensor.data if isinstance(tensor, Variable) else tensor
    if data.dim() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = data.size()
    data.normal_(0, std)
    for column in range(columns):
        order = list(range(rows))
        random.shuffle(order)
        for row in order[: math.ceil(rows * sparsity)]:
            data[row, column] = 0
    return tensor
