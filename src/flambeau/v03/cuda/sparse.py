"""`torch.cuda.sparse` of 0.3: the typed names of sparse tensors on a GPU."""

from ..sparse import CUDA_TYPED

globals().update(CUDA_TYPED)
