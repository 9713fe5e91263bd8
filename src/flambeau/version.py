"""The version, as `torch.version` has it."""

import flambeau

__all__ = ["__version__", "cuda", "debug", "git_version", "hip"]

__version__: str
debug = False
cuda: str | None = None  # the release of CUDA that the library was built with: it is built without
hip: str | None = None
git_version: str | None = None


def __getattr__(name):
    if name == "__version__":  # not a copy: an alias of `torch` changes it
        return flambeau.__version__
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
