"""A snapshot is whole or refused, and a crash or a full disk leaves the one before it serving."""

import json
import shutil

import numpy as np
import pytest

from corpus.errors import DamagedSnapshot, MismatchedSnapshot, NoSnapshot
from corpus.practice import whole_text
from indexer import snapshot as snapshots
from indexer.build import build_snapshot, update_snapshot
from indexer.consistency import disagreements
from indexer.snapshot import current_name, load_current, load_snapshot
from tests.factories import HashingEncoder, make_practice, make_snapshot


@pytest.fixture
def index(tmp_path):
    return tmp_path / "index"


def test_a_snapshot_holds_what_was_indexed(index):
    practices = [make_practice(id="b"), make_practice(id="a", title="Visites a casa")]
    snapshot = make_snapshot(index, practices)
    assert snapshot.ids == ["a", "b"]
    assert snapshot.practice(0) == practices[1]
    assert snapshot.passage(0).text == "Visites a casa"
    assert snapshot.record_of_passage.tolist() == [0] * 3 + [1] * 3
    np.testing.assert_allclose(np.linalg.norm(snapshot.passages.vectors(), axis=1), 1, atol=1e-5)


def test_no_snapshot_says_what_to_do(index):
    with pytest.raises(NoSnapshot, match="empelt index"):
        load_current(index, HashingEncoder())


def _files(folder):
    return sorted(p for p in folder.rglob("*") if p.is_file())


def _corruptions(path):
    content = path.read_bytes()
    yield "emptied", b""
    for share in (0.1, 0.5, 0.99):
        yield f"cut at {share}", content[: int(len(content) * share)]
    rng = np.random.default_rng(0)
    for _ in range(20):
        at = int(rng.integers(len(content)))
        yield (
            f"bit flipped at {at}",
            content[:at] + bytes([content[at] ^ 1 << int(rng.integers(8))]) + content[at + 1 :],
        )
    yield "lengthened", content + b"\0"
    yield "missing", None


def test_every_damage_to_every_file_is_refused_and_the_previous_snapshot_serves(index):
    encoder = HashingEncoder()
    make_snapshot(index, [make_practice(id="old")], encoder)
    make_snapshot(index, [make_practice(id="new"), make_practice(language="it")], encoder)
    folder = index / current_name(index)
    for path in _files(folder):
        content = path.read_bytes()
        for damage, changed in _corruptions(path):
            if changed is None:
                path.unlink()
            elif path.name == "manifest.json" and _same_json(content, changed):
                continue
            else:
                path.write_bytes(changed)
            serving, refused = load_current(index, encoder)
            assert serving.ids == ["old"], (path.name, damage)
            assert len(refused) == 1
            assert folder.name in refused[0]
            path.write_bytes(content)
    assert load_current(index, encoder)[0].ids[0] == "new"


def _same_json(one, other):
    """Only the manifest's own fields matter; a flipped blank changes nothing."""
    try:
        before, after = json.loads(one), json.loads(other)
    except ValueError:
        return False
    return {k: v for k, v in before.items() if k not in ("name", "created_at", "applied_change")} == {
        k: v for k, v in after.items() if k not in ("name", "created_at", "applied_change")
    }


def test_a_file_too_many_is_refused(index):
    make_snapshot(index, [make_practice()])
    folder = index / current_name(index)
    (folder / "lexical" / "evil.npy").write_bytes(b"x")
    with pytest.raises(DamagedSnapshot, match="not in the manifest"):
        load_snapshot(folder)


def test_another_encoders_snapshot_is_refused_by_name(index):
    make_snapshot(index, [make_practice()], HashingEncoder("one"))
    with pytest.raises(MismatchedSnapshot, match=r"made by the encoder hashing"):
        load_current(index, HashingEncoder("two"))


def test_a_snapshot_of_another_format_is_refused(index, monkeypatch):
    make_snapshot(index, [make_practice()])
    monkeypatch.setattr(snapshots, "FORMAT", 99)
    with pytest.raises(MismatchedSnapshot, match="reads 99"):
        load_snapshot(index / current_name(index))


def test_a_full_disk_leaves_the_old_snapshot_and_no_rubbish(index, monkeypatch):
    encoder = HashingEncoder()
    make_snapshot(index, [make_practice(id="old")], encoder)

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    for step in ("np.save", "_sync", "_flip"):
        with monkeypatch.context() as patched:
            patched.setattr(snapshots.np if step == "np.save" else snapshots, step.removeprefix("np."), full)
            with pytest.raises(OSError, match="No space left"):
                build_snapshot([make_practice()], encoder, index)
        assert load_current(index, encoder)[0].ids == ["old"]
    build_snapshot([make_practice(id="new")], encoder, index)
    assert load_current(index, encoder)[0].ids == ["new"]
    assert len([p for p in index.iterdir() if p.is_dir()]) == 2


def test_old_snapshots_are_pruned_to_one_before_the_current(index):
    for number in range(4):
        make_snapshot(index, [make_practice(id=f"n{number}")])
    assert len([p for p in index.iterdir() if p.is_dir()]) == 2


def test_an_empty_bank_can_be_indexed_and_searched(index):
    snapshot = make_snapshot(index, [])
    assert len(snapshot) == 0
    assert snapshot.lexical.scores("res").shape == (0,)


def test_an_update_encodes_only_new_texts(index, store):
    encoder = HashingEncoder()
    practices = [make_practice() for _ in range(5)]
    store.put(practices, by="a")
    update_snapshot(store, encoder, index)
    encoder.encoded.clear()
    changed = practices[2].model_copy(update={"results": "Tothom va quedar content del resultat."})
    store.put([changed], by="a")
    update_snapshot(store, encoder, index)
    assert sorted(encoder.encoded) == sorted([changed.results, whole_text(changed)])
    snapshot = load_current(index, encoder)[0]
    assert snapshot.practice(snapshot.rows[changed.id]) == changed
    assert disagreements(store, snapshot) == []


def test_an_update_is_the_same_as_building_anew(index, store, tmp_path):
    encoder = HashingEncoder()
    practices = [make_practice(language=language) for language in ("ca", "es", "it", "ca")]
    store.put(practices, by="a")
    update_snapshot(store, encoder, index)
    store.put([practices[0].model_copy(update={"title": "Un altre títol"}), make_practice()], by="a")
    store.remove(practices[1].id, by="a")
    update_snapshot(store, encoder, index)
    anew = make_snapshot(tmp_path / "anew", list(store.practices()), encoder)
    updated = load_current(index, encoder)[0]
    assert updated.ids == anew.ids
    assert list(updated.practices()) == list(anew.practices())
    np.testing.assert_array_equal(updated.passages.vectors(), anew.passages.vectors())
    np.testing.assert_array_equal(updated.wholes.vectors(), anew.wholes.vectors())
    np.testing.assert_array_equal(updated.lexical.scores("problema veïns"), anew.lexical.scores("problema veïns"))


def test_a_deleted_practice_is_gone_from_vectors_words_and_records(index, store):
    encoder = HashingEncoder()
    gone, stays = make_practice(problem="Les xemeneies fumegen molt aquest hivern."), make_practice()
    store.put([gone, stays], by="a")
    update_snapshot(store, encoder, index)
    store.remove(gone.id, by="a")
    update_snapshot(store, encoder, index)
    snapshot = load_current(index, encoder)[0]
    assert snapshot.ids == [stays.id]
    assert snapshot.lexical.scores("xemeneies").tolist() == [0]
    assert len(snapshot.passages) == 3
    assert disagreements(store, snapshot) == []


def test_nothing_new_writes_nothing(index, store):
    store.put([make_practice()], by="a")
    update_snapshot(store, HashingEncoder(), index)
    before = current_name(index)
    assert update_snapshot(store, HashingEncoder(), index) is None
    assert current_name(index) == before


def test_another_encoder_builds_everything_anew(index, store):
    store.put([make_practice()], by="a")
    update_snapshot(store, HashingEncoder("one"), index)
    assert update_snapshot(store, HashingEncoder("two"), index).encoder.digest == HashingEncoder("two").digest


def test_a_damaged_index_is_rebuilt_from_the_store(index, store):
    store.put([make_practice(id="a")], by="a")
    update_snapshot(store, HashingEncoder(), index)
    shutil.rmtree(index / current_name(index) / "lexical")
    assert update_snapshot(store, HashingEncoder(), index) is not None
    assert load_current(index, HashingEncoder())[0].ids == ["a"]


def test_the_check_names_every_kind_of_disagreement(index, store):
    encoder = HashingEncoder()
    same, changed, removed = make_practice(id="same"), make_practice(id="changed"), make_practice(id="removed")
    store.put([same, changed, removed], by="a")
    update_snapshot(store, encoder, index)
    store.put([changed.model_copy(update={"title": "Nou"}), make_practice(id="added")], by="a")
    store.remove("removed", by="a")
    assert disagreements(store, load_current(index, encoder)[0]) == [
        "added: in the store, not in the index",
        "changed: the index holds another version",
        "removed: in the index, not in the store",
    ]


def test_nothing_is_unpickled(index):
    make_snapshot(index, [make_practice()])
    folder = index / current_name(index)
    assert {p.suffix for p in _files(folder)} == {".json", ".jsonl", ".npy", ".faiss"}
    for path in folder.rglob("*.npy"):
        np.load(path, allow_pickle=False)
