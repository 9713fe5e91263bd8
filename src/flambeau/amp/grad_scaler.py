"""GradScaler, switched off."""

import warnings

from ..cuda import is_available as _cuda_is_available


class GradScaler:
    """GradScaler(device="cuda", init_scale=65536.0, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000,
    enabled=True): the scale of a loss in float16, switched off: `scale` and `unscale_` change nothing, `step` steps

    It is off by `enabled=False`, and for "cuda" without a usable GPU, with PyTorch's warning. NotImplementedError where
    it would be on.
    """

    def __init__(self, device="cuda", init_scale=65536.0, growth_factor=2.0, backoff_factor=0.5,
                 growth_interval=2000, enabled=True):  # fmt: skip
        self._device = device
        if not enabled:
            return
        if device == "cuda" and not _cuda_is_available():
            warnings.warn("GradScaler is enabled, but CUDA is not available.  Disabling.", UserWarning, stacklevel=2)
            return
        raise NotImplementedError(
            f"GradScaler({device!r}): scaling of losses is not available; pass enabled=False, as float32 needs none"
        )

    def is_enabled(self):
        """is_enabled() -> bool: False."""
        return False

    def scale(self, outputs):
        """scale(outputs) -> outputs: as they are."""
        return outputs

    def unscale_(self, optimizer):
        """unscale_(optimizer): nothing: the gradients are not scaled."""

    def step(self, optimizer, *args, **kwargs):
        """step(optimizer, *args, **kwargs): optimizer.step(*args, **kwargs)."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale=None):
        """update(new_scale=None): nothing."""

    def get_scale(self):
        """get_scale() -> float: 1.0."""
        return 1.0

    def state_dict(self):
        """state_dict() -> dict: an empty one."""
        return {}

    def load_state_dict(self, state_dict):
        """load_state_dict(state_dict): nothing, as for a scaler of PyTorch that is off."""
