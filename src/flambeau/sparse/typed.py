"""The typed names: `sparse.FloatTensor(indices, values, size)`, targets of `x.type(...)`, and answers to
`isinstance`."""

import flambeau as fb

from ..dtype import dtype as DType
from ..layout import sparse_coo
from .construct import coo, empty
from .tensor import SparseTensor


class SparseTensorType(type):
    """The class of the typed names. Each has a `dtype`, and `is_cuda`."""

    dtype: DType
    is_cuda: bool
    is_sparse = True
    layout = sparse_coo

    def __call__(cls, *args):
        """(): empty; (indices, values[, size]); (*size) or (Size): without entries."""
        device = "cuda" if cls.is_cuda else "cpu"
        if args and isinstance(args[0], fb.Tensor):
            if len(args) not in (2, 3):
                raise TypeError(
                    f"sparse.{cls.__name__}(): expected indices, values and a size, got {len(args)} arguments"
                )
            if args[1].dtype is not cls.dtype or args[1].device.type != device:
                raise TypeError(
                    f"sparse.{cls.__name__}(): expected values of type {cls.dtype} on {device}, got {args[1].dtype} on "
                    f"{args[1].device.type}; convert them first"
                )
            return coo(*args)
        size = args[0] if len(args) == 1 and not isinstance(args[0], int) else args or (0,)
        size = fb.Size(size)
        return empty(size, len(size), cls.dtype, device)

    def __instancecheck__(cls, x):
        return (
            isinstance(x, SparseTensor)
            and x.layout is sparse_coo
            and x.dtype is cls.dtype
            and (x.device.type == "cuda") == cls.is_cuda
        )

    def __repr__(cls):
        return f"<class 'torch.{'cuda.' * cls.is_cuda}sparse.{cls.__name__}'>"


def _typed(dtype, is_cuda):
    name = f"{dtype.title}Tensor"
    doc = f"{name}(indices, values, size): a sparse tensor of {dtype}; also {name}(*size)."
    home = "flambeau.cuda.sparse" if is_cuda else "flambeau.sparse"
    return SparseTensorType(
        name, (), {"dtype": dtype, "is_cuda": is_cuda, "__doc__": doc, "__module__": home}
    )


_DTYPES = (fb.uint8, fb.int8, fb.int16, fb.int32, fb.int64, fb.float16, fb.bfloat16, fb.float32, fb.float64)
TYPED = {f"{dtype.title}Tensor": _typed(dtype, False) for dtype in _DTYPES}
CUDA_TYPED = {f"{dtype.title}Tensor": _typed(dtype, True) for dtype in _DTYPES}
