"""CuPy's arrays as the core sees them: where they are, how they get there, and on which device an op runs."""

import functools

from ... import _core
from ...device import device as Device
from .. import BASE, Kernels

_REMEDY = "`pip install flambeau[cuda13]` installs CuPy, which needs an NVIDIA GPU and its driver"


def unusable():
    """One sentence that says why no GPU can be used, and the remedy; None when there is one."""
    try:
        import cupy

        count = cupy.cuda.runtime.getDeviceCount()
    except (ImportError, RuntimeError) as error:  # CuPy's CUDARuntimeError is a RuntimeError
        reason = str(error).splitlines()[0]
        return f"No CUDA GPUs are available ({reason}): {_REMEDY}."
    return None if count else f"No CUDA GPUs are available: {_REMEDY}."


@functools.cache
def backend():
    """The backend, made and made known to the core by the first call. RuntimeError when there is no GPU."""
    reason = unusable()
    if reason is not None:
        raise RuntimeError(reason)
    import cupy

    made = CUDABackend(cupy)
    _core.register_backend(made)
    return made


@functools.cache
def _device(index):
    return Device("cuda", index)


class CUDABackend(_core.Backend):
    """CuPy arrays on GPUs, computed by the base kernels.

    CuPy allocates and launches on a current device of each thread: all work here runs with the device of its arrays.
    """

    def __init__(self, cupy):
        self.cupy = cupy
        self.array_type = cupy.ndarray
        self.kernels = Kernels(("base", BASE))

    @property
    def device(self):
        """The current device."""
        return _device(self.cupy.cuda.runtime.getDevice())

    def device_of(self, array):
        return _device(array.device.id)

    def resolve(self, device):
        """The device with its index: the current one for plain "cuda". RuntimeError when there is no such GPU."""
        if device.index is None:
            return self.device
        count = self.cupy.cuda.runtime.getDeviceCount()
        if device.index >= count:
            raise RuntimeError(f"CUDA error: invalid device ordinal: there is no {device}, only {count} GPUs")
        return _device(device.index)

    def on(self, like):
        """A context in which the GPU of a device or an array is the current one."""
        index = like.index if isinstance(like, Device) else like.device.id
        return self.cupy.cuda.Device(index)

    # ---- arrays

    def zeros(self, shape, dtype, like):
        """Zeros on the GPU of a device or an array."""
        with self.on(like):
            return self.cupy.zeros(tuple(shape), dtype)

    def ones_like(self, array):
        with self.on(array):
            return self.cupy.ones(array.shape, array.dtype)

    def write(self, target, value):
        """target[...] = value; value may be a NumPy array."""
        with self.on(target):
            target[...] = self.cupy.asarray(value)

    def from_host(self, array, like):
        """A copy of a NumPy array on the GPU of a device or an array."""
        with self.on(like):
            return self.cupy.asarray(array)

    def to_host(self, array):
        """A copy as NumPy array."""
        return self.cupy.asnumpy(array)

    def place(self, array, device):
        """A copy of an array of any device on a GPU."""
        if type(array) is not self.array_type:
            return self.from_host(array, device)
        with self.on(device):
            return array.copy()

    # ---- memory

    def memory_of(self, array):
        return array.data.mem

    def storage(self, array):
        """The whole allocation of an array in one dimension; CuPy rounds its size up."""
        memory = array.data.mem
        start = self.cupy.cuda.MemoryPointer(memory, 0)
        return self.cupy.ndarray((memory.size // array.itemsize,), array.dtype, start)

    # ---- ops

    def run(self, forward, node, raw):
        """Calls an op's forward on the GPU of its arrays; RuntimeError when they are on several."""
        index = None
        for a in raw:
            if type(a) is self.array_type and a.device.id != index:
                if index is not None:
                    raise RuntimeError(
                        "Expected all tensors to be on the same device, but found at least two devices, "
                        f"cuda:{index} and cuda:{a.device.id}! Move them with .to(device)."
                    )
                index = a.device.id
        with self.cupy.cuda.Device(index):
            return forward(node, *raw)
