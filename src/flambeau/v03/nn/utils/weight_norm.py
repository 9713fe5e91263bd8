"""`torch.nn.utils.weight_norm` of 0.3: today's, without the warning that there is a newer form."""

from ....nn.utils.weight_norm import WeightNorm, remove_weight_norm

__all__ = ["WeightNorm", "remove_weight_norm", "weight_norm"]


def weight_norm(module, name="weight", dim=0):
    """weight_norm(module, name="weight", dim=0) -> module

    Splits the parameter `name` into the parameters `name`_g, a magnitude, and `name`_v, a direction; see today's. The
    norm is over all dimensions but dim (None: over all).
    """
    WeightNorm.apply(module, name, dim)
    return module
