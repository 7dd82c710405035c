"""The reader's language: texts, plurals, numbers, dates and money in Catalan, Spanish, Italian and English.

Texts in code and templates are English and are their own message ids; `messages/<language>/*.po` hold the
translations, read at start, so nothing is compiled beforehand. English needs plural forms only from the code.
"""

import gettext
from datetime import date
from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent

LANGUAGES = ("ca", "es", "it", "en")
MESSAGES = Path(__file__).parent / "messages"


class Translator:
    """Everything that is said to one reader, in one language."""

    def __init__(self, language: str) -> None:
        """Raises: KeyError when the language is none of ours."""
        if language not in LANGUAGES:
            raise KeyError(language)
        self.language = language
        self.locale = Locale(language)
        self._translations = gettext.NullTranslations()
        for path in sorted((MESSAGES / language).glob("*.po")):
            compiled = BytesIO()
            with path.open("rb") as file:
                write_mo(compiled, read_po(file, locale=self.locale))
            compiled.seek(0)
            part = gettext.GNUTranslations(compiled)
            part.add_fallback(self._translations)
            self._translations = part

    def __call__(self, text: str, **values: object) -> str:
        """The text in the reader's language, `{name}` filled in."""
        translated = self._translations.gettext(text)
        return translated.format(**values) if values else translated

    def plural(self, one: str, many: str, count: int, **values: object) -> str:
        """The text for a count, `{count}` and `{name}` filled in; the count is written the reader's way."""
        translated = self._translations.ngettext(one, many, count)
        return translated.format(count=self.number(count), **values)

    def number(self, value: float) -> str:
        """A number with the reader's separators: 20.798,12."""
        return format_decimal(value, locale=self.locale)

    def percent(self, share: float) -> str:
        """A share of 1 in whole per cent."""
        return format_percent(share, locale=self.locale)

    def euros(self, amount: float) -> str:
        """An amount in euros; cents only where there are any."""
        shown = format_currency(amount, "EUR", locale=self.locale)
        cents = format_currency(0, "EUR", locale=self.locale).replace("0", "", 1).strip("€\u00a0 ")
        return shown if amount % 1 else shown.replace(cents, "")

    def day(self, value: date) -> str:
        """A date, written out."""
        return format_date(value, format="long", locale=self.locale)

    def language_name(self, code: str) -> str:
        """The name of a language."""
        return str(self.locale.languages.get(code, code))


@cache
def translator(language: str) -> Translator:
    """The translator of a language, read once.

    Raises:
        KeyError: the language is none of ours.
    """
    return Translator(language)
