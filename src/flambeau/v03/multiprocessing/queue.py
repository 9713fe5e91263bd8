"""`torch.multiprocessing.queue` of 0.3: Python's queues, which send tensors as handles."""

from multiprocessing.queues import Queue, SimpleQueue

__all__ = ["Queue", "SimpleQueue"]
