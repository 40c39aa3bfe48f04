"""Card of a backbone: what it learnt from whose photos under which terms, how, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from model.categories import INTENDED_USE
from training.data.named_photos import NOT_STATED, NamedPhotos

BACKBONE_USE = (
    f"A start for training classifiers of skin photos with `redspots train`. {INTENDED_USE} By itself it names "
    "nothing; what is trained from it needs its own photos, calibration and measurement."
)
_CURVES = {
    "names_loss": "loss of names",
    "teacher_loss": "loss of features",
    "validation_loss": "held out: loss of names",
    "validation_top1": "held out: right names",
    "validation_similarity": "held out: like the teachers (cosine)",
}


def terms_of(photos: NamedPhotos) -> list[dict[str, Any]]:
    """Return one entry per source, licence and terms with the number of its photos, most photos first."""
    counts = Counter(
        (example.source or NOT_STATED, example.licence or NOT_STATED, terms)
        for example, terms in zip(photos.examples, photos.terms, strict=True)
    )
    return [
        {"source": source, "licence": licence, "terms": terms, "photos": count}
        for (source, licence, terms), count in counts.most_common()
    ]


def labels_of(photos: NamedPhotos) -> dict[str, int]:
    """Return the number of photos of every name that is learnt, in the order of the head's outputs."""
    counts = Counter(example.category for example in photos.examples)
    return {name: counts[name] for name in photos.names}


def backbone_readme(card: Mapping[str, Any]) -> str:
    """Return the Markdown text of the card for people."""
    size = card["preprocess"]["size"]
    return (
        "\n\n".join(
            [
                f"# redspots backbone {card['version']}",
                f"{card['backbone']} for photos of {size} x {size} pixels, trained on {card['photos']} photos with "
                f"{len(card['labels'])} names of diseases{_taught(card['teachers'])}.",
                "## Intended use",
                card["intended_use"],
                "## Terms",
                "Photos by their terms: "
                + ", ".join(f"{terms} {count}" for terms, count in card["terms"].items())
                + ". The terms of the photos, and the licences of the weights that it started from and learnt from, "
                "bind whoever passes it on.",
                _table(
                    ("source", "licence", "terms", "photos"),
                    [[str(row[key]) for key in ("source", "licence", "terms", "photos")] for row in card["data"]],
                ),
                "## Teachers",
                _table(
                    ("network", "licence", "weights", "tuned on the names"),
                    [
                        [one["name"], one["licence"], one["weights"], "yes" if one["tuned"] else "no"]
                        for one in card["teachers"]
                    ],
                )
                if card["teachers"]
                else "None.",
                "## Measured",
                *_measured(card["curves"]),
                "## Names",
                ", ".join(f"{name} {count}" for name, count in card["labels"].items())
                + f". Photos of rarer names, which learnt from the teachers alone: {card['photos_without_name']}.",
                "## How",
                _how(card["training"]),
            ]
        )
        + "\n"
    )


def _taught(teachers: Sequence[Mapping[str, Any]]) -> str:
    return f" and the features of {', '.join(one['name'] for one in teachers)}" if teachers else ""


def _measured(curves: Mapping[str, Mapping[str, Sequence[Sequence[float]]]]) -> list[str]:
    """Return one table per training: every curve at its last epoch, and at its first to compare."""
    told = []
    for training, values in curves.items():
        rows = [
            [words, f"{values[name][0][1]:.3f}", f"{values[name][-1][1]:.3f}"]
            for name, words in _CURVES.items()
            if values.get(name)
        ]
        epochs = max((len(pairs) for pairs in values.values()), default=0)
        told.append(f"### {training.replace('_', ' ')}, {epochs} epochs")
        told.append(_table(("figure", "first epoch", "last epoch"), rows))
    return [*told, "Photos held out share no group with those that trained; they come from the same sources."]


def _how(training: Mapping[str, Any]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in training["packages"].items())
    return "\n".join(
        [
            "```",
            training["command"],
            "```",
            "",
            f"Seed {training['seed']}; {training['hours']} hours on {training['machine']}, "
            f"{training['speed']['precision']}, {training['speed']['layout']}. {packages}. Every hyper-parameter "
            "stands in `card.json`.",
        ]
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
