"""`DistributedDataParallel` with the arguments of 0.3."""

from .... import cuda
from ....nn.parallel import distributed as todays

__all__ = ["DistributedDataParallel"]


class DistributedDataParallel(todays.DistributedDataParallel):
    """DistributedDataParallel(module, device_ids=None, output_device=None, dim=0, broadcast_buffers=True)

    Copies of module in several processes, whose gradients become their mean during backward; see today's. 0.3 wanted a
    module on GPUs; here it may be on the CPU, and without a GPU device_ids and output_device mean nothing.
    """

    def __init__(self, module, device_ids=None, output_device=None, dim=0, broadcast_buffers=True):
        if not cuda.is_available():
            device_ids = output_device = None
        super().__init__(module, device_ids, output_device, dim, broadcast_buffers)
