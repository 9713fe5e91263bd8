"""A short run of the randomised comparison with PyTorch; `python -m tests.differential` makes a long one."""

import pytest

pytest.importorskip("torch")

from tests import differential


@pytest.mark.parametrize("seed", [0, 1])
def test_random_calls_agree_with_pytorch(seed):
    differential.run(2000, seed)
