"""`torch.nn.utils` of 0.3."""

from ....nn.utils import parameters_to_vector, vector_to_parameters
from ...families import family
from . import rnn
from .weight_norm import remove_weight_norm, weight_norm

__all__ = [
    "clip_grad_norm", "parameters_to_vector", "remove_weight_norm", "rnn", "vector_to_parameters", "weight_norm",
]  # fmt: skip


def clip_grad_norm(parameters, max_norm, norm_type=2):
    """clip_grad_norm(parameters, max_norm, norm_type=2) -> float, the norm of all gradients together, which are scaled
    in place to a norm of at most max_norm."""
    grads = [p.grad.data for p in parameters if p.grad is not None]
    max_norm, norm_type = float(max_norm), float(norm_type)
    if norm_type == float("inf"):
        total = max((g.abs().max() for g in grads), default=0.0)
    else:
        total = sum(g.norm(norm_type) ** norm_type for g in grads) ** (1.0 / norm_type)
    factor = max_norm / (total + 1e-6)
    if factor < 1:
        for g in grads:
            g.mul_(factor)
    return total


clip_grad = family(f"{__name__}.clip_grad", {"clip_grad_norm": clip_grad_norm})
convert_parameters = family(
    f"{__name__}.convert_parameters",
    {"parameters_to_vector": parameters_to_vector, "vector_to_parameters": vector_to_parameters},
)
