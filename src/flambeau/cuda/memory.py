"""The memory of GPUs: how much of it is used, and giving back what the pool keeps."""

from ..errors import OutOfMemoryError
from ..kernels.cuda.devices import STATISTICS
from ._devices import backend, devices, index_of, is_started

__all__ = [
    "OutOfMemoryError", "empty_cache", "max_memory_allocated", "max_memory_cached", "max_memory_reserved",
    "mem_get_info", "memory_allocated", "memory_cached", "memory_reserved", "memory_stats",
    "memory_stats_as_nested_dict", "memory_summary", "reset_accumulated_memory_stats", "reset_max_memory_allocated",
    "reset_max_memory_cached", "reset_peak_memory_stats", "set_per_process_memory_fraction",
]  # fmt: skip


def empty_cache():
    """empty_cache(): gives memory that the pool keeps for reuse back to the driver, if a GPU was used."""
    if is_started():
        backend().release()
        devices().empty_cache()


def _statistics(device):
    if not is_started():
        return dict.fromkeys(STATISTICS, 0)
    backend().release()
    return devices().statistics(index_of(device))


def memory_allocated(device=None):
    """memory_allocated(device=None) -> int: bytes of a GPU that tensors use; 0 before a first use."""
    return _statistics(device)["allocated"]


def max_memory_allocated(device=None):
    """max_memory_allocated(device=None) -> int: the most bytes that tensors used since the start, or since
    reset_peak_memory_stats."""
    return _statistics(device)["peak_allocated"]


def memory_reserved(device=None):
    """memory_reserved(device=None) -> int: bytes of a GPU that the pool holds, in use or not; 0 before a first use."""
    return _statistics(device)["reserved"]


def max_memory_reserved(device=None):
    """max_memory_reserved(device=None) -> int: the most bytes that the pool held."""
    return _statistics(device)["peak_reserved"]


memory_cached, max_memory_cached = memory_reserved, max_memory_reserved  # older names


def reset_peak_memory_stats(device=None):
    """reset_peak_memory_stats(device=None): the maxima start anew from what is in use."""
    if is_started():
        devices().reset_peaks(index_of(device))


reset_max_memory_allocated = reset_max_memory_cached = reset_peak_memory_stats  # older names


def reset_accumulated_memory_stats(device=None):
    """reset_accumulated_memory_stats(device=None): accepted; nothing is accumulated."""
    index_of(device)


def memory_stats(device=None):
    """memory_stats(device=None) -> dict of bytes: "allocated_bytes.all.current", "allocated_bytes.all.peak", and of
    "reserved_bytes" the same."""
    found = _statistics(device)
    return {
        f"{what}_bytes.all.{key}": found[f"{prefix}{what}"]
        for what in ("allocated", "reserved")
        for key, prefix in (("current", ""), ("peak", "peak_"))
    }


def memory_stats_as_nested_dict(device=None):
    """memory_stats_as_nested_dict(device=None) -> the same in nested dictionaries."""
    found = memory_stats(device)
    return {
        f"{what}_bytes": {"all": {key: found[f"{what}_bytes.all.{key}"] for key in ("current", "peak")}}
        for what in ("allocated", "reserved")
    }


def memory_summary(device=None, abbreviated=False):
    """memory_summary(device=None, abbreviated=False) -> str: memory_stats as a table, in MiB."""
    rows = [f"{'device ' + str(index_of(device)):<12}{'now':>12}{'most':>12}"]
    found = memory_stats(device)
    for what in ("allocated", "reserved"):
        now, most = (found[f"{what}_bytes.all.{key}"] / 2**20 for key in ("current", "peak"))
        rows.append(f"{what:<12}{now:>8.1f} MiB{most:>8.1f} MiB")
    return "\n".join(rows)


def mem_get_info(device=None):
    """mem_get_info(device=None) -> (free, total) bytes of a GPU."""
    return devices().memory_info(index_of(device))


def set_per_process_memory_fraction(fraction, device=None):
    """set_per_process_memory_fraction(fraction, device=None): tensors of this process may take no more than that part
    of a GPU's memory; beyond it OutOfMemoryError is raised. ValueError for a fraction outside [0, 1]."""
    if not isinstance(fraction, (int, float)):
        raise TypeError(f"Invalid type for fraction argument, must be `float`, got {type(fraction).__name__}")
    if not 0 <= fraction <= 1:
        raise ValueError(f"Invalid fraction value: {fraction}. Allowed range: 0~1")
    index = index_of(device)
    devices().limit_memory(index, int(fraction * devices().memory_info(index)[1]))
