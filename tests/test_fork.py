"""A forked child computes after its parent has used the thread pool, OpenBLAS and the engine."""

import os
import signal
import sys

import pytest

import flambeau as fb


def work():
    x = fb.ones(300, 300)
    w = fb.full((300, 300), 0.01, requires_grad=True)
    loss = (x @ w).tanh().sum()
    loss.backward()
    return loss.item(), w.grad.sum().item()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform cannot fork")
@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_forward_and_backward_in_a_forked_child():
    expected = work()
    for _ in range(3):
        child = os.fork()
        if child == 0:
            signal.alarm(30)  # a hang becomes a failure
            code = 1
            try:
                code = 0 if work() == expected else 2
            finally:
                sys.stdout.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        assert os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0
        assert work() == expected
