"""Source files of 2017 as code objects: with `async` as a name, a keyword since Python 3.7, and generators that a
StopIteration ends, which is an error since 3.7 (PEP 479); and a clear sentence for what only Python 2 reads."""

import ast
import io
import os
import re
import sysconfig
import tokenize
import warnings
from importlib.machinery import PathFinder, SourceFileLoader
from importlib.util import decode_source, spec_from_file_location

from .paths import shown

MAIN = "__flambeau_main__"
_MAY_FOLLOW_KEYWORD = ("def", "for", "with")  # after `async` where it is the keyword
_TRANSFERS = ("copy_", "cuda", "type")  # methods whose `async=` is today's `non_blocking=`
_STOPS = re.compile(rb"\braise\s+StopIteration\b|\bnext(__)?\(")

# What only Python 2 reads: a pattern of a line without its strings and comments, and its name.
_PYTHON2 = [
    (re.compile(pattern), name)
    for pattern, name in [
        (r"(^|[:;])\s*print\b\s*[^\s(=.,:;)\]}\[]", "print statement"),
        (r"(^|[:;])\s*exec\s+\S", "exec statement"),
        (r"\bexcept\s*(\([^)]*\)|[\w.]+)\s*,", "'except Error, name:'"),
        (r"\braise\s+[\w.]+\s*,", "'raise Error, message'"),
        (r"<>", "'<>'"),
        (r"`", "backquotes"),
        (r"\b0[0-7]+\b|\b0[0-7]+[lL]\b", "octal number without 'o'"),
        (r"\b\d+[lL]\b", "long number"),
        (r"\bu[rR]\"", "ur string"),
        (r"\b(def\s+\w+\s*\(|lambda\b).*\([\w\s,]*\)[^:]*:", "tuple parameter"),
    ]
]


class NeedsPython2(SyntaxError):
    """A file that only Python 2 reads."""

    construct = ""  # what Python 3 does not read, at `lineno`

    @classmethod
    def at(cls, path, error, construct):
        """The error that takes the place of another SyntaxError."""
        new = cls(
            f"{shown(path)} needs Python 2: {construct} at line {error.lineno}; run 2to3 -w on it first (Python up to "
            "3.12 has it, or take futurize), then look at its divisions: `/` of ints cut the fraction off in Python 2",
            (path, error.lineno, error.offset, error.text),
        )
        new.construct = construct
        return new


def parse(source, path, era):
    """parse(source, path, era) -> the syntax tree of the text of a file, where `async` may be a name.

    NeedsPython2, or the SyntaxError of Python. Positions in the tree are those of the file.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the code's own style: its compilation says so once
        try:
            return ast.parse(source, path)
        except SyntaxError as error:
            renamed, name = _with_async_renamed(source)
            if renamed is None:
                raise _diagnosed(error, source, path) from None
        try:
            tree = ast.parse(renamed, path)
        except SyntaxError as error:
            raise _diagnosed(error, source, path) from None
    _NameBack(name, era).visit(tree)
    return tree


def compiled(data, path, era):
    """compiled(data, path, era) -> (code, rewritten): of the bytes of a source file; see `parse`."""
    if may_stop_generators(data, era):
        tree = parse(decode_source(data), path, era)
        ending = _GeneratorsEnd()
        ending.visit(tree)
        if ending.found:
            return compile(tree, path, "exec", dont_inherit=True), True
    try:
        return compile(data, path, "exec", dont_inherit=True), False
    except SyntaxError:
        tree = parse(decode_source(data), path, era)
        return compile(tree, path, "exec", dont_inherit=True), True


def may_stop_generators(data, era):
    """Whether the bytes of a source file of 0.3 may have a generator that a StopIteration of its own code ends."""
    return era == "0.3" and b"yield" in data and _STOPS.search(data) is not None


class _GeneratorsEnd(ast.NodeVisitor):
    """Puts the body of each generator that raises StopIteration, or calls next, into a `try` that returns then."""

    found = False

    def visit_FunctionDef(self, function):
        self.generic_visit(function)
        own = list(_own_nodes(function))
        if not any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in own) or not any(map(_stops, own)):
            return
        if any("contextmanager" in ast.dump(decorator) for decorator in function.decorator_list):
            return  # which is told by a StopIteration that a block raised one
        self.found = True
        start = 1 if ast.get_docstring(function, clean=False) is not None else 0
        body = function.body[start:]
        ended = ast.ExceptHandler(ast.Name("StopIteration", ast.Load()), None, [ast.Return(None)])
        for node in ast.walk(ended):
            ast.copy_location(node, body[-1])
        function.body[start:] = [ast.copy_location(ast.Try(body, [ended], [], []), body[0])]


def _own_nodes(function):
    """The nodes of the body of a function, without those of functions, classes and generator expressions in it."""
    inner = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.GeneratorExp)
    waiting = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, inner):
            waiting.extend(ast.iter_child_nodes(node))


def _stops(node):
    """Whether a node is `raise StopIteration`, `next(x)`, `x.next()` or `x.__next__()`."""
    if isinstance(node, ast.Raise):
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return isinstance(raised, ast.Name) and raised.id == "StopIteration"
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id == "next" and len(node.args) == 1
    return isinstance(node.func, ast.Attribute) and node.func.attr in ("next", "__next__") and not node.args


def code_lines(source):
    """The lines of a text, strings empty and comments gone. Where the tokenizer gives up, the rest as it is."""
    lines = source.split("\n")
    kept, row = [""] * len(lines), 1
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            (row, start), text = token.start, token.string
            if token.type == tokenize.COMMENT or row > len(kept) or not text.strip():
                continue
            if token.type == getattr(tokenize, "FSTRING_MIDDLE", None):  # since Python 3.12
                continue
            if token.type == tokenize.STRING:
                text = re.split("['\"]", text, maxsplit=1)[0] + '""'
            kept[row - 1] = kept[row - 1].ljust(start) + text
    except (tokenize.TokenError, SyntaxError):
        kept[row - 1 :] = lines[row - 1 :]
    return kept


def _with_async_renamed(source):
    """The text with another name of five letters for each `async` that is a name, and this name. (None, None) when
    there is none, or the text cannot be read as tokens."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return None, None
    used = {t.string for t in tokens}
    name = next(f"asyn{letter}" for letter in "kqxyz" if f"asyn{letter}" not in used)
    lines = io.StringIO(source).readlines()  # as the tokenizer counts them: a form feed ends no line
    found = False
    for token, after in zip(tokens, tokens[1:], strict=False):
        if token.string == "async" and after.string not in _MAY_FOLLOW_KEYWORD:
            row, column = token.start
            line = lines[row - 1]
            lines[row - 1] = line[:column] + name + line[column + 5 :]
            found = True
    return ("".join(lines), name) if found else (None, None)


class _NameBack(ast.NodeVisitor):
    """Puts `async` back in the place of the name that stood in for it; in today's era it becomes `non_blocking` where a
    tensor is moved."""

    def __init__(self, name, era):
        self.name, self.era = name, era

    def visit(self, node):
        if isinstance(node, ast.Call):
            self.rename_keyword(node)
        for field, value in ast.iter_fields(node):
            if isinstance(value, str) and not isinstance(node, ast.Constant):
                setattr(node, field, self.restored(value))
            elif isinstance(node, (ast.Global, ast.Nonlocal)):
                node.names = [self.restored(name) for name in value]
        self.generic_visit(node)

    def restored(self, dotted):
        return ".".join("async" if part == self.name else part for part in dotted.split("."))

    def rename_keyword(self, call):
        function = call.func
        if self.era == "today" and isinstance(function, ast.Attribute) and function.attr in _TRANSFERS:
            for keyword in call.keywords:
                if keyword.arg == self.name:
                    keyword.arg = "non_blocking"


def _diagnosed(error, source, path):
    """The error to raise for a SyntaxError of Python 3: it itself, unless its line is Python 2."""
    if isinstance(error, TabError):
        return NeedsPython2.at(path, error, "tabs mixed with spaces")
    if error.lineno is None:  # null bytes
        return SyntaxError(error.msg, (path, 1, None, None))
    if match := re.match(r"Missing parentheses in call to '(print|exec)'", error.msg):
        return NeedsPython2.at(path, error, f"{match[1]} statement")
    lines = code_lines(source)
    line = lines[error.lineno - 1] if error.lineno <= len(lines) else ""
    for pattern, name in _PYTHON2:
        if pattern.search(line):
            return NeedsPython2.at(path, error, name)
    return error.with_traceback(None)


class Loader(SourceFileLoader):
    """Loads a source file of 2017 (see above). What was rewritten is not kept as bytecode."""

    def __init__(self, fullname, path, era):
        super().__init__(fullname, path)
        self.era = era
        self._keeps = False

    def get_code(self, fullname):
        """The code of the module; not of bytecode that Python itself has kept, where the source is to be rewritten."""
        path = self.get_filename(fullname)
        data = self.get_data(path)
        return self.source_to_code(data, path) if may_stop_generators(data, self.era) else super().get_code(fullname)

    def source_to_code(self, data, path, *, _optimization=-1):  # type: ignore[override]
        """The code of the source in data."""
        code, rewritten = compiled(data, path, self.era)
        self._keeps = not rewritten and self.name != MAIN
        return code

    def set_data(self, path, data, *, _mode=0o666):
        """Keeps bytecode, unless it differs from what Python itself makes of the source."""
        if self._keeps:
            super().set_data(path, data, _mode=_mode)


class SourceFinder:
    """Finds what Python finds along `sys.path`, and loads the source files outside the standard library by `Loader`."""

    def __init__(self, era):
        self.era = era
        self.script = None  # the path of the script that `flambeau run` runs; its name for child processes is MAIN
        self._library = tuple(os.path.join(sysconfig.get_path(name), "") for name in ("stdlib", "platstdlib"))

    def find_spec(self, fullname, path=None, target=None):
        """The spec of a module, or None."""
        if fullname == MAIN and self.script is not None:
            return spec_from_file_location(MAIN, self.script, loader=Loader(MAIN, self.script, self.era))
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and type(spec.loader) is SourceFileLoader and not self._is_standard(spec.origin):
            spec.loader = Loader(fullname, spec.origin, self.era)
        return spec

    def _is_standard(self, path):
        return path.startswith(self._library) and "site-packages" not in path and "dist-packages" not in path
