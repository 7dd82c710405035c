"""Ways in and out: files imported, practices removed, their history, and all of them as a file.

Whoever writes shows an administrator's key. Anybody may read what is public; who changed a record, and what it
said before, only the administrator.
"""

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import PurePath
from threading import Lock
from typing import Annotated, BinaryIO, Literal
from weakref import WeakKeyDictionary, finalize

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from pydantic import Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from corpus.errors import InvalidPractice
from corpus.exporters import write_practices
from corpus.importers.drafts import Format
from corpus.network import Role
from corpus.vocabulary import Language
from indexer.snapshot import Snapshot
from service.access import Action, may, require
from service.errors import printable, problem
from service.intake import HistoryEntry, ImportReport, history_of, import_drafts, read_source, remembering
from service.routes.practices import PracticeId
from service.routes.shared import KEY_OPTIONAL, REFUSALS, WITH_KEY, Asker, Held, caller, faults_in_body
from service.schemas import Wire

router = APIRouter(prefix="/v1", tags=["import and export"])

MOST_RECORDS = 20_000  # of one upload: what the process holds in memory at once; the shell has no such limit
LONGEST_NAME = 200  # characters of an upload's file name that are kept
CHUNK_BYTES = 1 << 16

MEDIA_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.JSON_LINES: "application/x-ndjson",
    Format.JSON_LD: "application/ld+json",
}

By = Annotated[
    str | None,
    Query(max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", description="Who makes the change, for the history."),
]


def writing_is_open(held: Held) -> None:
    """Tell that nobody may write at all where there is no administrator's key: a better one would not help."""
    if held.settings.admin_key and held.settings.admin_key.get_secret_value():
        return
    kept, now = held.network.keys(), datetime.now(UTC)
    if not any(key.role is Role.ADMINISTRATOR and key.is_valid(now) for key in kept):
        raise problem(
            403,
            "Writing is closed",
            "There is no administrator's key: set EMPELT_ADMIN_KEY and start again, or make one with "
            "`empelt keys create --role administrator`.",
        )


def administrator(asker: Asker) -> None:
    """Let only an administrator pass."""
    require(asker, Action.KEEP_BANK)


WRITERS_ONLY = [Depends(writing_is_open), Depends(administrator), *WITH_KEY]


class ImportAddress(Wire):
    """A web page to import."""

    address: str = Field(min_length=1, max_length=2_000, examples=["https://www.example.org/bones-practiques/12"])


IMPORT_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "CSV, XLSX, DOCX, HTML, YAML, JSON or JSON Lines, as its name ends.",
                        }
                    },
                }
            },
            "application/json": {"schema": ImportAddress.model_json_schema()},
        },
    }
}


@router.post(
    "/imports",
    dependencies=WRITERS_ONLY,
    openapi_extra=IMPORT_BODY,
    responses=REFUSALS
    | {
        415: {"description": "The body is neither a form with a file nor JSON with an address."},
        422: {
            "description": "The source cannot be read, or problems keep it out: then `report` names each.",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        },
    },
)
async def bring_in(
    request: Request,
    held: Held,
    dry_run: Annotated[bool, Query(description="Only tell what would happen.")] = False,
    skip_invalid: Annotated[
        bool, Query(description="Store the valid records of a file that has others too.")
    ] = False,
    language: Annotated[
        Language | None, Query(description="Of records that do not say theirs and do not show it.")
    ] = None,
    by: By = None,
    *,
    asker: Asker,
) -> ImportReport:
    """Import one file, or the web page at an address: whole, in one transaction, or not at all.

    The search has the change a few seconds later.
    """
    source, name = await _sent(request)

    def store_it() -> ImportReport:
        find = remembering(held.municipalities.find)
        return import_drafts(
            read_source(source, find, name=name, language=language),
            held.store,
            find,
            source=name,
            by=by or asker.id,
            dry_run=dry_run,
            skip_invalid=skip_invalid,
            most_records=MOST_RECORDS,
        )

    report = await run_in_threadpool(store_it)
    if report.stored:
        held.update_index_soon()
    if report.kept_out and not dry_run:
        raise problem(
            422,
            "Some records will not do",
            f"{report.invalid} of {len(report.records) + report.invalid} records have problems; nothing was "
            "stored. Mend them, or store the others with skip_invalid=true.",
            report=report.model_dump(mode="json"),
        )
    return report


async def _sent(request: Request) -> tuple[bytes | str, str]:
    """What a request brings: the bytes of a file and its name, or an address twice."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        async with request.form(max_files=1, max_fields=10) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile) or not file.filename:
                fault = {"type": "missing", "loc": ("body", "file"), "msg": "must be one file with its name"}
                raise RequestValidationError([fault])
            return await file.read(), printable(PurePath(file.filename).name[-LONGEST_NAME:])
    if kind == "application/json":
        try:
            address = ImportAddress.model_validate_json(await request.body()).address
        except ValidationError as error:
            raise faults_in_body(error) from None
        return address, address
    raise problem(
        415,
        "The body is of no known kind",
        'Send a form (multipart/form-data) with a field "file", or JSON: {"address": "https://..."}.',
    )


@router.delete(
    "/practices/{practice_id}",
    status_code=204,
    dependencies=WRITERS_ONLY,
    responses=REFUSALS | {404: {"description": "No practice has that id."}},
)
def remove(practice_id: PracticeId, held: Held, asker: Asker, by: By = None) -> None:
    """Take a practice out; its history stays. The search forgets it a few seconds later."""
    held.store.remove(practice_id, by=by or asker.id)
    held.update_index_soon()


@router.get(
    "/practices/{practice_id}/history",
    openapi_extra=KEY_OPTIONAL,
    responses={404: {"description": "There never was a practice with that id."}},
)
def history(practice_id: PracticeId, held: Held, asker: Asker, response: Response) -> list[HistoryEntry]:
    """Every change of a record, oldest first: when and which fields; with the key also who, and the values."""
    response.headers["Cache-Control"] = "no-store"
    entries = history_of(held.store, practice_id)
    if may(asker, Action.READ_HISTORY):
        return entries
    return [entry.model_copy(update={"by": None, "changes": None}) for entry in entries]


@router.get(
    "/export",
    dependencies=[Depends(caller)],
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The file.",
            "content": {kind: {"schema": {"type": "string"}} for kind in MEDIA_TYPES.values()},
        },
        304: {"description": "The file is still the one you have (`If-None-Match`)."},
    },
)
def export(
    request: Request, held: Held, format: Annotated[Literal["csv", "xlsx", "jsonl", "jsonld"], Query()] = "jsonl"
) -> Response:
    """All practices that can be found, as a file that an import reads again to the same records."""
    snapshot = held.generation.snapshot
    chosen = Format(format)
    headers = {
        "ETag": f'"{snapshot.manifest.name}-{format}"',
        "Content-Disposition": f'attachment; filename="empelt.{format}"',
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    try:
        file = exported(snapshot, chosen)
    except InvalidPractice as error:
        raise problem(422, "The format cannot carry every practice", str(error)) from None
    return StreamingResponse(_chunks(file, snapshot), media_type=MEDIA_TYPES[chosen], headers=headers)


# A workbook of 442 practices takes 0.75 s to write: each export is written once a snapshot, into a file without
# a name that is gone with the snapshot. Written before the first byte is sent, so an answer is never a half.
_exports: WeakKeyDictionary[Snapshot, dict[Format, BinaryIO]] = WeakKeyDictionary()
_writing = Lock()


def exported(snapshot: Snapshot, format: Format) -> BinaryIO:
    """The file of a snapshot in a format.

    Raises:
        InvalidPractice: a record does not fit the format.
    """
    with _writing:
        files = _exports.setdefault(snapshot, {})
        if format not in files:
            file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the snapshot
            finalize(snapshot, file.close)
            write_practices(snapshot.practices(), file, format=format)
            file.flush()
            files[format] = file
        return files[format]


def _chunks(file: BinaryIO, _kept: Snapshot) -> Iterator[bytes]:
    """Read at places of our own, several readers share the file; the snapshot is kept until the last is done."""
    place = 0
    while chunk := os.pread(file.fileno(), CHUNK_BYTES, place):
        place += len(chunk)
        yield chunk
