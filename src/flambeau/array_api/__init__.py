"""The array API standard, version 2024.12, on Tensors: `xp = x.__array_namespace__()`, or `import flambeau.array_api`.

The functions are flambeau's under the names, signatures and promotion rules of https://data-apis.org/array-api/2024.12.
Libraries that dispatch on the standard (SciPy with `SCIPY_ARRAY_API=1`, scikit-learn with `array_api_dispatch=True`)
use it by themselves. Gradients flow through all of it.

What Tensors lack of the standard, for the sake of their own interface:
- the dtypes uint16, uint32 and uint64 (so the sum of uint8 is int64);
- `x.size`, which is a method here: `math.prod(x.shape)`;
- slices with negative steps: use `flip`;
- in operators such as `x + y`, 0-dim Tensors count by their kind only when the dtype is found, and so they do not in
  the functions here.
"""

from . import _operators, fft, linalg
from ._creation import *
from ._dtypes import *
from ._elementwise import *
from ._info import VERSION as __array_api_version__
from ._info import __array_namespace_info__
from ._reductions import *
from ._search import *
from ._shapes import *

from . import _creation, _dtypes, _elementwise, _reductions, _search, _shapes  # isort: skip

__all__ = sorted(
    [
        "__array_api_version__",
        "__array_namespace_info__",
        "fft",
        "linalg",
        *[n for m in (_creation, _dtypes, _elementwise, _reductions, _search, _shapes) for n in m.__all__],
    ]
)


def __dir__():
    return __all__
