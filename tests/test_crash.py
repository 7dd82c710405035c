"""Killing the indexer and the writers at any moment: the service goes on, nothing acknowledged is lost."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from corpus.store import PracticeStore
from indexer.build import update_snapshot
from indexer.consistency import disagreements
from indexer.snapshot import current_name, load_current
from tests.factories import HashingEncoder, make_practice

ROOT = Path(__file__).parent.parent
LONG = bool(os.environ.get("EMPELT_TORTURE"))

INDEXER = """
import sys
from pathlib import Path
from corpus.store import PracticeStore
from indexer.build import build_snapshot
from tests.factories import HashingEncoder
store = PracticeStore(sys.argv[1])
print("ready", flush=True)
while True:
    build_snapshot(store.practices(), HashingEncoder(), Path(sys.argv[2]), applied_change=store.last_change())
    print("built", flush=True)
"""

WRITER = """
import sys
from corpus.store import PracticeStore
from tests.factories import make_practice
store = PracticeStore(sys.argv[1])
number = 0
print("ready", flush=True)
while True:
    practice = make_practice(id=f"{sys.argv[2]}-{number}")
    store.put([practice], by="writer")
    print(practice.id, flush=True)
    number += 1
"""


def start(code: str, *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def kill(process: subprocess.Popen[str]) -> list[str]:
    """SIGKILL; the whole lines it had still printed."""
    process.send_signal(signal.SIGKILL)
    assert process.stdout
    with process.stdout:
        rest = [line.strip() for line in process.stdout if line.endswith("\n")]
    process.wait()
    return rest


def test_kills_of_the_indexer_leave_a_whole_snapshot_each_time(tmp_path):
    rng = random.Random(0)
    url, index, encoder = f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "index", HashingEncoder()
    store = PracticeStore(url)
    store.put([make_practice() for _ in range(40)], by="test")
    began = time.perf_counter()
    update_snapshot(store, encoder, index)
    one_build = time.perf_counter() - began
    names = {current_name(index)}
    for _ in range(10):
        process = start(INDEXER, url, str(index))
        assert process.stdout
        for _ in range(rng.randrange(3)):
            assert process.stdout.readline() == "built\n"
        time.sleep(rng.uniform(0, one_build))
        kill(process)
        snapshot, refused = load_current(index, encoder)
        assert refused == []
        assert len(snapshot) == 40
        names.add(snapshot.manifest.name)
    assert len(names) > 1, "some builds must have come to their end, or the kills prove nothing"
    store.put([make_practice(id="the-last")], by="test")
    update_snapshot(store, encoder, index)
    assert disagreements(store, load_current(index, encoder)[0]) == []
    assert not list(index.glob(".draft-2*"))
    store.close()


def test_twenty_kills_of_the_command_leave_a_service_that_answers(tmp_path, shipped_snapshot, data_folder):
    """The real command, the real encoder: killed while it encodes or writes a changed bank."""
    from fastapi.testclient import TestClient

    from service.app import create_app
    from service.settings import Settings

    settings = Settings(data=data_folder, refresh_seconds=0.05)
    bank = tmp_path / "bank"
    bank.mkdir()
    rng = random.Random(1)
    environment = os.environ | {"EMPELT_DATA": str(data_folder)}
    before = current_name(settings.index)
    with TestClient(create_app(settings)) as client:
        for number in range(20):
            (bank / f"kill-{number}.yaml").write_text(
                f"language: ca\ntitle: Prova {number}\nproblem: Un problema {number}.\nactions: Una acció.\n",
                encoding="utf-8",
            )
            process = subprocess.Popen(
                [sys.executable, "-m", "service.cli", "index", "--bank", str(bank)],
                env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            time.sleep(rng.uniform(0.5, 2.5))
            process.send_signal(signal.SIGKILL)
            process.wait()
            answer = client.post("/v1/search", json={"text": "gent gran que viu sola"})
            assert answer.status_code == 200
            assert answer.json()["snapshot"]
        done = subprocess.run(
            [sys.executable, "-m", "service.cli", "index", "--bank", str(bank)],
            env=environment, cwd=ROOT, check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert current_name(settings.index) != before
        deadline = time.monotonic() + 10
        while client.get("/v1/practices/kill-19").status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.mark.parametrize("rounds", [pytest.param(30 if LONG else 5, id="long" if LONG else "short")])
def test_no_acknowledged_write_is_lost_when_writers_are_killed(store_url, store, tmp_path, rounds):
    """1,000 acknowledged writes over 30 rounds in the long form; 200 over 5 in the short one."""
    rng = random.Random(2)
    acknowledged: set[str] = set()
    wanted = 1_000 if LONG else 200
    for number in range(rounds):
        process = start(WRITER, store_url, f"round-{number}")
        assert process.stdout
        share = wanted * (number + 1) // rounds
        while len(acknowledged) < share - rng.randrange(3):
            acknowledged.add(process.stdout.readline().strip())
        acknowledged |= set(kill(process))
        update_snapshot(store, HashingEncoder(), tmp_path / "index")
        snapshot = load_current(tmp_path / "index", HashingEncoder())[0]
        assert acknowledged <= set(snapshot.ids)
        assert disagreements(store, snapshot) == []
    assert len(acknowledged) >= wanted - 3
