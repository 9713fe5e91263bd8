"""What the namespace can do, by the array API standard's `__array_namespace_info__`."""

import sys

import flambeau as fb

from ._dtypes import KINDS

VERSION = "2024.12"
_VERSIONS = ("2021.12", "2022.12", "2023.12", VERSION)


class Info:
    """Capabilities, devices and dtypes of `flambeau.array_api`."""

    def capabilities(self):
        """capabilities() -> dict: boolean indexing and data-dependent shapes are there, and NumPy's 64 dimensions."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self):
        """default_device() -> the CPU."""
        return fb.device("cpu")

    def default_dtypes(self, *, device=None):
        """default_dtypes(device=None) -> dict: the dtypes of factories, by kind. Floats: see set_default_dtype."""
        real = fb.get_default_dtype()
        return {
            "real floating": real,
            "complex floating": real.to_complex(),
            "integral": fb.int64,
            "indexing": fb.int64,
        }

    def devices(self):
        """devices() -> list: the CPU, and the GPUs that can be used."""
        count = fb.cuda.device_count() if fb.cuda.is_available() else 0
        return [fb.device("cpu"), *[fb.device("cuda", i) for i in range(count)]]

    def dtypes(self, *, device=None, kind=None):
        """dtypes(device=None, kind=None) -> dict: the standard's dtypes, by name, of a kind or kinds as of isdtype."""
        kinds = ("bool", "numeric") if kind is None else kind if isinstance(kind, tuple) else (kind,)
        for k in kinds:
            if k not in KINDS:
                raise ValueError(f"dtypes(): kind must be one of {', '.join(KINDS)}, got {k!r}")
        return {d.name: d for k in kinds for d in KINDS[k]}


def __array_namespace_info__():
    """__array_namespace_info__() -> Info: what the namespace can do."""
    return Info()


def namespace(api_version=None):
    """The namespace, for `Tensor.__array_namespace__`; ValueError for a version of the standard that it lacks."""
    if api_version is not None and api_version not in _VERSIONS:
        raise ValueError(
            f"__array_namespace__(): versions {', '.join(_VERSIONS)} are there, not {api_version!r}"
        )
    return sys.modules[__package__]
