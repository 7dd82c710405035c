"""Whether store, vectors and words say the same: what `empelt check` proves."""

from corpus.practice import passages
from corpus.store import PracticeStore
from indexer.snapshot import Snapshot


def disagreements(store: PracticeStore, snapshot: Snapshot) -> list[str]:
    """Every record that store and index do not hold alike, and every part of the index of another size."""
    stored = {practice.id: practice for practice in store.practices()}
    languages = snapshot.lexical.languages()
    missing = sorted(stored.keys() - snapshot.rows.keys())
    faults = [f"{practice_id}: in the store, not in the index" for practice_id in missing]
    for row, practice in enumerate(snapshot.practices()):
        if practice.id not in stored:
            faults.append(f"{practice.id}: in the index, not in the store")
        elif practice != stored[practice.id]:
            faults.append(f"{practice.id}: the index holds another version")
        if len(passages(practice)) != snapshot.starts[row + 1] - snapshot.starts[row]:
            faults.append(f"{practice.id}: passages and vectors differ in number")
        if languages.get(row) != practice.language.value:
            faults.append(f"{practice.id}: not among the words of its language")
    behind = store.last_change() - snapshot.manifest.applied_change
    if behind and not faults:
        faults.append(f"the index stands {behind} changes behind the store")
    return faults
