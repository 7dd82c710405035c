"""Words for lexical search: split, freed of elisions and stop words, stemmed in a language, freed of accents."""

import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from threading import Lock

import Stemmer
import yaml

STEMMERS = {"ca": "catalan", "es": "spanish", "it": "italian", "en": "english"}

# l'aigua, d'avis, dell'anziano, quest'anno: the word after the apostrophe is the one that means something.
_ELISION = re.compile(r"\b(?:[ldnmst]|qu|un|all|dall|dell|nell|sull|quest|quell|com|gl)['’](?=\w)")
WORD = re.compile(r"[^\W_]+(?:·[^\W_]+)?")


def fold(text: str) -> str:
    """Lower case without accents or the Catalan middle dot."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).replace("·", "")


@cache
def _stop_words(language: str) -> frozenset[str]:
    lists: dict[str, str] = yaml.safe_load(files("indexer").joinpath("stop_words.yaml").read_text("utf-8"))
    return frozenset(fold(word) for word in lists[language].split())


_stemmers = {language: Stemmer.Stemmer(name, 0) for language, name in STEMMERS.items()}
_one_at_a_time = Lock()  # a Snowball stemmer keeps its word in itself


@lru_cache(maxsize=200_000)
def stem(word: str, language: str) -> str:
    """The folded stem of one lower-case word."""
    with _one_at_a_time:
        return fold(_stemmers[language].stemWord(word))


def words(text: str) -> list[str]:
    """The words of a text in lower case, elided articles cut off."""
    return WORD.findall(_ELISION.sub(" ", unicodedata.normalize("NFC", text).lower()))


def terms(text: str, language: str) -> list[str]:
    """The stems of the words that carry meaning, in the order of the text."""
    stop = _stop_words(language)
    return [stem(word, language) for word in words(text) if fold(word) not in stop]
