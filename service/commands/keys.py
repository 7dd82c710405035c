"""`empelt keys`: who may use the API as an administrator, a municipality or a partner."""

from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape

from corpus.network import Key, Role
from corpus.places import load_municipalities
from corpus.store_network import NetworkStore
from service.access import mint
from service.commands.keeping import By, _who
from service.commands.shared import err, out, refusing
from service.settings import settings

keys = typer.Typer(help="Keys to the API: make, list and revoke them.", no_args_is_help=True)


@keys.command()
def create(
    role: Annotated[Role, typer.Option(help="What it may do: everything, its municipality's own, or read.")],
    label: Annotated[str, typer.Option(help="Whose it is and what for, in words.")],
    municipality: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name or code of the municipality whose key it is.")
    ] = None,
    region: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Limit a partner to this region; may be repeated.")
    ] = None,
    per_minute: Annotated[int | None, typer.Option(help="Requests it may make a minute.")] = None,
    expires: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day it is good; none when left out.")
    ] = None,
    by: By = None,
) -> None:
    """Make a key. It is printed once, alone on standard output, and kept nowhere: note it."""
    who = _who(by)
    with refusing():
        key, secret = mint(
            load_municipalities(settings().data),
            role=role,
            label=label,
            municipality=municipality,
            regions=region or (),
            per_minute=per_minute,
            expires_on=expires.date() if expires else None,
        )
        with closing(NetworkStore(settings().store_url)) as store:
            store.put_key(key, by=who)
    err.print(
        f"The key {key.id}, of role {role}, {key.per_minute} requests a minute. It is shown this once:",
        soft_wrap=True,
    )
    typer.echo(secret)


@keys.command("list")
def list_keys() -> None:
    """List every key ever made, oldest first."""
    with refusing(), closing(NetworkStore(settings().store_url)) as store:
        found = store.keys()
    if not found:
        out.print("No key was made yet: `empelt keys create` makes one.")
        return
    for key in found:
        of = key.municipality or ", ".join(key.regions)
        whose = f"{key.role} of {of}" if of else key.role.value
        limits = f"{key.per_minute} a minute, {_state(key)}"
        out.print(f"[bold]{key.id}[/]  {escape(whose)}: {escape(key.label)}; {limits}", soft_wrap=True)


def _state(key: Key) -> str:
    if key.revoked_at:
        return f"revoked on {key.revoked_at:%Y-%m-%d}"
    if not key.is_valid(datetime.now(UTC)):
        return f"expired on {key.expires_on}"
    return f"good until {key.expires_on}" if key.expires_on else "good"


@keys.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as listed.", show_default=False)],
    by: By = None,
) -> None:
    """Have a key open nothing from now on."""
    who = _who(by)
    with refusing(), closing(NetworkStore(settings().store_url)) as store:
        store.revoke_key(key_id, by=who)
    out.print(f"The key {escape(key_id)} opens nothing any more.", soft_wrap=True)
