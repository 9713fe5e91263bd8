"""GradScaler: losses are scaled up, so that small gradients do not vanish in float16, and gradients down again."""

import warnings
from collections import defaultdict
from enum import Enum
from typing import Any

import flambeau as fb

from ..cuda import is_available as _cuda_is_available
from ..tensor import Tensor


class OptState(Enum):
    """What has been done to the gradients of an optimizer since the last update."""

    READY = 0
    UNSCALED = 1
    STEPPED = 2


def _new_state():
    return {"stage": OptState.READY, "found_inf_per_device": {}}


_NEW_SCALE = (
    "new_scale should be a float or a 1-element torch.cuda.FloatTensor or torch.FloatTensor with requires_grad=False."
)


class GradScaler:
    """GradScaler(device="cuda", init_scale=65536.0, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000,
    enabled=True): the scale of a loss, found while training

        scaler.scale(loss).backward()   # gradients times the scale
        scaler.unscale_(optimizer)      # optional: divides them again, for clipping
        scaler.step(optimizer)          # a step, unless some gradient is infinite or NaN
        scaler.update()                 # once for all optimizers

    When a gradient was not finite, `update` multiplies the scale by backoff_factor; after growth_interval updates in a
    row without one, by growth_factor, as long as it stays finite (Micikevicius et al., 2018).

    Off, so that `scale` and `unscale_` change nothing and `step` steps: by enabled=False, and for "cuda" without a
    usable GPU, with PyTorch's warning. Calls out of order raise RuntimeError, or AssertionError where `scale` or a
    gradient is missing; an optimizer's gradients of float16 raise ValueError, as its parameters should be float32.
    """

    def __init__(self, device="cuda", init_scale=65536.0, growth_factor=2.0, backoff_factor=0.5,
                 growth_interval=2000, enabled=True):  # fmt: skip
        self._device = device
        self._enabled = bool(enabled)
        if enabled and device == "cuda" and not _cuda_is_available():
            warnings.warn("GradScaler is enabled, but CUDA is not available.  Disabling.", UserWarning, stacklevel=2)
            self._enabled = False
        if self._enabled:
            _require(growth_factor > 1.0, "The growth factor must be > 1.0.")
            _require(backoff_factor < 1.0, "The backoff factor must be < 1.0.")
        self._init_scale, self._init_growth_tracker = init_scale, 0
        self._scale: Any = None  # these tensors are made by the first call of scale()
        self._growth_tracker: Any = None
        self._growth_factor, self._backoff_factor = growth_factor, backoff_factor
        self._growth_interval = growth_interval
        self._per_optimizer_states: Any = defaultdict(_new_state)

    def is_enabled(self):
        """is_enabled() -> bool"""
        return self._enabled

    def scale(self, outputs):
        """scale(outputs) -> outputs times the scale: a tensor, or an iterable of tensors, nested or not."""
        if not self._enabled:
            return outputs
        if self._scale is None:
            self._make_scale(self._device)
        if isinstance(outputs, Tensor):
            return outputs * self._scale.to(outputs.device, non_blocking=True)
        if not hasattr(outputs, "__iter__"):
            raise ValueError("outputs must be a Tensor or an iterable of Tensors")
        scaled = map(self.scale, outputs)
        return type(outputs)(scaled) if isinstance(outputs, (list, tuple)) else scaled

    def _make_scale(self, device):
        self._scale = fb.full((), self._init_scale, dtype=fb.float32, device=device)
        self._growth_tracker = fb.full((), self._init_growth_tracker, dtype=fb.int32, device=device)

    def _check_scale(self, name):
        _require(
            self._scale is not None,
            f"Attempted {name} but _scale is None.  This may indicate your script did not use scaler.scale(loss or "
            "outputs) earlier in the iteration.",
        )

    def unscale_(self, optimizer):
        """unscale_(optimizer): divides the gradients of its parameters by the scale, once per update."""
        if not self._enabled:
            return
        self._check_scale("unscale_")
        state = self._per_optimizer_states[id(optimizer)]
        if state["stage"] is OptState.UNSCALED:
            raise RuntimeError("unscale_() has already been called on this optimizer since the last update().")
        if state["stage"] is OptState.STEPPED:
            raise RuntimeError("unscale_() is being called after step().")
        inverse = self._scale.double().reciprocal().float()
        state["found_inf_per_device"] = self._unscale_grads(optimizer, inverse)
        state["stage"] = OptState.UNSCALED

    def _unscale_grads(self, optimizer, inverse):
        """Multiplies the gradients by inverse; {device: 1.0 where one of them is not finite, else 0.0}."""
        grads = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        if any(g.dtype is fb.float16 for g in grads):
            raise ValueError("Attempting to unscale FP16 gradients.")
        found: dict[Any, Any] = {}
        with fb.no_grad():
            for grad in grads:
                values = grad._values() if grad.is_sparse else grad
                device = values.device
                infinite = (~values.isfinite().all()).float()
                found[device] = fb.maximum(found[device], infinite) if device in found else infinite
                values.mul_(inverse.to(device, non_blocking=True))
        return found

    def step(self, optimizer, *args, **kwargs):
        """step(optimizer, *args, **kwargs) -> optimizer.step(*args, **kwargs), or None where gradients are not finite

        Unscales the gradients first, unless `unscale_` has done so.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        self._check_scale("step")
        state = self._per_optimizer_states[id(optimizer)]
        if state["stage"] is OptState.STEPPED:
            raise RuntimeError("step() has already been called since the last update().")
        if state["stage"] is OptState.READY:
            self.unscale_(optimizer)
        found = state["found_inf_per_device"]
        _require(found, "No inf checks were recorded for this optimizer.")
        result = None
        if not any(infinite.item() for infinite in found.values()):
            result = optimizer.step(*args, **kwargs)
        state["stage"] = OptState.STEPPED
        return result

    def update(self, new_scale=None):
        """update(new_scale=None): the scale of the next iteration: new_scale, or by what the steps have found."""
        if not self._enabled:
            return
        self._check_scale("update")
        if new_scale is not None:
            self._set_scale(new_scale)
        else:
            states = self._per_optimizer_states.values()
            found = [v for state in states for v in state["found_inf_per_device"].values()]
            _require(found, "No inf checks were recorded prior to update.")
            if any(infinite.item() for infinite in found):
                self._scale.mul_(self._backoff_factor)
                self._growth_tracker.zero_()
            else:
                self._grow()
        self._per_optimizer_states = defaultdict(_new_state)

    def _grow(self):
        """Counts an update whose gradients were all finite."""
        self._growth_tracker.add_(1)
        if self._growth_tracker.item() == self._growth_interval:
            grown = self._scale * self._growth_factor
            if grown.isfinite().item():
                self._scale.copy_(grown)
            self._growth_tracker.zero_()

    def _set_scale(self, new_scale):
        if isinstance(new_scale, float):
            self._scale.fill_(new_scale)
            return
        _require(
            isinstance(new_scale, Tensor)
            and new_scale.numel() == 1
            and new_scale.is_floating_point()
            and not new_scale.requires_grad,
            _NEW_SCALE,
        )
        self._scale.copy_(new_scale.reshape(()))

    def get_scale(self):
        """get_scale() -> float: the scale; 1.0 when off."""
        if not self._enabled:
            return 1.0
        return self._init_scale if self._scale is None else self._scale.item()

    def get_growth_factor(self):
        """get_growth_factor() -> float"""
        return self._growth_factor

    def set_growth_factor(self, new_factor):
        """set_growth_factor(new_factor)"""
        self._growth_factor = new_factor

    def get_backoff_factor(self):
        """get_backoff_factor() -> float"""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor):
        """set_backoff_factor(new_factor)"""
        self._backoff_factor = new_factor

    def get_growth_interval(self):
        """get_growth_interval() -> int"""
        return self._growth_interval

    def set_growth_interval(self, new_interval):
        """set_growth_interval(new_interval)"""
        self._growth_interval = new_interval

    def _get_growth_tracker(self):
        if not self._enabled:
            return 0
        return self._init_growth_tracker if self._growth_tracker is None else self._growth_tracker.item()

    def state_dict(self):
        """state_dict() -> dict: the scale, what changes it, and the number of updates since it last changed; {} when
        off. To be saved after `update`."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._get_growth_tracker(),
        }

    def load_state_dict(self, state_dict):
        """load_state_dict(state_dict): what `state_dict` gave; nothing when off. RuntimeError for an empty one."""
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled instance of GradScaler."
            )
        self._init_scale, self._init_growth_tracker = state_dict["scale"], state_dict["_growth_tracker"]
        self._growth_factor, self._backoff_factor = state_dict["growth_factor"], state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        if self._scale is not None:
            self._scale.fill_(self._init_scale)
            self._growth_tracker.fill_(self._init_growth_tracker)

    def __getstate__(self):
        state = self.__dict__.copy()
        if self._enabled:
            _require(
                not self._per_optimizer_states,
                "A GradScaler instance may only be pickled at the beginning of an iteration, or at the end after "
                "scaler.update().",
            )
            state["_init_scale"], state["_init_growth_tracker"] = self.get_scale(), self._get_growth_tracker()
            state["_scale"] = state["_growth_tracker"] = None
        return state


def _require(condition, message):
    """AssertionError, which is what PyTorch's scaler raises, unless the condition holds."""
    if not condition:
        raise AssertionError(message)
