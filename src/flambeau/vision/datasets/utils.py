"""Files of data sets: checked by their MD5 sums, and fetched only when a program asks for it."""

import hashlib
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import urlopen

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Resource:
    """A file of a data set: its name, the addresses where it is published, and its MD5 sum."""

    name: str
    urls: tuple[str, ...]
    md5: str


def calculate_md5(fpath, chunk_size=_CHUNK):
    """calculate_md5(fpath, chunk_size=2**20) -> the MD5 sum of a file, as 32 hexadecimal digits."""
    md5 = hashlib.md5(usedforsecurity=False)
    with open(fpath, "rb") as file:
        while chunk := file.read(chunk_size):
            md5.update(chunk)
    return md5.hexdigest()


def check_integrity(fpath, md5=None):
    """check_integrity(fpath, md5=None) -> whether it is a file, with that MD5 sum."""
    return os.path.isfile(fpath) and (md5 is None or calculate_md5(fpath) == md5)


def download_url(url, root, filename=None, md5=None, max_redirect_hops=3):
    """download_url(url, root, filename=None, md5=None): fetches a file into the folder root, and says so on stderr.

    Does nothing when it is there with that MD5 sum. OSError when it cannot be fetched, RuntimeError when its sum is
    another; then no file is left.
    """
    root = Path(os.path.expanduser(root))
    path = root / (filename or os.path.basename(urlparse(url).path))
    if check_integrity(path, md5):
        return
    root.mkdir(parents=True, exist_ok=True)
    print(f"Downloading {url} to {path}", file=sys.stderr)
    with tempfile.NamedTemporaryFile(dir=root, delete=False) as file:
        try:
            with urlopen(url, timeout=60) as source:
                while chunk := source.read(_CHUNK):
                    file.write(chunk)
            file.close()
            if not check_integrity(file.name, md5):
                raise RuntimeError(f"{url}: the file has another MD5 sum than {md5}")
            os.replace(file.name, path)
        except BaseException:
            os.remove(file.name)
            raise


def missing(name, root, folder, resources):
    """The RuntimeError that says which files a data set lacks: what to fetch, and into which folder."""
    lines = "".join(f"\n  {resource.urls[0]}  (MD5 {resource.md5})" for resource in resources)
    return RuntimeError(
        f"Dataset not found: {name} is not in {root}. Fetch into {folder}{lines}\nor pass download=True, which does so"
    )


def fetch(name, root, folder, resources):
    """Fetches files into a folder from the first address that answers. RuntimeError says what to fetch by hand."""
    for resource in resources:
        failures = []
        for url in resource.urls:
            try:
                download_url(url, folder, resource.name, resource.md5)
                break
            except OSError as error:
                failures.append(error)
        else:
            raise missing(name, root, folder, resources) from failures[-1]
