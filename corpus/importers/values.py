"""What towns write in a field, read into plain values: money, years, status, codes, actors, impacts.

A reader takes the text, the words it may meet and a `doubt` to call with anything it guessed or left
aside. It returns None (or an empty list) when the text says nothing, and raises ValueError with the
reason when the field promises one thing and the text is another.
"""

import json
import re
from collections.abc import Callable
from datetime import date
from typing import Any

from corpus.importers.headings import Headings, fold
from corpus.practice import EARLIEST_YEAR, LATEST_YEAR

Doubt = Callable[[str], None]
Reader = Callable[[str, Headings, Doubt], Any]

_BULLET = re.compile(r"^\s*(?:[•·▪◦*–—-]\s+|\d{1,2}[.)]\s+)")
_NUMBER = r"\d{1,3}(?:[.\u00a0\u202f ’']\d{3})+(?:,\d+)?|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?"
_EURO = r"€|\beuros?\b|\beur\b"
_SCALE = (
    r"\b(?:milions?|millones|mill[óo]n|milion[ei]|mln|million|mil|mila|mille|m|k)\b\.?"
    r"(?:\s+(?:d['’]|de|di)(?=\s*eur))?"
)
_AMOUNT = re.compile(
    rf"(?P<before>{_EURO})?\s*(?P<sign>(?<![\w)\]]\s)(?<!\w)[-−])?(?P<number>{_NUMBER})(?![\d%])"
    rf"\s*(?P<scale>(?:(?<=\d)[mk]|{_SCALE})(?=\W|eur|$))?\s*(?P<after>{_EURO})?",
    re.IGNORECASE,
)
_OTHER_CURRENCY = re.compile(
    r"[$£]|\b(?:usd|gbp|chf|pessetes|pesetas|ptas?|lire|d[òo]lars?|d[óo]lares|dollars?)\b", re.I
)
_RANGE = re.compile(
    rf"(?:\b(?:entre|tra|between|da|de|from)\s+)?(?:{_NUMBER})\s*(?:{_EURO})?\s*(?:-|–|\b(?:i|y|e|and|a)\b)\s*(?:{_NUMBER})"
    rf"\s*(?:{_SCALE})?\s*(?:{_EURO})",
    re.IGNORECASE,
)
_AFTER_AMOUNT = re.compile(r"(?<=€)\s*(?:[,+]|\b[iye]\b)\s+|;\s*")
_YEAR = re.compile(r"(?<![\d,])(?:19[5-9]|20\d|21(?=00))\d(?![\d]|[.,]\d)")
_YEARS_SHORT = re.compile(r"((?<!\d)(?:19|20))(\d\d)\s*([/–-])\s*(\d\d)(?![\d/–-])")
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_CHOSEN = re.compile(r"(?:[☒☑✓✔✗✘■]|\[\s*x\s*\]|\(\s*x\s*\))\s*([^☐☒☑✓✔✗✘■□\[\]\n;]+)", re.IGNORECASE)
_ANY_BOX = re.compile(r"[☐☒☑□■✓✔✗✘]|\[\s*x?\s*\]|\(\s*x?\s*\)", re.IGNORECASE)
_NAME_AND_ROLE = re.compile(r"^([^():]+?)\s*\(([^()]{2,80})\)\s*\.?$")
_FIGURE = re.compile(rf"(?<![\w.,/-])(?:{_NUMBER})(?![\w]|[.,/-]\d)")


def lines(text: str) -> list[str]:
    """The lines of a text without bullets, empty ones and white space to spare (it would slow the patterns)."""
    return [bare for line in text.splitlines() if (bare := _BULLET.sub("", " ".join(line.split())))]


def _number(text: str, doubt: Doubt) -> float:
    """A number as written in Catalan, Spanish, Italian or English: "20.798,12", "1.200.000", "1.5"."""
    text = re.sub("[\u00a0\u202f ’']", "", text)
    if "." in text and "," in text:
        decimal = max(".,", key=text.rfind)
        return float(text.replace(",."[decimal == ","], "").replace(decimal, "."))
    mark = "," if "," in text else "."
    groups = text.split(mark)
    thousands = len(groups) > 2 or (len(groups) == 2 and len(groups[1]) == 3 and groups[0] != "0")
    if thousands and len(groups) == 2 and mark == ",":
        doubt(f"{text} is read as {''.join(groups)}")
    return float(text.replace(mark, "" if thousands else "."))


def read_count(text: str, _words: Headings, doubt: Doubt) -> int:
    """Inhabitants: "24.300", "24300 hab."."""
    found = re.findall(_NUMBER, text)
    if len(found) != 1:
        raise ValueError("is not one number")
    if _YEAR.fullmatch(found[0]) is None and not re.fullmatch(rf"\s*(?:{_NUMBER})\s*", text):
        doubt(f"only the number {found[0]} is kept")
    return round(_number(found[0], doubt))


def read_budget(text: str, words: Headings, doubt: Doubt) -> list[dict[str, Any]]:
    """Amounts in euros line by line; a line that ends in a colon gives its year to those below it."""
    budget = []
    year_above: int | None = None
    whole = lines(text)
    for line in whole:
        pieces = [piece for piece in _AFTER_AMOUNT.split(line) if piece.strip()]
        if any(piece.count("(") != piece.count(")") for piece in pieces):
            pieces = [line]
        for piece in pieces:
            years = [int(year) for year in _YEAR.findall(piece)]
            amounts = _amounts(piece)
            if not amounts:
                if len(years) == 1:
                    year_above = years[0]
                if not piece.endswith(":") and not (years and len(whole) > 1):
                    doubt(f"{piece[:80]!r} holds no amount in euros; left out")
                continue
            if _RANGE.search(piece):
                doubt(f"{piece[:80]!r} is a range, not an amount; left out")
                continue
            if len(amounts) > 1:
                doubt(f"{piece[:80]!r} holds several amounts; only the first is kept")
            budget.append(_budget_line(piece, amounts[0], years, year_above, words, doubt))
    return budget


def _amounts(text: str) -> list[re.Match[str]]:
    if _OTHER_CURRENCY.search(text):
        return []
    found = list(_AMOUNT.finditer(text))
    marked = [amount for amount in found if amount["before"] or amount["after"]]
    alone = [amount for amount in found if amount.group().strip() == text.strip()]
    return marked or ([] if _YEAR.fullmatch(text.strip()) else alone)


def _budget_line(
    line: str, amount: re.Match[str], years: list[int], year_above: int | None, words: Headings, doubt: Doubt
) -> dict[str, Any]:
    scale = fold(amount["scale"] or "")
    factor = 1.0
    if scale:
        factor = 1e3 if scale.split()[0] in ("mil", "mila", "mille", "k") else 1e6
    value = _number(amount["number"], doubt if factor == 1 else lambda _: None)
    if factor > 1 and re.fullmatch(r"\d+[.,]\d{3}", amount["number"]) and value >= 1000:
        doubt(f"{amount.group().strip()!r} may be meant otherwise")
    if amount["sign"]:
        raise ValueError(f"{amount.group().strip()!r} is below zero")
    rest = f"{line[: amount.start()]} {line[amount.end() :]}"
    if words.holds("about", line[: amount.start()][-20:]):
        doubt(f"{line[:80]!r} is approximate")
    year = years[0] if len(years) == 1 else year_above
    if len(years) == 1:
        rest = re.sub(rf"\(?\s*{years[0]}\s*\)?", " ", rest)
    scope = "annual" if words.holds("annual", rest) else "whole" if words.holds("whole", rest) else None
    purpose = re.sub(r"\(\s*\)|\s+", " ", rest).strip(" :.,;–—-=\t")
    bare = fold(purpose)
    if bare in words.words["annual"] or bare in words.words["whole"] or words.field(purpose) == "budget":
        purpose = ""
    return {
        "amount_eur": round(value * factor, 2),
        **({"purpose": purpose} if re.search(r"\w", purpose) else {}),
        **({"year": year} if year else {}),
        **({"scope": scope} if scope else {}),
    }


def read_period(text: str, words: Headings, doubt: Doubt) -> dict[str, int]:
    """Start and end from "2016-2019", "dal 2019", "des de 2017", "2013 (gener) - en curs", "fins al 2020"."""
    text = _YEARS_SHORT.sub(r"\1\2\3\1\4", text)
    years = [int(year) for year in _YEAR.findall(text)]
    if not years:
        if not words.holds("ongoing", text):
            doubt(f"{text[:80]!r} holds no year; left out")
        return {}
    if words.holds("about", text):
        doubt(f"{text[:80]!r} is approximate")
    if len(years) > 2:
        doubt(f"{text[:80]!r} holds several years; from the first to the last")
    if len(years) == 1 and not words.holds("ongoing", text) and words.holds("until", text):
        return {"end_year": years[0]}
    return {"start_year": min(years)} | ({"end_year": max(years)} if len(years) > 1 else {})


def read_year(text: str, words: Headings, doubt: Doubt) -> int | None:
    """One year from "2013 (gener)", "01/02/2013", "2013-02-01"; None from "en curs"."""
    years = sorted({int(year) for year in _YEAR.findall(text)})
    if not years:
        if words.holds("ongoing", text):
            return None
        raise ValueError(f"holds no year from {EARLIEST_YEAR} to {LATEST_YEAR}")
    if words.holds("about", text):
        doubt("is approximate")
    if len(years) > 1:
        doubt(f"holds several years; {years[0]} is kept")
    return years[0]


def read_date(text: str, _words: Headings, _doubt: Doubt) -> date:
    """A day as 2023-05-31 or 31/05/2023."""
    found = _DATE.search(text)
    if not found:
        raise ValueError("is not a date such as 2023-05-31 or 31/05/2023")
    year, month, day = (found[1], found[2], found[3]) if found[1] else (found[6], found[5], found[4])
    return date(int(year), int(month), int(day))


def read_status(text: str, words: Headings, doubt: Doubt) -> str | None:
    """The status, not its legend: a line that is a status word, a ticked box, or a line that begins with one."""
    chosen = [match[1] for match in _CHOSEN.finditer(text)]
    if not chosen and _ANY_BOX.search(text) and len(_ANY_BOX.findall(text)) > 1:
        return None
    candidates = chosen or [line for line in lines(text) if not re.match(r"[^:]{1,40}:\s*\S", line)] or [text]
    exact = {code for line in candidates if (code := words.word("status", line))}
    if not exact:
        exact = {code for line in candidates[:1] if (code := _first_words(line, words))}
        if exact:
            doubt(f"is read as {min(exact)}")
    if len(exact) > 1:
        raise ValueError(f"names several statuses: {', '.join(sorted(exact))}")
    if not exact:
        raise ValueError("is none of: en curs (in corso), consolidat (consolidato), acabat (concluso)")
    return exact.pop()


def _first_words(line: str, words: Headings) -> str | None:
    parts = fold(line).split()
    return next((code for size in (4, 3, 2, 1) if (code := words.word("status", " ".join(parts[:size])))), None)


def codes(kind: str) -> Reader:
    """A reader of several codes of one vocabulary, from codes or labels in any of the four languages."""

    def read(text: str, words: Headings, doubt: Doubt) -> list[str]:
        found: list[str] = []
        chosen = [match[1] for match in _CHOSEN.finditer(text)]
        for piece in chosen or re.split(r"[;\n|]", text):
            for part in _known_parts(kind, _BULLET.sub("", piece).strip(), words):
                code = words.word(kind, part)
                if code is None:
                    doubt(f"{part[:80]!r} is none of our {kind.replace('_', ' ')}s; left out")
                elif code not in found:
                    found.append(code)
        return found

    return read


def _known_parts(kind: str, piece: str, words: Headings) -> list[str]:
    """A label may hold a comma or an "i" of its own: a piece is cut where that makes most of it known."""
    separators = (r"$", r",", r"[,/]", r"[,/]|\s+(?:[iye]|and)\s+")
    cuts = ([part for cut in re.split(by, piece) if (part := cut.strip(" ."))] for by in separators)
    return max(cuts, key=lambda parts: sum(words.word(kind, part) is not None for part in parts))


def code(kind: str) -> Reader:
    """A reader of exactly one code of a vocabulary."""

    def read(text: str, words: Headings, _doubt: Doubt) -> str:
        found = words.word(kind, text)
        if found is None:
            raise ValueError(f"is none of: {', '.join(sorted(set(words.words[kind].values())))}")
        return found

    return read


def read_country(text: str, words: Headings, _doubt: Doubt) -> str:
    """A country as ISO code or name."""
    return words.word("country", text) or text.strip()


def read_actors(text: str, _words: Headings, doubt: Doubt) -> list[dict[str, str]]:
    """Actors line by line (or between semicolons); what stands in parentheses at the end is the role."""
    found = [part for line in lines(text) for part in line.split(";") if part.strip()]
    if len(found) == 1 and "," in found[0] and not re.search(r"[():]|\.\s", found[0]):
        doubt("is cut at its commas")
        found = found[0].split(",")
    actors = []
    for name in (part.strip(" .") for part in found):
        if len(name) > 500:
            doubt(f"{name[:80]!r} is too long for the name of an actor; left out")
            continue
        with_role = _NAME_AND_ROLE.match(name)
        actors.append({"name": with_role[1], "role": with_role[2]} if with_role else {"name": name})
    return actors


def read_impacts(text: str, _words: Headings, doubt: Doubt) -> list[dict[str, Any]]:
    """Figures line by line: "54 bones pràctiques" -> 54, "bones pràctiques". Two figures in a line stay words."""
    impacts = []
    for line in (line.rstrip(".;") for line in lines(text)):
        years = _YEAR.findall(line)
        what = re.sub(rf"\s*\((?:any|año|anno)?\s*{years[0]}\)", "", line) if len(years) == 1 else line
        figures = [figure for figure in _FIGURE.finditer(what) if not _YEAR.fullmatch(figure.group())]
        if not figures or len(what) > 500:
            continue
        impact: dict[str, Any] = {"as_of": years[0]} if len(years) == 1 else {}
        if len(figures) == 1:
            figure = figures[0]
            impact["value"] = _number(figure.group(), doubt)
            unit = re.match(r"\s*(%|€)", what[figure.end() :])
            if unit:
                impact["unit"] = unit[1]
            before, after = what[: figure.start()], what[figure.end() + (unit.end() if unit else 0) :]
            if not (re.search(r"\w", before) and re.search(r"\w", after)):
                what = f"{before}{after}".strip(" :–-=") or what
        impacts.append({"what": what, **impact})
    return impacts


def read_names(key: str) -> Reader:
    """A reader of parts told by one name each, line by line: recognitions, replications."""

    def read(text: str, _words: Headings, _doubt: Doubt) -> list[dict[str, Any]]:
        found = []
        for line in (part.strip(" .") for part in re.split(r"[;\n]", "\n".join(lines(text)))):
            years = _YEAR.findall(line)
            name = re.sub(rf"[\s,]*\(?\s*{years[0]}\s*\)?", "", line).strip() if len(years) == 1 else line
            if line:
                found.append({key: name or line, **({"year": int(years[0])} if len(years) == 1 else {})})
        return found

    return read


def structured(text: str) -> list[Any] | None:
    """The parts an export wrote into one cell, one JSON object a line; None for anything else."""
    if not text.startswith("{"):
        return None
    try:
        parts = [json.loads(line) for line in text.split("\n")]
    except ValueError:
        return None
    return parts


READERS: dict[str, Reader] = {
    "language": code("language"),
    "themes": codes("theme"),
    "target_groups": codes("target_group"),
    "methods": codes("method"),
    "evidence": code("evidence"),
    "status": read_status,
    "start_year": read_year,
    "end_year": read_year,
    "period": read_period,
    "budget": read_budget,
    "impacts": read_impacts,
    "actors": read_actors,
    "recognitions": read_names("scheme"),
    "replications": read_names("body"),
    "translations": lambda text, _words, _doubt: [
        part.strip() for part in re.split(r"[;\n]", text) if part.strip()
    ],
    "updated_on": read_date,
    "body.type": code("body_type"),
    "body.population": read_count,
    "body.population_year": read_year,
    "body.country": read_country,
}
