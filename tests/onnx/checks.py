"""Exporting a model and running the file: with NumPy here, and with onnxruntime where it is installed."""

import numpy as np

import flambeau as fb
from flambeau import onnx
from flambeau.func.trees import flatten

from . import interpreter

try:
    import onnxruntime
except ImportError:
    onnxruntime = None


def tensors_in(item):
    return [leaf for leaf in flatten(item)[0] if isinstance(leaf, fb.Tensor)]


def feed(program, args):
    return {n: t.detach().numpy() for n, t in zip(program.input_names, tensors_in(args), strict=True)}


def run_by_runtime(data, inputs):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(data, options)
    known = {i.name for i in session.get_inputs()}
    return session.run(None, {k: v for k, v in inputs.items() if k in known})


def same(found, wanted, rtol=1e-4, atol=1e-5):
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted, strict=True):
        b = b.detach().numpy()
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)


def check(model, *args, others=(), rtol=1e-4, atol=1e-5, runtime=True, **options):
    """Exports with args, and compares the results on args and on each of others. Gives the program."""
    if isinstance(model, fb.nn.Module):
        model.eval()
    program = onnx.export(model, args, **options)
    for given in (args, *others):
        wanted = tensors_in(model(*given))
        inputs = feed(program, given)
        same(interpreter.run(program.model_bytes, inputs), wanted, rtol, atol)
        if runtime and onnxruntime is not None:
            same(run_by_runtime(program.model_bytes, inputs), wanted, rtol, atol)
    return program
