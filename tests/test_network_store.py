"""The store of the network, the same on SQLite and PostgreSQL: values, order, and an entry for every write."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from pydantic import ValidationError

import corpus
from corpus.errors import IdTaken, UnknownDraft, UnknownKeyId, UnknownNeed, UnknownOffer
from corpus.network import Key, Meeting, Need, Offer, Profile, Role, Settlement, Visibility
from corpus.practice import Contact
from corpus.store import PracticeStore
from corpus.store_network import NetworkStore, new_id
from tests.factories import make_practice

REUS, VIC, MESAGNE = "43123", "08298", "074010"
DAY = date(2026, 11, 29)


@pytest.fixture
def network(store_url):
    opened = NetworkStore(store_url)
    yield opened
    opened.close()


def make_need(need_id="soledat", municipality=REUS, **fields):
    told = {"text": "Gent gran que viu sola", "language": "ca", "created_on": DAY}
    return Need(id=need_id, municipality=municipality, **told | fields)


def make_offer(offer_id="trucades", municipality=REUS, **fields):
    return Offer(
        id=offer_id,
        municipality=municipality,
        **{"text": "En parlem", "language": "ca", "created_on": DAY} | fields,
    )


def make_key(key_id="reus-1", digest="a" * 64, **fields):
    told = {"role": Role.PARTNER, "label": "Portal", "created_at": datetime(2026, 11, 29, 9, tzinfo=UTC)}
    return Key(id=key_id, digest=digest, **told | fields)


def entries(network, since=0):
    return [(entry.by, entry.action, entry.subject) for entry in network.audit(since)]


def test_what_was_put_is_read_back_the_same(network):
    profile = Profile(
        municipality=MESAGNE,
        population=26_000,
        settlement=Settlement.TOWN,
        languages=("it",),
        budget_eur=1_234_567.89,
        ageing_share=0.24,
        services=("Centro diurno «L'Aquilone»",),
        target_groups=("older-people-alone",),
        contact=Contact(body="Servizi sociali", email="sociali@example.org"),
    )
    need = make_need(themes=("loneliness",), visibility=Visibility.PRIVATE, open_until=date(2027, 1, 31))
    offer = make_offer(practice_id="reus-trucades", visibility=Visibility.PUBLIC)
    key = make_key(regions=("Catalunya",), origins=("example.org",), per_minute=7, expires_on=DAY)
    network.put_profile(profile, by="a")
    network.put_need(need, by="a")
    network.put_offer(offer, by="a")
    network.put_key(key, by="a")
    assert network.profile(MESAGNE) == profile
    assert network.need("soledat") == need
    assert network.offer("trucades") == offer
    assert network.key_by_digest("a" * 64) == key
    assert (network.profiles(), network.needs(), network.offers(), network.keys()) == (
        [profile], [need], [offer], [key],
    )  # fmt: skip


def test_who_has_said_nothing_has_a_profile_that_says_nothing(network):
    assert network.profile(REUS) == Profile(municipality=REUS)
    assert network.profiles() == []


def test_things_come_in_order_of_their_ids_whatever_the_database_thinks_of_hyphens(network):
    for need_id in ("b", "ab", "a-c", "a.d", "a1"):
        network.put_need(make_need(need_id), by="a")
        network.put_offer(make_offer(need_id), by="a")
        network.put_draft(REUS, make_practice(id=need_id), by="a")
    order = ["a-c", "a.d", "a1", "ab", "b"]
    assert [need.id for need in network.needs()] == order
    assert [offer.id for offer in network.offers()] == order
    assert [draft.practice.id for draft in network.drafts()] == order


def test_the_things_of_one_municipality_are_its_own(network):
    network.put_need(make_need("de-reus", REUS), by="a")
    network.put_need(make_need("de-vic", VIC), by="a")
    network.put_offer(make_offer("de-vic", VIC), by="a")
    network.put_draft(VIC, make_practice(id="de-vic"), by="a")
    assert [need.id for need in network.needs(VIC)] == ["de-vic"]
    assert network.offers(REUS) == []
    assert [draft.practice.id for draft in network.drafts(VIC)] == ["de-vic"]
    assert network.drafts(REUS) == []


def test_an_unknown_id_is_an_error_that_names_it(network):
    for read, remove, error in (
        (network.need, network.remove_need, UnknownNeed),
        (network.offer, network.remove_offer, UnknownOffer),
        (network.draft, network.remove_draft, UnknownDraft),
    ):
        with pytest.raises(error, match="'no-such'"):
            read("no-such")
        with pytest.raises(error, match="'no-such'"):
            remove("no-such", by="a")
    with pytest.raises(UnknownKeyId, match="'no-such'"):
        network.revoke_key("no-such", by="a")
    assert network.key_by_digest("f" * 64) is None
    assert network.audit() == []


def test_every_write_leaves_an_entry_that_tells_who_what_and_when(network):
    before = datetime.now(UTC)
    network.put_profile(Profile(municipality=REUS), by="clau-reus")
    network.put_profile(Profile(municipality=REUS, population=106_000), by="clau-reus")
    network.put_need(make_need(), by="clau-reus")
    network.put_need(make_need(text="Una altra cosa"), by="clau-admin")
    network.remove_need("soledat", by="clau-reus")
    network.put_offer(make_offer(), by="clau-reus")
    network.remove_offer("trucades", by="clau-reus")
    network.put_draft(REUS, make_practice(id="una"), by="clau-reus")
    network.put_draft(REUS, make_practice(id="altra"), by="clau-reus")
    network.remove_draft("una", by="clau-admin", published=True)
    network.remove_draft("altra", by="clau-reus")
    network.put_key(make_key(), by="laia")
    network.revoke_key("reus-1", by="laia")
    network.add_meetings(
        [Meeting(round=2, one=REUS, other=VIC), Meeting(round=2, one=VIC, other=MESAGNE)], by="laia"
    )
    assert entries(network) == [
        ("clau-reus", "profile added", REUS),
        ("clau-reus", "profile changed", REUS),
        ("clau-reus", "need added", "soledat"),
        ("clau-admin", "need changed", "soledat"),
        ("clau-reus", "need removed", "soledat"),
        ("clau-reus", "offer added", "trucades"),
        ("clau-reus", "offer removed", "trucades"),
        ("clau-reus", "draft added", "una"),
        ("clau-reus", "draft added", "altra"),
        ("clau-admin", "draft published", "una"),
        ("clau-reus", "draft removed", "altra"),
        ("laia", "key added", "reus-1"),
        ("laia", "key revoked", "reus-1"),
        ("laia", "meetings added", "round 2: 2"),
    ]
    times = [entry.at for entry in network.audit()]
    assert times == sorted(times)
    assert before <= times[0] <= times[-1] <= datetime.now(UTC)
    assert "a" * 64 not in str(network.audit())


def test_putting_the_same_again_is_no_change_and_no_entry(network):
    practice = make_practice(id="una")
    for _ in range(2):
        network.put_profile(Profile(municipality=REUS, languages=("ca",)), by="a")
        network.put_need(make_need(), by="a")
        network.put_offer(make_offer(), by="a")
        network.put_key(make_key(), by="a")
        network.put_draft(REUS, practice, by="a")
        network.add_meetings([Meeting(round=1, one=REUS, other=VIC)], by="a")
    assert len(network.audit()) == 6


def test_the_log_is_read_on_from_any_entry_a_few_at_a_time(network):
    for number in range(5):
        network.put_need(make_need(f"n-{number}"), by="a")
    first = network.audit(limit=2)
    second = network.audit(since=first[-1].number, limit=2)
    assert [entry.subject for entry in first + second] == ["n-0", "n-1", "n-2", "n-3"]
    assert network.audit(since=network.audit()[-1].number) == []


def test_a_write_that_fails_leaves_neither_a_thing_nor_an_entry(network):
    def meetings():
        yield Meeting(round=1, one=REUS, other=VIC)
        raise RuntimeError("the plan ended badly")

    with pytest.raises(RuntimeError):
        network.add_meetings(meetings(), by="a")
    assert network.meetings() == []
    assert network.audit() == []


def test_nothing_is_written_by_nobody(network):
    for write in (
        lambda: network.put_need(make_need(), by=""),
        lambda: network.put_profile(Profile(municipality=REUS), by=" "),
        lambda: network.add_meetings([Meeting(round=1, one=REUS, other=VIC)], by=""),
    ):
        with pytest.raises(ValidationError):
            write()
    assert (network.needs(), network.profiles(), network.meetings(), network.audit()) == ([], [], [], [])


def test_an_id_of_another_municipality_cannot_be_taken_over(network):
    network.put_need(make_need(), by="a")
    network.put_offer(make_offer(), by="a")
    practice = make_practice(id="una")
    network.put_draft(REUS, practice, by="a")
    with pytest.raises(IdTaken, match="'soledat'"):
        network.put_need(make_need(municipality=VIC), by="b")
    with pytest.raises(IdTaken, match="'trucades'"):
        network.put_offer(make_offer(municipality=VIC), by="b")
    with pytest.raises(IdTaken, match="'una'"):
        network.put_draft(VIC, practice, by="b")
    assert network.need("soledat").municipality == REUS
    assert {by for by, _, _ in entries(network)} == {"a"}


def test_what_must_be_new_replaces_nothing(network):
    network.put_need(make_need(), by="a", new=True)
    with pytest.raises(IdTaken):
        network.put_need(make_need(text="Una altra cosa"), by="a", new=True)
    assert network.need("soledat").text == "Gent gran que viu sola"
    network.put_need(make_need(text="Una altra cosa"), by="a")
    assert network.need("soledat").text == "Una altra cosa"


def test_a_draft_keeps_who_proposed_it_and_when(network):
    practice = make_practice(id="una")
    put = network.put_draft(REUS, practice, by="a")
    read = network.draft("una")
    assert (read.municipality, read.practice) == (REUS, practice)
    assert read.at == put.at
    assert datetime.now(UTC) - read.at < timedelta(minutes=1)


def test_two_that_met_have_met_whoever_is_named_first(network):
    held = Meeting(round=1, one=VIC, other=REUS, held_on=DAY)
    assert network.add_meetings([held, Meeting(round=2, one=REUS, other=MESAGNE)], by="a") == 2
    assert network.add_meetings([Meeting(round=1, one=REUS, other=VIC, held_on=DAY)], by="a") == 0
    assert network.meetings() == [
        Meeting(round=1, one=VIC, other=REUS, held_on=DAY),
        Meeting(round=2, one=MESAGNE, other=REUS),
    ]
    assert network.add_meetings([Meeting(round=2, one=REUS, other=MESAGNE, held_on=DAY)], by="a") == 1
    assert network.meetings()[1].held_on == DAY


def test_a_revoked_key_is_still_known_and_opens_nothing_since_then(network):
    now = datetime.now(UTC)
    network.put_key(make_key(), by="a")
    assert network.key_by_digest("a" * 64).is_valid(now)
    network.revoke_key("reus-1", by="b")
    revoked = network.key_by_digest("a" * 64)
    assert not revoked.is_valid(datetime.now(UTC))
    assert revoked.revoked_at >= now
    network.revoke_key("reus-1", by="c")
    assert network.key_by_digest("a" * 64) == revoked
    assert entries(network)[1:] == [("b", "key revoked", "reus-1")]


def test_keys_come_oldest_first(network):
    for number, hour in enumerate((12, 9, 10)):
        at = datetime(2026, 11, 29, hour, tzinfo=UTC)
        network.put_key(make_key(f"k-{number}", digest=str(number) * 64, created_at=at), by="a")
    kept = network.keys()
    assert [key.id for key in kept] == ["k-1", "k-2", "k-0"]


def test_writers_at_once_number_their_entries_without_a_gap(store_url, network):
    def write(writer: int) -> None:
        own = NetworkStore(store_url)
        for number in range(8):
            own.put_need(make_need(f"w{writer}-{number}"), by=f"writer {writer}")
        own.close()

    writers = [threading.Thread(target=write, args=(n,)) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(network.needs()) == 24
    assert [entry.number for entry in network.audit()] == list(range(1, 25))


def test_reading_waits_for_no_writer(network):
    network.put_key(make_key(), by="a")
    with network._database.writing() as connection:
        connection.execute(sa.text("DELETE FROM access_key"))
        assert network.keys() == [make_key()]
    assert network.keys() == []


def test_practices_and_the_network_share_a_database(store_url, network):
    practices = PracticeStore(store_url)
    practice = make_practice()
    practices.put([practice], by="a")
    network.put_need(make_need(), by="a")
    assert practices.practice(practice.id) == practice
    practices.close()


def test_a_store_of_the_version_before_keeps_its_practices(store_url):
    config = Config()
    config.set_main_option("script_location", f"{corpus.__path__[0]}/migrations")
    engine = sa.create_engine(store_url.replace("postgresql:", "postgresql+psycopg:"))
    practice = make_practice(id="antiga")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            sa.text("INSERT INTO practice (id, record) VALUES ('antiga', :record)"),
            {"record": practice.model_dump_json(exclude_defaults=True)},
        )
    engine.dispose()
    network, practices = NetworkStore(store_url), PracticeStore(store_url)
    network.put_need(make_need(), by="a")
    assert practices.practice("antiga") == practice
    assert len(network.needs()) == 1
    network.close()
    practices.close()


def test_a_new_id_begins_with_words_one_recognises_and_is_never_the_same():
    ids = {
        new_id("Reus: gent gran que viu sola, i no surt de casa, ni a l'estiu ni a l'hivern") for _ in range(50)
    }
    assert len(ids) == 50
    for each in (*ids, new_id("Àvia Ça"), new_id("???"), new_id("x" * 500)):
        assert make_need(each).id == each
        assert len(each) <= 70
    assert all(each.startswith("reus-gent-gran-que-viu-sola-i-no-surt-de-casa-ni-a-l-") for each in ids)
    assert new_id("Àvia Ça").startswith("avia-ca-")
