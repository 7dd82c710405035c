"""The commands that keep the bank: bring practices in and out, remove them, see their history, index and check."""

import getpass
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape

from corpus.bank import BANK, read_bank
from corpus.errors import EmpeltError, InvalidPractice
from corpus.exporters import not_carried, write_practices
from corpus.importers.drafts import Format
from corpus.places import load_municipalities
from corpus.practice import Practice
from corpus.store import ChangeKind, PracticeStore
from corpus.vocabulary import Language
from indexer.build import update_snapshot
from indexer.snapshot import load_current
from models.encoder import load_encoder
from service.commands.shared import REFUSED, complain, err, opened_store, out, progress_bar, refuse, refusing
from service.intake import (
    LONGEST_BY,
    Effect,
    Fault,
    HistoryEntry,
    ImportReport,
    history_of,
    import_drafts,
    read_source,
    remembering,
)
from service.settings import settings

MOST_LISTED = 20  # records, problems or doubts printed of each kind; --json has all
LONGEST_VALUE = 100  # characters of a value printed in a history

_ENDINGS = {
    ".csv": Format.CSV,
    ".xlsx": Format.XLSX,
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
    ".jsonld": Format.JSON_LD,
}
_SIGNS = {Effect.ADDED: "[green]+[/]", Effect.CHANGED: "[yellow]~[/]", Effect.UNCHANGED: "[dim]=[/]"}

By = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Who makes the change, for the history; your user name when left out."),
]
AndIndex = Annotated[bool, typer.Option("--index", help="Bring the change into the search at once.")]
PracticeId = Annotated[str, typer.Argument(metavar="ID", help="The practice's id.", show_default=False)]


def index(
    bank: Annotated[
        Path | None,
        typer.Option(help="Folder of YAML practices to store first; the shipped bank when the store is empty."),
    ] = None,
    skip_invalid: Annotated[bool, typer.Option(help="Leave out files that are not valid practices.")] = False,
) -> None:
    """Bring the search index up to date with the store."""
    with refusing(), opened_store() as store:
        if bank is not None and not bank.is_dir():
            refuse(f"{bank} is not a folder.")
        if bank is not None or store.last_change() == 0:
            folder = bank or BANK
            stored = store.put(read_valid(folder, skip_invalid=skip_invalid), by=f"bank {folder.name}")
            out.print(f"Stored {stored} new or changed practices from {escape(str(folder))}.", soft_wrap=True)
        update_index(store, out)


def read_valid(folder: Path, *, skip_invalid: bool) -> list[Practice]:
    """All practices of a folder of YAML files; faults are listed, and end it unless they may be skipped."""
    found = list(read_bank(folder))
    faults = [item for item in found if isinstance(item, InvalidPractice)]
    for fault in faults:
        err.print(f"[yellow]{escape(str(fault))}[/]", soft_wrap=True)
    if faults and not skip_invalid:
        refuse(
            f"{len(faults)} of {len(found)} files are not valid practices; nothing was changed. "
            "Mend them, or index the others with --skip-invalid."
        )
    return [item for item in found if isinstance(item, Practice)]


def update_index(store: PracticeStore, say: Console) -> None:
    """Encode what is new and make the next snapshot current."""
    encoder = load_encoder(settings().encoder)
    with progress_bar() as progress:
        task = progress.add_task("Encoding", total=None)
        manifest = update_snapshot(
            store,
            encoder,
            settings().index,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    if manifest is None:
        say.print("The index is up to date.")
    else:
        say.print(
            f"Indexed {manifest.records} practices, {manifest.passages} passages "
            f"with the encoder {manifest.encoder.name}: snapshot {manifest.name}.",
            soft_wrap=True,
        )


def import_practices(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE_OR_ADDRESS...",
            help="Files (.csv .xlsx .docx .html .yaml .jsonl .json .jsonld), or addresses of web pages (https://...).",
            show_default=False,
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would happen.")] = False,
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="Store the valid records of a file that has others too.")
    ] = False,
    headings: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="More names of columns and headings: a YAML file in the form of corpus/importers/headings.yaml.",
        ),
    ] = None,
    language: Annotated[
        Language | None, typer.Option(help="Language of records that do not say theirs and do not show it.")
    ] = None,
    by: By = None,
    and_index: AndIndex = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the reports as a JSON list.")] = False,
) -> None:
    """Bring practices in from files and web pages.

    Columns and headings may be in Catalan, Spanish, Italian or English.

    Begin with --dry-run: it tells what would be added and changed, what is in doubt, and what will not do and why.

    A file goes in whole or not at all; when any file is kept out the exit status is 2.

    A record whose id is known replaces the one in the store; `empelt history` shows what it was.

    The import reaches the search with --index, or the next time `empelt index` runs.
    """
    refused = False
    reports: list[ImportReport] = []
    with refusing(), opened_store() as store:
        with err.status("Reading the municipalities"):
            find = remembering(load_municipalities(settings().data).find)
        for source in sources:
            is_address = source.startswith(("http://", "https://"))
            name = source if is_address else Path(source).name
            try:
                with progress_bar() as progress:
                    task = progress.add_task(f"Reading {escape(name)}", total=None)
                    report = import_drafts(
                        read_source(
                            source if is_address else _file(source),
                            find,
                            language=language,
                            headings_file=headings,
                        ),
                        store,
                        find,
                        source=name,
                        by=_who(by),
                        dry_run=dry_run,
                        skip_invalid=skip_invalid,
                        progress=lambda read, task=task, bar=progress: bar.update(task, completed=read),  # type: ignore[misc]
                    )
            except EmpeltError as error:
                complain(f"{error} Nothing of it was stored.")
                refused = True
                continue
            refused |= report.kept_out
            reports.append(report)
            if not as_json:
                _print_report(report)
        if stored := sum(report.stored for report in reports):
            _follow(store, and_index=and_index, say=err if as_json else out, what=f"{stored} practices")
    if as_json:
        _print_json(reports)
    if refused:
        raise typer.Exit(REFUSED)


def _file(source: str) -> Path:
    path = Path(source)
    if path.is_dir():
        refuse(f"{source} is a folder: name the files in it, or use `empelt index --bank` for a folder of YAML.")
    return path


def _who(by: str | None) -> str:
    if by is not None:
        if not by.strip() or len(by) > LONGEST_BY:
            refuse(f"--by needs a name of 1 to {LONGEST_BY} characters.")
        return by.strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without an entry for its user
        return "command line"


def _follow(store: PracticeStore, *, and_index: bool, say: Console, what: str) -> None:
    """After a write: index, or say how."""
    if and_index:
        update_index(store, say)
    else:
        say.print(f"Stored {what}. Run `empelt index` to bring the change into the search.", soft_wrap=True)


def _print_report(report: ImportReport) -> None:
    would = "would be " if report.dry_run or report.kept_out else ""
    out.print(
        f"[bold]{escape(report.source)}[/]: {report.added} {would}added, {report.changed} {would}changed, "
        f"{report.unchanged} unchanged, {report.invalid} invalid",
        soft_wrap=True,
    )
    _print_some(
        f"  {_SIGNS[record.effect]} {record.id}  [dim]{escape(', '.join(record.changes) or record.title)}[/]"
        for record in report.records
        if record.effect is not Effect.UNCHANGED
    )
    _print_faults("Doubts (read with a guess, or left aside):", report.doubts)
    _print_faults("Problems (these records will not do):", report.problems)
    if report.kept_out:
        total = len(report.records) + report.invalid
        complain(
            f"{report.invalid} of {total} records of {report.source} will not do; nothing of it "
            f"{'would be' if report.dry_run else 'was'} stored. Mend them, or store the rest with --skip-invalid."
        )
    elif report.dry_run:
        out.print("A dry run: nothing was stored.")


def _print_faults(title: str, faults: Sequence[Fault]) -> None:
    if faults:
        out.print(title)
        _print_some(f"  {escape(str(fault))}" for fault in faults)


def _print_some(lines: Iterable[str]) -> None:
    listed = list(lines)
    for line in listed[:MOST_LISTED]:
        out.print(line, soft_wrap=True)
    if len(listed) > MOST_LISTED:
        out.print(f"  ... and {len(listed) - MOST_LISTED} more; --json lists all.")


def _print_json(items: Sequence[ImportReport | HistoryEntry]) -> None:
    plain = [item.model_dump(mode="json") for item in items]
    sys.stdout.write(json.dumps(plain, ensure_ascii=False, indent=2) + "\n")


def export_practices(
    file: Annotated[Path, typer.Argument(help="The file to write; one there is replaced.", show_default=False)],
    format: Annotated[
        Literal["csv", "xlsx", "jsonl", "jsonld"] | None,
        typer.Option(help="Told by the file's ending when left out."),
    ] = None,
    language: Annotated[Language | None, typer.Option(help="Only practices in this language.")] = None,
) -> None:
    """Write the practices of the store to a file, which `empelt import` reads again to the same records.

    CSV and XLSX are for spreadsheets: one row a practice.

    JSON Lines (.jsonl) has one whole record a line.

    JSON-LD (.jsonld) says the same in the words of schema.org.
    """
    chosen = Format(format) if format else _ENDINGS.get(file.suffix.lower())
    if chosen is None:
        refuse(f"{file.name}: the ending tells no format. Use {', '.join(_ENDINGS)}, or --format.")
    if file.is_dir() or not file.parent.is_dir():
        refuse(f"{file} {'is a folder' if file.is_dir() else 'lies in no folder that exists'}: name a file.")
    with refusing(), opened_store() as store:
        # Read whole first: the store is locked against writers while it is being read.
        practices = [each for each in store.practices() if language in (None, each.language)]
        if not practices:
            which = f" in {language}" if language else ""
            refuse(f"The store holds no practice{which}; nothing was written.")
        written = _write_atomically(practices, file, chosen)
    out.print(f"Wrote {written} practices to {escape(str(file))}.", soft_wrap=True)
    for limit in not_carried(chosen):
        out.print(f"[dim]{chosen.upper()} cannot carry {escape(limit)}.[/]", soft_wrap=True)


def _write_atomically(practices: Sequence[Practice], file: Path, format: Format) -> int:
    """Write beside the file and swap: whoever reads meets the old file or the new one, never a half."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as draft, progress_bar() as progress:
            written = write_practices(progress.track(practices, description="Writing"), draft, format=format)
            draft.flush()
            os.fsync(draft.fileno())
        beside.chmod(0o644)
        beside.replace(file)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return written


def remove(practice_id: PracticeId, by: By = None, and_index: AndIndex = False) -> None:
    """Take a practice out of the store; its history stays.

    It leaves the search with --index, or the next time `empelt index` runs.
    """
    with refusing(), opened_store() as store:
        store.remove(practice_id, by=_who(by))
        out.print(f"Removed {escape(practice_id)}.", soft_wrap=True)
        if and_index:
            update_index(store, out)
        else:
            out.print("Run `empelt index` to take it out of the search.")


def history(
    practice_id: PracticeId,
    as_json: Annotated[bool, typer.Option("--json", help="Print the history as a JSON list.")] = False,
) -> None:
    """Show who changed a practice, when, and what: oldest first, removed practices too."""
    with refusing(), opened_store() as store:
        entries = history_of(store, practice_id)
    if as_json:
        _print_json(entries)
        return
    for entry in entries:
        out.print(
            f"[bold]{entry.at:%Y-%m-%d %H:%M} UTC[/]  {entry.kind} by {escape(entry.by or '')}", soft_wrap=True
        )
        if entry.kind is ChangeKind.CHANGED:
            for name, change in (entry.changes or {}).items():
                out.print(
                    f"  {name}: [red]{_shown(change.before)}[/] -> [green]{_shown(change.after)}[/]",
                    soft_wrap=True,
                )


def _shown(value: Any) -> str:
    """A value of a field on one line, cut where it is long."""
    if value is None:
        return "(absent)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    line = " ".join(text.split())
    return escape(line if len(line) <= LONGEST_VALUE else f"{line[:LONGEST_VALUE]}...")


def check() -> None:
    """Prove that store, vectors and words agree, record by record."""
    from indexer.consistency import disagreements

    with refusing(), opened_store() as store:
        snapshot, refused = load_current(settings().index, load_encoder(settings().encoder))
        for reason in refused:
            err.print(f"[yellow]{escape(reason)}[/]", soft_wrap=True)
        faults = disagreements(store, snapshot)
    for fault in faults:
        out.print(f"[red]{escape(fault)}[/]", soft_wrap=True)
    if faults:
        raise typer.Exit(1)
    out.print(f"Store and index agree on {len(snapshot)} practices.")
