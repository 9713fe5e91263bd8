"""The array API standard, version 2024.12, on Tensors: `xp = x.__array_namespace__()`, or `import flambeau.array_api`.

The functions are flambeau's under the names, signatures and promotion rules of https://data-apis.org/array-api/2024.12.
Libraries that dispatch on the standard (SciPy with `SCIPY_ARRAY_API=1`, scikit-learn with `array_api_dispatch=True`)
use it by themselves. Gradients flow through all of it.

There are two array objects. What the namespace makes itself (`xp.asarray([1.0])`, `xp.zeros(3)`) is an `Array`: a
Tensor that keeps the standard where Tensors have PyTorch's interface instead (`_array.py` says where). The functions
take both; given plain Tensors, alone or beside Arrays, they give Tensors, given Arrays they give Arrays. So a program
written for the standard gets it to the letter, and one that passes Tensors to SciPy gets Tensors back.

What the standard leaves open:
- slices with negative steps read a copy, for there are no negative strides; they can be assigned to, and `x[::-1] += 1`
  changes x;
- in a key, ints beside index arrays select as PyTorch has it: they are no index arrays of one element;
- operations on numbers of a higher kind than the array (int64 and 1.5) give the default dtype of that kind;
- in-place operators refuse results of a higher kind or another shape, and round to the dtype of x otherwise;
- uint64 and signed dtypes do not promote: TypeError;
- a Python int past the range of the array's int dtype is an OverflowError, but comparisons with it are exact.
"""

from . import _operators, fft, linalg  # the first for its effect on Array
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
