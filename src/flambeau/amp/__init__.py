"""Automatic mixed precision: `autocast` computes products in float16 or bfloat16 and what needs it in float32;
`GradScaler` keeps small gradients from vanishing in float16 (`docs/amp.md`)."""

from .autocast_mode import (
    autocast,
    custom_bwd,
    custom_fwd,
    is_autocast_available,
)
from .grad_scaler import GradScaler

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]
