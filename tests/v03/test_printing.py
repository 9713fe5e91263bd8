"""How tensors are shown."""

import pytest

import flambeau.v03 as torch
from flambeau.v03.faces import Parameter, Variable


@pytest.fixture(autouse=True)
def default_options():
    yield
    torch.set_printoptions(profile="default")


def test_ints_and_whole_floats():
    assert repr(torch.FloatTensor([1, 2])) == "\n 1\n 2\n[torch.FloatTensor of size 2]\n"
    assert str(torch.LongTensor([[1, -2], [10, 3]])) == "\n  1  -2\n 10   3\n[torch.LongTensor of size 2x2]\n"
    assert repr(torch.ByteTensor([255])) == "\n 255\n[torch.ByteTensor of size 1]\n"


def test_variable():
    x, y = Variable(torch.ones(5, 1)), Variable(torch.ones(3))
    assert str(x + y) == "Variable containing:\n" + " 2  2  2\n" * 5 + "[torch.FloatTensor of size 5x3]\n"
    assert repr(Variable(torch.ones(2)).sum()) == "Variable containing:\n 2\n[torch.FloatTensor of size 1]\n"
    assert repr(Parameter(torch.ones(1))) == "Parameter containing:\n 1\n[torch.FloatTensor of size 1]\n"
    assert repr(y > 0) == "Variable containing:\n 1\n 1\n 1\n[torch.ByteTensor of size 3]\n"


def test_floats():
    x = torch.FloatTensor([[0.5, -1.25], [2, 13.5]])
    assert repr(x) == "\n  0.5000  -1.2500\n  2.0000  13.5000\n[torch.FloatTensor of size 2x2]\n"
    assert repr(torch.FloatTensor([0.25])) == "\n 0.2500\n[torch.FloatTensor of size 1]\n"


def test_common_scale():
    x = torch.FloatTensor([123456.5, 223456.25])
    assert repr(x) == "\n1.00000e+05 *\n  1.2346\n  2.2346\n[torch.FloatTensor of size 2]\n"
    y = torch.FloatTensor([[0.001, 0.002]])
    assert repr(y) == "\n1.00000e-03 *\n  1.0000  2.0000\n[torch.FloatTensor of size 1x2]\n"
    assert "1.00000e+03 *" not in repr(torch.FloatTensor([1000.5]))


def test_powers():
    x = torch.FloatTensor([1e-4, 1e4])
    assert repr(x) == "\n 1.0000e-04\n 1.0000e+04\n[torch.FloatTensor of size 2]\n"
    assert repr(torch.LongTensor([1000000])) == "\n 1.0000e+06\n[torch.LongTensor of size 1]\n"


def test_not_a_number():
    assert repr(torch.FloatTensor([float("nan"), 1])) == "\nnan\n 1\n[torch.FloatTensor of size 2]\n"
    assert repr(torch.FloatTensor([float("inf"), 0.5])) == "\n    inf\n 0.5000\n[torch.FloatTensor of size 2]\n"


def test_blocks():
    x = torch.arange(0, 8).view(2, 2, 2)
    assert repr(x) == (
        "\n(0 ,.,.) = \n  0  1\n  2  3\n\n(1 ,.,.) = \n  4  5\n  6  7\n[torch.FloatTensor of size 2x2x2]\n"
    )
    assert "(0 ,1 ,.,.) = \n" in repr(torch.ones(1, 2, 1, 1))
    assert "\n( 0 , 0 ,.,.) = \n" in repr(torch.ones(1, 1, 1, 100))  # the places are as wide as the longest size
    small = torch.FloatTensor([[[0.00003988, 0.00005234]]])
    assert repr(small) == "\n(0 ,.,.) = \n1.00000e-05 *\n   3.9880  5.2340\n[torch.FloatTensor of size 1x1x2]\n"


def test_shortened_blocks():
    lines = repr(torch.zeros(1, 60, 300) + 0.25).split("\n")
    row = "  0.2500  0.2500  0.2500  ...   0.2500  0.2500  0.2500"
    assert lines[1:6] == ["( 0 ,.,.) = ", row, row, row, "           ...             \u22f1             ...          "]
    lines = repr(torch.zeros(1, 250, 4) + 0.25).split("\n")
    assert lines[2] == "  0.2500  0.2500  0.2500  0.2500" and lines[5] == "               \u22ee                "


def test_columns():
    lines = repr(torch.ones(1, 60)).split("\n")
    assert lines[2] == "Columns 0 to 12 " and lines[3] == " ".join(["    1"] * 13)
    assert lines[4] == "" and "Columns 52 to 59 " in lines


def test_shortened():
    assert repr(torch.zeros(1000)) == (
        "\n 0\n 0\n 0\n\u22ee \n 0\n 0\n 0\n[torch.FloatTensor of size 1000]\n"
    )
    assert len(repr(torch.zeros(999)).split("\n")) == 1002
    rows = repr(torch.zeros(40, 40)).split("\n")
    assert rows[1] == "    0     0     0  ...      0     0     0"
    assert rows[4] == "       ...          \u22f1          ...       "
    assert len(rows) == 10
    assert "\u22ee" in repr(torch.zeros(500, 2)) and "..." not in repr(torch.zeros(500, 2))
    assert " \u22ee " in repr(torch.zeros(10, 10, 10, 10)) and "\n...   \n" in repr(torch.zeros(10, 10, 10, 10))


def test_place_on_a_gpu(monkeypatch):
    x = torch.FloatTensor([1])
    monkeypatch.setattr(torch.FloatTensor, "is_cuda", True)
    monkeypatch.setattr(torch.FloatTensor, "get_device", lambda self: 1)
    monkeypatch.setattr(torch.FloatTensor, "cpu", lambda self: self)
    assert repr(x) == "\n 1\n[torch.FloatTensor of size 1 (GPU 1)]\n"


def test_empty():
    assert repr(torch.FloatTensor()) == "[torch.FloatTensor with no dimension]\n"
    assert repr(Variable(torch.LongTensor())) == "Variable containing:[torch.LongTensor with no dimension]\n"


def test_options():
    torch.set_printoptions(precision=2)
    assert repr(torch.FloatTensor([0.125])) == "\n 0.12\n[torch.FloatTensor of size 1]\n".replace(" 0.12", "   0.12")
    torch.set_printoptions(threshold=5, edgeitems=1)
    assert repr(torch.zeros(9)) == "\n 0\n\u22ee \n 0\n[torch.FloatTensor of size 9]\n"
    torch.set_printoptions(profile="full")
    assert len(repr(torch.zeros(2000)).split("\n")) == 2003
    torch.set_printoptions(linewidth=9, profile="default")
    assert "Columns 0 to 2 " in repr(torch.ones(2, 4))
    with pytest.raises(ValueError, match="profile must be one of"):
        torch.set_printoptions(profile="long")
