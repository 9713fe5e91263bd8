"""The device tests run on virtual GPUs."""

import pytest

from . import virtual_gpus


@pytest.fixture
def gpu():
    """Two GPUs, in host memory."""
    with virtual_gpus(2):
        yield
