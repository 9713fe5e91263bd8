"""Which era `flambeau run` reads in a source, and by which sign."""

import pytest

from flambeau.aliasing import era


def found(tmp_path, **files):
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text)
    return era.choose(str(tmp_path / "script.py"))


@pytest.mark.parametrize(
    "line, name, sign",
    [
        ("x = Variable(torch.ones(2), volatile=True)", "0.3", "volatile="),
        ("total += loss.data[0]", "0.3", ".data[0]"),
        ("x = x.cuda(async=True)", "0.3", "async="),
        ("def copy(x, async=False): pass", "0.3", "async="),
        ("x = Variable(x)", "0.3", "torch.autograd.Variable"),
        ("import torch.legacy.nn as legacy", "0.3", "torch.legacy"),
        ("from torch.utils.serialization import load_lua", "0.3", "torch.utils.serialization"),
        ("loss = nn.MSELoss(size_average=False)", "0.3", "size_average="),
        ("nn.init.xavier_normal(w)", "0.3", "torch.nn.init.xavier_normal"),
        ("from torch.nn.init import kaiming_uniform as init", "0.3", "torch.nn.init.kaiming_uniform"),
        ("torch.nn.utils.clip_grad_norm(p, 1)", "0.3", "torch.nn.utils.clip_grad_norm"),
        ("loss.backward(retain_variables=True)", "0.3", "retain_variables="),
        ("y = F.sigmoid(x)", "0.3", "torch.nn.functional.sigmoid"),
        ("y = F.softmax(x)", "0.3", "F.softmax without dim="),
        ("y = F.dropout(x, 0.5)", "0.3", "F.dropout without training="),
        ("x, _ = torch.gesv(b, a)", "0.3", "torch.gesv"),
        ("torch.distributed.init_master_worker('tcp')", "0.3", "torch.distributed.init_master_worker"),
        ("import torch.distributed.remote_types as remote", "0.3", "torch.distributed.remote_types"),
        ("x.volatile = True", "0.3", ".volatile"),
        ("from torchvision.transforms import Scale", "0.3", "torchvision.transforms.Scale"),
        ("t = torchvision.transforms.RandomSizedCrop(3)", "0.3", "torchvision.transforms.RandomSizedCrop"),
        ("m = torchvision.transforms.InterpolationMode.BICUBIC", "today", "torchvision.transforms.InterpolationMode"),
        ("with torch.no_grad(): pass", "today", "torch.no_grad"),
        ("print(loss.item())", "today", ".item()"),
        ("x = x.to(device)", "today", ".to()"),
        ("x = x.to('cuda:0')", "today", ".to()"),
        ("device = torch.device('cuda')", "today", "torch.device"),
        ("x = torch.tensor([1.0])", "today", "torch.tensor"),
        ("x = torch.ones(2, dtype=torch.float64)", "today", "dtype="),
        ("nn.init.xavier_normal_(w)", "today", "torch.nn.init.xavier_normal_"),
        ("nn.utils.clip_grad_norm_(p, 1)", "today", "torch.nn.utils.clip_grad_norm_"),
        ("from torch.cuda.amp import autocast", "today", "torch.cuda.amp"),
        ("from torch import amp", "today", "torch.amp"),
        ("loss = nn.MSELoss(reduction='sum')", "today", "reduction="),
        ("layer = nn.LayerNorm(3)", "today", "torch.nn.LayerNorm"),
    ],
)
def test_signs(line, name, sign, tmp_path):
    imports = "import torch\nimport torch.nn as nn, torch.nn.functional as F\n"
    if "torchvision" in line:
        imports += "import torchvision\n"
    if "Variable(" in line:
        imports += "from torch.autograd import Variable\n"
    result = found(tmp_path, script=imports + line + "\n")
    assert result.name == name and f"'{sign}' at line" in result.reason


@pytest.mark.parametrize(
    "line",
    [
        "x = 'volatile=True, .data[0]'",
        "# x.cuda(async=True)",
        "async def f(): pass",
        "d = frame.data[1]",
        "for k, v in d.items(): pass",
        "path.to(3)",
        "import numpy.legacy",
        "f(reduce=max)",
        "x = other.no_grad()",
        "y = F.softmax(x, dim=1)",
        "first = self.data[0]",
        "layer = SELayer(64, reduction=16)",
        "y = F.dropout(x, training=True)",
    ],
)
def test_no_signs(line, tmp_path):
    result = found(tmp_path, script=f"import torch.nn.functional as F\n{line}\n")
    assert result.signs == [] and result.reason == "today's PyTorch: no sign of 0.3 found"


@pytest.mark.parametrize(
    "lines, name",
    [
        (["with torch.no_grad(): pass", "x.data[0]"], "today"),  # 0.4 warned of it only
        (["loss.item()", "Variable(x)"], "today"),
        (["Variable(x, volatile=True)", "f'{x}'"], "0.3"),
        (["import flambeau", "flambeau.alias(torch='0.3')", "loss.item()", "with torch.no_grad(): pass"], "0.3"),
        (["from flambeau import alias", "alias('today')", "Variable(x, volatile=True)"], "today"),
        (["loss.data[0]", "x = f'{loss}'", "x.requires_grad_()"], "0.3"),
    ],
)
def test_the_heavier_signs_decide(lines, name, tmp_path):
    text = "\n".join(["import torch", "from torch.autograd import Variable", *lines])
    assert found(tmp_path, script=text).name == name


def test_many_uses_of_one_construct_are_one_sign(tmp_path):
    text = "import torch\nfrom torch.autograd import Variable\n" + "x = Variable(x)\n" * 50 + "y = torch.no_grad()\n"
    assert found(tmp_path, script=text).name == "today"


def test_imports_are_followed_below_the_folder_of_the_script(tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("from .inner import work\n")
    (tmp_path / "package" / "inner.py").write_text("from ..script import x\nimport numpy, script\nx.data[0]\n")
    (tmp_path / "unused.py").write_text("import torch\ntorch.no_grad()\n")
    result = found(tmp_path, script="import os; import package\n")
    assert [(s.path.rpartition("/")[2], s.line) for s in result.signs] == [("inner.py", 3)]


def test_imports_over_several_lines(tmp_path):
    script = "from one import (\n    a,\n    b,\n)\n"
    result = found(tmp_path, script=script, one="import two as a; b = 3\n", two="x.data[0]")
    assert [s.place.rpartition("/")[2] for s in result.signs] == ["two.py:1"]
    result = found(tmp_path, script="print 1\nimport os; import one as two, two as one\n", one="", two="x.data[0]")
    assert [s.place.rpartition("/")[2] for s in result.signs] == ["script.py:1", "two.py:1"]


def test_a_file_of_python_2_has_signs_too(tmp_path):
    text = "import torch\nprint 'volatile=True'  # .item()\nx = Variable(x, volatile = True)\nprint x.data[0]\n"
    result = found(tmp_path, script=text)
    assert result.name == "0.3" and result.error.construct == "print statement"
    assert [(s.text, s.line) for s in result.signs] == [
        ("volatile=", 3), ("Variable(", 3), (".data[0]", 4), ("print statement", 2),
    ]  # fmt: skip


def test_a_file_in_another_encoding(tmp_path):
    (tmp_path / "script.py").write_bytes(b"# -*- coding: latin-1 -*-\nx = '\xe9'; y = x.data[0]\n")
    assert era.choose(str(tmp_path / "script.py")).name == "0.3"
    (tmp_path / "script.py").write_bytes(b"x = '\xe9'; y = x.data[0]\n")
    assert era.choose(str(tmp_path / "script.py")).name == "0.3"


def test_calls_that_gave_other_numbers_are_listed(tmp_path):
    calls = "y = F.grid_sample(x, F.affine_grid(t, s))\nF.grid_sample(x, y, align_corners=True)"
    script = f"import torch.nn.functional as F\n{calls}"
    result = found(tmp_path, script=script)
    listed = [sign.text for sign in result.signs if "ANOTHER NUMBER" in sign.meaning.instead]
    assert sorted(listed) == ["F.affine_grid without align_corners=", "F.grid_sample without align_corners="]
    assert result.name == "today"
