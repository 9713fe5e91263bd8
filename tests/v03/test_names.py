"""Every name of 0.3's modules exists (api_0_3.json lists them)."""

import hashlib
import importlib
import json
import pathlib
import sys

import pytest

import flambeau.v03 as torch

API = json.loads((pathlib.Path(__file__).parent / "api_0_3.json").read_text())
del API["_source"]


def found(path):
    """The object at a dotted path below torch, whose parts are attributes or modules."""
    place, value = torch.__name__, torch
    for name in path.split("."):
        if not hasattr(value, name):
            value = sys.modules.get(place, value)  # a module that a function of the same name hides
        place = f"{place}.{name}"
        value = getattr(value, name) if hasattr(value, name) else importlib.import_module(place)
    return value


NAMES = [
    f"{section}.{name}".lstrip(".")
    for section, names in API.items() if section != "sparse tensors"
    for name in names
]  # fmt: skip


@pytest.mark.parametrize("path", NAMES)
def test_name(path):
    found(path)


@pytest.mark.parametrize("name", API["sparse tensors"])
def test_member_of_sparse_tensors(name):
    indices, values = torch.LongTensor([[0, 1], [1, 0]]), torch.FloatTensor([1, 2])
    assert hasattr(torch.sparse.FloatTensor(indices, values, torch.Size([2, 2])), name)


def test_the_namespaces_refuse_other_names():
    for module in (torch, torch.nn, torch.utils, torch.cuda.sparse, torch.multiprocessing):
        with pytest.raises(AttributeError):
            module.no_such_name  # noqa: B018


def test_weights_from_the_web(tmp_path):
    source = tmp_path / "net-0.pth"
    torch.save({"w": torch.ones(2)}, str(source))
    named = tmp_path / f"net-{hashlib.sha256(source.read_bytes()).hexdigest()[:8]}.pth"
    source.rename(named)
    models = tmp_path / "models"
    load_url = torch.utils.model_zoo.load_url
    assert load_url(named.as_uri(), str(models))["w"].equal(torch.ones(2)) and (models / named.name).exists()
    named.rename(tmp_path / "net-00000000.pth")
    assert load_url(named.as_uri(), str(models), progress=False)["w"].equal(torch.ones(2))
    with pytest.raises(RuntimeError, match="invalid hash value"):
        load_url((tmp_path / "net-00000000.pth").as_uri(), str(models))
    assert [p.name for p in models.iterdir()] == [named.name]
