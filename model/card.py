"""card.json: what a model is, how to feed it, when it answers, what it was trained and measured on, and its hashes."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from model.categories import OTHER
from model.conformal import PredictionSets
from model.errors import ModelError
from model.levels import Levels, levels_of_older
from model.names import is_plain_name
from model.preprocess import Preprocess
from model.quality import QualityLimits
from model.redaction import redacted_values

FORMAT = 1
CARD = "card.json"
NETWORK = "classifier.onnx"
WEIGHTS = "weights.safetensors"
_OBJECTS = ("preprocess", "quality", "prediction_sets", "levels")
"""Keys whose values are objects of their own."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Everything that scoring needs to know about a model folder, and everything that a reader should."""

    version: str
    created: str
    """ISO date."""
    backbone: str
    """timm name, for retraining from the weights."""
    outputs: tuple[str, ...]
    """Category ids in the order of the network's outputs; `other` is the last."""
    parents: Mapping[str, tuple[str, ...]]
    """Categories that share an answer when together they are likely but none of them alone is."""
    preprocess: Preprocess
    temperature: float
    """Logits are divided by it before the softmax (Guo et al., ICML 2017)."""
    threshold: float
    """Least calibrated probability with which a category, or a parent, is named."""
    prediction_sets: PredictionSets | None = None
    """None in a card from before 0.2: its predictions have no set."""
    most_energy: float | None = None
    """Highest energy with which a photo is judged, see `model.decision`. None in a card from before 0.2: any is."""
    levels: Levels | None = None
    """Limits of the levels of an answer, and how often they were right. None in a card from before 0.3: see
    `levels_or_older`."""
    quality: QualityLimits = field(default_factory=QualityLimits)
    intended_use: str = ""
    data: tuple[Mapping[str, Any], ...] = ()
    """One entry per source of photos: source, licence, photos per category."""
    training: Mapping[str, Any] = field(default_factory=dict)
    """Recipe, command, seed, minutes and package versions."""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    """What was measured, per set of photos."""
    notes: str = ""
    """Markdown: what people found by looking, such as where it fails."""
    promotion: Mapping[str, Any] = field(default_factory=dict)
    """Of a promoted copy: with what it was compared, what spoke against it, and why that was overridden."""
    files: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of every other file that belongs to the folder, by name."""
    reports: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of files that show photos, by name. A folder may lack them: releases and promoted copies do."""

    def __post_init__(self) -> None:
        """Refuse a card that would misread its network."""
        if len(self.outputs) < 2 or len(set(self.outputs)) != len(self.outputs) or self.outputs[-1] != OTHER:
            raise ValueError(f"outputs are distinct, at least two, and end with {OTHER!r}: {self.outputs}")
        strangers = {member for members in self.parents.values() for member in members} - set(self.categories)
        if strangers or set(self.parents) & set(self.outputs):
            raise ValueError("parents have ids of their own and categories of this model as members")
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise ValueError(f"temperature is positive, not {self.temperature}")
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold lies in [0, 1], not {self.threshold}")
        if self.prediction_sets is not None and set(self.prediction_sets.least) != set(self.outputs):
            raise ValueError("prediction sets have a threshold for every output, and no other")
        if self.most_energy is not None and not math.isfinite(self.most_energy):
            raise ValueError(f"most_energy is finite, not {self.most_energy}")
        if self.levels is not None and self.levels.looks_like.least != self.threshold:
            raise ValueError(f"levels name from {self.levels.looks_like.least} on, the threshold is {self.threshold}")

    @property
    def categories(self) -> tuple[str, ...]:
        """Return the categories that an answer can name, `other` left out."""
        return self.outputs[:-1]

    @property
    def levels_or_older(self) -> Levels:
        """Return the levels, those of an older card from its threshold and its figures."""
        return self.levels or levels_of_older(self.threshold, self.metrics)

    @property
    def least_could_be(self) -> float:
        """Return the least calibrated probability with which a kind is named as possible."""
        return self.levels_or_older.could_be.least

    @classmethod
    def read(cls, folder: Path) -> ModelCard:
        """Return the card of a model folder whose files all have the hashes that the card lists.

        Raises ModelError: the folder or a file is missing, a file was truncated or altered, the card is unreadable.
        """
        if not folder.is_dir():
            raise ModelError("missing_model", f"There is no model folder {str(folder)!r}; give one with --model.")
        path = folder / CARD
        try:
            card = cls.from_json(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise ModelError("missing_file", f"{str(path)!r} is missing; copy the whole model folder again.") from None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ModelError(
                "bad_card", f"{str(path)!r} is not a model card that this version reads ({error}); copy it again."
            ) from error
        card.check_files(folder)
        return card

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ModelCard:
        """Return the card that `to_json` wrote. Raises ValueError, TypeError or KeyError on anything else."""
        if value["format"] != FORMAT:
            raise ValueError(f"format {value['format']!r} instead of {FORMAT}")
        preprocess = value["preprocess"]
        rest = {key: value[key] for key in value if key not in {"format", *_OBJECTS}}
        rest["outputs"] = tuple(rest["outputs"])
        rest["parents"] = {parent: tuple(members) for parent, members in rest["parents"].items()}
        rest["data"] = tuple(rest["data"])
        sets, levels = value.get("prediction_sets"), value.get("levels")
        return cls(
            prediction_sets=None if sets is None else PredictionSets(sets["coverage"], dict(sets["least"])),
            levels=None if levels is None else Levels.from_json(levels),
            # Cards from before 0.3 know one reader, which is the network's; their limits are of measures that are gone.
            preprocess=Preprocess(
                preprocess["size"],
                tuple(preprocess["mean"]),
                tuple(preprocess["std"]),
                preprocess.get("reader", 1),
            ),
            quality=QualityLimits(**value["quality"]) if "side" in value["quality"] else QualityLimits(),
            **rest,
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain values in the order in which a person would read them."""
        return {"format": FORMAT, **asdict(self)}

    def write(self, folder: Path) -> None:
        """Write card.json into a folder that is not in use yet: without secrets of URLs, whoever wrote them down."""
        text = json.dumps(redacted_values(self.to_json()), indent=2, ensure_ascii=False, allow_nan=False)
        (folder / CARD).write_text(text + "\n", encoding="utf-8")

    def check_files(self, folder: Path) -> None:
        """Raise ModelError unless every listed file is there with its hash: a flipped bit loads silently otherwise."""
        if NETWORK not in self.files:
            raise ModelError("bad_card", f"{str(folder / CARD)!r} does not list {NETWORK}; copy the folder again.")
        for name in (*self.files, *self.reports):
            if not is_plain_name(name):
                raise ModelError(
                    "bad_card",
                    f"{str(folder / CARD)!r} lists {name!r}, which is not a plain file name; copy the folder again.",
                )
        shown = {name: digest for name, digest in self.reports.items() if (folder / name).is_file()}
        for name, digest in {**self.files, **shown}.items():
            path = folder / name
            if not path.is_file():
                raise ModelError("missing_file", f"{str(path)!r} is missing; copy the whole model folder again.")
            if sha256_of(path) != digest:
                raise ModelError(
                    "altered_file", f"{str(path)!r} was truncated or altered; copy the whole model folder again."
                )


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
