"""Records of a large XML file one after another: streamed, within limits, without any DTD."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final
from xml.parsers import expat

from hotspots.errors import SourceError
from hotspots.i18n import _, format_number
from hotspots.layers.official.opening import Unpacked
from hotspots.progress import Report

MAX_VERTICES: Final = 250_000  # in one record; the boundary of the whole state has about 150,000
_MAX_TEXT: Final = MAX_VERTICES * 40  # characters in one record
_MAX_NODES: Final = 100_000  # elements in one record
_MAX_DEPTH: Final = 60
_MAX_NAMES: Final = 2_000  # different names of elements and attributes; real files have about 200
# Bytes without any element beginning: the longest list of positions is shorter than this.
_MAX_QUIET: Final = 16 << 20
# One tag or comment: expat looks through an unfinished one again with every piece of the file.
_MAX_TOKEN: Final = 1 << 20
_MAX_ATTRIBUTES: Final = 1 << 16  # characters in the attributes of one tag
_CHUNK: Final = 1 << 16
_ENCODINGS: Final = frozenset(
    {"utf-8", "utf8", "us-ascii", "ascii", "windows-1250", "cp1250", "iso-8859-2"}
)
_WIDE_MARKS: Final = (b"\xff\xfe", b"\xfe\xff", b"\x00<", b"<\x00")

_ENDS_EARLY: Final = frozenset(
    {
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
    }
)

Path = tuple[str, ...]


class Node:
    """An element of a record: local name, attributes by local name, text, children in order."""

    __slots__ = ("attributes", "children", "name", "pieces")

    def __init__(self, name: str, attributes: Mapping[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Node] = []
        self.pieces: list[str] = []

    @property
    def text(self) -> str:
        """The text directly inside, without white space around it."""
        return "".join(self.pieces).strip()

    def child(self, *names: str) -> "Node | None":
        """Return the element reached by first children of these names, or None."""
        node: Node | None = self
        for name in names:
            node = next((c for c in node.children if c.name == name), None) if node else None
        return node

    def value(self, *names: str) -> str:
        """Return the text of `child(*names)`; empty where there is none."""
        found = self.child(*names)
        return found.text if found is not None else ""


def read_records(
    source: Unpacked,
    wanted: Mapping[Path, frozenset[str]],
    *,
    check_root: Callable[[str, str], None],
    report: Report,
) -> Iterator[tuple[Path, Node]]:
    """Yield the wanted elements of an XML file, in its order, each with all that it holds.

    Memory is bounded by the largest record allowed, not by the file.

    Parameters
    ----------
    source
        The file.
    wanted
        Path of local names below the root → names of elements inside such a record to leave out.
    check_root
        Called with the namespace and local name of the root; raises where they are not expected.
    report
        Told how much of the file has been read, after each 64 KB; may raise to stop.

    Raises
    ------
    SourceError
        The file is no well-formed XML, is cut off, declares a document type or entities, is in
        an encoding not read, or passes a limit: depth 60, 2,000 different names, a record of
        250,000 vertices, 16 MB without an element, a tag of 1 MB or with attributes of 64 KB.
    """
    head = source.peek(64)
    if head.startswith(_WIDE_MARKS):
        raise SourceError(
            _("{name} is in UTF-16; save it as UTF-8 or download it again").format(
                name=source.path.name
            )
        )
    reader = _Reader(source.path.name, wanted, check_root)
    text = _("Reading {name}").format(name=source.path.name)
    while piece := source.read(_CHUNK):
        report(text, source.share)
        yield from reader.feed(piece)
    yield from reader.feed(b"", final=True)


class _Reader:
    """Turns expat's events into records."""

    def __init__(
        self,
        file: str,
        wanted: Mapping[Path, frozenset[str]],
        check_root: Callable[[str, str], None],
    ) -> None:
        self.file = file
        self.wanted = wanted
        self.check_root = check_root
        self.inner = {path[:n] for path in wanted for n in range(len(path))}
        self.locals: dict[str, str] = {}
        self.path: Path = ()
        self.depth = 0
        self.skipped_from = 0  # depth of the element being passed over; 0 for none
        self.stack: list[Node] = []
        self.unwanted: frozenset[str] = frozenset()
        self.n_nodes = self.n_text = self.n_spaces = self.n_attributes = 0
        self.fed = self.quiet = 0
        self.moved = False
        self.ready: list[tuple[Path, Node]] = []
        self.parser = self._make_parser()

    def _make_parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartNamespaceDeclHandler = self._namespace
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        return parser

    def feed(self, piece: bytes, *, final: bool = False) -> list[tuple[Path, Node]]:
        """Return the records that end within these bytes."""
        self.moved = False
        try:
            self.parser.Parse(piece, final)
        except expat.ExpatError as error:
            raise self._malformed(error) from error
        self.fed += len(piece)
        self.quiet = 0 if self.moved else self.quiet + len(piece)
        unfinished = self.fed - self.parser.CurrentByteIndex
        if self.quiet > _MAX_QUIET or unfinished > _MAX_TOKEN:
            raise SourceError(
                _(
                    "{name} goes on for {size} MB without any element (spaces, a comment or one "
                    "endless text); no real file does, it is not read further"
                ).format(name=self.file, size=format_number(max(self.quiet, unfinished) >> 20))
            )
        ready, self.ready = self.ready, []
        return ready

    def _malformed(self, error: expat.ExpatError) -> SourceError:
        reason = expat.ErrorString(error.code)
        if reason in _ENDS_EARLY:
            return SourceError(
                _("{name} ends too early, it seems cut off; download it again").format(
                    name=self.file
                )
            )
        return SourceError(
            _("{name} is not well-formed XML in line {line} ({reason}); download it again").format(
                name=self.file, line=error.lineno, reason=reason
            )
        )

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            raise SourceError(
                _(
                    "{name} declares the encoding '{encoding}'; RÚIAN files are in UTF-8, "
                    "download it again"
                ).format(name=self.file, encoding=encoding[:40])
            )

    def _doctype(self, *_args: object) -> None:
        raise SourceError(
            _(
                "{name} declares a document type or entities, which RÚIAN files never do; "
                "it is not read. Download it again from ČÚZK"
            ).format(name=self.file)
        )

    def _namespace(self, prefix: str | None, uri: str | None) -> None:
        self._measure({"xmlns": uri or ""})
        self.n_spaces += 1
        if prefix is not None and f"xmlns {prefix}" not in self.locals:
            self._learn(f"xmlns {prefix}")
        if self.n_spaces > 1_000_000:
            raise self._too_many()

    def _learn(self, name: str) -> None:
        """Remember the local part of a name; expat keeps every name, so they must be few."""
        if len(self.locals) >= _MAX_NAMES:
            raise self._too_many()
        self.locals[name] = name.rpartition(" ")[2]

    def _measure(self, attributes: Mapping[str, str]) -> int:
        """Return how many characters the values of a tag's attributes have."""
        n = sum(map(len, attributes.values()))
        if n > _MAX_ATTRIBUTES:
            raise SourceError(
                _(
                    "{name} has a tag with more than {n} KB of attributes; no real file does, it "
                    "is not read further"
                ).format(name=self.file, n=format_number(_MAX_ATTRIBUTES >> 10))
            )
        return n

    def _too_many(self) -> SourceError:
        return SourceError(
            _("{name} uses more different names than RÚIAN files do; it is not read").format(
                name=self.file
            )
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.moved = True
        self.depth += 1
        names = self.locals
        if name not in names:
            self._learn(name)
        for key in attributes:
            if key not in names:
                self._learn(key)
        self.n_attributes = self._measure(attributes) if attributes else 0
        if self.depth > _MAX_DEPTH:
            raise SourceError(
                _("{name} nests its elements deeper than RÚIAN files do; it is not read").format(
                    name=self.file
                )
            )
        # Most of a file is passed over: nothing more is done for it than the limits ask.
        if self.skipped_from:
            return
        if self.depth == 1:
            self.check_root(name.rpartition(" ")[0], names[name])
            return
        learnt = {names[key]: value for key, value in attributes.items()}
        if self.stack:
            self._grow(names[name], learnt)
        else:
            self._enter(names[name], learnt)

    def _enter(self, local: str, attributes: Mapping[str, str]) -> None:
        path = (*self.path, local)
        if path in self.wanted:
            self.path = path
            self.unwanted = self.wanted[path]
            self.n_nodes = self.n_text = 0
            self.stack = [Node(local, attributes)]
            self.parser.CharacterDataHandler = self._text
        elif path in self.inner:
            self.path = path
        else:
            self.skipped_from = self.depth

    def _grow(self, local: str, attributes: Mapping[str, str]) -> None:
        if local in self.unwanted:
            self.skipped_from = self.depth
            self.parser.CharacterDataHandler = None
            return
        self.n_nodes += 1
        if self.n_nodes > _MAX_NODES:
            raise self._too_large()
        self.n_text += self.n_attributes
        if self.n_text > _MAX_TEXT:
            raise self._too_large()
        node = Node(local, attributes)
        self.stack[-1].children.append(node)
        self.stack.append(node)

    def _text(self, text: str) -> None:
        self.n_text += len(text)
        if self.n_text > _MAX_TEXT:
            raise self._too_large()
        self.stack[-1].pieces.append(text)

    def _too_large(self) -> SourceError:
        return too_many_vertices(self.file, self.stack[0].attributes.get("id", self.stack[0].name))

    def _end(self, _name: str) -> None:
        self.depth -= 1
        if self.skipped_from:
            if self.depth < self.skipped_from:
                self.skipped_from = 0
                self.parser.CharacterDataHandler = self._text if self.stack else None
            return
        if self.stack:
            node = self.stack.pop()
            if self.stack:
                return
            self.ready.append((self.path, node))
            self.parser.CharacterDataHandler = None
        self.path = self.path[:-1]


def too_many_vertices(file: str, feature: str) -> SourceError:
    """Return the error of a feature larger than any real one."""
    return SourceError(
        _(
            "{name}: {feature} has more than {n} vertices, more than any real boundary; "
            "it is not read. Download the file again from ČÚZK"
        ).format(name=file, feature=feature[:80], n=format_number(MAX_VERTICES))
    )
