"""The version, as `torch.version` has it."""

from . import __version__

__all__ = ["__version__", "cuda", "debug", "git_version", "hip"]

debug = False
cuda: str | None = None  # the release of CUDA that the library was built with: it is built without
hip: str | None = None
git_version: str | None = None
