"""Which era a program is written for: signs of PyTorch 0.3 and of today's in its source, and which outweigh."""

import ast
import os
import re
from dataclasses import dataclass
from importlib.util import decode_source
from pathlib import Path

from .paths import shown
from .signs import ATTRIBUTES, CALLS, IMPORTS, KEYWORDS, METHODS, NAMES, PATTERNS, Meaning
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
    signs, error = [], None
    for file, source in _files(path, data, root):
        found, problem = scan(file, source)
        signs += found
        error = error or problem
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


def scan(path, source):
    """scan(path, source) -> (signs by line, the SyntaxError when Python 3 cannot read it) of a text."""
    try:
        tree = parse(source, path, "0.3")
    except SyntaxError as error:
        return _signs_of_lines(source, path, error), error
    finder = _Finder(path)
    finder.visit(tree)
    return sorted(finder.signs, key=lambda s: s.line), None


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


class _Finder(ast.NodeVisitor):
    """Collects the signs in a syntax tree. Names are followed to `torch.nn.functional.relu` through the imports."""

    def __init__(self, path):
        self.path = path
        self.signs = []
        self.bound = {}  # name in the file -> dotted name of what it was imported as

    def note(self, node, text, meaning):
        self.signs.append(Sign(self.path, node.lineno, text, meaning))

    def visit_Import(self, node):
        for name in node.names:
            self.bound[name.asname or name.name.partition(".")[0]] = (
                name.name if name.asname else name.name.partition(".")[0]
            )
            self.look_up(node, name.name, IMPORTS)

    def visit_ImportFrom(self, node):
        if node.level or not node.module:
            return
        for name in node.names:
            dotted = f"{node.module}.{name.name}"
            self.bound[name.asname or name.name] = dotted
            self.look_up(node, dotted, NAMES) or self.look_up(node, node.module, IMPORTS)

    def look_up(self, node, dotted, table):
        """Notes what the table says of a dotted name or of a module that it lies in."""
        parts = dotted.split(".")
        for end in range(len(parts), 1, -1):
            meaning = table.get(".".join(parts[:end]))
            if meaning is not None:
                self.note(node, ".".join(parts[:end]), meaning)
                return True
        return False

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
        elif dotted.startswith("torch."):
            self.look_up(node, dotted, NAMES) or self.look_up(node, dotted, IMPORTS)

    def visit_Name(self, node):
        dotted = self.bound.get(node.id, "")
        if dotted.startswith("torch.") and isinstance(node.ctx, ast.Load):
            self.look_up(node, dotted, NAMES)

    def visit_Call(self, node):
        dotted = self.resolve(node.func) or ""
        keywords = {k.arg: k.value for k in node.keywords}
        for name, value in keywords.items():
            meaning = KEYWORDS.get(name)
            if meaning is not None and meaning.fits(self, node, value):
                self.note(value, f"{name}=", meaning)
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
        value, key = node.value, node.slice
        if isinstance(value, ast.Attribute) and value.attr == "data" and getattr(key, "value", None) == 0:
            self.note(value, ".data[0]", NAMES[".data[0]"])
        self.generic_visit(node)

    def visit_JoinedStr(self, node):
        self.note(node, "f-string", NAMES["f-string"])
        self.generic_visit(node)


# ---------------------------------------------------------------------------------------------- the files of a program


def _files(path, data, root):
    """The path and text of the script and of the files below root that it imports, directly or not, each once."""
    root = os.path.dirname(os.path.abspath(path)) if root is None else root
    waiting, seen = [path], set()
    while waiting:
        file = waiting.pop(0)
        if os.path.realpath(file) in seen:
            continue
        seen.add(os.path.realpath(file))
        source = _text(Path(file).read_bytes() if data is None else data)
        data = None
        yield file, source
        for module, level in _imported(source):
            base = root
            if level:
                base = os.path.abspath(file)
                for _ in range(level):
                    base = os.path.dirname(base)
            waiting += _module_files(base, module)


_IMPORT = re.compile(r"^\s*(?:from\s+(\.*)([\w.]*)\s+import\s+\(?\s*([\w, ]+)|import\s+([\w., ]+))")


def _imported(source):
    """The modules that a text imports, as (dotted name, dots before it). By lines: the file may be of Python 2."""
    for line in code_lines(source):
        match = _IMPORT.match(line)
        if match is None:
            continue
        dots, module, names, modules = match.groups()
        if modules:
            for name in modules.split(","):
                if name.split():
                    yield name.split()[0], 0
        else:
            yield module, len(dots)
            for name in names.split(","):
                if name.split():
                    yield f"{module}.{name.split()[0]}".lstrip("."), len(dots)


def _module_files(base, module):
    """The files of a dotted name below a folder: the packages on the way, and the module."""
    found = []
    for part in module.split(".") if module else [""]:
        base = os.path.join(base, part)
        candidates = [f"{base}.py", os.path.join(base, "__init__.py")]
        found += [c for c in candidates if part and os.path.isfile(c)]
    return found
