"""How paths of files are shown."""

import os


def shown(path):
    """shown(path) -> the path as seen from the working directory, when the file lies below it."""
    relative = os.path.relpath(path) if os.path.isabs(path) else path
    return path if relative.startswith(os.pardir) else relative
