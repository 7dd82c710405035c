"""The errors of the domain, free of HTTP; the service maps each to a status in one table.

EmpeltError
|-- InvalidPractice        a record breaks a rule (file, field, value, reason)
|-- UnknownPractice        no record with that id
|-- MunicipalityError
|   |-- UnknownMunicipality    no place by that name or code
|   `-- AmbiguousMunicipality  several places share the name
|-- UnreadableSource       a file or page cannot be read as what it claims to be
|-- StoreUnavailable       the database cannot be reached or is too new
`-- IndexError_ family     see indexer/errors.py
"""

from dataclasses import dataclass


class EmpeltError(Exception):
    """Anything Empelt refuses to do, with a message fit for a person."""


@dataclass(frozen=True)
class Problem:
    """One fault in a source: where it is, what stands there, why that will not do."""

    file: str
    field: str
    reason: str
    value: str = ""
    row: int | None = None

    def __str__(self) -> str:
        place = f"{self.file}, row {self.row}" if self.row is not None else self.file
        shown = f" ({self.value[:80]!r})" if self.value else ""
        return f"{place}: {self.field}{shown}: {self.reason}"


class InvalidPractice(EmpeltError):
    """A record breaks a rule; `problems` name every broken field."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class UnknownPractice(EmpeltError):
    """No practice has the id asked for."""

    def __init__(self, practice_id: str) -> None:
        self.practice_id = practice_id
        super().__init__(f"No practice has the id {practice_id!r}.")


class MunicipalityError(EmpeltError):
    """A place could not be told from its name or code."""


class UnknownMunicipality(MunicipalityError):
    """No municipality by that name or code; `suggestions` are names spelt nearly so, nearest first."""

    def __init__(self, name: str, suggestions: list[str] | None = None) -> None:
        self.name = name
        self.suggestions = suggestions or []
        hint = f" Did you mean {'; '.join(self.suggestions)}?" if self.suggestions else ""
        super().__init__(f"No municipality is known as {name!r}.{hint}")


class AmbiguousMunicipality(MunicipalityError):
    """Several municipalities share the name; `candidates` lists how to name each."""

    def __init__(self, name: str, candidates: list[str]) -> None:
        self.name = name
        self.candidates = candidates
        super().__init__(f"{name!r} may be: {'; '.join(candidates)}. Name one with its region or by its code.")


class UnreadableSource(EmpeltError):
    """A file or page cannot be read as what it claims to be, or is too large to be trusted."""


class StoreUnavailable(EmpeltError):
    """The database cannot be reached, or its schema is newer than this program."""


class EncoderError(EmpeltError):
    """The encoder cannot be loaded; the message names what was looked for."""


class SnapshotError(EmpeltError):
    """An index snapshot cannot be used."""


class NoSnapshot(SnapshotError):
    """Nothing was indexed yet."""


class DamagedSnapshot(SnapshotError):
    """A file of the snapshot is missing, cut or changed."""


class MismatchedSnapshot(SnapshotError):
    """The snapshot was made by another encoder, or in a format this version does not read."""
