"""The compiled core: tensor base class, dispatch of ops, graph nodes, backward engine."""

try:
    from .core import *
except ModuleNotFoundError as error:
    if error.name != f"{__name__}.core":
        raise
    raise ImportError(
        "Flambeau's compiled core is missing: run `pip install .` in Flambeau's source folder first."
    ) from error
except ImportError as error:
    raise ImportError(
        f"Flambeau's compiled core does not load ({error}): run `pip install .` in its source folder again."
    ) from error
