"""The examples of training in several processes train."""

import pytest

import flambeau as fb
from examples import a3c, hogwild

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_hogwild(method):
    model = hogwild.run(processes=2, epochs=5, start_method=method)
    assert hogwild.accuracy(model) > 0.9


def test_a3c():
    fb.manual_seed(0)
    before = a3c.mean_return(a3c.ActorCritic())
    after = a3c.mean_return(a3c.run(processes=2, episodes=120))
    assert before < 0.5 and after > 0.75
