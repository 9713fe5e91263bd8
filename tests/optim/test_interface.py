"""What optimizers and schedules have in common with PyTorch's: signatures, reprs, errors, hooks, states both ways."""

import importlib
import inspect
import itertools

import pytest

import flambeau as fb

from ..nn.parity import assert_close, raised
from .test_lr_scheduler import CASES as SCHEDULES
from .test_lr_scheduler import _optimizer
from .test_more_optimizers import _to
from .test_optimizers import CASES, _assert_same_state, _params, _train

torch = pytest.importorskip("torch")

LIBS = (fb, torch)
OPTIMIZERS = (
    "ASGD Adadelta Adafactor Adagrad Adam AdamW Adamax LBFGS Muon NAdam RAdam RMSprop Rprop SGD SparseAdam".split()
)
SCHEDULERS = [
    name
    for name, value in vars(torch.optim.lr_scheduler).items()
    if isinstance(value, type) and issubclass(value, torch.optim.lr_scheduler.LRScheduler)
]


def _signature(function):
    """(name, default, kind) of the arguments; `verbose` of older schedules is left out."""
    parameters = inspect.signature(function).parameters.values()
    return [(p.name, repr(p.default), p.kind) for p in parameters if p.name != "verbose"]


def test_names():
    public = {name for name in dir(torch.optim) if not name.startswith("_")}
    assert public <= {*dir(fb.optim)}


@pytest.mark.parametrize("name", [*OPTIMIZERS, *SCHEDULERS, "swap_in_optimizer_params_and_state"])
def test_signatures(name):
    """Constructors and methods take what PyTorch's take, with the same defaults."""
    ours, theirs = [
        getattr(lib.optim if hasattr(lib.optim, name) else lib.optim.lr_scheduler, name) for lib in LIBS
    ]
    assert _signature(ours) == _signature(theirs)
    skipped = {"profile_hook_step", "recursive_undo"}  # parts of PyTorch's own machinery
    for method, value in vars(theirs).items():
        if inspect.isfunction(value) and not method.startswith("_") and method not in skipped:
            assert _signature(getattr(ours, method)) == _signature(value), method


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_repr_and_defaults(name):
    results = []
    for lib in LIBS:
        optimizer = getattr(lib.optim, name)([lib.nn.Parameter(lib.ones(2, 2))])
        results.append((repr(optimizer), optimizer.defaults, optimizer.state_dict()["param_groups"]))
    assert results[0] == results[1]


BAD_OPTIONS = [
    "lr=-1", "lr=T(-1.0)", "lr=T([1.0, 2.0])", "eps=-1", "weight_decay=-1", "betas=(1.0, 0.9)", "betas=(0.9, 2)",
    "betas=(0.9,)", "betas=(T(0.9), 0.9)", "betas=(T(0.9), T(0.9)), foreach=True", "lr=T(0.1), foreach=True",
    "foreach=True, fused=True", "fused=True, differentiable=True", "momentum=-1", "alpha=-1", "rho=2", "rho=-1",
    "lr_decay=-1", "momentum_decay=-1", "initial_accumulator_value=-1", "etas=(1, 2)", "nesterov=True", "eps=1, lr=-1",
    "beta2_decay=1", "d=0", "adjust_lr_fn='x'",
]  # fmt: skip


@pytest.mark.parametrize("options", BAD_OPTIONS)
def test_bad_options(options):
    """The same outcome for every optimizer that takes them: accepted, or an error of the same type and text."""
    tried = 0
    for name in OPTIMIZERS:
        taken = inspect.signature(getattr(torch.optim, name)).parameters
        if not {part.split("=")[0].strip() for part in options.split(", ") if "=" in part} <= taken.keys():
            continue
        outcomes = []
        for lib in LIBS:
            given = eval(f"dict({options})", {"T": lib.tensor})
            try:
                getattr(lib.optim, name)([lib.nn.Parameter(lib.ones(2, 2))], **given)
                outcomes.append("accepted")
            except Exception as error:
                outcomes.append((type(error), str(error)))
        assert outcomes[0] == outcomes[1], name
        tried += 1
    assert tried


@pytest.mark.parametrize("source, target", [(fb, torch), (torch, fb)], ids=["to PyTorch", "from PyTorch"])
@pytest.mark.parametrize("name, options", CASES, ids=[f"{n}-{o}" for n, o in CASES])
def test_state_is_exchanged(name, options, source, target):
    """Three steps here, three there: as six steps."""
    whole = _params(target)
    _train(target, whole, getattr(target.optim, name)(whole, **options), range(6))
    before = _params(source)
    first = getattr(source.optim, name)(before, **options)
    _train(source, before, first, range(3))
    params = [target.nn.Parameter(target.from_numpy(p.detach().numpy().copy()).reshape(p.shape)) for p in before]
    second = getattr(target.optim, name)(params)
    second.load_state_dict(_to(target, first.state_dict()))
    _train(target, params, second, range(3, 6))
    assert_close(params, whole, rtol=1e-8)


@pytest.mark.parametrize("source, target", [(fb, torch), (torch, fb)], ids=["to PyTorch", "from PyTorch"])
@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_state_of_schedules_is_exchanged(name, source, target):
    """Five epochs here, the others there: the same rates as all there."""

    def advance(optimizer, scheduler, epochs):
        rates = []
        for _ in range(epochs):
            optimizer.step()
            scheduler.step()
            rates.append([group["lr"] for group in optimizer.param_groups])
        return rates

    def made(lib):
        optimizer = _optimizer(lib)
        return optimizer, SCHEDULES[name](optimizer, lib.optim.lr_scheduler)

    whole = advance(*made(target), 12)
    optimizer, scheduler = made(source)
    advance(optimizer, scheduler, 5)
    state, schedule = optimizer.state_dict(), scheduler.state_dict()
    optimizer, scheduler = made(target)
    assert scheduler.state_dict().keys() == schedule.keys()
    optimizer.load_state_dict(state)
    scheduler.load_state_dict(schedule)
    for ours, theirs in zip(advance(optimizer, scheduler, 7), whole[5:], strict=True):
        assert ours == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize("source, target", [(fb, torch), (torch, fb)], ids=["to PyTorch", "from PyTorch"])
def test_state_of_plateaus_and_of_averaging_is_exchanged(source, target):
    metrics = [3.0, 2.0, 2.5, 2.4, 2.3, 2.2, 2.6]

    def plateau(lib):
        optimizer = _optimizer(lib)
        options = dict(patience=1, cooldown=1, min_lr=[0.01, 0.02])
        return optimizer, lib.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)

    def averaging(lib):
        optimizer = _optimizer(lib)
        return optimizer, lib.optim.swa_utils.SWALR(optimizer, 0.01, anneal_epochs=4)

    for made, arguments in ((plateau, [(m,) for m in metrics]), (averaging, [()] * 7)):
        rates = []
        optimizer, scheduler = made(source)
        whole, whole_scheduler = made(target)
        for i, given in enumerate(arguments):
            if i == 3:
                states = optimizer.state_dict(), scheduler.state_dict()
                optimizer, scheduler = made(target)
                assert scheduler.state_dict().keys() == states[1].keys()
                optimizer.load_state_dict(states[0])
                scheduler.load_state_dict(states[1])
            for o, s in ((optimizer, scheduler), (whole, whole_scheduler)):
                o.step()
                s.step(*given)
            rates.append([[group["lr"] for group in o.param_groups] for o in (optimizer, whole)])
        for ours, theirs in rates:
            assert ours == pytest.approx(theirs, rel=1e-12)
        assert rates[0] != rates[-1]


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name not in ("LBFGS", "Muon", "SparseAdam")])
def test_flags_that_choose_a_kernel_change_nothing(name):
    results = []
    for flags in ({}, {"foreach": True}, {"foreach": False}, {"capturable": True}, {"fused": True}):
        if not flags.keys() <= inspect.signature(getattr(fb.optim, name)).parameters.keys():
            continue
        params = _params(fb)
        _train(fb, params, getattr(fb.optim, name)(params, lr=0.1, **flags), range(3))
        results.append(params)
    assert len(results) > 1
    for params in results[1:]:
        assert_close(params, results[0], rtol=0, atol=0)


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name not in ("LBFGS", "Muon", "SparseAdam")])
def test_group_added_in_training(name):
    results = []
    for lib in LIBS:
        a, b = _params(lib), _params(lib)
        optimizer = getattr(lib.optim, name)(a, lr=0.1)
        _train(lib, a, optimizer, range(2))
        optimizer.add_param_group({"params": b, "lr": 0.01, "maximize": True})
        for step in range(2, 5):
            for p in a + b:
                p.grad = lib.ones_like(p) * (step - 3.5)
            optimizer.step()
        results.append((a + b, optimizer.state_dict()))
    assert_close(results[0][0], results[1][0], rtol=1e-6, atol=1e-9)
    _assert_same_state(results[0][1], results[1][1], rtol=1e-6, atol=1e-9)


def test_options_that_older_files_lack():
    for name in OPTIMIZERS:
        if name in ("LBFGS", "Muon", "Adafactor"):
            continue
        optimizer = getattr(fb.optim, name)([fb.nn.Parameter(fb.ones(2))])
        state, before = optimizer.state_dict(), set(optimizer.param_groups[0])
        new = {"maximize", "foreach", "capturable", "differentiable", "fused", "decoupled_weight_decay"}
        state["param_groups"] = [{k: v for k, v in g.items() if k not in new} for g in state["param_groups"]]
        optimizer.load_state_dict(state)
        assert optimizer.param_groups[0].keys() == before
        decoupled = optimizer.param_groups[0].get("decoupled_weight_decay")
        assert decoupled == (None if decoupled is None else name == "AdamW")


def _hooked(lib):
    """What hooks of all kinds see in a step and around state dictionaries."""
    seen = []
    p = lib.nn.Parameter(lib.ones(2))
    p.grad = lib.ones(2)
    optimizer = lib.optim.SGD([p], lr=0.5)
    record = lambda name: lambda *args: seen.append((name, p.tolist(), [type(a).__name__ for a in args]))  # noqa: E731
    module = importlib.import_module(f"{lib.__name__}.optim.optimizer")
    handles = [
        module.register_optimizer_step_pre_hook(record("global before")),
        module.register_optimizer_step_post_hook(record("global after")),
    ]
    optimizer.register_step_pre_hook(record("before"))
    optimizer.register_step_pre_hook(lambda o, args, kwargs: (args, {"closure": lambda: seen.append("closure")}))
    optimizer.register_step_post_hook(record("after"))
    optimizer.register_state_dict_pre_hook(record("save"))
    optimizer.register_state_dict_pre_hook(record("save first"), prepend=True)
    optimizer.register_state_dict_post_hook(record("saved"))
    optimizer.register_load_state_dict_pre_hook(record("load"))
    optimizer.register_load_state_dict_post_hook(record("loaded"))
    optimizer.register_load_state_dict_post_hook(record("loaded first"), prepend=True)
    optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
    for handle in handles:
        handle.remove()
    optimizer.step()
    return seen


def test_hooks():
    assert _hooked(fb) == _hooked(torch)


def test_hook_that_returns_something_else():
    kinds = []
    for lib in LIBS:
        optimizer = lib.optim.SGD([lib.nn.Parameter(lib.ones(2))], lr=0.5)
        optimizer.register_step_pre_hook(lambda *args: 3)
        kind, text = raised(optimizer.step)
        kinds.append(kind)
        assert "must return None or a tuple of (new_args, new_kwargs)" in text
    assert kinds[0] is kinds[1]


def test_sparse_gradients_are_refused_before_anything_changes():
    for name in ("ASGD", "Adadelta", "Adam", "Adamax", "NAdam", "RAdam", "RMSprop", "Rprop"):
        p = fb.nn.Parameter(fb.ones(2))
        p.grad = fb.sparse_coo_tensor([[0]], [1.0], (2,))
        optimizer = getattr(fb.optim, name)([p])
        with pytest.raises(RuntimeError, match=f"{name} does not support sparse gradients"):
            optimizer.step()
        assert p.tolist() == [1, 1] and not optimizer.state


def test_half_types_follow_float32():
    """The base formula, in the half types, is near the step in float32."""
    for name, dtype in itertools.product(("SGD", "Adam", "NAdam", "Rprop", "ASGD"), (fb.float16, fb.bfloat16)):
        results = []
        for kind in (dtype, fb.float32):
            p = fb.nn.Parameter(fb.tensor([1.0, -2.0, 0.5]).to(kind))
            optimizer = getattr(fb.optim, name)([p], lr=0.1)
            for step in range(3):
                p.grad = fb.tensor([0.5, -1.0, 0.25]).to(kind) * (step + 1)
                optimizer.step()
            assert p.dtype is kind
            results.append(p.detach().float())
        assert_close(results[0], results[1], rtol=0.03, atol=0.03)
