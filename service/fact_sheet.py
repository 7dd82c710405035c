"""The fact sheet of a practice: its whole record on paper, as a tagged PDF (PDF/UA-1) made by WeasyPrint.

WeasyPrint comes with the extra `pdf` and needs Pango; where either is missing there are no fact sheets, and
`missing` says why.
"""

from collections.abc import Iterator
from ctypes.util import find_library
from functools import cache, lru_cache
from importlib.util import find_spec
from threading import BoundedSemaphore
from typing import Any

from corpus.errors import EmpeltError

PDF_VARIANT = "pdf/ua-1"
WAITING_SECONDS = 10.0  # a sheet takes about one second, and one is made at a time: searches go first
KEPT = 64  # sheets, of about 40 kB


class FactSheetsUnavailable(EmpeltError):
    """What makes fact sheets is not installed."""


class FactSheetsBusy(EmpeltError):
    """Too many fact sheets are wanted at this moment."""


_one_at_a_time = BoundedSemaphore()


NO_WEASYPRINT = "WeasyPrint is not installed: pip install 'empelt[pdf]'."
NO_PANGO = "Pango is not installed: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0."


@cache
def missing() -> str | None:
    """What keeps fact sheets from being made here, and how to mend it; None when nothing does.

    Looks without loading: that takes over a second, and a page only wants to know whether to show a link.
    """
    if find_spec("weasyprint") is None:
        return NO_WEASYPRINT
    return None if find_library("pango-1.0") and find_library("pangoft2-1.0") else NO_PANGO


@lru_cache(maxsize=KEPT)
def write_fact_sheet(html: str, *, css: str) -> bytes:
    """Lay out a page as PDF; nothing is fetched, whatever the page names.

    Raises:
        FactSheetsUnavailable: see `missing`.
        FactSheetsBusy: others were being made all the while.
    """
    if reason := missing():
        raise FactSheetsUnavailable(reason)
    if not _one_at_a_time.acquire(timeout=WAITING_SECONDS):
        raise FactSheetsBusy("Many fact sheets are being made at this moment: try again in a few seconds.")
    try:
        return _written(html, css)
    finally:
        _one_at_a_time.release()


def _written(html: str, css: str) -> bytes:
    try:
        from weasyprint import CSS, HTML
        from weasyprint.urls import URLFetcher
    except OSError:  # a library of Pango's is there and will not load
        raise FactSheetsUnavailable(NO_PANGO) from None

    _tell_language_of_parts()
    fetcher = URLFetcher(allowed_protocols=())
    sheet = HTML(string=html, url_fetcher=fetcher)
    written: bytes = sheet.write_pdf(stylesheets=[CSS(string=css, url_fetcher=fetcher)], pdf_variant=PDF_VARIANT)
    return written


@cache
def _tell_language_of_parts() -> None:
    """Have each tag say its language where the page does, so that every text is read in the right voice.

    WeasyPrint 70 tells the language of the document only, and has no public way to add to a tag.
    """
    from pydyf import String
    from weasyprint.pdf import tags

    build = tags._build_box_tree

    def build_with_language(box: Any, *others: Any) -> Iterator[Any]:
        for element in build(box, *others):
            if box.element is not None and (language := box.element.get("lang")):
                element.setdefault("Lang", String(language))
            yield element

    tags._build_box_tree = build_with_language
