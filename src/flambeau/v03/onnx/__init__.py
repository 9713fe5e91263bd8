"""torch.onnx of 0.3: `export(model, args, f)` writes what a model does with Variables as an ONNX file."""

from . import symbolic, utils
from .utils import _export, _optimize_trace, attr_pattern, export, set_training

__all__ = ["attr_pattern", "export", "set_training", "symbolic", "utils"]
