"""tools/coverage.py, and that the names of PyTorch which exist here do not become fewer."""

import importlib.util
import json
import pathlib
import warnings

import pytest

PATH = pathlib.Path(__file__).parents[2] / "tools" / "coverage.py"
FLOORS = {"torch": 97.0, "Tensor": 99.0, "linalg": 100.0, "fft": 100.0, "special": 100.0, "nn": 99.0,
          "nn.functional": 100.0, "nn.init": 100.0}  # per cent


@pytest.fixture(scope="module")
def coverage():
    spec = importlib.util.spec_from_file_location("coverage_tool", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def areas(coverage):
    pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of deprecated names of PyTorch
        return {a.title.partition(" ")[2]: a for a in coverage.today_areas()}


@pytest.mark.parametrize("name", FLOORS)
def test_the_floor(areas, name):
    area = areas[name]
    assert len(area.present) > 20 and area.share >= FLOORS[name], area.text()


def test_every_missing_name_has_a_reason(areas):
    assert not [n for a in areas.values() for n, reason in a.missing.items() if reason.startswith("no reason")]


def test_names_of_a_file(coverage, tmp_path):
    path = tmp_path / "names.json"
    names = {"torch": ["abs", "FatalError", "frobnicate"], "torch.Tensor operators": ["__add__", "__getitem__"],
             "torch.sparse": ["<SparseTensor>.t"], "other": ["x"]}  # fmt: skip
    path.write_text(json.dumps(names))
    torch, operators, sparse = coverage.old_areas(path)
    assert torch.present == ["abs", "FatalError"] and torch.share == pytest.approx(200 / 3)
    assert torch.missing == {"frobnicate": torch.missing["frobnicate"]}
    assert torch.missing["frobnicate"].startswith("no reason")
    assert operators.share == 100 and sparse.present == ["<SparseTensor>.t"]
    assert "0.3.0 torch: 2 of 3 names (66.7 %)\n    missing, no reason" in torch.text()


def test_outside_does_not_count(coverage):
    area = coverage.compare("2.13 torch", ["sym_max", "abs", "os"], [__import__("flambeau")], ["os"])
    assert area.present == ["abs"] and set(area.outside) == {"sym_max", "os"} and area.share == 100
