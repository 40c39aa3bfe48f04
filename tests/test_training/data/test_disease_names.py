"""Names of diseases: one per disease, whatever the spelling of its source."""

import csv
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from training.data.disease_names import TABLE, normalised, read_disease_names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("BCC", "Basal_Cell_Carcinoma"),
        ("basal cell carcinoma", "bcc"),
        ("NEV", "nv"),
        ("SEK", "Seborrhoeic keratosis"),
        ("ACK", "Actinic_Keratosis"),
        ("MEL", "Malignant_Melanoma"),
        ("SCC", "squamous cell carcinoma"),
        ("pyogenic-granuloma", "granuloma pyogenic"),
        ("Pityrosporum_Folliculitis", "folliculitis (pityrosporum)"),
        ("erythema annulare centrifigum", "erythema-annulare-centrifugum"),
        ("hives-Urticaria-Acute", "urticaria"),
        ("lupus-subacute", "lupus subacute"),
        ("porphyrias", "porphyria"),
        ("psoriasis guttate", "guttate psoriasis"),
        ("phototoxic-reactions-doxycycline", "phototoxic reactions"),
        ("hydroa-aestivale", "hydroa-vacciniforme"),
        ("Darier's disease", "dariers disease"),
        ("Acne_Vulgaris", "acne"),
    ],
)
def test_two_spellings_of_a_disease_have_one_name(one: str, other: str) -> None:
    names = read_disease_names()
    assert names.name_of(one) == names.name_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("lupus erythematosus", "lupus-chronic-cutaneous"),
        ("psoriasis", "psoriasis guttate"),
        ("hemangioma-infancy", "Angioma"),
        ("polymorphous-light-eruption", "phototoxic-reactions"),
        ("sunburn", "photodermatoses"),
        ("hydroa-vacciniforme", "porphyrias"),
        ("folliculitis", "folliculitis (pityrosporum)"),
        ("melanoma", "Lentigo_Maligna_Melanoma"),
    ],
)
def test_two_diseases_keep_two_names(one: str, other: str) -> None:
    names = read_disease_names()
    assert names.name_of(one) != names.name_of(other)


def test_an_unknown_spelling_is_kept_normalised_and_without_brackets() -> None:
    assert read_disease_names().name_of("Zoonotic_Rash-of (by eye) Timbuktu") == "zoonotic rash of timbuktu"
    assert read_disease_names().name_of("(by eye)") == "by eye"


def test_no_name_is_a_spelling_of_another() -> None:
    names = read_disease_names()
    for name in set(names.of_spelling.values()):
        assert names.name_of(name) == name


def test_the_table_is_written_as_it_is_read() -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 100
    assert all(cell == normalised(cell) and cell for row in rows for cell in row.values())
    spellings = [row["spelling"] for row in rows]
    assert len(set(spellings)) == len(spellings)


def test_a_spelling_with_two_names_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "names.csv"
    table.write_text("spelling,name\nbcc,basal cell carcinoma\nBCC,melanoma\n", encoding="utf-8")
    with pytest.raises(ValueError, match="two names"):
        read_disease_names(table)


@example("𝕬")
@given(st.text(max_size=40))
def test_normalising_twice_changes_nothing(label: str) -> None:
    once = normalised(label)
    assert normalised(once) == once
    names = read_disease_names()
    assert names.name_of(names.name_of(label)) == names.name_of(label)
