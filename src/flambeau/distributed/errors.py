"""The errors of distributed communication. All are RuntimeErrors."""


class DistError(RuntimeError):
    """An error of distributed communication."""


class DistBackendError(DistError):
    """A collective or message failed: a process is gone, did not come in time, or called something else."""


class DistNetworkError(DistError):
    """A connection could not be made, or broke."""


class DistStoreError(DistError):
    """A key of a store did not appear in time."""


for _class in (DistError, DistBackendError, DistNetworkError, DistStoreError):
    _class.__module__ = "flambeau.distributed"
