"""The command line as people run it: real processes, exit codes, one sentence for each mistake, nothing overwritten."""

import csv
import json
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from app.answers.languages import Language, shipped_words
from app.answers.words import Words
from app.cli import app, main
from tests.conftest import OUTPUTS
from tests.support import commands


def redspots(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app.cli", *map(str, arguments)]
    environment_root = Path(__file__).parents[3]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, cwd=cwd or environment_root
    )


def refused(result: subprocess.CompletedProcess[str], status: int, *names: str) -> None:
    message = " ".join(result.stderr.split())
    assert result.returncode == status, result.stderr
    assert "Traceback" not in result.stderr
    assert message.startswith("Error (")
    for name in names:
        assert name in message.replace(" ", "") or name in message


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    for number in range(3):
        pixels = np.clip(random.normal((205, 155, 135), 14, (160, 200, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.jpg", quality=95)
    return folder


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_is_that_of_the_package(option: str) -> None:
    result = CliRunner().invoke(app, [option])
    assert (result.exit_code, result.stdout) == (0, f"redspots {version('redspots')}\n")


@pytest.mark.parametrize("command", [[], ["score"], ["models"], ["models", "list"], ["data", "fetch"], ["train"]])
def test_a_short_option_asks_for_help_everywhere(command: list[str]) -> None:
    short, long = (CliRunner().invoke(app, [*command, option]) for option in ("-h", "--help"))
    assert short.exit_code == 0 and short.stdout == long.stdout and "Usage:" in short.stdout


def test_a_shell_completes_commands_and_options() -> None:
    for typed, position, offered in (
        ("redspots sc", 1, ["score"]),
        ("redspots models ro", 2, ["rollback"]),
        ("redspots score --re", 2, ["--report", "--resume"]),
    ):
        environment = {
            "_REDSPOTS_COMPLETE": "complete_bash",
            "COMP_WORDS": typed,
            "COMP_CWORD": str(position),
        }
        result = CliRunner().invoke(app, [], prog_name="redspots", env=environment)
        assert result.stdout.split() == offered


def test_help_states_the_intended_use() -> None:
    result = redspots("--help")
    assert result.returncode == 0
    text = " ".join(result.stdout.replace("│", " ").split())
    assert "Not a medical device" in text
    assert "research and education" in text.lower()
    for command in ("score", "serve", "train", "evaluate", "data"):
        assert command in text


def test_scoring_a_folder_prints_every_referral(photos: Path, tiny_model: Path) -> None:
    result = redspots("score", photos, "--model", tiny_model)
    assert result.returncode == 0, result.stderr
    text = " ".join(result.stdout.split())
    for name in ("0.jpg", "1.jpg", "2.jpg"):
        assert name in text
    assert text.count("Not a medical device") + text.count("not a medical device") == 3


def test_a_language_is_chosen_by_an_option(photos: Path, tiny_model: Path, tmp_path: Path) -> None:
    spanish = Words.read(shipped_words(Language.SPANISH))
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"nothing")
    result = redspots("score", photos / "0.jpg", broken, "--model", tiny_model, "--lang", "es")
    text = " ".join(result.stdout.split())
    assert result.returncode == 1, result.stderr
    assert text.count(" ".join(spanish.intended_use.split())) == 2
    assert spanish.errors["not_an_image"] in text
    assert Words.read().intended_use[:40] not in text


@pytest.mark.parametrize("command", ["score", "serve"])
def test_an_error_follows_the_language_and_carries_the_referral(tmp_path: Path, command: str) -> None:
    spanish = Words.read(shipped_words(Language.SPANISH))
    photos = [tmp_path] if command == "score" else []
    result = redspots(command, *photos, "--lang", "es", "--model", tmp_path / "no_model")
    message = " ".join(result.stderr.split())
    assert result.returncode in {2, 3}
    for part in (spanish.entries["could_not_read"].referral, spanish.emergency, spanish.intended_use):
        assert " ".join(part.split()) in message


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_scoring_to_a_table_gives_one_row_per_file(photos: Path, tiny_model: Path, tmp_path: Path, suffix: str) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"nothing")
    out = tmp_path / f"scores{suffix}"
    result = redspots("score", photos, broken, "--model", tiny_model, "--out", out)
    assert result.returncode == 1, result.stderr
    if suffix == ".csv":
        with out.open(encoding="utf-8", newline="") as file:
            rows: list[dict[str, object]] = list(csv.DictReader(file))
    else:
        rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 4
    assert list(rows[0])[:4] == ["file", "category", "headline", "probability"]
    assert {f"p_{output}" for output in OUTPUTS} < set(rows[0])
    by_name = {Path(str(row["file"])).name: row for row in rows}
    assert str(by_name["broken.jpg"]["error"]).startswith("not_an_image")
    assert not by_name["0.jpg"]["error"]
    assert all(row["referral"] and row["urgent_advice"] and row["model_version"] == "0.0.1" for row in rows)


def test_a_list_a_limit_and_a_dry_run(photos: Path, tiny_model: Path, tmp_path: Path) -> None:
    names = [str(photos / "2.jpg"), str(tmp_path / "gone.jpg"), str(photos / "0.jpg"), str(photos / "1.jpg")]
    (tmp_path / "list").write_text("\n".join(names))
    out = tmp_path / "scores.jsonl"
    command = ("score", "--list", tmp_path / "list", "--limit", "3", "--model", tiny_model, "--out", out)
    dry = redspots(*command, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert dry.stdout.splitlines() == names[:3]
    assert "3 photos would be scored with model 0.0.1" in dry.stderr
    assert not out.exists()
    result = redspots(*command)
    assert result.returncode == 1, result.stderr
    assert result.stdout == "" and "Error (missing); the first:" in result.stderr
    assert [json.loads(line)["file"] for line in out.read_text().splitlines()] == names[:3]


def test_quiet_is_quiet_and_an_error_still_speaks(photos: Path, tiny_model: Path, tmp_path: Path) -> None:
    command = ("score", photos, "--model", tiny_model, "--quiet", "--out", tmp_path / "scores.csv")
    result = redspots(*command)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    refused(redspots(*command), 4, "scores.csv")


def test_an_existing_table_is_never_overwritten(photos: Path, tiny_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    out.write_text("mine")
    refused(redspots("score", photos, "--model", tiny_model, "--out", out), 4, "scores.csv")
    assert out.read_text() == "mine"


def test_an_error_of_the_whole_command_carries_a_referral(tmp_path: Path) -> None:
    result = redspots("score", tmp_path / "nowhere")
    refused(result, 2, "nowhere")
    from model.errors import InputError

    answer = Words.read().answer_error(InputError("missing_path", "x"))
    for text in (answer.referral, answer.urgent_advice):
        assert " ".join(text.split()) in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "status", "name"),
    [
        (["score", "{empty}"], 2, "empty"),
        (["score", "{photos}", "--model", "{empty}/no_model"], 3, "no_model"),
        (["score", "{photos}", "--model", "{empty}"], 3, "card.json"),
        (["score", "{photos}", "--model", "{model}", "--out", "{empty}/scores.xlsx"], 4, "scores.xlsx"),
        (["score", "{photos}", "--model", "{model}", "--out", "{empty}/no/scores.csv"], 4, "scores.csv"),
        (["score"], 2, "nopath"),
        (["score", "{photos}", "--resume"], 2, "--out"),
        (["score", "--list", "{empty}/names.txt"], 2, "names.txt"),
        (["score", "ftp://127.0.0.1/a.jpg"], 2, "ftp://127.0.0.1/a.jpg"),
        (["score", "{photos}", "--words", "{empty}/words.toml"], 3, "words.toml"),
        (["score", "{photos}", "--words", "words.toml", "--lang", "es"], 2, "--lang"),
        (["serve", "--model", "{empty}/no_model"], 3, "no_model"),
        (["serve", "--words", "words.toml", "--lang", "es"], 2, "--lang"),
        (["evaluate", "--photos", "{empty}/gone.csv", "--model", "{model}"], 2, "gone.csv"),
        (["evaluate", "--photos", "{photos}", "--model", "{model}", "--out", "{empty}/m.json"], 2, "subfolder"),
        (["train", "--photos", "{empty}", "--out", "{empty}/out"], 2, "empty"),
        (["train", "--photos", "{photos}", "--out", "{empty}/o", "--recipe", "{empty}/r.toml"], 2, "r.toml"),
        (["data", "draw", "{photos}"], 4, "exists"),
    ],
)
def test_a_mistake_gets_one_sentence_and_its_status(
    arguments: list[str], status: int, name: str, photos: Path, tiny_model: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    filled = [text.format(empty=empty, photos=photos, model=tiny_model) for text in arguments]
    refused(commands.redspots(*filled), status, name)
    assert list(empty.iterdir()) == []


LONG = "a" * 300
NAMED = {
    "photo": ["score", LONG],
    "list": ["score", "--list", LONG],
    "table": ["score", "PHOTOS", "--out", f"{LONG}.csv"],
    "report": ["score", "PHOTOS", "--report", f"{LONG}.html"],
    "evidence": ["score", "PHOTOS", "--evidence", LONG],
    "model": ["score", "PHOTOS", "--model", LONG],
    "words": ["score", "PHOTOS", "--words", LONG],
    "manifest": ["evaluate", "--photos", LONG],
    "figures": ["evaluate", "--photos", "PHOTOS", "--out", LONG],
    "passwords": ["serve", "--auth-file", LONG],
    "served": ["serve", "--model", LONG],
    "promoted": ["promote", LONG, "--photos", "PHOTOS"],
    "trained": ["train", "--photos", LONG, "--out", "OUT"],
    "out": ["train", "--photos", "PHOTOS", "--out", LONG],
    "recipe": ["train", "--photos", "PHOTOS", "--out", "OUT", "--recipe", LONG],
    "mixed": ["train", "--photos", "PHOTOS", "--out", "OUT", "--with", LONG],
    "weights": ["train", "--photos", "PHOTOS", "--out", "OUT", "--weights", LONG],
    "backbone": ["pretrain", "--photos", "PHOTOS", "--out", LONG],
    "named": ["pretrain", "--photos", LONG, "--out", "OUT"],
    "described": ["describe", LONG],
    "checked": ["data", "check", LONG],
    "imported": ["data", "import", LONG, "--out", "OUT"],
    "import": ["data", "import", "PHOTOS", "--out", LONG],
    "merged": ["data", "merge", LONG, "PHOTOS", "--out", "OUT"],
    "counted": ["data", "stats", LONG],
    "shown": ["recipe", "show", LONG],
    "read": ["words", "check", LONG],
}


@pytest.mark.parametrize("command", NAMED.values(), ids=NAMED)
def test_a_name_that_no_file_can_have_gets_one_sentence(
    command: list[str],
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "purpura").mkdir()
    shutil.copy(photos / "0.jpg", tmp_path / "purpura")
    given = {"PHOTOS": str(tmp_path), "OUT": str(tmp_path / "out")}
    monkeypatch.setattr(sys, "argv", ["redspots", *(given.get(word, word) for word in command)])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code not in (0, None), said
    assert "Traceback" not in said, said
    assert sum(line.startswith(("Error (", "Usage:")) for line in said.splitlines()) == 1, said


def test_evaluating_a_folder_gives_a_table_and_metrics(photos: Path, tiny_model: Path, tmp_path: Path) -> None:
    labelled = tmp_path / "labelled"
    for category, number in (("petechiae", 0), ("purpura", 1), ("other", 2)):
        (labelled / category).mkdir(parents=True)
        (labelled / category / "photo.jpg").write_bytes((photos / f"{number}.jpg").read_bytes())
    out = tmp_path / "metrics.json"
    result = redspots("evaluate", "--model", tiny_model, "--photos", labelled, "--out", out)
    assert result.returncode == 0, result.stderr
    assert "auc petechiae" in result.stdout
    metrics = json.loads(out.read_text())
    assert metrics["photos"] == {"petechiae": 1, "purpura": 1, "other": 1}
    assert metrics["model_version"] == "0.0.1"


def test_drawing_a_folder_makes_what_training_reads(tmp_path: Path) -> None:
    result = redspots("data", "draw", tmp_path / "drawn", "--per-category", "1", "--size", "64")
    assert result.returncode == 0, result.stderr
    assert sorted(path.parent.name for path in (tmp_path / "drawn").rglob("*.jpg")) == [
        "cherry_angioma",
        "other",
        "petechiae",
        "purpura",
        "sun_rash",
    ]
