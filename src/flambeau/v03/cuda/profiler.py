"""`torch.cuda.profiler` of 0.3: what NVIDIA's profilers record. RuntimeError without a GPU."""

from ...cuda.profiler import init, profile, start, stop


class cudaOutputMode:
    """The formats that `init` knew."""

    csv, key_value = "csv", "key_value"

    @staticmethod
    def for_key(key):
        """for_key("csv"), for_key("key_value") -> the number that CUDA's runtime had for a format."""
        if key not in ("key_value", "csv"):
            raise RuntimeError(f"supported CUDA profiler output modes are: key_value and csv, got {key!r}")
        return int(key == "csv")


__all__ = ["cudaOutputMode", "init", "profile", "start", "stop"]
