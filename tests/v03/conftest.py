"""Tests of 0.3: what shared code makes by itself is 0.3's while they run, and today's at all other times."""

import pytest

import flambeau.v03  # noqa: F401
from flambeau.v03 import era

era.leave()


@pytest.fixture(autouse=True)
def defaults_of_03():
    """Parameters and buffers are 0.3's during a test."""
    with era.entered():
        yield
