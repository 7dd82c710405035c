"""The command line as a newcomer meets it: what is typed, what is answered, and the exit status."""

import csv
import json
from datetime import date

import pytest
import structlog
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from corpus.importers.web_address import Page
from corpus.municipality import Municipalities, Municipality
from corpus.store import PracticeStore
from indexer.build import update_snapshot
from indexer.snapshot import current_name
from service.app import create_app
from service.cli import app
from service.settings import Settings
from tests.factories import HashingEncoder, make_practice

HEADER = "Municipi;Títol;Problema;Accions\n"
REUS = "Reus;Trucades de barri;La gent gran viu sola i no surt de casa;Voluntaris truquen cada setmana\n"
BROKEN = "Vic;;Els joves no troben feina al poble;Un curs d'ofici cada tardor\n"
REFUSED = 2
PLACES = Municipalities(
    [
        Municipality("Reus", population=106_000, region="Catalunya", country="ES"),
        Municipality("Vic", population=47_000, region="Catalunya", country="ES"),
        Municipality("Mieres", population=36_000, region="Asturias", country="ES"),
        Municipality("Mieres", population=34_000, region="Catalunya", country="ES"),
    ]
)


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """A data folder of its own, few places, and an encoder that reads no meaning: none is asserted here."""
    chosen = Settings(data=tmp_path / "data", per_minute=10_000)
    encoder = HashingEncoder()
    for module in ("searching", "keeping", "serving", "shared"):
        monkeypatch.setattr(f"service.commands.{module}.settings", lambda: chosen)
    for module in ("commands.keeping", "commands.serving", "resources"):
        monkeypatch.setattr(f"service.{module}.load_encoder", lambda _name=None: encoder)
    for module in ("commands.keeping", "resources"):
        monkeypatch.setattr(f"service.{module}.load_municipalities", lambda _folder: PLACES)
    return chosen


@pytest.fixture
def store(settings):
    opened = PracticeStore(settings.store_url)
    yield opened
    opened.close()


@pytest.fixture
def empelt(settings):
    def run(*arguments, status=0):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert result.exit_code == status, result.output
        assert "Traceback" not in result.output
        return result

    yield run
    structlog.reset_defaults()


@pytest.fixture
def write(tmp_path):
    def written(text, name="dades.csv"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return written


def words(text):
    return " ".join(text.split())


# Import


def test_a_dry_run_shows_what_would_happen(empelt, write, store):
    said = empelt("import", write(HEADER + REUS), "--dry-run").stdout
    assert "dades.csv: 1 would be added, 0 would be changed, 0 unchanged, 0 invalid" in said
    assert "+ reus-trucades-de-barri" in said
    assert "A dry run: nothing was stored." in said
    assert store.last_change() == 0


def test_an_import_says_how_to_bring_it_into_the_search(empelt, write, store):
    said = empelt("import", write(HEADER + REUS), "--by", "Benestar").stdout
    assert "dades.csv: 1 added, 0 changed, 0 unchanged, 0 invalid" in said
    assert "Stored 1 practices. Run `empelt index` to bring the change into the search." in said
    [change] = store.history("reus-trucades-de-barri")
    assert change.by == "Benestar"
    assert change.practice.body.population == 106_000


def test_with_index_the_import_can_be_found_at_once(empelt, write, settings):
    said = empelt("import", write(HEADER + REUS), "--index").stdout
    assert "Indexed 1 practices, 3 passages with the encoder hashing" in said
    found = json.loads(empelt("search", "La gent gran viu sola", "--json").stdout)
    assert found["snapshot"] == current_name(settings.index)
    assert [result["practice"]["id"] for result in found["results"] + found["related"]] == [
        "reus-trucades-de-barri"
    ]


def test_a_second_import_tells_what_changed(empelt, write):
    empelt("import", write(HEADER + REUS))
    said = empelt("import", write(HEADER + REUS.replace("cada setmana", "cada dia"))).stdout
    assert "0 added, 1 changed, 0 unchanged" in said
    assert "~ reus-trucades-de-barri  actions" in said
    said = empelt("import", write(HEADER + REUS.replace("cada setmana", "cada dia"))).stdout
    assert "0 added, 0 changed, 1 unchanged" in said
    assert "Stored" not in said


def test_the_user_is_who_when_nobody_is_named(empelt, write, store, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "laia")
    empelt("import", write(HEADER + REUS))
    assert store.history("reus-trucades-de-barri")[0].by == "laia"


def test_a_file_with_a_fault_is_kept_out_and_the_fault_named(empelt, write, store):
    result = empelt("import", write(HEADER + REUS + BROKEN), status=REFUSED)
    assert "Problems (these records will not do):" in result.stdout
    assert "dades.csv, row 3: title" in result.stdout
    assert "1 of 2 records of dades.csv will not do; nothing of it was stored." in result.stderr
    assert "--skip-invalid" in result.stderr
    assert store.count() == 0


def test_the_others_are_stored_where_that_was_asked_for(empelt, write, store):
    said = empelt("import", write(HEADER + REUS + BROKEN), "--skip-invalid").stdout
    assert "1 added, 0 changed, 0 unchanged, 1 invalid" in said
    assert "row 3: title" in said
    assert [practice.id for practice in store.practices()] == ["reus-trucades-de-barri"]


def test_one_bad_file_keeps_no_other_out(empelt, write, store):
    good, bad = write(HEADER + REUS, "bo.csv"), write(HEADER + BROKEN, "dolent.csv")
    result = empelt("import", bad, "no-hi-es.csv", good, status=REFUSED)
    assert "no-hi-es.csv cannot be opened: No such file or directory. Nothing of it was stored." in result.stderr
    assert "bo.csv: 1 added" in result.stdout
    assert store.count() == 1


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("full.xlsx", HEADER + REUS, "full.xlsx is broken"),
        ("practica.pdf", "%PDF-1.7", ".pdf files are not read. Send the document it was made from"),
        ("buit.csv", "", "buit.csv is empty"),
        ("dades", "una frase", "dades: cannot tell what it is. Give it one of the endings"),
        ("dades.yaml", "title: [oberta", "dades.yaml is not YAML"),
        ("dades.yaml", "title: u\ntitle: dos", "stands twice"),
    ],
)
@pytest.mark.parametrize("skip", [[], ["--skip-invalid"]])
def test_a_file_that_cannot_be_read_is_refused(empelt, write, store, name, text, reason, skip):
    result = empelt("import", write(text, name), *skip, status=REFUSED)
    assert reason in words(result.stderr)
    assert store.last_change() == 0


def test_a_folder_is_no_file(empelt, tmp_path):
    assert "is a folder: name the files in it" in empelt("import", tmp_path, status=REFUSED).stderr


@pytest.mark.parametrize(
    ("name", "reason"), [("Vicc", "No municipality is known as 'Vicc'"), ("Mieres", "'Mieres' may be: Mieres (")]
)
def test_a_municipality_in_doubt_is_told_and_the_practice_let_in(empelt, write, store, name, reason):
    said = empelt("import", write(HEADER + REUS.replace("Reus", name))).stdout
    assert "Doubts (read with a guess, or left aside):" in said
    assert reason in said
    assert store.count() == 1


def test_names_of_ones_own_columns_can_be_taught(empelt, write, store):
    file = write(HEADER.replace("Títol", "Com en diem") + REUS)
    empelt("import", file, status=REFUSED)
    headings = write("fields:\n  title:\n    ca: [com en diem]\n", "noms.yaml")
    empelt("import", file, "--headings", headings)
    assert store.practice("reus-trucades-de-barri").title == "Trucades de barri"
    wrong = write("fields:\n  titol:\n    ca: [com en diem]\n", "noms-dolents.yaml")
    assert "fields that do not exist: titol" in empelt("import", file, "--headings", wrong, status=REFUSED).stderr
    missing = empelt("import", file, "--headings", "no-hi-es.yaml", status=REFUSED)
    assert "The file of headings cannot be opened" in missing.stderr


def test_the_language_can_be_told_where_the_text_does_not(empelt, write, store):
    file = write("body.name,title,problem,actions\nReus,ABC,DEF,GHI\n")
    assert "cannot be told from the text" in empelt("import", file, status=REFUSED).stdout
    empelt("import", file, "--language", "it")
    assert store.practice("reus-abc").language == "it"
    assert "'fr' is not one of" in words(empelt("import", file, "--language", "fr", status=REFUSED).stderr)


def test_a_page_comes_in_by_its_address(empelt, store, monkeypatch):
    html = (
        "<html><body><main><h1>Trucades de barri</h1><h2>Municipi</h2><p>Reus</p>"
        "<h2>Problema</h2><p>La gent gran viu sola i no surt de casa.</p>"
        "<h2>Accions</h2><p>Voluntaris truquen cada setmana.</p></main></body></html>"
    )
    monkeypatch.setattr("service.intake.fetch_page", lambda url: Page(url, html.encode(), date(2026, 11, 29)))
    said = empelt("import", "https://www.example.org/trucades").stdout
    assert "https://www.example.org/trucades: 1 added" in said
    [practice] = store.practices()
    assert practice.sources[0].url == "https://www.example.org/trucades"


def test_an_address_inside_the_network_is_refused(empelt):
    said = empelt("import", "http://127.0.0.1/", status=REFUSED).stderr
    assert "leads to 127.0.0.1, which is not a public address" in words(said)


def test_the_report_as_json_has_every_record(empelt, write):
    result = empelt("import", write(HEADER + REUS + BROKEN), "--json", status=REFUSED)
    [report] = json.loads(result.stdout)
    assert (report["source"], report["added"], report["invalid"], report["kept_out"]) == ("dades.csv", 1, 1, True)
    assert report["records"][0]["id"] == "reus-trucades-de-barri"
    assert report["problems"][0]["row"] == 3
    [report] = json.loads(empelt("import", write(HEADER + REUS), "--json", "--index").stdout)
    assert report["stored"] == 1


def test_a_name_for_the_history_must_be_one(empelt, write):
    assert "--by needs a name" in empelt("import", write(HEADER + REUS), "--by", " ", status=REFUSED).stderr
    assert "--by needs a name" in empelt("import", write(HEADER + REUS), "--by", "a" * 201, status=REFUSED).stderr


# Export, remove, history


@pytest.fixture
def filled(store):
    store.put(
        [make_practice(id="una"), make_practice(id="dues"), make_practice(id="tre", language="it")], by="inici"
    )
    return store


@pytest.mark.parametrize("ending", ["csv", "xlsx", "jsonl", "jsonld"])
def test_an_export_comes_in_again_unchanged(empelt, filled, tmp_path, ending):
    file = tmp_path / f"totes.{ending}"
    said = empelt("export", file).stdout
    assert f"Wrote 3 practices to {file}." in said
    assert ("cannot carry" in said) == (ending in ("csv", "xlsx"))
    assert "0 added, 0 changed, 3 unchanged, 0 invalid" in empelt("import", file).stdout


def test_an_export_can_be_of_one_language_and_another_ending(empelt, filled, tmp_path):
    empelt("export", tmp_path / "totes.txt", "--format", "csv", "--language", "it")
    with (tmp_path / "totes.txt").open(encoding="utf-8-sig", newline="") as file:
        assert [row["id"] for row in csv.DictReader(file)] == ["tre"]


def test_an_export_that_fails_leaves_the_old_file(empelt, filled, tmp_path, monkeypatch):
    file = tmp_path / "totes.csv"
    file.write_text("abans")

    def full(practices, file, *, format):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("service.commands.keeping.write_practices", full)
    assert "No space left on device" in empelt("export", file, status=REFUSED).stderr
    assert file.read_text() == "abans"
    assert [path.name for path in tmp_path.iterdir() if "totes" in path.name] == ["totes.csv"]


def test_an_export_needs_a_format_a_folder_and_practices(empelt, filled, tmp_path):
    assert "the ending tells no format" in empelt("export", tmp_path / "totes.docx", status=REFUSED).stderr
    nowhere = empelt("export", tmp_path / "no" / "totes.csv", status=REFUSED)
    assert "lies in no folder that exists" in nowhere.stderr
    none = empelt("export", tmp_path / "totes.csv", "--language", "es", status=REFUSED)
    assert "The store holds no practice in es; nothing was written." in none.stderr
    assert not (tmp_path / "totes.csv").exists()


def test_a_removed_practice_leaves_its_history(empelt, filled):
    said = empelt("remove", "una", "--by", "Benestar").stdout
    assert "Removed una." in said
    assert "Run `empelt index` to take it out of the search." in said
    assert filled.count() == 2
    said = empelt("history", "una").stdout
    assert "added by inici" in said
    assert "removed by Benestar" in said


def test_remove_with_index_takes_it_out_of_the_search(empelt, filled):
    empelt("index")
    assert "Indexed 2 practices" in empelt("remove", "una", "--index").stdout
    assert "Store and index agree on 2 practices." in empelt("check").stdout


def test_an_unknown_id_is_told_so(empelt, filled):
    for command in ("remove", "history"):
        assert "No practice has the id 'cap'." in empelt(command, "cap", status=REFUSED).stderr


def test_the_history_shows_who_when_and_what(empelt, write):
    empelt("import", write(HEADER + REUS), "--by", "laia")
    empelt("import", write(HEADER + REUS.replace("cada setmana", "cada dia")), "--by", "[bold]jordi[/]")
    said = empelt("history", "reus-trucades-de-barri").stdout.splitlines()
    assert said[0].endswith("UTC  added by laia")
    assert said[1].endswith("UTC  changed by [bold]jordi[/]")
    assert said[2] == "  actions: Voluntaris truquen cada setmana -> Voluntaris truquen cada dia"
    entries = json.loads(empelt("history", "reus-trucades-de-barri", "--json").stdout)
    assert [entry["kind"] for entry in entries] == ["added", "changed"]
    assert entries[1]["changes"]["actions"]["after"] == "Voluntaris truquen cada dia"


# Search, index, check, serve


@pytest.fixture
def indexed(settings, filled):
    update_snapshot(filled, HashingEncoder(), settings.index)
    return settings


def test_the_search_as_json_is_the_answer_of_the_api(empelt, indexed):
    asked = {"text": "un problema que ningú no sabia resoldre", "municipality": "Reus", "top_k": 2}
    with TestClient(create_app(indexed)) as client:
        over_http = client.post("/v1/search", json=asked | {"filters": {"language": ["ca"]}}).json()
    said = empelt(
        "search", asked["text"], "--municipality", "Reus", "--top-k", 2, "--language", "ca", "--json"
    ).stdout  # fmt: skip
    assert json.loads(said) == over_http
    assert len(over_http["results"] + over_http["related"]) == 2


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["", "--json"], "Error: text: "),
        (["?!"], "text: holds no letter or digit: say what the problem is"),
        (["gent gran", "--top-k", "0"], "should be greater than or equal to 1"),
        (["gent gran", "--language", "fr"], "filters.language.0: Input should be 'ca', 'es', 'it' or 'en'"),
        (["gent gran", "--municipality", "Vicc"], "No municipality is known as 'Vicc'"),
        (["gent gran", "--municipality", "Mieres"], "'Mieres' may be: Mieres ("),
        ([], "Missing argument 'text'"),
    ],
)
def test_a_question_that_will_not_do_is_told_why(empelt, indexed, arguments, reason):
    assert reason in words(empelt("search", *arguments, status=REFUSED).stderr.replace("│", " "))


@pytest.mark.parametrize("command", [["search", "gent gran"], ["check"]])
def test_without_an_index_the_way_to_one_is_told(empelt, command):
    assert "empelt index" in empelt(*command, status=REFUSED).stderr


def test_the_index_follows_a_folder_of_yaml(empelt, write, tmp_path, store):
    (tmp_path / "bank").mkdir()
    write("language: ca\ntitle: Prova\nproblem: Un problema.\nactions: Una acció.\n", "bank/prova.yaml")
    said = empelt("index", "--bank", tmp_path / "bank").stdout
    assert "Stored 1 new or changed practices from" in said
    assert "Indexed 1 practices" in said
    assert "The index is up to date." in empelt("index").stdout
    assert store.history("prova")[0].by == "bank bank"


def test_a_broken_file_of_a_folder_ends_the_indexing_unless_it_may_be_left_out(empelt, write, tmp_path, store):
    (tmp_path / "bank").mkdir()
    write("language: ca\ntitle: Prova\nproblem: Un problema.\nactions: Una acció.\n", "bank/prova.yaml")
    write("title: [oberta", "bank/trencada.yaml")
    result = empelt("index", "--bank", tmp_path / "bank", status=REFUSED)
    assert "trencada.yaml: file: is not YAML" in words(result.stderr)
    assert "1 of 2 files are not valid practices; nothing was changed." in words(result.stderr)
    assert store.count() == 0
    assert "Indexed 1 practices" in empelt("index", "--bank", tmp_path / "bank", "--skip-invalid").stdout
    assert "is not a folder" in empelt("index", "--bank", tmp_path / "cap", status=REFUSED).stderr


def test_check_finds_what_the_index_lacks(empelt, indexed, filled):
    assert "Store and index agree on 3 practices." in empelt("check").stdout
    filled.put([make_practice(id="quarta")], by="prova")
    assert "quarta" in empelt("check", status=1).stdout


def test_serve_indexes_first_where_nothing_is_indexed(empelt, settings, filled, monkeypatch):
    served = {}
    monkeypatch.setattr("uvicorn.run", lambda app, **options: served.update(options))
    assert "Indexed 3 practices" in empelt("serve", "--port", 8123).stdout
    assert (served["host"], served["port"]) == ("127.0.0.1", 8123)


def test_help_names_every_command(empelt):
    said = empelt("--help").stdout
    for command in ("search", "serve", "index", "import", "export", "remove", "history", "check", "evaluate"):
        assert command in said
