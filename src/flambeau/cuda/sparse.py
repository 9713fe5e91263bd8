"""The typed names of sparse tensors on a GPU: `cuda.sparse.FloatTensor(indices, values, size)`."""

from ..sparse.typed import CUDA_TYPED

globals().update(CUDA_TYPED)

__all__ = [*CUDA_TYPED]
