"""How paths of files are shown."""

import os


def shown(path, folder=None):
    """shown(path) -> the path as seen from a folder (by default the working directory), when the file lies below it."""
    relative = os.path.relpath(path, folder) if os.path.isabs(path) else path
    return path if relative.startswith(os.pardir) else relative
