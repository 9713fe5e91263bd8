"""PyTorch 0.3.0: `import flambeau.v03 as torch`."""

import importlib

from .. import storage as _storage
from . import faces, methods
from .faces import TYPES, Parameter, Variable, _TensorBase
from .printing import install as _install_printing

methods.install()
_install_printing(_TensorBase, Variable)
globals().update(TYPES)
globals().update(methods.FUNCTIONS)
Tensor = TYPES["FloatTensor"]

from . import autograd, era  # noqa: E402  (needs the methods)

era.enter()

_tensor_classes = {*TYPES.values(), *faces.CUDA_TYPES.values()}
_storage_classes = {_storage.TYPES[f"{name}Storage"] for name in faces.ELEMENTS}

_SUBMODULES = frozenset(
    "backends cuda distributions functional nn optim random serialization sparse storage tensor utils version _six "
    "_utils".split()
)


def __getattr__(name):
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'torch' has no attribute '{name}'")
