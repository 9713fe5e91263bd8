"""Modules as functions of their tensors, where scripts written before `flambeau.func` look for it."""

import warnings

from ...func.modules import functional_call as _functional_call


def functional_call(
    module, parameters_and_buffers, args=None, kwargs=None, *, tie_weights=True, strict=False
):
    """functional_call(module, parameters_and_buffers, args, kwargs=None, ...): `flambeau.func.functional_call`, with a
    FutureWarning that says so."""
    warnings.warn(
        "`torch.nn.utils.stateless.functional_call` is deprecated: use `torch.func.functional_call` instead, which is "
        "a drop-in replacement.",
        FutureWarning,
        stacklevel=2,
    )
    return _functional_call(
        module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict
    )
