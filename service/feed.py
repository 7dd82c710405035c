"""A search as an Atom feed (RFC 4287): the practices that answer it, to be told when there are new ones."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, time
from importlib.metadata import version
from textwrap import shorten
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from feedgen.ext.base import BaseEntryExtension
from feedgen.feed import FeedGenerator

from corpus.exporters import urn
from corpus.practice import Practice
from service import page_words
from service.i18n import Translator
from service.opendata import last_known_day
from service.page_address import Address
from service.search import SearchResult

FEED_ENTRIES = 50
LONGEST_TITLE = 100  # characters of the question shown as the title of the feed

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


class _TextsInTheirLanguage(BaseEntryExtension):  # type: ignore[misc]
    """Marks the title and the sentence of an entry with the language of its record."""

    language = ""

    def extend_atom(self, entry: Any) -> Any:
        for name in ("title", "summary"):
            entry.find(name).set(_LANGUAGE, self.language)
        return entry


def search_feed(
    results: list[SearchResult], address: Address, *, site: str, updated: datetime, say: Translator
) -> bytes:
    """The feed of a search.

    An entry is as old as its record, so a new index does not make old practices new; one whose record has no day
    is as old as the index, `updated`.
    """
    address = replace(address, saved=(), page=1)
    return practice_feed(
        [(result, _day_of(result.practice) or updated) for result in results],
        feed_id=uuid5(NAMESPACE_URL, address.link("urn:empelt:search")).urn,
        question=address.text,
        subtitle=say("Practices of other municipalities that answer this problem"),
        updated=updated,
        own_address=address.link("/feed.atom"),
        page=address.link("/"),
        practices=lambda practice_id: address.bare(f"/practices/{practice_id}"),
        site=site,
        say=say,
    )


def practice_feed(
    entries: Iterable[tuple[SearchResult, datetime]],
    *,
    feed_id: str,
    question: str,
    subtitle: str,
    updated: datetime,
    own_address: str,
    page: str,
    practices: Callable[[str], str],
    site: str,
    say: Translator,
) -> bytes:
    """An Atom feed of practices that answer a question, each with the moment it last changed, in their order.

    `own_address`, `page` and what `practices` makes of an id are addresses below `site`.
    """
    feed = FeedGenerator()
    feed.id(feed_id)
    feed.title(f"Empelt: {short_title(question)}")
    feed.subtitle(subtitle)
    feed.updated(updated)
    feed.language(say.language)
    feed.author(name="Empelt", uri=f"{site}/")
    feed.generator("Empelt", version=version("empelt"), uri=f"{site}/")
    feed.link(href=f"{site}{own_address}", rel="self", type="application/atom+xml")
    feed.link(href=f"{site}{page}", rel="alternate", type="text/html", hreflang=say.language)
    feed.icon(f"{site}/static/favicon.svg")
    for result, changed_at in entries:
        practice = result.practice
        entry = feed.add_entry(order="append")
        entry.register_extension("texts", _TextsInTheirLanguage, rss=False)
        entry.texts.language = practice.language.value
        entry.id(urn(practice.id))
        entry.title(_xml_text(practice.title))
        entry.summary(_xml_text(answer_line(result, say)))
        entry.updated(changed_at)
        entry.link(href=f"{site}{practices(practice.id)}", rel="alternate")
        entry.category(
            [
                {"term": theme.value, "label": page_words.code_label("theme", theme.value, say)}
                for theme in practice.themes
            ]
        )
    written: bytes = feed.atom_str(pretty=True)
    return written


def short_title(question: str) -> str:
    """A question as the title of a feed."""
    return shorten(_xml_text(question), LONGEST_TITLE, placeholder="…")


def answer_line(result: SearchResult, say: Translator) -> str:
    """The sentence that answers, and whose practice it is."""
    body = result.practice.body
    whose = (
        ", ".join(filter(None, (body.name, body.region and page_words.code_label("region", body.region, say))))
        if body
        else ""
    )
    return f"{result.passage.text} ({whose})" if whose else result.passage.text


def _day_of(practice: Practice) -> datetime | None:
    day = last_known_day(practice)
    return datetime.combine(day, time.min, UTC) if day else None


def _xml_text(text: str) -> str:
    """A text without the characters that XML cannot carry."""
    return _NOT_IN_XML.sub("", text)
