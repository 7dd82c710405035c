"""The errors of the domain, free of HTTP; the service maps each to a status in one table.

EmpeltError
|-- InvalidPractice        a record breaks a rule (file, field, value, reason)
|-- UnknownPractice        no record with that id
|-- MunicipalityError
|   |-- UnknownMunicipality    no place by that name or code
|   `-- AmbiguousMunicipality  several places share the name
|-- UnreadableSource       a file or page cannot be read as what it claims to be
|-- StoreUnavailable       the database cannot be reached or is too new
|-- UnknownProfile, UnknownNeed, UnknownOffer, UnknownDraft, UnknownKeyId
|                          there is none by that name, or not for whoever asks
|-- IdTaken                the id asked for already names another thing
|-- InvalidKey             a key cannot be made as asked for
|-- AccessError
|   |-- MissingKey             it takes a key, and none was shown
|   |-- UnknownKey             the key shown opens nothing: wrong, expired or revoked
|   `-- NotAllowed             the key is good, but not for this
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


class UnknownProfile(EmpeltError):
    """No profile of that municipality can be read."""

    def __init__(self, municipality: str) -> None:
        super().__init__(f"There is no profile of {municipality!r} to read.")


class UnknownNeed(EmpeltError):
    """No need has the id asked for."""

    def __init__(self, need_id: str) -> None:
        super().__init__(f"No need has the id {need_id!r}.")


class UnknownOffer(EmpeltError):
    """No offer has the id asked for."""

    def __init__(self, offer_id: str) -> None:
        super().__init__(f"No offer has the id {offer_id!r}.")


class UnknownDraft(EmpeltError):
    """No draft waits under the id asked for."""

    def __init__(self, draft_id: str) -> None:
        super().__init__(f"No draft has the id {draft_id!r}.")


class UnknownKeyId(EmpeltError):
    """No key has the id asked for."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"No key has the id {key_id!r}.")


class IdTaken(EmpeltError):
    """The id asked for already names another thing of that kind."""

    def __init__(self, taken: str) -> None:
        super().__init__(f"The id {taken!r} is taken: choose another, or leave it out where one is given then.")


class InvalidKey(EmpeltError):
    """A key cannot be made as asked for; the message names what will not do."""


class AccessError(EmpeltError):
    """Whoever asks may not have what was asked for."""


class MissingKey(AccessError):
    """What was asked for takes a key, and none was shown."""


class UnknownKey(AccessError):
    """The key shown opens nothing. Whether it is wrong, expired or revoked is not told, and it never shows."""

    def __init__(self) -> None:
        super().__init__("The key shown is not one that opens anything: it is wrong, has expired or was revoked.")


class NotAllowed(AccessError):
    """The key shown is good, but not for this; the message says what it may not do and which key may."""


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
