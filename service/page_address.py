"""What the address of a page says: a whole search as parameters, so that any page can be shared.

Every link of the pages is this address with one thing changed; nothing is kept anywhere else.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import urlencode

from corpus.vocabulary import EvidenceLevel, Language, Status, TargetGroup, Theme
from indexer.filters import FACETS, LARGEST_BAND, POPULATION_BANDS
from service.i18n import LANGUAGES
from service.schemas import MOST_STEERING
from service.transferability import View

BANDS = (*(name for name, _, _ in POPULATION_BANDS), LARGEST_BAND)
LAST_PAGE = 1_000  # of ten results each; a bank has fewer

# A code that is not ours any more is dropped from an old address rather than held against its reader.
KNOWN_CODES: dict[str, frozenset[str]] = {
    "language": frozenset(Language),
    "theme": frozenset(Theme),
    "target_group": frozenset(TargetGroup),
    "status": frozenset(Status),
    "evidence": frozenset(EvidenceLevel),
    "population_band": frozenset(BANDS),
}
MOST_VALUES = 20  # of one facet
MOST_SAVED = 20  # practices on a reader's list, which every address carries
LONGEST_ID = 120  # characters of a practice's id


@dataclass(frozen=True)
class Address:
    """A search as an address says it, with the reader's own list and the interface language they chose."""

    asked: bool = False  # whether there is a question at all, be it empty
    text: str = ""
    municipality: str = ""
    view: View = View.SIMILAR
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    like: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    saved: tuple[str, ...] = ()  # ids of the practices on the reader's list
    page: int = 1
    language: str | None = None  # of the interface
    path: str = "/"  # where its links lead unless told otherwise
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # what that path alone understands

    @classmethod
    def of(
        cls, parameters: Iterable[tuple[str, str]], *, path: str = "/", own: Mapping[str, int] | None = None
    ) -> Self:
        """Read it from the parameters of a request; `own`: those of the path alone, and how many of each."""
        given: dict[str, list[str]] = {}
        for name, value in parameters:
            given.setdefault(name, []).append(value)

        def last(name: str) -> str:
            return given.get(name, [""])[-1].strip()

        def several(name: str, most: int) -> tuple[str, ...]:
            return tuple(dict.fromkeys(value for value in given.get(name, ()) if value))[:most]

        page = last("page")
        return cls(
            asked="q" in given,
            text=last("q"),
            municipality=last("municipality"),
            view=View.DIFFERENT if last("view") == View.DIFFERENT else View.SIMILAR,
            filters={
                facet: values
                for facet in FACETS
                if (
                    values := tuple(
                        value
                        for value in several(facet, MOST_VALUES)
                        if value in KNOWN_CODES.get(facet, (value,)) and _is_code(facet, value)
                    )
                )
            },
            like=several("like", MOST_STEERING),
            unlike=several("unlike", MOST_STEERING),
            saved=tuple(each for each in several("id", MOST_SAVED) if len(each) <= LONGEST_ID),
            page=min(int(page), LAST_PAGE) if page.isascii() and page.isdigit() and page.strip("0") else 1,
            language=last("lang") if last("lang") in LANGUAGES else None,
            path=path,
            own={name: values for name, most in (own or {}).items() if (values := several(name, most))},
        )

    def among(self, known: Container[str]) -> Self:
        """The search without wishes for practices that are not among the known: an address outlives them."""
        return replace(
            self,
            like=tuple(each for each in self.like if each in known),
            unlike=tuple(each for each in self.unlike if each in known),
        )

    def pairs(self) -> list[tuple[str, str]]:
        """The parameters in a fixed order, those at rest left out."""
        said = [("q", self.text)] if self.asked else []
        said += [("municipality", self.municipality)] if self.municipality else []
        said += [("view", self.view.value)] if self.view is not View.SIMILAR else []
        said += [(facet, value) for facet in FACETS for value in self.filters.get(facet, ())]
        said += [("like", practice_id) for practice_id in self.like]
        said += [("unlike", practice_id) for practice_id in self.unlike]
        said += [("id", practice_id) for practice_id in self.saved]
        said += [(name, value) for name, values in self.own.items() for value in values]
        said += [("page", str(self.page))] if self.page > 1 else []
        said += [("lang", self.language)] if self.language else []
        return said

    def kept(self) -> list[tuple[str, str]]:
        """What a new question keeps beside its own fields: filters, view, the reader's list and language."""
        return replace(self, asked=False, municipality="", like=(), unlike=(), page=1, own={}).pairs()

    @property
    def is_readers_own(self) -> bool:
        """Whether it asks, narrows or keeps something: a page for its reader, and for no search engine."""
        return bool(self.asked or self.filters or self.saved or self.own)

    def link(self, path: str | None = None, **changes: Any) -> str:
        """This address on its own path or another one, with fields changed."""
        if path not in (None, self.path):
            changes = {"own": {}} | changes
        said = urlencode(replace(self, **changes).pairs() if changes else self.pairs())
        return f"{path or self.path}?{said}" if said else path or self.path

    def bare(self, path: str = "/") -> str:
        """A path without the search, with the reader's list and in the language they chose."""
        return Address(saved=self.saved, language=self.language).link(path)

    def aside(self, path: str) -> str:
        """A path that looks through the bank: without the question, with the reader's municipality."""
        return Address(
            municipality=self.municipality, view=self.view, saved=self.saved, language=self.language
        ).link(path)

    @property
    def list_is_full(self) -> bool:
        """Whether the reader's list takes no more."""
        return len(self.saved) >= MOST_SAVED

    def saving(self, practice_id: str, path: str | None = None) -> str:
        """This address with a practice added to the reader's list."""
        return self.link(path, saved=tuple(dict.fromkeys((*self.saved, practice_id)))[:MOST_SAVED])

    def unsaving(self, practice_id: str, path: str | None = None) -> str:
        """This address with a practice taken off the reader's list."""
        return self.link(path, saved=tuple(each for each in self.saved if each != practice_id))

    def only(self, facet: str, code: str) -> str:
        """The search with this one value of a facet: as many results as its count says."""
        return self.link(filters={**self.filters, facet: (code,)}, page=1)

    def without(self, facet: str, code: str | None = None) -> str:
        """The search without a value of a facet, or without the facet."""
        left = tuple(each for each in self.filters.get(facet, ()) if code not in (None, each))
        return self.link(filters={**self.filters, facet: left}, page=1)

    def unfiltered(self) -> str:
        """The search without any filter."""
        return self.link(filters={}, page=1)

    def plain(self) -> str:
        """The search without filters and wishes."""
        return self.link(filters={}, like=(), unlike=(), page=1)

    def more_like(self, practice_id: str) -> str:
        """The search moved towards a practice."""
        return self._steered([*self.like, practice_id], [each for each in self.unlike if each != practice_id])

    def not_like(self, practice_id: str) -> str:
        """The search moved away from a practice."""
        return self._steered([each for each in self.like if each != practice_id], [*self.unlike, practice_id])

    def unsteered(self, practice_id: str) -> str:
        """The search with a practice neither liked nor disliked."""
        return self._steered(
            [each for each in self.like if each != practice_id],
            [each for each in self.unlike if each != practice_id],
        )

    def _steered(self, like: list[str], unlike: list[str]) -> str:
        # The latest wishes count: an address holds no more of them than the API takes.
        return self.link(
            like=tuple(dict.fromkeys(like))[-MOST_STEERING:],
            unlike=tuple(dict.fromkeys(unlike))[-MOST_STEERING:],
            page=1,
        )


def _is_code(facet: str, value: str) -> bool:
    """Whether a value of an open facet can be one: two capitals for a country, a short name for a region."""
    if facet == "country":
        return len(value) == 2 and value.isascii() and value.isupper()
    return len(value) <= 200 and "\x00" not in value
