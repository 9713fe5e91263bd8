"""`flambeau.onnx.utils`: the parts of exporting that scripts call."""

import contextlib

from . import is_in_onnx_export
from .custom import ATTRIBUTE as attr_pattern
from .custom import register_custom_op_symbolic, unregister_custom_op_symbolic
from .exporting import _mode, export

__all__ = ["attr_pattern", "export", "export_to_pretty_string", "is_in_onnx_export", "register_custom_op_symbolic",
           "select_model_mode_for_export", "unregister_custom_op_symbolic"]  # fmt: skip


@contextlib.contextmanager
def select_model_mode_for_export(model, mode):
    """with select_model_mode_for_export(model, mode): the model is in a TrainingMode, and in its own afterwards."""
    with _mode(model, mode):
        yield


def export_to_pretty_string(model, args, *unused, **options):
    """export_to_pretty_string(model, args, **options of export) -> str: the graph that is exported."""
    return str(export(model, args, None, **options).graph)
