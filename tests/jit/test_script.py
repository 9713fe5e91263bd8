"""`script`, the marks and switches of TorchScript, and `compile`: programs run as Python."""

import copy
import pickle
from typing import Dict, List, Optional, Tuple, Union  # noqa: UP035  (the types that scripts name)

import pytest

import flambeau as fb
from flambeau import compiler, jit, nn


@jit.script
def scaled(x, n: int):
    if x.sum() > 0:
        return x * n
    return -x


class Net(nn.Module):
    scale: jit.Final[int]

    def __init__(self):
        super().__init__()
        self.fc, self.scale = nn.Linear(2, 2), 2
        self.seen = jit.Attribute([], List[int])  # noqa: UP006

    def forward(self, x):
        return self.helper(self.fc(x)) if x.sum() > 0 else self.fc(x)

    @jit.export
    def helper(self, x):
        return x * self.scale


def test_a_scripted_function_runs_as_python():
    assert isinstance(scaled, jit.ScriptFunction)
    assert scaled(fb.ones(2), 3).tolist() == [3, 3] and scaled(-fb.ones(2), n=3).tolist() == [1, 1]
    assert "if x.sum() > 0" in scaled.code and scaled.__name__ == "scaled" and jit.script(scaled) is scaled
    with pytest.raises(AttributeError, match="only traced functions have a graph"):
        scaled.graph  # noqa: B018


def test_a_scripted_function_is_pickled_by_name():
    assert pickle.loads(pickle.dumps(scaled)) is scaled


def test_functions_without_source():
    scope = {}
    exec("def f(x): return x", scope)
    with pytest.raises(OSError, match="Can't get source"):
        jit.script(scope["f"])
    assert jit.script(len) is len


def test_a_scripted_module():
    net = Net()
    scripted = jit.script(net)
    x = fb.rand(3, 2)
    assert (
        fb.equal(scripted(x), net(x))
        and isinstance(scripted, (Net, jit.ScriptModule))
        and scripted is not net
    )
    assert scripted.fc.weight is net.fc.weight and list(scripted.state_dict()) == list(net.state_dict())
    assert (
        scripted.original_name == "Net" and repr(scripted) == repr(net) and jit.script(scripted) is scripted
    )
    assert fb.equal(scripted.helper(x), net.helper(x)) and "self.helper" in scripted.code
    assert not hasattr(scripted, "graph")


def test_copies_of_a_scripted_module():
    scripted = jit.script(Net())
    for other in (copy.deepcopy(scripted), pickle.loads(pickle.dumps(scripted))):
        assert isinstance(other, jit.ScriptModule) and other.fc.weight is not scripted.fc.weight
        assert fb.equal(other(fb.ones(2)), scripted(fb.ones(2)))


def test_a_scripted_module_is_traced():
    scripted = jit.script(Net())
    with pytest.warns(jit.TracerWarning):
        traced = jit.trace(scripted, fb.ones(1, 2))
    assert fb.equal(traced(fb.ones(2, 2)), scripted(fb.ones(2, 2))) and traced.graph.nodes


def test_classes():
    class Data:
        pass

    assert jit.script(Data) is Data and jit.interface(Data) is Data
    with pytest.raises(RuntimeError, match="inherits from nn.Module"):
        jit.script(Net)
    with pytest.raises(TypeError, match="not int"):
        jit.script(3)


def test_questions():
    asked = []
    jit.trace(
        lambda x: (asked.append((jit.is_scripting(), jit.is_tracing())), x + 1)[1],
        fb.ones(1),
        check_trace=False,
    )
    assert asked == [(False, True)] and not jit.is_tracing() and not jit.is_scripting()


@pytest.mark.parametrize("value, kind, wanted", [
    ([1, 2], List[int], True), ([1, "a"], List[int], False), ({"a": 1}, Dict[str, int], True),  # noqa: UP006
    ((1, "a"), Tuple[int, str], True), ((1,), Tuple[int, str], False), (None, Optional[int], True),  # noqa: UP006, UP045
    (3, Union[str, int], True), (3.0, int, False), (3, (str, int), True),  # noqa: UP007
])  # fmt: skip
def test_isinstance(value, kind, wanted):
    assert jit.isinstance(value, kind) is wanted


def test_switches_have_no_effect():
    with jit.optimized_execution(False), jit.fuser("fuser1"), jit.strict_fusion():
        assert jit.wait(jit.fork(scaled, fb.ones(1), 2)).item() == 2
    assert jit.set_fusion_strategy([("STATIC", 2)]) == [] and not jit.onednn_fusion_enabled()
    assert jit.fork(scaled, fb.ones(1), 2).then(lambda f: f.value() + 1).done()


def test_compilation_unit():
    unit = jit.CompilationUnit("""
        def double(x: Tensor, n: Optional[int] = None) -> Tensor:
            return torch.relu(x) * 2
    """)
    assert unit.double(fb.tensor([-1.0, 2.0])).tolist() == [0, 4]
    with pytest.raises(AttributeError):
        unit.other  # noqa: B018


def test_every_name_of_the_module():
    for name in jit.__all__:
        assert hasattr(jit, name)
    assert set(jit.__all__) <= set(dir(jit))


# ---- compile


def test_compile_gives_the_thing_itself():
    net = Net()
    assert (
        fb.compile(net) is net
        and fb.compile(scaled, mode="max-autotune", fullgraph=True, dynamic=False) is scaled
    )
    assert fb.compile(net, backend=lambda graph, inputs: graph, options={"a": 1}) is net


def test_compile_as_a_decorator():
    @fb.compile
    def f(x):
        return x + 1

    @fb.compile(dynamic=True, backend="eager")
    def g(x):
        return x + 2

    assert f(fb.ones(1)).item() == 2 and g(fb.ones(1)).item() == 3


def test_arguments_of_compile():
    with pytest.raises(RuntimeError, match="Either mode or options"):
        fb.compile(scaled, mode="default", options={"a": 1})
    with pytest.raises(RuntimeError, match="unrecognized mode=fast"):
        fb.compile(scaled, mode="fast")
    with pytest.raises(TypeError, match="expected a function or a module, got int"):
        fb.compile(3)
    with pytest.raises(TypeError, match="backend must be"):
        fb.compile(scaled, backend=3)


def test_the_rest_of_the_compiler():
    assert compiler.list_backends() == [] and compiler.assume_constant_result(len) is len
    assert compiler.compile is fb.compile and not compiler.is_exporting()
    compiler.reset()
    compiler.cudagraph_mark_step_begin()
