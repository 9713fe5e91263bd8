"""PyTorch 0.3.0: `import flambeau.v03 as torch`.

Plain tensors by type (`torch.FloatTensor`), Variables around them, and the functions of the namespace.
"""

import importlib

from .. import storage as _storage
from ..random import initial_seed
from ..size import Size
from ..threads import get_num_threads, set_num_threads
from . import backcompat, faces, methods, operators, printing
from ._utils import _import_dotted_name
from .defaults import set_default_tensor_type
from .faces import ELEMENTS, TYPES, Parameter, Variable
from .printing import set_printoptions

methods.install()
for _face in (faces._TensorBase, Variable):
    operators.install_absent(_face)
printing.install(faces._TensorBase, Variable)

from .namespace import FatalError, Generator, default_generator, manual_seed  # noqa: E402  (needs the methods)
from .serialization import load, save  # noqa: E402

__version__ = "0.3.0"
globals().update(TYPES)
globals().update({f"{name}Storage": _storage.TYPES[f"{name}Storage"] for name in ELEMENTS})
globals().update(methods.FUNCTIONS)
Tensor, Storage = TYPES["FloatTensor"], _storage.TYPES["FloatStorage"]

from . import autograd, era  # noqa: E402  (needs the methods)

methods.hide_later_names()
era.enter()

_TensorBase, _StorageBase = faces._TensorBase, _storage.Storage
_tensor_classes = {*TYPES.values(), *faces.CUDA_TYPES.values()}
_storage_classes = {_storage.TYPES[f"{name}Storage"] for name in ELEMENTS}

_SUBMODULES = frozenset(
    "backends contrib cuda distributed distributions for_onnx functional jit legacy multiprocessing nn onnx optim "
    "random serialization sparse storage tensor utils version _C _six _tensor_str _utils".split()
)


def __getattr__(name):
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name == "has_cudnn":
        return importlib.import_module(f"{__name__}.backends.cudnn").version() is not None
    raise AttributeError(f"module 'torch' has no attribute '{name}'")
