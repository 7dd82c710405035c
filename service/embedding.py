"""The search on partners' sites: the component in its versions, what a partner pastes, and oEmbed (oembed.com).

One code base behind three doors: `<empelt-search>`, a frame whose page holds that component, and an oEmbed answer
that holds that frame. Run `python -m service.embedding` after changing a text of the component.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, quote, urlencode, urlsplit
from xml.etree import ElementTree

import yaml
from markupsafe import Markup

from corpus.practice import Practice
from corpus.vocabulary import labels
from service.i18n import LANGUAGES, Translator, translator
from service.page_address import Address
from service.page_words import SECTION_NAMES, STRENGTH_NAMES

PACKAGE = Path(__file__).parent / "static" / "embed"  # the npm package, which works by itself
COMPONENT = PACKAGE / "empelt-search.js"
EARLIER = PACKAGE / "earlier"  # <version>.js: what was published once is served for ever
MOVING = "v1"  # the newest version that breaks no page made for this one

FRAME_PATH = "/embed/v1/search"
PRACTICE_FRAME_PATH = "/embed/v1/practices/"
USUAL_RESULTS, MOST_RESULTS = 5, 20  # as the component has them
LONGEST_KEY = 200

# Of a frame, in CSS pixels; WordPress takes heights from 200 to 1,000.
FRAME_WIDTH, FRAME_HEIGHT, PRACTICE_HEIGHT = 640, 600, 320
CACHE_SECONDS = 86_400  # that an oEmbed answer may be kept
LONGEST_TITLE = 100


# --- the component ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Component:
    """One version of the component; `integrity` as a `<script>` states it (W3C Subresource Integrity)."""

    version: str
    source: bytes
    integrity: str

    @property
    def path(self) -> str:
        """Its address, whose content never changes."""
        return f"/embed/{self.version}/{COMPONENT.name}"


@cache
def components() -> dict[str, Component]:
    """Every version that was published; the current one last, and once more under `v1`."""
    current = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))["version"]
    files = {path.stem: path for path in sorted(EARLIER.glob("*.js"))} | {current: COMPONENT}
    found = {}
    for version, path in files.items():
        source = path.read_bytes()
        digest = base64.b64encode(hashlib.sha384(source).digest()).decode()
        found[version] = Component(version, source, f"sha384-{digest}")
    return found | {MOVING: found[current]}


def component_texts(say: Translator) -> dict[str, Any]:
    """What the component says in one language; `{name}` stays for it to fill in."""
    many = 2  # any count that takes the usual plural; its number gives way to {count} again
    return {
        "problem": say("Your problem, in your own words"),
        "hint": say("A whole paragraph is welcome, in Catalan, Spanish, Italian or English. Do not name persons."),
        "municipality": say("Your municipality"),
        "optional": say("(optional)"),
        "search": say("Find practices"),
        "searching": say("Searching…"),
        "foundOne": say.plural(
            "{count} practice answers your problem", "{count} practices answer your problem", 1
        ),
        "foundMany": say.plural(
            "{count} practice answers your problem", "{count} practices answer your problem", many
        ).replace("2", "{count}"),
        "none": say("No practice in the bank answers this yet"),
        "related": say("Merely related"),
        "relatedHint": say("These come nearest, but they do not answer."),
        "onEmpelt": say("See the whole search on Empelt"),
        "inhabitantsOne": say.plural("{count} inhabitant", "{count} inhabitants", 1),
        "inhabitantsMany": say.plural("{count} inhabitant", "{count} inhabitants", many).replace("2", "{count}"),
        "bodyNotKnown": say("body not known"),
        "since": say("since {year}"),
        "until": say("until {year}"),
        "of100": say("{value} of 100"),
        "source": say("From the record, section “{section}”"),
        "sections": {section.value: say(name) for section, name in SECTION_NAMES.items()},
        "strength": {word.value: say(name) for word, name in STRENGTH_NAMES.items()},
        "languages": {code: names[say.language] for code, names in labels()["language"].items()},
        "status": {code: names[say.language] for code, names in labels()["status"].items()},
        "evidence": {code: names[say.language] for code, names in labels()["evidence"].items()},
        "empty": say("Write the problem you want to solve: a sentence or a whole paragraph."),
        "tooLong": say(
            "The text is too long: it has {length} characters, and {most} is the most that can be searched. "
            "Shorten it."
        ),
        "noWords": say("The text holds no letter or number. Write the problem in words."),
        "whichMunicipality": say("Several municipalities are called {name}. Which one is yours?"),
        "unknownMunicipality": say("No municipality called {name} is known."),
        "oneOfThese": say("Is it one of these?"),
        "withoutMunicipality": say("Search without a municipality"),
        "busy": say("Many people are searching at this moment. Wait a few seconds and search again."),
        "key": say("The key of this site is no longer valid. Please tell those who run the site."),
        "refused": say("The search could not be done"),
        "unreachable": say("The search cannot be reached at this moment. Try again in a while."),
        "blocked": say("This site opens no links from here. Copy the address:"),
    }


def with_texts(source: str) -> str:
    """The source of the component with the texts of the catalogs in it."""
    texts = json.dumps(
        {code: component_texts(translator(code)) for code in LANGUAGES}, ensure_ascii=False, indent=2
    )
    written, times = re.subn(
        r"^const TEXTS = .*?;$", lambda _: f"const TEXTS = {texts};", source, flags=re.M | re.S
    )
    assert times == 1, "the component has no line `const TEXTS = ...;`"  # noqa: S101 - a fault of ours
    return written


# --- what a partner chooses and pastes -------------------------------------------------------------


@dataclass(frozen=True)
class Widget:
    """A search as a partner wants it; `address` holds the language, municipality, filters and question."""

    address: Address
    limit: int = USUAL_RESULTS
    key: str = ""

    @classmethod
    def of(cls, parameters: Sequence[tuple[str, str]]) -> Self:
        """Read it from the parameters of an address; what is not understood is left at rest."""
        given = dict(parameters)
        limit, key = given.get("limit", ""), given.get("key", "").strip()
        return cls(
            address=replace(Address.of(parameters), page=1, like=(), unlike=()),
            limit=min(int(limit), MOST_RESULTS)
            if limit.isascii() and limit.isdigit() and limit.strip("0")
            else USUAL_RESULTS,
            key=key if key.isascii() and key.isprintable() and len(key) <= LONGEST_KEY else "",
        )

    def attributes(self) -> dict[str, str]:
        """The attributes of `<empelt-search>`, those at rest left out."""
        named = {
            "language": self.address.language or "",
            "municipality": self.address.municipality,
            "region": "; ".join(self.address.filters.get("region", ())),
            "theme": "; ".join(self.address.filters.get("theme", ())),
            "limit": "" if self.limit == USUAL_RESULTS else str(self.limit),
            "key": self.key,
            "query": self.address.text,
        }
        return {name: value for name, value in named.items() if value}

    def parameters(self) -> list[tuple[str, str]]:
        """The parameters of its frame, those at rest left out."""
        said = self.address.pairs()
        said += [("limit", str(self.limit))] if self.limit != USUAL_RESULTS else []
        said += [("key", self.key)] if self.key else []
        return said

    def frame(self) -> str:
        """The address of its frame, without the site."""
        said = urlencode(self.parameters())
        return f"{FRAME_PATH}?{said}" if said else FRAME_PATH


def component_snippet(widget: Widget, site: str, say: Translator, *, pinned: bool = False) -> str:
    """What a partner pastes where scripts may stand; `pinned` to one version, which the browser then verifies."""
    component = components()[MOVING]
    source = component.path if pinned else f"/embed/{MOVING}/{COMPONENT.name}"
    verified = Markup(' integrity="{}" crossorigin="anonymous"').format(component.integrity) if pinned else ""
    attributes = Markup("").join(
        Markup(' {}="{}"').format(name, value) for name, value in widget.attributes().items()
    )
    script = Markup('<script type="module" src="{}"{}></script>').format(site + source, verified)
    inside = Markup('<a href="{}">{}</a>').format(site + widget.address.link(), search_title(widget.address, say))
    return str(Markup("{}\n<empelt-search{}>\n  {}\n</empelt-search>").format(script, attributes, inside))


def frame_snippet(widget: Widget, site: str, say: Translator) -> str:
    """What a partner pastes where frames may stand and scripts may not."""
    return str(_frame(site + widget.frame(), search_title(widget.address, say), "100%", FRAME_HEIGHT))


def liferay_client_extension(widget: Widget, site: str) -> str:
    """The `client-extension.yaml` of a Liferay workspace that offers the component as a widget."""
    extension = {
        "name": "Empelt",
        "type": "customElement",
        "htmlElementName": "empelt-search",
        "friendlyURLMapping": "empelt-search",
        "instanceable": True,
        "portletCategoryName": "category.client-extensions",
        "properties": [f"{name}={value}" for name, value in widget.attributes().items()],
        "urls": [f"{site}/embed/{MOVING}/{COMPONENT.name}"],
        "useESM": True,
    }
    return yaml.safe_dump({"empelt-search": extension}, allow_unicode=True, sort_keys=False, width=1_000)


def content_policy(site: str) -> str:
    """What a host with a content security policy adds to it for the component."""
    return f"script-src {site}; connect-src {site}"


def search_title(address: Address, say: Translator) -> str:
    """What a search is called in a link or a frame."""
    if not address.text:
        return say("Search good practices of other municipalities on Empelt")
    text = " ".join(address.text.split())
    shown = text if len(text) <= LONGEST_TITLE else f"{text[: LONGEST_TITLE - 1].rstrip()}…"
    return say("Good practices for: {problem}", problem=shown)


def _frame(address: str, title: str, width: int | str, height: int) -> Markup:
    return Markup('<iframe src="{}" title="{}" width="{}" height="{}" frameborder="0"></iframe>').format(
        address, title, width, height
    )


# --- oEmbed ----------------------------------------------------------------------------------------


def own_path(site: str, address: str) -> tuple[str, list[tuple[str, str]]] | None:
    """The path and parameters of an address of ours; None when it is another's."""
    home = urlsplit(site)
    try:
        parts = urlsplit(address.strip())
        parameters = parse_qsl(parts.query)
    except ValueError:  # a port that is no number, brackets that do not close
        return None
    ours = parts.scheme in ("http", "https") and parts.netloc.lower() == home.netloc.lower()
    below = parts.path.removeprefix(home.path) or "/"
    if not ours or not parts.path.startswith(home.path) or not below.startswith("/"):
        return None
    return below, parameters


@dataclass(frozen=True)
class Embeddable:
    """A page of ours that can stand in another's: where it is, what shows it there, and what it is called."""

    page: str
    frame: str
    title: str
    height: int = FRAME_HEIGHT
    author: str | None = None


def embeddable_search(parameters: Sequence[tuple[str, str]], say: Translator) -> Embeddable:
    """A search, with or without a question."""
    widget = Widget.of(parameters)
    return Embeddable(widget.address.link(), widget.frame(), search_title(widget.address, say))


def embeddable_practice(practice: Practice, parameters: Iterable[tuple[str, str]]) -> Embeddable:
    """A practice, as a card."""
    language = Address.of(parameters).language
    name = quote(practice.id, safe="")
    return Embeddable(
        Address(language=language).link(f"/practices/{name}"),
        Address(language=language).link(f"{PRACTICE_FRAME_PATH}{name}"),
        practice.title,
        PRACTICE_HEIGHT,
        practice.body.name if practice.body else None,
    )


def oembed(
    shown: Embeddable, site: str, *, most_width: int | None = None, most_height: int | None = None
) -> dict[str, str | int]:
    """The oEmbed answer: a link for who shows no frames, and the frame; a script would be dropped.

    `most_width`, `most_height`: CSS pixels, at least 1.
    """
    width, height = min(FRAME_WIDTH, most_width or FRAME_WIDTH), min(shown.height, most_height or shown.height)
    title = _printable(shown.title)
    link = Markup('<blockquote><a href="{}">{}</a></blockquote>').format(site + shown.page, title)
    known = {"author_name": _printable(shown.author)} if shown.author else {}
    return {
        "version": "1.0",
        "type": "rich",
        "provider_name": "Empelt",
        "provider_url": f"{site}/",
        "title": title,
        **known,
        "html": str(link + _frame(site + shown.frame, title, width, height)),
        "width": width,
        "height": height,
        "cache_age": CACHE_SECONDS,
    }


def oembed_xml(answer: dict[str, str | int]) -> bytes:
    """The same as XML."""
    root = ElementTree.Element("oembed")
    for name, value in answer.items():
        ElementTree.SubElement(root, name).text = str(value)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def discovery(site: str, address: str) -> list[tuple[str, str]]:
    """The kinds and addresses by which a page says where its oEmbed answer is."""
    return [
        (f"{kind}+oembed", f"{site}/oembed?{urlencode({'url': site + address, 'format': form})}")
        for kind, form in (("application/json", "json"), ("text/xml", "xml"))
    ]


def _printable(text: str) -> str:
    """A text without the control characters that XML cannot carry."""
    return "".join(character for character in text if character.isprintable())


if __name__ == "__main__":
    COMPONENT.write_text(with_texts(COMPONENT.read_text(encoding="utf-8")), encoding="utf-8")
