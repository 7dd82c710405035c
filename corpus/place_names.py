"""How the names of places are compared: case, accents, articles and the languages that stand side by side."""

import re
import unicodedata
from collections.abc import Sequence
from enum import StrEnum

_ARTICLES = frozenset(re.findall(r"\w+", "l el la els les los las lo il i gli le a o as os es sa ses s"))
_LINKS = _ARTICLES | frozenset(
    re.findall(
        r"\w+",
        "d de del della dei delle dello degli dell di da dal dalla nel nella nell in sul sulla al dels e y",
    )
)
_INVERTED = re.compile(  # as INE files them: "Hospitalet de Llobregat, L'"; "Coruña, A"
    r"^(?P<rest>.+), (?P<article>[LlSs]'|[EeLl]l|[LlEe]s|[Ll]a|[Ll][oae]s|[Ee]ls|[AaOo]s?|[Ss]a)$"
)
_QUALIFIED = re.compile(r"^(?P<name>[^(,]+?)\s*(?:\((?P<inside>[^()]+)\)|,\s*(?P<after>.+))$")


def plain_name(name: str) -> str:
    """Lower case, no accents, words parted by one space: "L'Alcúdia de Crespins" is "l alcudia de crespins"."""
    if not name.isascii():
        decomposed = unicodedata.normalize("NFKD", name.replace("·", "").replace("ŀ", "l"))
        name = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(re.findall(r"[^\W_]+", name.casefold()))


def loose_name(name: str) -> str:
    """`plain_name` without article and linking words: "Reggio nell'Emilia" and "Reggio Emilia" meet."""
    words = plain_name(name).split()
    if len(words) > 1 and words[0] in _ARTICLES:
        words = words[1:]
    return " ".join(word for at, word in enumerate(words) if at in (0, len(words) - 1) or word not in _LINKS)


def upright_name(name: str) -> str:
    """ "Hospitalet de Llobregat, L'" as it is spoken: "L'Hospitalet de Llobregat"."""
    if inverted := _INVERTED.match(name):
        article = inverted["article"]
        gap = "" if article.endswith("'") else " "
        return f"{article}{gap}{inverted['rest']}"
    return name


def qualified(name: str) -> tuple[str, list[str]] | None:
    """ "Castro (Puglia, Italia)" or "Castro, Puglia" as the name and what it lies in; None for a bare name."""
    if not (parts := _QUALIFIED.match(name)):
        return None
    return parts["name"], re.split(r"\s*,\s*", parts["inside"] or parts["after"])


def spellings_of(name: str) -> tuple[str, ...]:
    """The name, and its halves when two languages stand side by side: "Alicante/Alacant"."""
    halves = [half.strip() for half in name.split("/")]
    return (name, *halves) if len(halves) > 1 and all(halves) else (name,)


class Fit(StrEnum):
    """How well a name asked for fits a place, best first."""

    EXACT = "exact"
    FOLDED = "folded"
    OTHER = "other"


def fit_of(asked: str, name: str, other_names: Sequence[str] = ()) -> Fit:
    """Letter by letter; but for accents, case and apostrophes, or in another language; or more loosely."""
    spellings, asked_for = spellings_of(name), set(spellings_of(asked))
    if not asked_for.isdisjoint(spellings):
        return Fit.EXACT
    alike = {*map(plain_name, asked_for)} & {*map(plain_name, spellings)}
    if alike or not asked_for.isdisjoint(other_names):
        return Fit.FOLDED
    return Fit.OTHER
