"""Who asks, and what each role may do: one table that every face of the network keeps to.

A key is `empelt_` and 256 random bits, shown once when it is made; only its SHA-256 digest is kept, which for a
secret that nobody can guess needs no salt and no slow hash.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from corpus.errors import InvalidKey, MissingKey, NotAllowed, UnknownKey
from corpus.municipality import Municipalities
from corpus.network import Key, Need, Offer, Role, Visibility
from corpus.regions import same_region
from corpus.store_network import new_id

PREFIX = "empelt_"  # so that a key that strayed into a repository or a mail is recognised as one
SECRET_BYTES = 32


@dataclass(frozen=True)
class Caller:
    """Who asks. Without a key: nobody in particular, whose role is None."""

    role: Role | None = None
    municipality: str | None = None  # whose key it is, for that role
    id: str = "anonymous"  # of the key, for the audit log
    label: str = ""
    regions: tuple[str, ...] = ()  # a partner reads what is of these; of all where there are none
    per_minute: int | None = None  # requests; None: only its address is limited


ANONYMOUS = Caller()
# Who shows the setting EMPELT_ADMIN_KEY.
ADMINISTRATOR = Caller(role=Role.ADMINISTRATOR, id="administrator", label="EMPELT_ADMIN_KEY")


class Action(StrEnum):
    """What can be done, in words that finish "may ..."."""

    READ_PUBLIC = "read what is public"
    READ_NETWORK = "read what is shown to the network"
    READ_PRIVATE = "read what is private"
    WRITE = "change profiles, needs, offers and drafts"
    KEEP_BANK = "import, publish and remove practices"
    KEEP_MEETINGS = "plan meetings and record those held"
    READ_HISTORY = "read who changed a practice, and what it said before"
    KEEP_KEYS = "make, list and revoke keys"
    READ_AUDIT = "read the audit log"


class Reach(StrEnum):
    """Whose things an action may go to."""

    NONE = "nobody's"
    OWN = "its own municipality's"
    REGIONS = "those of its regions"
    ALL = "everybody's"


_COLUMNS = (None, Role.PARTNER, Role.MUNICIPALITY, Role.ADMINISTRATOR)
MAY: dict[Action, tuple[Reach, Reach, Reach, Reach]] = {
    #                     no key      partner        municipality  administrator
    Action.READ_PUBLIC: (Reach.ALL, Reach.REGIONS, Reach.ALL, Reach.ALL),
    Action.READ_NETWORK: (Reach.NONE, Reach.NONE, Reach.ALL, Reach.ALL),
    Action.READ_PRIVATE: (Reach.NONE, Reach.NONE, Reach.OWN, Reach.ALL),
    Action.WRITE: (Reach.NONE, Reach.NONE, Reach.OWN, Reach.ALL),
    Action.KEEP_BANK: (Reach.NONE, Reach.NONE, Reach.NONE, Reach.ALL),
    Action.KEEP_MEETINGS: (Reach.NONE, Reach.NONE, Reach.NONE, Reach.ALL),
    Action.READ_HISTORY: (Reach.NONE, Reach.NONE, Reach.NONE, Reach.ALL),
    Action.KEEP_KEYS: (Reach.NONE, Reach.NONE, Reach.NONE, Reach.ALL),
    Action.READ_AUDIT: (Reach.NONE, Reach.NONE, Reach.NONE, Reach.ALL),
}
_ONE = {
    Role.PARTNER: "a partner",
    Role.MUNICIPALITY: "a municipality",
    Role.ADMINISTRATOR: "an administrator",
}
_READING = {
    Visibility.PUBLIC: Action.READ_PUBLIC,
    Visibility.NETWORK: Action.READ_NETWORK,
    Visibility.PRIVATE: Action.READ_PRIVATE,
}


def reach(caller: Caller, action: Action) -> Reach:
    """Whose things the table lets a caller do that to."""
    return MAY[action][_COLUMNS.index(caller.role)]


def may(caller: Caller, action: Action, municipality: str | None = None, *, region: str | None = None) -> bool:
    """Whether a caller may do that to what is a municipality's (its key), which lies in a region.

    Without a municipality: to what is nobody's in particular, such as the keys.
    """
    match reach(caller, action):
        case Reach.ALL:
            return True
        case Reach.OWN:
            return municipality is not None and municipality == caller.municipality
        case Reach.REGIONS:
            return not caller.regions or any(same_region(region, own) for own in caller.regions)
    return False


def require(caller: Caller, action: Action, municipality: str | None = None) -> None:
    """Let pass only who may.

    Raises:
        MissingKey: no key was shown, and it takes one.
        NotAllowed: the key shown is not for that.
    """
    if may(caller, action, municipality):
        return
    able = [role for role, whose in zip(_COLUMNS, MAY[action], strict=True) if role and whose is not Reach.NONE]
    takes = f"that takes the key of {' or '.join(_ONE[role] for role in able)}"
    if caller.role is None:
        raise MissingKey(
            f"Without a key nobody may {action}: {takes}, in the header `Authorization: Bearer <key>`."
        )
    if reach(caller, action) is Reach.OWN:
        raise NotAllowed(f"The key of {_ONE[caller.role]} may {action} of its own only, and this is another's.")
    raise NotAllowed(f"The key of {_ONE[caller.role]} may not {action}: {takes}.")


def sees(caller: Caller, shown: Need | Offer, region_of: Callable[[str], str | None]) -> bool:
    """Whether a caller may read a need or an offer; `region_of` tells the region of a municipality by its key."""
    # Looked up only where it matters: a place without a code is found by going through all of them.
    region = region_of(shown.municipality) if caller.regions else None
    return may(caller, _READING[shown.visibility], shown.municipality, region=region)


def digest_of(secret: str) -> str:
    """The SHA-256 digest by which a key is kept, in hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


def recognise(
    secret: str, *, admin_key: str | None, key_by_digest: Callable[[str], Key | None], now: datetime
) -> Caller:
    """Who shows a key: the administrator of the settings, or whoever holds it according to the store.

    Raises:
        UnknownKey: it is wrong, has expired or was revoked.
    """
    if admin_key and hmac.compare_digest(secret.encode("latin-1", "replace"), admin_key.encode()):
        return ADMINISTRATOR
    digest = digest_of(secret)
    key = key_by_digest(digest)
    if key is None or not hmac.compare_digest(key.digest, digest) or not key.is_valid(now):
        raise UnknownKey
    return Caller(
        role=key.role,
        municipality=key.municipality,
        id=key.id,
        label=key.label,
        regions=key.regions,
        per_minute=key.per_minute,
    )


def mint(
    places: Municipalities,
    *,
    role: Role,
    label: str,
    municipality: str | None = None,
    regions: Sequence[str] = (),
    origins: Sequence[str] = (),
    per_minute: int | None = None,
    expires_on: date | None = None,
) -> tuple[Key, str]:
    """A new key and its secret, which is nowhere kept. `municipality`: a name or code that `places` knows.

    Raises:
        InvalidKey: its parts will not do, or do not go together.
        UnknownMunicipality, AmbiguousMunicipality: no municipality, or several, by that name.
    """
    now = datetime.now(UTC)
    if expires_on and expires_on < now.date():
        raise InvalidKey(f"expires_on: {expires_on} is over; name a day to come, or none.")
    if regions and role is not Role.PARTNER:
        raise InvalidKey(f"regions: only a partner's key is limited to regions, and this is of a {role}.")
    known = {place.region for place in places} if regions else set()
    for region in regions:
        if not any(same_region(region, each) for each in known):
            raise InvalidKey(f"regions: no municipality lies in {region!r}; name a region, such as Catalunya.")
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    fields: dict[str, Any] = {
        "id": new_id(label),
        "role": role,
        "label": label,
        "municipality": places.find(municipality).key if municipality else None,
        "digest": digest_of(secret),
        "regions": tuple(regions),
        "origins": tuple(origins),
        "created_at": now,
        "expires_on": expires_on,
    }
    if per_minute is not None:
        fields["per_minute"] = per_minute
    try:
        return Key(**fields), secret
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise InvalidKey(
            "; ".join(
                f"{'.'.join(str(part) for part in fault['loc']) or 'key'}: "
                f"{fault['msg'].removeprefix('Value error, ')}"
                for fault in faults
            )
        ) from None
