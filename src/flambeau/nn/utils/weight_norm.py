"""Weight normalisation by a hook before forward; `nn.utils.parametrizations.weight_norm` is the newer form."""

import warnings

import flambeau as fb

from ..parameter import Parameter


def _weight_norm(v, g, dim):
    """g v / ||v||, the norm over all dimensions but `dim` (-1: over all of them)."""
    return v * (g / fb.norm_except_dim(v, 2, dim))


class WeightNorm:
    """The hook that sets the attribute `name` of a module to g v / ||v|| before each forward.

    name: of the parameter; dim: the dimension over which the norm is not taken, -1 for none.
    """

    def __init__(self, name, dim):
        self.name = name
        self.dim = -1 if dim is None else dim

    def compute_weight(self, module):
        """g v / ||v|| of the module's parameters now (recorded)."""
        g, v = getattr(module, self.name + "_g"), getattr(module, self.name + "_v")
        return _weight_norm(v, g, self.dim)

    @staticmethod
    def apply(module, name, dim):
        """Put a hook on the parameter `name` of module; see `weight_norm`. Returns the hook."""
        if _find(module, name) is not None:
            raise RuntimeError(f"Cannot register two weight_norm hooks on the same parameter {name}")
        hook = WeightNorm(name, dim)
        weight = getattr(module, name)
        magnitude = fb.norm_except_dim(weight, 2, hook.dim).data
        del module._parameters[name]
        module.register_parameter(name + "_g", Parameter(magnitude))
        module.register_parameter(name + "_v", Parameter(weight.data))
        setattr(module, name, hook.compute_weight(module))
        module.register_forward_pre_hook(hook)
        return hook

    def remove(self, module):
        """Make a parameter of the module's weight again."""
        weight = self.compute_weight(module)
        delattr(module, self.name)
        del module._parameters[self.name + "_g"]
        del module._parameters[self.name + "_v"]
        setattr(module, self.name, Parameter(weight.data))

    def __call__(self, module, inputs):
        setattr(module, self.name, self.compute_weight(module))


def _find(module, name):
    """The key of the hook for `name` among the module's, or None."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, WeightNorm) and hook.name == name:
            return key
    return None


def weight_norm(module, name="weight", dim=0):
    """weight_norm(module, name="weight", dim=0) -> module

    Splits the parameter `name` w into a magnitude and a direction, which become the parameters `name`_g and `name`_v:
    w = g v / ||v||, computed anew before each forward (Salimans and Kingma, 2016). The norm is over all dimensions but
    `dim`; None: over all. Warns with a FutureWarning that names `nn.utils.parametrizations.weight_norm`. Raises
    RuntimeError when the parameter has one already.
    """
    warnings.warn(
        "`torch.nn.utils.weight_norm` is deprecated in favor of `torch.nn.utils.parametrizations.weight_norm`.",
        FutureWarning,
        stacklevel=2,
    )
    WeightNorm.apply(module, name, dim)
    return module


def remove_weight_norm(module, name="weight"):
    """remove_weight_norm(module, name="weight") -> module, with the parameter `name` of before, at its present value.

    Raises ValueError when there is no weight normalisation on it.
    """
    key = _find(module, name)
    if key is None:
        raise ValueError(f"weight_norm of '{name}' not found in {module}")
    module._forward_pre_hooks.pop(key).remove(module)
    return module
