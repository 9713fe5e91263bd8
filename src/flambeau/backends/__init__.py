"""What PyTorch computes with, asked for and switched by scripts: `torch.backends.cudnn.benchmark = True`.

Flambeau has kernels of its own and OpenBLAS. `is_available()` says so, and the switches are remembered and have no
effect: the kernels of the CPU are deterministic, and float32 is always computed in float32.
"""

from . import cuda, cudnn, mkl, mkldnn, mps, openmp, opt_einsum

__all__ = ["cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp", "opt_einsum"]
