"""The practices that answer a standing need as a feed, Atom (RFC 4287) or JSON (version 1.1), the newest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from corpus.exporters import urn
from corpus.network import Need
from service.feed import answer_line, practice_feed, short_title
from service.i18n import Translator
from service.introductions import Answer
from service.page_words import message

ANSWERS = message("Practices of other municipalities that answer this problem")


def atom_feed(answers: Sequence[Answer], need: Need, *, site: str, indexed_at: datetime, say: Translator) -> bytes:
    """An answer whose practice has no history is as old as the index, `indexed_at`."""
    language = f"?lang={say.language}"
    return practice_feed(
        [(each.result, each.changed_at or indexed_at) for each in answers],
        feed_id=f"urn:empelt:need:{need.id}",
        question=need.text,
        subtitle=say(ANSWERS),
        updated=max((each.changed_at or indexed_at for each in answers), default=indexed_at),
        own_address=f"/needs/{need.id}/feed.atom{language}",
        page=f"/network/needs/{need.id}{language}",
        practices=lambda practice_id: f"/practices/{quote(practice_id)}{language}",
        site=site,
        say=say,
    )


def json_feed(answers: Sequence[Answer], need: Need, *, site: str, say: Translator) -> dict[str, Any]:
    """The same as a JSON Feed; an item without a known change has no date."""
    language = f"?lang={say.language}"
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": f"Empelt: {short_title(need.text)}",
        "description": say(ANSWERS),
        "language": say.language,
        "home_page_url": f"{site}/network/needs/{need.id}{language}",
        "feed_url": f"{site}/needs/{need.id}/feed.json{language}",
        "icon": f"{site}/static/favicon.svg",
        "items": [
            {
                "id": urn(each.result.practice.id),
                "url": f"{site}/practices/{quote(each.result.practice.id)}{language}",
                "title": each.result.practice.title,
                "content_text": answer_line(each.result, say),
                "language": each.result.practice.language.value,
                "tags": [theme.value for theme in each.result.practice.themes],
            }
            | ({"date_modified": each.changed_at.isoformat()} if each.changed_at else {})
            for each in answers
        ],
    }
