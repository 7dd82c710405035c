"""A web page as blocks, without what belongs to the site. Runs in the child process of `sandbox`.

The blocks are those of `docx_form`; the main element is taken where there is one.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from selectolax.lexbor import LexborHTMLParser, LexborNode

from corpus.importers.docx_form import BOLD_HEADING, Block, cell_text

DEEPEST = 1_000  # open elements; the parser's time grows with their square

_SITE_TAGS = frozenset(
    (
        *("head", "script", "style", "noscript", "template", "nav", "footer", "aside", "button", "select"),
        *("textarea", "input", "svg", "iframe", "dialog"),
    )
)
_SITE_ROLES = frozenset(("navigation", "contentinfo", "search", "dialog"))
_SITE_NAME = re.compile(
    r"^(?:.*[-_])?(?:menu|nav|navbar|footer|peu|pie|breadcrumbs?|cookies?|social|share|compart\w*|condividi|sidebar|"
    r"related|relacionad\w*|correlat\w*|comments?|comentari\w*|newsletter|butlleti|skip|pager|login)(?:[-_].*)?$",
    re.IGNORECASE,
)
_BLOCKS = frozenset(
    (
        *(
            "address",
            "article",
            "blockquote",
            "body",
            "br",
            "caption",
            "center",
            "dd",
            "details",
            "div",
            "dl",
            "dt",
        ),
        *(
            "fieldset",
            "figcaption",
            "figure",
            "form",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "header",
            "hr",
            "legend",
        ),
        *("li", "main", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead"),
        *("tr", "ul"),
    )
)
_BOLD = frozenset(("b", "strong"))
_TAG = re.compile(rb"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]*?(/?)>")
_NEVER_DEEP = frozenset(
    b"""area base br col embed hr img input link meta source track wbr
    p li td th tr dt dd option tbody thead tfoot""".split()
)


def parse(file: BinaryIO) -> Iterator[Block]:
    """The blocks of the page, in order."""
    page = file.read()
    if _depth(page) > DEEPEST:
        raise ValueError(f"its elements are nested more than {DEEPEST} deep")
    tree = LexborHTMLParser(_decoded(page))
    title = tree.css_first("title")
    if title is not None and tree.css_first("h1") is None and (text := " ".join(title.text().split())):
        yield ["heading", re.split(r"\s+[|–-]\s+", text)[0], BOLD_HEADING]
    main = tree.css_first("main, [role=main]") or tree.body
    if main is not None:
        yield from _Walk().blocks(main)


def _decoded(page: bytes) -> str:
    """The page as text, by its mark, what it declares, or what its bytes fit."""
    if page.startswith((b"\xff\xfe", b"\xfe\xff")):
        return page.decode("utf-16", "replace")
    declared = re.search(rb"charset\s*=\s*[\"']?([\w.:-]+)", page[:2048], re.IGNORECASE)
    encodings = ["utf-8-sig", "cp1252"]
    if declared and declared[1].lower() not in (b"utf-8", b"utf8", b"iso-8859-1", b"latin1"):
        encodings.insert(0, declared[1].decode("ascii", "replace"))
    for encoding in encodings:
        try:
            return page.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return page.decode("utf-8", "replace")


def _depth(page: bytes) -> int:
    """The most elements open at once, were every end tag where it belongs."""
    depth = deepest = 0
    for end, name, empty in _TAG.findall(page):
        if empty or name.lower() in _NEVER_DEEP:
            continue
        depth = max(depth - 1, 0) if end else depth + 1
        deepest = max(deepest, depth)
    return deepest


def _is_of_the_site(node: LexborNode) -> bool:
    """Whether an element is furniture: by its tag, its role, or a name such as "breadcrumb" or "peu"."""
    attributes = node.attributes
    if node.tag in _SITE_TAGS or attributes.get("role") in _SITE_ROLES:
        return True
    if "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return True
    names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}".split()
    is_named_so = node.tag == "header" or any(_SITE_NAME.match(name) for name in names)
    return is_named_so and node.css_first("h1, main, article") is None


class _Walk:
    """Collects the text between one block's edge and the next, without recursion."""

    def __init__(self) -> None:
        self.pieces: list[tuple[str, bool]] = []
        self.open: list[str] = []

    def blocks(self, root: LexborNode) -> Iterator[Block]:
        stack: list[tuple[LexborNode, bool]] = [(root, False)]
        while stack:
            node, is_leaving = stack.pop()
            tag = node.tag or ""
            if tag == "-text":
                self.pieces.append((node.text(deep=False), not _BOLD.isdisjoint(self.open)))
                continue
            if tag in _BLOCKS:
                yield from self._flush()
            if is_leaving:
                self.open.pop()
                continue
            if node is not root and _is_of_the_site(node):
                continue
            if tag == "table" and node.css_first("table table, h1, h2, h3") is None:
                yield from _table(node)
                continue
            self.open.append(tag)
            stack.append((node, True))
            children = list(node.iter(include_text=True))
            stack += [(child, False) for child in reversed(children)]
        yield from self._flush()

    def _flush(self) -> Iterator[Block]:
        text = " ".join("".join(piece for piece, _ in self.pieces).split())
        lead = ""
        for piece, bold in self.pieces:
            if not bold and piece.strip():
                break
            lead += piece
        self.pieces = []
        lead = " ".join(lead.split())
        if not text:
            return
        level = next((int(tag[1]) for tag in reversed(self.open) if re.fullmatch("h[1-6]", tag)), None)
        if (
            level is None
            and "li" not in self.open
            and (lead == text or "dt" in self.open or "legend" in self.open)
        ):
            level = BOLD_HEADING
        if level is not None:
            yield ["heading", text, level]
        else:
            yield ["item" if "li" in self.open else "text", text, lead]


def _table(table: LexborNode) -> Iterator[Block]:
    rows: list[Any] = []
    for row in table.css("tr"):
        cells = [cell_text(list(_Walk().blocks(cell))) for cell in row.css("td, th")]
        if any(cells):
            rows.append(cells)
    if rows:
        yield ["table", rows]
