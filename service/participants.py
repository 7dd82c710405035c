"""The list of an exchange day's participants, read from a CSV or a workbook whole or not at all.

Columns, roles and languages may be named in Catalan, Spanish, Italian or English.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from pydantic import ValidationError

from corpus.errors import EmpeltError, Problem, UnreadableSource
from corpus.importers.drafts import Entry, Format
from corpus.importers.files import format_of, open_source
from corpus.importers.headings import Headings, fold
from corpus.importers.table import csv_entries, no_header, workbook_entries
from corpus.vocabulary import Language
from service.exchange_day import Participant, ParticipantRole

MOST_PARTICIPANTS = 400  # in one plan
LONGEST_LINE = 200  # characters of a name, a place, an office; all is printed
LONGEST_STATEMENT = 2_000  # characters of a need or an offer

COLUMNS: dict[str, str] = {
    "name": (
        "nom, nom i cognoms, participant, persona, àlies, nom o àlies, pseudònim, nombre, nombre y apellidos, "
        "participante, alias, nombre o alias, seudónimo, nome, nome e cognome, partecipante, pseudonimo, nome "
        "o pseudonimo, name, full name, nickname, name or alias"
    ),
    "municipality": (
        "municipi, ajuntament, poble, ciutat, municipio, ayuntamiento, localidad, ciudad, comune, città, "
        "municipality, town, city, town council, city council"
    ),
    "entity": (
        "entitat, ens, organisme, organització, institució, associació, municipi o entitat, entitat o "
        "municipi, entidad, organismo, organización, institución, asociación, municipio o entidad, entidad o "
        "municipio, ente, organizzazione, istituzione, associazione, comune o ente, ente o comune, entity, "
        "organisation, organization, institution, association, body, municipality or entity"
    ),
    "office": (
        "departament, àrea, servei, unitat, regidoria, oficina, àrea o departament, departamento, área, "
        "servicio, unidad, concejalía, área o departamento, ufficio, settore, servizio, dipartimento, "
        "assessorato, area, ufficio o settore, office, department, service, unit, office or department"
    ),
    "role": (
        "càrrec, rol, funció, perfil, lloc de treball, professió, cargo, función, puesto, puesto de trabajo, "
        "profesión, ruolo, funzione, qualifica, incarico, professione, profilo, role, position, job, job "
        "title, function, profile, profession"
    ),
    "languages": (
        "llengües, llengua, idiomes, idioma, llengües que llegeix, llengües que enteneu, lenguas, lengua, "
        "idiomas, lenguas que lee, lenguas que entiende, lingue, lingua, lingue che legge, lingue conosciute, "
        "languages, language, languages read"
    ),
    # `corpus.importers.table` knows the header by its "title": here it is the need, for which the day is held.
    "title": (
        "necessitat, necessitats, problema, problemes, repte, reptes, què necessita, què necessiteu, què "
        "busca, feblesa, febleses, necesidad, necesidades, problemas, reto, retos, qué necesita, qué busca, "
        "debilidad, debilidades, bisogno, bisogni, problemi, sfida, sfide, criticità, di che cosa ha bisogno, "
        "che cosa cerca, need, needs, problem, problems, challenge, weakness, weaknesses, what they need, "
        "looking for"
    ),
    "offer": (
        "oferta, ofertes, què ofereix, què oferiu, què pot oferir, experiència, fortalesa, fortaleses, "
        "ofertas, qué ofrece, qué puede ofrecer, experiencia, fortaleza, fortalezas, offerta, offerte, che "
        "cosa offre, esperienza, punto di forza, punti di forza, offer, offers, what they offer, experience, "
        "strength, strengths"
    ),
    "ignored": (
        "n, núm, número, numero, no, number, correu, correu electrònic, adreça electrònica, correo, correo "
        "electrónico, posta elettronica, email, e mail, telèfon, teléfono, telefono, phone, telephone, "
        "observacions, observaciones, osservazioni, note, notes, remarks"
    ),
}
ROLES: dict[ParticipantRole, str] = {  # the first that stands in what somebody writes
    ParticipantRole.ASSOCIATION: (
        "associació, entitat social, entitat, voluntari, voluntària, tercer sector, fundació, ong, "
        "cooperativa, veí, veïna, asociación, entidad social, entidad, voluntario, voluntaria, fundación, "
        "vecino, vecina, associazione, volontario, volontaria, terzo settore, fondazione, association, "
        "volunteer, third sector, charity, foundation, ngo"
    ),
    ParticipantRole.COUNCILLOR: (
        "regidor, regidora, alcalde, alcaldessa, conseller, consellera, polític, càrrec electe, concejal, "
        "concejala, alcaldesa, edil, consejero, consejera, político, cargo electo, sindaco, sindaca, "
        "vicesindaco, assessore, consigliere, consigliera, politico, amministratore, councillor, councilor, "
        "mayor, politician, elected"
    ),
    ParticipantRole.MANAGER: (
        "cap, director, directora, directiu, directiva, coordinador, coordinadora, responsable, gerent, jefe, "
        "jefa, directivo, gerente, direttore, direttrice, dirigente, coordinatore, coordinatrice, "
        "responsabile, capo, manager, head, chief, coordinator"
    ),
    ParticipantRole.ADMINISTRATIVE: (
        "administratiu, administrativa, personal administratiu, auxiliar administrativa, secretari, "
        "secretària, recepció, administrativo, personal administrativo, secretario, secretaria, recepción, "
        "amministrativo, amministrativa, impiegato, impiegata, segretario, segretaria, administrative, clerk, "
        "secretary, reception"
    ),
    ParticipantRole.TECHNICIAN: (
        "tècnic, tècnica, assistent social, asistente social, treballador social, treballadora social, "
        "treball social, educador, educadora, psicòleg, psicòloga, integrador, integradora, mediador, "
        "mediadora, dinamitzador, dinamitzadora, professional, agent, insertor, insertora, infermer, "
        "infermera, pedagog, pedagoga, jurista, técnico, técnica, trabajador social, trabajadora social, "
        "trabajo social, psicólogo, psicóloga, animador, animadora, profesional, enfermero, enfermera, "
        "pedagogo, tecnico, tecnica, assistente sociale, educatore, educatrice, psicologo, psicologa, "
        "mediatore, mediatrice, operatore, operatrice, funzionario, funzionaria, istruttore, istruttrice, "
        "technician, technical officer, officer, social worker, educator, psychologist, mediator, nurse, "
        "specialist"
    ),
}
SPOKEN_NAMES = {  # besides those that Unicode's CLDR has in the four languages
    "ca": "cat, valencià, valenciano, valenzano, valencian, mallorquí, val",
    "es": "cast, cas, esp, castellà, castellano, castigliano, castilian",
    "it": "ita",
    "en": "ang, ing, eng",
    "eu": "euskara, euskera, basc, vasco",
}

_HINT = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_BETWEEN_LANGUAGES = re.compile(r"[,;/|+·\n]|\s[-–]\s|\s(?:i|y|e|ed|and)\s", re.IGNORECASE)


class InvalidParticipants(EmpeltError):
    """A list that will not do; `problems` name every fault by file, row, column, value and reason."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True)
class ParticipantList:
    """The participants in the order of the list, and what was left aside or read with a guess."""

    participants: tuple[Participant, ...]
    doubts: tuple[Problem, ...] = ()


class _Columns(Headings):
    """The columns of this list, by names that mean other things in a practice."""

    def field(self, heading: str) -> str | None:
        return self.fields.get(fold(_HINT.sub(" ", heading)))


@cache
def _columns() -> _Columns:
    fields = {fold(name): column for column, names in COLUMNS.items() for name in names.split(", ")}
    return _Columns(fields=fields, languages={}, endings=(), words={}, bodies={}, boilerplate=frozenset())


@cache
def _spoken() -> dict[str, str]:
    """Codes by folded names of languages, in all four, and by the codes themselves."""
    names: dict[str, str] = {}
    for language in Language:
        for code, name in Locale(language.value).languages.items():
            if len(code) in (2, 3):
                names.setdefault(fold(name), code)
                if len(code) == 2:
                    names[code] = code
    return names | {fold(name): code for code, known in SPOKEN_NAMES.items() for name in known.split(", ")}


@cache
def _roles() -> tuple[tuple[str, ParticipantRole], ...]:
    return tuple((fold(name), role) for role, names in ROLES.items() for name in names.split(", "))


def role_of(text: str) -> ParticipantRole | None:
    """The role somebody writes in their own words ("Cap de Serveis Socials", "tècnic/a"), None when not known."""
    told = f" {fold(text.replace('/', ' '))} "
    return next((role for name, role in _roles() if f" {name} " in told), None)


def languages_of(text: str) -> tuple[str, ...]:
    """The codes of the languages named in a text ("català i castellà", "it, en"), in order.

    Raises:
        ValueError: one of them is no language we know.
    """
    codes = []
    for name in filter(None, map(str.strip, _BETWEEN_LANGUAGES.split(_HINT.sub(" ", text)))):
        if fold(name) not in _spoken():
            raise ValueError(
                f"{name!r} is no language we know; write names or codes, such as català, castellano, italiano, en"
            )
        codes.append(_spoken()[fold(name)])
    return tuple(dict.fromkeys(codes))


def read_participants(source: Path | bytes, *, name: str = "", languages: Sequence[str] = ()) -> ParticipantList:
    """Read a CSV or XLSX file with one participant a row.

    It has a column for the need and others for municipality or entity, office, role, languages and offer; a name
    or alias may be left out. No message tells a name.

    Args:
        name: what to call bytes in messages; its ending tells the format.
        languages: codes of what those read who do not say.

    Raises:
        UnreadableSource: the file as a whole will not do.
        InvalidParticipants: rows that will not do, all of them named.
    """
    name = name or (source.name if isinstance(source, Path) else "the file")
    problems: list[Problem] = []
    doubts: list[Problem] = []
    participants: list[Participant] = []
    seen: dict[tuple[str, ...], int] = {}
    places: dict[str, None] = {}
    headings: dict[str, str] = {}  # of the list itself, by our own names
    for entry in _entries(source, name):
        if entry.row is None:
            doubts += entry.problems  # a sheet without a header: instructions, a programme
            continue
        places[entry.place] = None
        told, asides = _told(entry, headings)
        doubts += asides
        if not told and not entry.problems:
            continue  # a row that was numbered beforehand and never filled in
        participant, faults = _participant(entry, told, languages)
        problems += [*entry.problems, *faults]
        if participant is None:
            continue
        if told.get("role") and participant.role is ParticipantRole.OTHER:
            doubts.append(_fault(entry, told, "role", "is no role we know; counted as another one"))
        if participant.name:
            person = (fold(participant.name), *participant.workplace)
            if person in seen:
                doubts.append(_fault(entry, told, "name", f"may be the person of row {seen[person]} again"))
            seen.setdefault(person, entry.row)
        participants.append(participant)
        if len(participants) > MOST_PARTICIPANTS:
            raise UnreadableSource(
                f"{name} holds more than {MOST_PARTICIPANTS} participants, the most one plan is made for: "
                "split the list into days or halls."
            )
    if len(places) > 1:
        raise UnreadableSource(f"{name} lists participants in several sheets: put them all into one.")
    headings.setdefault("title", "need")
    if problems:
        raise InvalidParticipants([replace(each, field=headings.get(each.field, each.field)) for each in problems])
    if not participants:
        raise UnreadableSource(f"{name} has a header, but no participant below it.")
    return ParticipantList(
        tuple(participants), tuple(replace(each, field=headings.get(each.field, each.field)) for each in doubts)
    )


def _entries(source: Path | bytes, name: str) -> Iterator[Entry]:
    """The rows of a table, told by the importers of practices."""
    with open_source(source) as file:
        found = format_of(file, name, None)
        if found not in (Format.CSV, Format.XLSX):
            raise UnreadableSource(f"{name} is no table: send a CSV (.csv) or an Excel workbook (.xlsx).")
        read = csv_entries if found is Format.CSV else workbook_entries
        try:
            yield from read(file, name, _columns())
        except UnreadableSource as error:
            if str(error) != no_header(name):
                raise
            raise UnreadableSource(
                f"{name} has no header: none of its first rows names a column for the need and one more (such as "
                '"Necessitat" and "Municipi", "Necesidad" and "Municipio", "Bisogno" and "Comune", "Need" and '
                '"Municipality").'
            ) from None


def _told(entry: Entry, headings: dict[str, str]) -> tuple[dict[str, str], list[Problem]]:
    """What stands under every column known, and the columns met for the first time that are not."""
    told: dict[str, str] = {}
    asides: list[Problem] = []
    for label, text in entry.values:
        column = _columns().field(label)
        heading = "".join(filter(str.isprintable, label))  # it may be shown on a terminal
        if column is None:
            if heading not in headings:
                reason = "is no column we know; not read, here and below"
                asides.append(Problem(entry.place, heading, reason, row=entry.row))
            headings[heading] = heading
        elif column != "ignored":
            headings.setdefault(column, heading)
            told[column] = "\n".join(filter(None, (told.get(column), text.strip())))
    return told, asides


def _participant(
    entry: Entry, told: dict[str, str], languages: Sequence[str]
) -> tuple[Participant | None, list[Problem]]:
    """The participant of a row, or its faults."""
    faults: list[Problem] = []
    fields: dict[str, Any] = {
        "row": entry.row,
        "name": told.get("name"),
        "municipality": told.get("municipality"),
        "entity": told.get("entity"),
        "office": told.get("office"),
        "role": (role_of(told["role"]) or ParticipantRole.OTHER) if told.get("role") else None,
        "languages": tuple(languages),
        "need": told.get("title"),
        "offer": told.get("offer"),
    }
    try:
        fields["languages"] = languages_of(told.get("languages", "")) or fields["languages"]
        if not fields["languages"]:
            raise ValueError("is empty: write the languages they read, such as ca, es, it or en")  # noqa: TRY301
    except ValueError as error:
        faults.append(_fault(entry, told, "languages", str(error)))
    if not (fields["municipality"] or fields["entity"]):
        reason = "is empty, and so is the entity: write where they come from"
        faults.append(_fault(entry, told, "municipality", reason))
    for column, text in told.items():
        longest = LONGEST_STATEMENT if column in ("title", "offer") else LONGEST_LINE
        if len(text) > longest:
            faults.append(_fault(entry, told, column, f"is longer than {longest:,} characters: say it in fewer"))
    if faults:
        return None, faults
    try:
        participant = Participant(**fields)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_context=False):
            column = str(fault["loc"][0]).replace("need", "title")
            faults.append(_fault(entry, told, column, fault["msg"].removeprefix("Value error, ")))
        return None, faults
    return participant, []


def _fault(entry: Entry, told: dict[str, str], column: str, reason: str) -> Problem:
    """What is wrong under a column, by our own name for it; what stands there is shown unless it is a name."""
    shown = "" if column == "name" else " ".join(told.get(column, "")[:200].split())
    return Problem(entry.place, column, reason, shown, entry.row)
