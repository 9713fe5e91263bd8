"""`torch.utils.model_zoo` of 0.3: weights from the web."""

import hashlib
import os
import re
import shutil
import sys
import tempfile
from urllib.parse import urlparse
from urllib.request import urlopen

from ..serialization import load

__all__ = ["load_url"]

_HASH = re.compile(r"-([a-f0-9]+)\.")


def load_url(url, model_dir=None, map_location=None, progress=True):
    """load_url(url, model_dir=None, map_location=None, progress=True) -> what the file at url holds

    The file is fetched into model_dir unless it is there: $TORCH_MODEL_ZOO, or ~/.torch/models ($TORCH_HOME/models).
    A name `...-<hash>.ext` says how the SHA-256 sum of the file begins; RuntimeError when it is another. progress: says
    on stderr what it fetches.
    """
    if model_dir is None:
        home = os.path.expanduser(os.environ.get("TORCH_HOME", "~/.torch"))
        model_dir = os.environ.get("TORCH_MODEL_ZOO", os.path.join(home, "models"))
    os.makedirs(model_dir, exist_ok=True)
    name = os.path.basename(urlparse(url).path)
    path = os.path.join(model_dir, name)
    if not os.path.exists(path):
        if progress:
            sys.stderr.write(f'Downloading: "{url}" to {path}\n')
        _fetch(url, path, _HASH.search(name))
    return load(path, map_location=map_location)


def _fetch(url, path, wanted):
    """Writes a file, whole or not at all."""
    with tempfile.NamedTemporaryFile(dir=os.path.dirname(path), delete=False) as file:
        try:
            with urlopen(url) as source:
                shutil.copyfileobj(source, file)
            file.flush()
            with open(file.name, "rb") as written:
                found = hashlib.sha256(written.read()).hexdigest()
            if wanted and not found.startswith(wanted[1]):
                raise RuntimeError(f"load_url: invalid hash value of {url} (expected {wanted[1]}, got {found})")
            os.replace(file.name, path)
        except BaseException:
            os.remove(file.name)
            raise
