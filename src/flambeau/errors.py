"""Exception types of the library."""


class LinAlgError(RuntimeError):
    """A matrix has no such factorisation, inverse or solution. The same as `flambeau.linalg.LinAlgError`."""
