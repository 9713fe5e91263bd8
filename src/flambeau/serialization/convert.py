"""Between PyTorch's formats and safetensors, which holds tensors by name and nothing else.

The package `safetensors` (`pip install flambeau[safetensors]`) is imported on use.
"""

from collections import OrderedDict

import numpy as np

import flambeau as fb

from .. import _core
from .files import opened, write_all, writing

# safetensors' name of an element type -> ours
DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
          "I16": "int16", "I8": "int8", "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8",
          "BOOL": "bool", "C64": "complex64"}  # fmt: skip


def _package():
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            "safetensors files need the package safetensors: pip install flambeau[safetensors]"
        ) from error
    return safetensors


def named_tensors(obj):
    """named_tensors(obj) -> ({dotted name: Tensor}, [names of values that are no tensors]) of nested containers."""
    tensors, others = OrderedDict(), []
    left, seen = [("", obj)], set()
    while left:
        name, value = left.pop()
        if isinstance(value, fb.Tensor):
            tensors[name or "tensor"] = value
            continue
        if isinstance(value, dict):
            parts = list(value.items())
        elif isinstance(value, (list, tuple)):
            parts = list(enumerate(value))
        else:
            others.append(name or type(value).__name__)
            continue
        if id(value) not in seen:
            seen.add(id(value))
            left.extend(reversed([(f"{name}.{part}" if name else str(part), v) for part, v in parts]))
    return tensors, others


def save_safetensors(tensors, f, metadata=None):
    """save_safetensors({name: Tensor}, f, metadata=None): writes a safetensors file, atomically like save.

    Tensors that share memory are written in full, each. metadata: {str: str}. Raises TypeError for what is no dense
    tensor, or of a dtype that the format does not have (complex128).
    """
    package = _package()
    arrays = {}
    for name, t in tensors.items():
        if not isinstance(t, fb.Tensor) or t.layout is not fb.strided or t.dtype.name not in DTYPES.values():
            what = f"{t.dtype}, {t.layout}" if isinstance(t, fb.Tensor) else type(t).__name__
            raise TypeError(f"save_safetensors: {name} ({what}) cannot be in a safetensors file")
        array = _core.array_of(t.detach().cpu())
        arrays[name] = np.ascontiguousarray(array).reshape(array.shape)
    with writing(f) as file:
        write_all(file, package.numpy.save(arrays, metadata=metadata))


def load_safetensors(f):
    """load_safetensors(f) -> {name: Tensor} of a path or file object. RuntimeError for a damaged file."""
    package = _package()
    with opened(f) as source:
        raw = source.read(0, source.size)
        try:
            found = package.deserialize(raw)
        except package.SafetensorError as error:
            raise RuntimeError(
                f"load_safetensors: {source.name} is damaged or no safetensors file ({error})"
            ) from error
    return {name: _tensor(name, value) for name, value in found}


def _tensor(name, value):
    if value["dtype"] not in DTYPES:
        raise TypeError(f"load_safetensors: {name} has the dtype {value['dtype']}, which tensors do not have")
    dtype = getattr(fb, DTYPES[value["dtype"]])
    array = _core.empty_array(tuple(value["shape"]), dtype.numpy)
    array.reshape(-1).view(np.uint8)[...] = np.frombuffer(value["data"], np.uint8)
    return _core.make(array)
