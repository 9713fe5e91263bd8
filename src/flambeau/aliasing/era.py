"""Which era a program is written for: signs of PyTorch 0.3 and of today's in its source, and which outweigh."""

import ast
import os
import re
from dataclasses import dataclass
from importlib.util import decode_source
from pathlib import Path

from .paths import shown
from .signs import ALIAS, ATTRIBUTES, CALLS, DATA_0, F_STRING, KEYWORDS, METHODS, NAMES, PATTERNS, Meaning
from .source import NeedsPython2, code_lines, parse


@dataclass(frozen=True)
class Sign:
    """A construct of one era at a line of a file."""

    path: str
    line: int
    text: str
    meaning: Meaning

    @property
    def place(self):
        """file:line"""
        return f"{shown(self.path)}:{self.line}"


@dataclass
class Era:
    """What was found: the `name` of the era ("0.3" or "today"), the `reason` in words, all `signs`, and the first file
    that Python 3 cannot read, as an error, or None."""

    name: str
    reason: str
    signs: list
    error: SyntaxError | None


def choose(path, data=None, root=None):
    """choose(path) -> Era: of a script, and of the modules below the folder `root` (by default its own) that it or they
    import. `data`: the bytes of the script when it is no file."""
    root = os.path.dirname(os.path.abspath(path)) if root is None else root
    signs, error = [], None
    waiting, seen = [path], set()
    while waiting:
        file = waiting.pop(0)
        if os.path.realpath(file) in seen:
            continue
        seen.add(os.path.realpath(file))
        found, imported, problem = scan(file, Path(file).read_bytes() if data is None else data)
        data = None
        signs += found
        error = error or problem
        for module, level in imported:
            waiting += _module_files(_ancestor(file, level) if level else root, module)
    weights = {"0.3": 0, "today": 0}
    for meaning in {id(s.meaning): s.meaning for s in signs}.values():
        weights[meaning.era] += meaning.weight
    name = "0.3" if weights["0.3"] > weights["today"] else "today"
    return Era(name, _reason(name, signs), signs, error)


def _reason(name, signs):
    title = "PyTorch 0.3" if name == "0.3" else "today's PyTorch"
    mine = [s for s in signs if s.meaning.era == name and s.meaning.weight]
    if not mine:
        return f"{title}: no sign of 0.3 found"
    best = max(mine, key=lambda s: s.meaning.weight)  # the first of the heaviest
    return f"{title}: '{best.text}' at line {best.line} ({best.place})"


def scan(path, data):
    """scan(path, data) -> (signs, imported, error) of the bytes of a file: signs by line; what it imports, as (dotted
    name, dots before it); the SyntaxError when Python 3 cannot read it."""
    source = _text(data)
    try:
        tree = parse(source, path, "0.3")
    except SyntaxError as error:
        return _signs_of_lines(source, path, error), list(_imports_of_lines(source)), error
    finder = _Finder(path)
    finder.visit(tree)
    return sorted(finder.signs, key=lambda s: s.line), finder.imported, None


def _signs_of_lines(source, path, error):
    """The signs in a text that has no syntax tree."""
    signs = [
        Sign(path, number, text, meaning)
        for number, line in enumerate(code_lines(source), 1)
        for pattern, text, meaning in PATTERNS
        if pattern.search(line)
    ]
    if isinstance(error, NeedsPython2):
        signs.append(Sign(path, error.lineno or 1, error.construct, Meaning("0.3", 5, "needs Python 2")))
    return signs


def _text(data):
    """The text of a source file. What declares its encoding wrongly is for the compiler to refuse."""
    try:
        return decode_source(data)
    except (SyntaxError, UnicodeDecodeError):
        return data.decode("latin-1")


# ------------------------------------------------------------------------------------------------ one file

_LIBRARIES = ("torch.", "torchvision.")


class _Finder(ast.NodeVisitor):
    """Collects the signs in a syntax tree. Names are followed to `torch.nn.functional.relu` through the imports."""

    def __init__(self, path):
        self.path = path
        self.signs = []
        self.bound = {}  # name in the file -> dotted name of what it was imported as
        self.imported = []  # (dotted name, dots before it)

    def note(self, node, text, meaning):
        self.signs.append(Sign(self.path, node.lineno, text, meaning))

    def visit_Import(self, node):
        for name in node.names:
            self.imported.append((name.name, 0))
            self.bound[name.asname or name.name.partition(".")[0]] = (
                name.name if name.asname else name.name.partition(".")[0]
            )
            self.look_up(node, name.name)

    def visit_ImportFrom(self, node):
        for name in node.names:
            dotted = f"{node.module or ''}.{name.name}"
            self.imported.append((dotted, node.level))
            if not node.level:
                self.bound[name.asname or name.name] = dotted
                self.look_up(node, dotted)

    def look_up(self, node, dotted):
        """Notes what NAMES says of a dotted name or of a module that it lies in."""
        while dotted:
            if dotted in NAMES:
                return self.note(node, dotted, NAMES[dotted])
            dotted = dotted.rpartition(".")[0]

    def resolve(self, node):
        """The dotted name that an expression means, or None."""
        names = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self.bound:
            return None
        return ".".join([self.bound[node.id], *reversed(names)])

    def visit_Attribute(self, node):
        dotted = self.resolve(node)
        if dotted is None:
            if node.attr in ATTRIBUTES:
                self.note(node, f".{node.attr}", ATTRIBUTES[node.attr])
            self.generic_visit(node)
        elif dotted.startswith(_LIBRARIES):
            self.look_up(node, dotted)

    def visit_Name(self, node):
        dotted = self.bound.get(node.id, "")
        if dotted.startswith(_LIBRARIES) and isinstance(node.ctx, ast.Load):
            self.look_up(node, dotted)

    def visit_Call(self, node):
        dotted = self.resolve(node.func) or ""
        keywords = {k.arg: k.value for k in node.keywords}
        for name, value in keywords.items():
            meaning = KEYWORDS.get(name)
            if meaning is not None and meaning.fits(self, node, value):
                self.note(value, f"{name}=", meaning)
        told = [getattr(value, "value", None) for value in (*node.args, *keywords.values())]
        if dotted == "flambeau.alias" and told and told[0] in ALIAS:
            self.note(node, f"flambeau.alias({told[0]})", ALIAS[told[0]])
        for name, fits, text, meaning in CALLS:
            if dotted.endswith(name) and dotted.startswith("torch.") and fits(node, keywords):
                self.note(node, text, meaning)
        if not dotted and isinstance(node.func, ast.Attribute):
            meaning = METHODS.get(node.func.attr)
            if meaning is not None and meaning.fits(self, node, None):
                self.note(node.func, f".{node.func.attr}()", meaning)
        self.generic_visit(node)

    def visit_arg(self, node):
        if node.arg == "async":
            self.note(node, "async=", KEYWORDS["async"])

    def visit_Subscript(self, node):
        value = node.value
        is_data = isinstance(value, ast.Attribute) and value.attr == "data"
        if is_data and getattr(node.slice, "value", None) == 0 and getattr(value.value, "id", None) != "self":
            self.note(value, ".data[0]", DATA_0)  # `self.data` is a data set's own list
        self.generic_visit(node)

    def visit_JoinedStr(self, node):
        if not any(sign.meaning is F_STRING for sign in self.signs):
            self.note(node, "f-string", F_STRING)
        self.generic_visit(node)


# ---------------------------------------------------------------------------------------------- the files of a program

_IMPORT = re.compile(r"\s*(?:from\s+(\.*)([\w.]*)\s+import\s+\(?\s*([\w, ]+)|import\s+([\w., ]+))")


def _imports_of_lines(source):
    """The modules that a text imports, when it has no syntax tree."""
    for line in code_lines(source):
        for match in filter(None, map(_IMPORT.match, line.split(";"))):
            dots, module, names, modules = match.groups()
            for name in (modules or names).split(","):
                first = name.split()[:1] or [""]
                yield (first[0], 0) if modules else (f"{module}.{first[0]}", len(dots))


def _ancestor(path, level):
    """The folder that `level` dots mean in a file."""
    path = os.path.abspath(path)
    for _ in range(level):
        path = os.path.dirname(path)
    return path


def _module_files(base, module):
    """The files of a dotted name below a folder: of the packages on the way, and of the module. Parts that are names in
    a module have none."""
    found = []
    for part in filter(None, module.split(".")):
        base = os.path.join(base, part)
        found += [file for file in (f"{base}.py", os.path.join(base, "__init__.py")) if os.path.isfile(file)]
    return found
