"""Copies of a module on several devices."""

from ...cuda import comm

__all__ = ["replicate"]


def replicate(network, devices):
    """replicate(network, devices) -> list of copies of a module, whose parameters are copies on each device.

    The gradients of the copies arrive at the parameters of network.
    """
    return [_replica(network, device, {}) for device in devices]


def _replica(module, device, made):
    if module not in made:
        copy = made[module] = module.__new__(type(module))
        copy.__dict__.update(module.__dict__)
        for kind in ("_parameters", "_buffers"):
            values = {k: None if v is None else comm.placed(v, device) for k, v in module.__dict__[kind].items()}
            copy.__dict__[kind] = type(module.__dict__[kind])(values)
        children = {k: None if m is None else _replica(m, device, made) for k, m in module._modules.items()}
        copy.__dict__["_modules"] = type(module._modules)(children)
    return made[module]
