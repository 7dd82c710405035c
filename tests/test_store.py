"""The store of record, the same on SQLite and PostgreSQL."""

import threading

import pytest
import sqlalchemy as sa

from corpus.errors import StoreUnavailable, UnknownPractice
from corpus.store import ChangeKind, PracticeStore, differences
from tests.factories import make_practice


def test_what_was_put_is_read_back_the_same(store):
    practice = make_practice(budget=[{"amount_eur": 20798.12, "year": 2018}], themes=["loneliness"])
    store.put([practice], by="test")
    assert store.practice(practice.id) == practice
    assert list(store.practices()) == [practice]
    assert store.count() == 1


def test_an_unknown_id_is_an_error_that_names_it(store):
    with pytest.raises(UnknownPractice, match="'no-such'"):
        store.practice("no-such")
    with pytest.raises(UnknownPractice):
        store.remove("no-such", by="test")
    assert store.last_change() == 0


def test_history_tells_who_did_what_and_when_in_order(store):
    practice = make_practice(title="Abans")
    changed = practice.model_copy(update={"title": "Després"})
    store.put([practice], by="Reus")
    store.put([changed], by="Salt")
    store.remove(practice.id, by="Vic")
    history = store.history(practice.id)
    assert [(c.kind, c.by) for c in history] == [
        (ChangeKind.ADDED, "Reus"),
        (ChangeKind.CHANGED, "Salt"),
        (ChangeKind.REMOVED, "Vic"),
    ]
    assert history[0].at <= history[1].at <= history[2].at
    assert differences(history[0].practice, history[1].practice) == {"title": ("Abans", "Després")}
    assert history[2].practice is None


def test_putting_the_same_record_again_is_no_change(store):
    practice = make_practice()
    assert store.put([practice], by="a") == 1
    assert store.put([practice], by="b") == 0
    assert len(store.history(practice.id)) == 1


def test_changes_since_give_the_last_state_of_each_record(store):
    first, second = make_practice(), make_practice()
    store.put([first, second], by="a")
    seen = store.last_change()
    newer = first.model_copy(update={"title": "Nou"})
    store.put([newer], by="a")
    store.remove(second.id, by="a")
    last, changed = store.changes_since(seen)
    assert last == store.last_change() == seen + 2
    assert changed == {first.id: newer, second.id: None}
    assert store.changes_since(last) == (last, {})


def test_a_batch_is_stored_whole_or_not_at_all(store):
    def practices():
        yield make_practice()
        raise RuntimeError("the file ended badly")

    with pytest.raises(RuntimeError):
        store.put(practices(), by="a")
    assert store.count() == 0
    assert store.last_change() == 0


def test_writers_at_once_lose_nothing_and_number_their_changes_in_order(store_url, store):
    def write(writer: int) -> None:
        own = PracticeStore(store_url)
        for number in range(15):
            own.put([make_practice(id=f"w{writer}-{number}")], by=f"writer {writer}")
        own.close()

    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert store.count() == 60
    last, changed = store.changes_since(0)
    assert last == 60
    assert len(changed) == 60


def test_a_second_process_may_open_the_same_store(store_url, store):
    other = PracticeStore(store_url)
    practice = make_practice()
    other.put([practice], by="other")
    assert store.practice(practice.id) == practice
    other.close()


def test_a_store_of_a_newer_version_is_refused_and_left_alone(store_url, store):
    engine = sa.create_engine(store_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreUnavailable, match="9999"):
        PracticeStore(store_url)
    with engine.begin() as connection:
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == "9999"
    engine.dispose()


def test_a_database_out_of_reach_is_named_without_its_password():
    with pytest.raises(StoreUnavailable) as caught:
        PracticeStore("postgresql://reader:secret@127.0.0.1:1/empelt?connect_timeout=1")
    assert "127.0.0.1" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_sqlite_syncs_every_commit(tmp_path):
    store = PracticeStore(f"sqlite:///{tmp_path / 'store.db'}")
    with store._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    store.close()
