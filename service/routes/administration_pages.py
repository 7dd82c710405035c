"""The administrator's pages: import with a dry run first, duplicates to decide, keys to make and revoke.

The key is typed into each form and travels in the body of its POST; no page shows it again, and there is no
cookie, so a forged request would have to know the key (see `network_pages`).
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from weakref import WeakKeyDictionary

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from corpus.errors import AccessError, EmpeltError
from corpus.network import Key, Role
from indexer.duplicates import Likeness, Resemblance, all_resemblances
from indexer.snapshot import Snapshot
from service.access import Action, Caller, mint, require
from service.i18n import translator
from service.intake import import_drafts, link_practices, read_source, remembering
from service.page_address import Address
from service.page_words import message
from service.resources import Resources
from service.routes.imports import MOST_RECORDS
from service.routes.keys import KeyIn
from service.routes.network_pages import kept_private, key_trouble, said, sent, uploaded
from service.routes.pages import Trouble
from service.routes.rendering import page, page_language
from service.routes.shared import Held, holder_of

router = APIRouter(include_in_schema=False)

NO_FILE = message("Choose a file to import.")
ROLE_NAMES = {
    Role.MUNICIPALITY: message("Municipality"),
    Role.PARTNER: message("Partner"),
    Role.ADMINISTRATOR: message("Administrator"),
}
LIKENESS_NAMES = {
    Likeness.SAME: message("Perhaps the same practice"),
    Likeness.ADAPTATION: message("Perhaps an adaptation by another body"),
}
MOST_SHOWN = 200  # records or faults of an import that are listed; the counts are of all


def _address(request: Request) -> Address:
    return Address.of(request.query_params.multi_items(), path="/admin")


def _shown(request: Request, *, trouble: Trouble | None = None, status: int = 200, **found: Any) -> Response:
    """The page with all its forms, and what one of them brought about."""
    blank = dict.fromkeys(("report", "duplicates", "linked", "keys", "revoked", "made", "secret"))
    return kept_private(
        page(
            request,
            "administration.html",
            _address(request),
            status=trouble.status if trouble else status,
            trouble=trouble,
            role_names=ROLE_NAMES,
            likeness=LIKENESS_NAMES,
            most_shown=MOST_SHOWN,
            key_state=_state,
            **{**blank, **found},
        )
    )


async def _done(
    request: Request,
    held: Resources,
    act: Callable[[Caller, FormData, bytes | None, str], Response],
    *,
    action: Action,
    field: str,
) -> Response:
    """What a form asks for, if its key may; what cannot be done is told at that field."""

    def do(form: FormData, content: bytes | None, name: str) -> Response:
        say = translator(page_language(request, _address(request)))
        try:
            caller = holder_of(said(form, "key"), request, held)
            require(caller, action)
            return act(caller, form, content, name)
        except AccessError as error:
            return _shown(request, trouble=key_trouble(error, say))
        except EmpeltError as error:
            return _shown(request, trouble=Trouble(str(error), field))

    async with sent(request) as form:
        content, name = await uploaded(form)
        return await run_in_threadpool(do, form, content, name)


@router.get("/admin")
def administration_page(request: Request) -> Response:
    """The forms."""
    return _shown(request)


@router.get("/admin/{_part:path}")
def back(request: Request) -> Response:
    """What a form brought about has no address of its own: a language link there leads back to the forms."""
    return RedirectResponse(_address(request).link(), 303)


@router.post("/admin/imports")
async def bring_in(request: Request, held: Held) -> Response:
    """Import a file, or tell what that would do."""

    def act(caller: Caller, form: FormData, content: bytes | None, name: str) -> Response:
        if not content:
            say = translator(page_language(request, _address(request)))
            return _shown(request, trouble=Trouble(say(NO_FILE), "file"))
        find = remembering(held.municipalities.find)
        report = import_drafts(
            read_source(content, find, name=name),
            held.store,
            find,
            source=name,
            by=caller.id,
            dry_run=bool(said(form, "dry_run")),
            skip_invalid=bool(said(form, "skip_invalid")),
            most_records=MOST_RECORDS,
        )
        if report.stored:
            held.update_index_soon()
        return _shown(request, report=report)

    return await _done(request, held, act, action=Action.KEEP_BANK, field="file")


_pairs: WeakKeyDictionary[Snapshot, list[Resemblance]] = WeakKeyDictionary()


def _undecided(snapshot: Snapshot) -> list[Resemblance]:
    """The pairs that may be one practice, worked out once a snapshot."""
    if snapshot not in _pairs:
        _pairs[snapshot] = [
            pair for pair in all_resemblances(snapshot) if pair.likeness is not Likeness.SAME_PROBLEM
        ]
    return _pairs[snapshot]


@router.post("/admin/duplicates")
async def decide_duplicates(request: Request, held: Held) -> Response:
    """The pairs of records that may be one practice; those that are chosen are linked."""

    def act(caller: Caller, form: FormData, _content: bytes | None, _name: str) -> Response:
        chosen = {value for value in form.getlist("pair") if isinstance(value, str)}
        snapshot = held.generation.snapshot
        linked, left = 0, []
        for pair in _undecided(snapshot):
            if f"{pair.practice_id} {pair.other_id}" in chosen:
                link_practices(held.store, pair.practice_id, pair.other_id, by=caller.id)
                linked += 1
            else:
                both = [snapshot.practice(snapshot.rows[each]) for each in (pair.practice_id, pair.other_id)]
                left.append((pair, *both))
        if linked:
            held.update_index_soon()
        return _shown(request, duplicates=left, linked=linked)

    return await _done(request, held, act, action=Action.KEEP_BANK, field="pair")


@router.post("/admin/keys")
async def list_keys(request: Request, held: Held) -> Response:
    """Every key ever made; the one that is chosen is revoked first."""

    def act(caller: Caller, form: FormData, _content: bytes | None, _name: str) -> Response:
        revoked = said(form, "revoke") or None
        if revoked:
            held.network.revoke_key(revoked, by=caller.id)
        return _shown(request, keys=held.network.keys(), revoked=revoked)

    return await _done(request, held, act, action=Action.KEEP_KEYS, field="revoke")


@router.post("/admin/keys/new")
async def make_key(request: Request, held: Held) -> Response:
    """Make a key, and show it this once."""

    def act(caller: Caller, form: FormData, _content: bytes | None, _name: str) -> Response:
        told = {name: said(form, name) for name in ("role", "label", "municipality", "per_minute", "expires_on")}
        regions = [part.strip() for part in said(form, "regions").split(",") if part.strip()]
        try:
            asked = KeyIn.model_validate(
                {name: text for name, text in told.items() if text} | {"regions": regions}
            )
        except ValidationError as error:
            faults = error.errors(include_url=False, include_context=False, include_input=False)
            text = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)
            return _shown(request, trouble=Trouble(text, "label"))
        key, secret = mint(held.municipalities, **dict(asked))
        held.network.put_key(key, by=caller.id)
        return _shown(request, made=key, secret=secret, status=201)

    return await _done(request, held, act, action=Action.KEEP_KEYS, field="label")


def _state(key: Key) -> tuple[str, date | None]:
    """Whether a key is good, in a word, and since or until when."""
    if key.revoked_at:
        return "revoked", key.revoked_at.date()
    if not key.is_valid(datetime.now(UTC)):
        return "expired", key.expires_on
    return "good", key.expires_on
