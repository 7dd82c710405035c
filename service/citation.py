"""How a practice is cited: a sentence, BibTeX and RIS.

What is read is our record of what a body did, so the body is named as whose practice it is and not as an author.
"""

import re
from datetime import date

from markupsafe import Markup, escape

from corpus.practice import Practice
from corpus.vocabulary import Language
from service import page_words
from service.i18n import Translator
from service.opendata import last_known_day
from service.page_words import message

BANK_NAME = message("Empelt, bank of good practices of municipalities")
WITH_BODY = message("“{title}”, practice of {body}. {bank}. {address} (read on {day}).")
WITHOUT_BODY = message("“{title}”. {bank}. {address} (read on {day}).")

_LATEX = {
    **{character: f"\\{character}" for character in "{}&%$#_"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
_LANGUAGE_IDS = {
    Language.CATALAN: "catalan",
    Language.SPANISH: "spanish",
    Language.ITALIAN: "italian",
    Language.ENGLISH: "english",
}


def citation(practice: Practice, *, address: str, read_on: date, say: Translator) -> Markup:
    """One sentence, the title marked with its language."""
    title = Markup('<span lang="{}">{}</span>').format(practice.language.value, practice.title)
    return escape(say(WITH_BODY if practice.body else WITHOUT_BODY)).format(
        title=title, body=_whose(practice, say), bank=say(BANK_NAME), address=address, day=say.day(read_on)
    )


def _whose(practice: Practice, say: Translator) -> str:
    """The body with what tells it from others of its name, and when it ran the practice."""
    body = practice.body
    if body is None:
        return ""
    around = (
        page_words.code_label("region", body.region, say) if body.region else None,
        page_words.code_label("country", body.country, say) if body.country else None,
    )
    where = ", ".join(filter(None, around))
    name = f"{body.name} ({where})" if where else body.name
    return ", ".join(filter(None, (name, page_words.years(practice, say))))


def bibtex(practice: Practice, *, address: str, read_on: date, say: Translator) -> str:
    """An entry for BibTeX and BibLaTeX."""
    day = last_known_day(practice)
    fields = {
        "title": f"{{{_latex(practice.title)}}}",
        "howpublished": _latex(say(BANK_NAME)),
        "note": _latex(_whose(practice, say)),
        "year": str(day.year) if day else "",
        "langid": _LANGUAGE_IDS[practice.language],
        "url": address,
        "urldate": read_on.isoformat(),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{practice.id},", *lines, "}", ""])


def _latex(text: str) -> str:
    return re.sub(r"[{}&%$#_\\~^]", lambda found: _LATEX[found.group()], " ".join(text.split()))


def ris(practice: Practice, *, address: str, read_on: date, say: Translator) -> str:
    """An entry for reference managers (RIS, Research Information Systems)."""
    day = last_known_day(practice)
    fields = [
        ("TY", "ELEC"),
        ("ID", practice.id),
        ("TI", practice.title),
        ("AB", practice.summary or practice.problem),
        *[("KW", page_words.code_label("theme", theme.value, say)) for theme in practice.themes],
        ("N1", _whose(practice, say)),
        ("PB", say(BANK_NAME)),
        ("PY", str(day.year) if day else None),
        ("DA", f"{day:%Y/%m/%d}" if day else None),
        ("LA", practice.language.value),
        ("UR", address),
        ("Y2", f"{read_on:%Y/%m/%d}"),
    ]
    lines = [f"{tag}  - {' '.join(text.split())}" for tag, text in fields if text]
    return "\r\n".join([*lines, "ER  - ", ""])
