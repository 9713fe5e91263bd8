"""The examples learn, with PyTorch's numbers: each runs under both libraries."""

import pathlib
import types

import pytest

from examples import char_gpt, gat, gaussian_process, maml, pinn

TEXT = pathlib.Path(char_gpt.__file__).read_text()


def under_pytorch(example):
    """The same program with `torch` instead of this library."""
    pytest.importorskip("torch")
    source = pathlib.Path(example.__file__).read_text()
    source = source.replace("import flambeau as torch", "import torch").replace("from flambeau", "from torch")
    assert "flambeau" not in source
    module = types.ModuleType(example.__name__)
    exec(source, vars(module))
    return module


@pytest.mark.parametrize(
    ("example", "losses"),
    [
        (char_gpt, lambda program: program.run(TEXT, steps=12, batch_size=8)[2]),
        (maml, lambda program: program.run(steps=5)[1]),
        (gaussian_process, lambda program: program.run()[1]),
        (pinn, lambda program: program.run(steps=8)[1]),
        (gat, lambda program: [program.run(steps=20)]),
    ],
    ids=["char_gpt", "maml", "gaussian_process", "pinn", "gat"],
)
def test_examples_follow_pytorchs_curves(example, losses):
    assert losses(example) == pytest.approx(losses(under_pytorch(example)), rel=1e-3)


def test_char_gpt_learns_and_writes():
    model, characters, losses = char_gpt.run(TEXT, steps=40)
    assert losses[-1] < losses[0] - 1
    start = char_gpt.torch.zeros(1, 1, dtype=char_gpt.torch.long)
    written = model.generate(start, 40, top_k=5)
    assert written.shape == (1, 41) and written.min() >= 0 and written.max() < len(characters)


def test_maml_learns():
    _, losses = maml.run(steps=150)
    assert sum(losses[-20:]) < 0.7 * sum(losses[:20])


def test_gaussian_process_finds_the_noise():
    process, losses = gaussian_process.run(noise=0.1)
    assert losses[-1] < losses[0]
    assert process.positive("noise").item() ** 0.5 == pytest.approx(0.1, rel=0.3)


def test_pinn_solves_the_equation():
    network, _ = pinn.run()
    assert pinn.error(network) < 5e-3


def test_gat_finds_the_communities():
    assert gat.run(steps=60) > 0.85
