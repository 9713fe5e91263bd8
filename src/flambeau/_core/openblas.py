"""Where OpenBLAS is: in the scipy-openblas32 package, found without environment variables."""

import sys
from importlib.util import find_spec
from pathlib import Path


def library_path() -> str:
    """The path of OpenBLAS's shared library, for `dlopen`. The package is not imported, only looked up.

    Raises ImportError, naming the remedy, where scipy-openblas32 is missing or incomplete.
    """
    spec = find_spec("scipy_openblas32")
    name = "libscipy_openblas" + (".dylib" if sys.platform == "darwin" else ".so")
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / "lib" / name
        if path.is_file():
            return str(path)
    raise ImportError(
        f"Flambeau needs OpenBLAS ({name}): run `pip install --force-reinstall scipy-openblas32`."
    )
