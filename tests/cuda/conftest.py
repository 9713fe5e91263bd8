"""The device tests run on a stand-in for CuPy."""

import pytest

from . import standin


@pytest.fixture
def gpu():
    """Two GPUs, in host memory."""
    with standin.installed():
        yield
