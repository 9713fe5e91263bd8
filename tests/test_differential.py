"""A short run of the randomised comparison with PyTorch; `python -m tests.differential` makes a long one."""

import pytest

pytest.importorskip("torch")

from tests import differential


@pytest.mark.parametrize("seed", [0, 1])
def test_random_calls_agree_with_pytorch(seed):
    differential.run(500, seed)


def test_every_family_draws_its_calls():
    counts, _, found = differential.survey(800, 2)
    assert not found, next(iter(found.values()))[0]
    assert set(counts) == set(differential.FAMILIES)
