"""The exporter of 0.3: the shared one, with 0.3's arguments."""

import contextlib

from ...jit.graph import Value, mapped
from ...onnx import TrainingMode
from ...onnx.custom import ATTRIBUTE as attr_pattern
from ...onnx.exporting import export as _todays_export
from ..traces import optimize

__all__ = ["attr_pattern", "export", "set_training"]


@contextlib.contextmanager
def set_training(model, mode):
    """with set_training(model, mode): the model is in training mode or not, and in its own afterwards. None: none."""
    if model is None or model.training == mode:
        yield
        return
    before = [(m, m.training) for m in model.modules()]
    model.train(mode)
    try:
        yield
    finally:
        for module, own in before:
            module.training = own


def export(model, args, f, export_params=True, verbose=False, training=False):
    """export(model, args, f, export_params=True, verbose=False, training=False): runs model(*args) and writes it to f

    args: a tuple of Variables and other arguments, or one Variable. f: a path, or a file object open for bytes. As in
    0.3, parameters are listed among the inputs of the graph after those of the model, whether the file has them
    (export_params) or not. verbose prints the graph. training: the mode in which the model is run. The file is one of
    today's ONNX, which today's runtimes read; see `flambeau.onnx.export` for errors and for what else can be said.
    """
    _export(model, args, f, export_params, verbose, training)


def _export(model, args, f, export_params=True, verbose=False, training=False):
    """As `export`; what the model gave: Variables without history."""
    mode = TrainingMode.TRAINING if training else TrainingMode.EVAL
    program = _todays_export(
        model,
        args,
        f,
        export_params=export_params,
        verbose=verbose,
        training=mode,
        keep_initializers_as_inputs=True,
    )
    return mapped(program.graph.result, lambda leaf: leaf.sample if isinstance(leaf, Value) else leaf)


def _optimize_trace(trace, aten=False):
    """_optimize_trace(trace): from now on `trace.graph()` consists of ONNX's operations"""
    optimize(trace)
