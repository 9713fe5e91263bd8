"""Every name of 0.3's modules exists (api_0_3.json lists them), but for those below, each for a reason."""

import hashlib
import importlib
import json
import pathlib
import sys

import pytest

import flambeau.v03 as torch

API = json.loads((pathlib.Path(__file__).parent / "api_0_3.json").read_text())
del API["_source"]

C_INTERFACE = "wraps C functions of CUDA's or cuDNN's libraries, which this library does not call so"
ABSENT = {  # section -> (reason, names); "*": the whole section
    "distributed": [("tensors of other processes in master-worker mode, an experiment of 0.3", " ".join(
        name for name in API["distributed"] if name.startswith("remote_types.")))],
    "cuda": [(C_INTERFACE, "current_blas_handle streams.EventHandle nvtx.lib")],
    "backends": [
        (C_INTERFACE, " ".join("cudnn." + name for name in (
            "CuDNNHandle CuDNNError TensorDescriptor TensorDescriptorArray FilterDescriptor DropoutDescriptor "
            "RNNDescriptor check_error get_error_string get_handle c_type int_array descriptor descriptor_sequence "
            "add_tensor").split())),
    ],
}  # fmt: skip


def absent(section):
    names = {name for _, text in ABSENT.get(section, ()) for name in text.split()}
    return {*API[section]} if "*" in names else names


def found(path):
    """The object at a dotted path below torch, whose parts are attributes or modules."""
    place, value = torch.__name__, torch
    for name in path.split("."):
        if not hasattr(value, name):
            value = sys.modules.get(place, value)  # a module that a function of the same name hides
        place = f"{place}.{name}"
        value = getattr(value, name) if hasattr(value, name) else importlib.import_module(place)
    return value


PRESENT = [
    f"{section}.{name}".lstrip(".")
    for section, names in API.items() if section != "sparse tensors"
    for name in names if name not in absent(section)
]  # fmt: skip


@pytest.mark.parametrize("path", PRESENT)
def test_name(path):
    found(path)


@pytest.mark.parametrize("name", API["sparse tensors"])
def test_member_of_sparse_tensors(name):
    indices, values = torch.LongTensor([[0, 1], [1, 0]]), torch.FloatTensor([1, 2])
    assert hasattr(torch.sparse.FloatTensor(indices, values, torch.Size([2, 2])), name)


@pytest.mark.parametrize("section", ABSENT)
def test_the_absent_ones_are_absent_names_of_03(section):
    assert absent(section) <= {*API[section]}
    for name in absent(section):
        with pytest.raises((AttributeError, ModuleNotFoundError)):
            found(f"{section}.{name}".lstrip("."))


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
