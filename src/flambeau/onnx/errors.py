"""What exporting raises."""


class OnnxExporterError(RuntimeError):
    """A model that cannot be exported."""


class UnsupportedOperatorError(OnnxExporterError):
    """A model that calls what has no counterpart in ONNX, or not in the opset that was asked for."""


class CheckerError(OnnxExporterError):
    """A model whose file the checker of the `onnx` package refuses."""


SymbolicValueError = OnnxExporterError
