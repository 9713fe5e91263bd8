"""`torch.multiprocessing.pool` of 0.3: Python's pools, whose workers send tensors as handles."""

from multiprocessing.pool import Pool

__all__ = ["Pool"]
