"""Models as ONNX files: `export(model, args, "model.onnx")`. See `docs/onnx.md` for what can be exported."""

import enum

from . import errors
from .errors import CheckerError, OnnxExporterError, SymbolicValueError, UnsupportedOperatorError

__all__ = [
    "CheckerError", "ExportTypes", "ONNXProgram", "OnnxExporterError", "OperatorExportTypes", "SymbolicValueError",
    "TrainingMode", "UnsupportedOperatorError", "errors", "export", "is_in_onnx_export", "is_onnxrt_backend_supported",
    "register_custom_op_symbolic", "select_model_mode_for_export", "unregister_custom_op_symbolic", "utils",
]  # fmt: skip

producer_name = "flambeau"


class TrainingMode(enum.Enum):
    """In which mode a model is exported."""

    EVAL = 0
    PRESERVE = 1
    TRAINING = 2


class OperatorExportTypes(enum.Enum):
    """How ops without counterpart were exported; here they are an error."""

    ONNX = 0
    ONNX_ATEN = 1
    ONNX_ATEN_FALLBACK = 2
    ONNX_FALLTHROUGH = 3


class ExportTypes:
    """What a file was: one of protocol buffers is what there is."""

    PROTOBUF_FILE = "Saves model in the specified protobuf file."
    ZIP_ARCHIVE = "Saves model in the specified ZIP file (uncompressed)."
    COMPRESSED_ZIP_ARCHIVE = "Saves model in the specified ZIP file (compressed)."
    DIRECTORY = "Saves model in the specified folder."


_HOMES = {
    "export": "exporting", "ONNXProgram": "exporting", "register_custom_op_symbolic": "custom",
    "unregister_custom_op_symbolic": "custom", "select_model_mode_for_export": "utils", "utils": "utils",
}  # fmt: skip


def __getattr__(name):
    """The exporter is imported on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    import importlib

    home = importlib.import_module(f"{__name__}.{_HOMES[name]}")
    value = home if name == "utils" else getattr(home, name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})


def is_in_onnx_export():
    """is_in_onnx_export() -> bool: whether a model is being run to be exported (or traced)."""
    from .. import jit

    return jit.is_tracing()


def is_onnxrt_backend_supported():
    """is_onnxrt_backend_supported() -> False: exported files are run by other programs, not by `compile`."""
    return False
