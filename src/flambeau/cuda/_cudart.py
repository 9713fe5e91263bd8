"""What programs use of CUDA's runtime library: error numbers, a few functions, the exceptions."""

from ._devices import devices, index_of


class CudaError(RuntimeError):
    """CudaError(code): what a function of CUDA's runtime answered when it failed."""

    def __init__(self, code):
        self.code = code
        super().__init__(f"{_Runtime.cudaGetErrorString(code)} ({code})")


class DeferredCudaCallError(Exception):
    """What PyTorch raises when a call that waited for the first use of a GPU fails; here none waits."""


class cudaStatus:
    """The numbers that functions of CUDA's runtime answer."""

    SUCCESS = 0
    ERROR_NOT_READY = 34


_TEXTS = {
    0: "no error", 1: "invalid argument", 2: "out of memory", 3: "initialization error", 4: "driver shutting down",
    34: "device not ready", 600: "device not ready", 35: "CUDA driver version is insufficient for CUDA runtime version",
    100: "no CUDA-capable device is detected", 101: "invalid device ordinal", 400: "invalid resource handle",
    700: "an illegal memory access was encountered", 999: "unknown error",
}  # fmt: skip


class _Runtime:
    """cudart(): the functions of CUDA's runtime that programs call. They return error numbers, 0 when all is well."""

    cudaError = cudaStatus

    @staticmethod
    def cudaGetErrorString(code):
        """The words for an error number."""
        return _TEXTS.get(int(code), "unrecognized error code")

    @staticmethod
    def cudaProfilerStart():
        """What NVIDIA's profilers record begins."""
        devices().annotate("start")
        return cudaStatus.SUCCESS

    @staticmethod
    def cudaProfilerStop():
        """What NVIDIA's profilers record ends."""
        devices().annotate("stop")
        return cudaStatus.SUCCESS

    @staticmethod
    def cudaMemGetInfo(device):
        """(free, total) bytes of a device."""
        return devices().memory_info(index_of(device))

    @staticmethod
    def cudaDeviceSynchronize():
        """Waits for the current device."""
        devices().synchronize(devices().current())
        return cudaStatus.SUCCESS


def cudart():
    """cudart() -> an object with the functions of CUDA's runtime that programs call. RuntimeError without a GPU."""
    devices()
    return _Runtime


def check_error(res):
    """check_error(res): raises CudaError unless the number res stands for success."""
    if res != cudaStatus.SUCCESS:
        raise CudaError(res)
