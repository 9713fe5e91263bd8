"""Limiting gradients."""

import warnings

import flambeau as fb
from flambeau import Tensor


def _list(tensors):
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def get_total_norm(tensors, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """The norm of all `tensors` together, as one 0-dim tensor (0 when there are none).

    Raises RuntimeError when `error_if_nonfinite` and it is infinite or NaN.
    """
    tensors = _list(tensors)
    norm_type = float(norm_type)
    with fb.no_grad():
        if not tensors:
            return fb.tensor(0.0)
        device = tensors[0].device
        norms = fb.stack([t.norm(norm_type).to(device) for t in tensors])
        total = norms.norm(norm_type)
    if error_if_nonfinite and not fb.isfinite(total):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be "
            "clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
            "`error_if_nonfinite=False`"
        )
    return total


def clip_grads_with_norm_(parameters, max_norm, total_norm, foreach=None):
    """Scale the gradients of `parameters` by max_norm / (total_norm + 1e-6) if that is less than 1."""
    with fb.no_grad():
        factor = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
        for param in _list(parameters):
            if param.grad is not None:
                param.grad.mul_(factor.to(param.grad.device))


def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """Scale the gradients in place so that their norm, taken together, is at most `max_norm`.

    Returns the norm before.
    """
    parameters = _list(parameters)
    grads = [p.grad for p in parameters if p.grad is not None]
    total = get_total_norm(grads, norm_type, error_if_nonfinite)
    clip_grads_with_norm_(parameters, max_norm, total)
    return total


def clip_grad_norm(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """The older name of `clip_grad_norm_`."""
    warnings.warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of `torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite)


def clip_grad_value_(parameters, clip_value, foreach=None):
    """Limit every element of the gradients in place to [-clip_value, clip_value]."""
    clip_value = float(clip_value)
    with fb.no_grad():
        for param in _list(parameters):
            if param.grad is not None:
                param.grad.clamp_(min=-clip_value, max=clip_value)
