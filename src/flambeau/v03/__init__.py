"""PyTorch 0.3.0: `import flambeau.v03 as torch`."""

from . import methods
from .faces import TYPES, Parameter, Variable, _TensorBase
from .printing import install as _install_printing

methods.install()
_install_printing(_TensorBase, Variable)
globals().update(TYPES)
globals().update(methods.FUNCTIONS)
Tensor = TYPES["FloatTensor"]
