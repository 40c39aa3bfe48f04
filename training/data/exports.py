"""Exports of labelling tools: COCO, Label Studio, VIA, LabelMe, Supervisely, CVAT, and columns of classes."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree

from model.errors import ManifestError
from training.data.found import CATEGORIES, FILE_NAMES, GROUPS, Found, first_of

_MARKS = ("choices", "rectanglelabels", "polygonlabels", "brushlabels", "keypointlabels", "ellipselabels")
_OF_TASKS = {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "was_cancelled", "agreement"}
"""What Label Studio's short exports say of the task, not of the photo."""
_UPLOAD = re.compile(r"[0-9a-f]{8}-(?=.)")
"""What Label Studio puts before the names of uploads."""


def is_coco(value: Any) -> bool:
    """Return whether JSON is that of COCO."""
    return isinstance(value, dict) and {"images", "annotations", "categories"} <= value.keys()


def read_coco(path: Path, value: Mapping[str, Any]) -> list[Found]:
    """Return the photos of COCO, labelled by their annotations."""
    names = {category["id"]: str(category["name"]) for category in value["categories"]}
    words: dict[Any, dict[str, None]] = {}
    for annotation in value["annotations"]:
        words.setdefault(annotation["image_id"], {})[names[annotation["category_id"]]] = None
    return [Found(str(image["file_name"]), path.parent, tuple(words.get(image["id"], {}))) for image in value["images"]]


def is_label_studio(value: Any) -> bool:
    """Return whether JSON is that of Label Studio."""
    return isinstance(value, list) and all(isinstance(task, dict) and "data" in task for task in value)


def read_label_studio(path: Path, tasks: Sequence[Mapping[str, Any]]) -> list[Found]:
    """Return the photos of tasks, labelled by what was not cancelled."""
    found = []
    for task in tasks:
        data = {str(key): value for key, value in task["data"].items() if isinstance(value, str)}
        image = next((data[key] for key in FILE_NAMES if key in data), next(iter(data.values()), ""))
        words: dict[str, None] = {}
        for annotation in task.get("annotations", []):
            if not annotation.get("was_cancelled"):
                words |= dict.fromkeys(_words_of(annotation.get("result", [])))
        found.append(Found(local_name(image), path.parent, tuple(words), {"group": first_of(data, GROUPS)}))
    return found


def is_short_label_studio(value: Any) -> bool:
    """Return whether JSON is that of Label Studio's short export (`JSON-MIN`)."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(task, dict) and ({"annotation_id", "annotator", "id"} & task.keys()) for task in value)
    )


def read_short_label_studio(path: Path, tasks: Sequence[Mapping[str, Any]]) -> list[Found]:
    """Return the photos of a short export, in which a name of one's own holds the label."""
    found = []
    for task in tasks:
        name = next((key for key in FILE_NAMES if isinstance(task.get(key), str)), None)
        if name is None:
            raise KeyError("image")
        others = {key: value for key, value in task.items() if key not in _OF_TASKS and key != name}
        told = [others[key] for key in CATEGORIES if key in others]
        told = told or [value for value in others.values() if isinstance(value, (list, dict))]
        texts = {key: value for key, value in others.items() if isinstance(value, str)}
        words = dict.fromkeys(word for value in told or list(texts.values())[:1] for word in _words_below(value))
        found.append(Found(local_name(task[name]), path.parent, tuple(words), {"group": first_of(texts, GROUPS)}))
    return found


def is_via(value: Any) -> bool:
    """Return whether JSON is that of the VGG Image Annotator."""
    if not isinstance(value, dict):
        return False
    photos = value.get("_via_img_metadata", value)
    return (
        isinstance(photos, dict)
        and bool(photos)
        and all(isinstance(one, dict) and {"filename", "regions"} <= one.keys() for one in photos.values())
    )


def read_via(path: Path, value: Mapping[str, Any]) -> list[Found]:
    """Return the photos of the VGG Image Annotator, labelled by the attributes of the file and of its regions."""
    found = []
    for photo in value.get("_via_img_metadata", value).values():
        regions = photo["regions"].values() if isinstance(photo["regions"], dict) else photo["regions"]
        attributes = [photo.get("file_attributes") or {}, *(region["region_attributes"] for region in regions)]
        words = dict.fromkeys(word for one in attributes for word in _words_of_attributes(one))
        found.append(Found(str(photo["filename"]), path.parent, tuple(words)))
    return found


def read_via_rows(path: Path, rows: Sequence[tuple[int, Mapping[str, str]]]) -> list[Found]:
    """Return the photos of its CSV, which has a row per region. Raises ManifestError."""
    found: dict[str, Found] = {}
    for number, row in rows:
        words: dict[str, None] = {}
        for column in ("file_attributes", "region_attributes"):
            try:
                words |= dict.fromkeys(_words_of_attributes(json.loads(row.get(column) or "{}")))
            except (ValueError, AttributeError) as error:
                sentence = f"Line {number} of {str(path)!r} has {column!r} that are not JSON; export it again."
                raise ManifestError("unreadable_manifest", sentence) from error
        one = Found(row["filename"], path.parent, tuple(words))
        found[one.name] = found[one.name].joined(one) if one.name in found else one
    return list(found.values())


def is_labelme(value: Any) -> bool:
    """Return whether JSON is that of LabelMe, which writes a file per photo."""
    return isinstance(value, dict) and {"shapes", "imagePath"} <= value.keys()


def read_labelme(path: Path, value: Mapping[str, Any]) -> list[Found]:
    """Return the photo of a file of LabelMe, labelled by its flags and shapes."""
    words = dict.fromkeys(str(word) for word, holds in (value.get("flags") or {}).items() if holds)
    words |= dict.fromkeys(str(shape["label"]) for shape in value["shapes"])
    return [Found(str(value["imagePath"]), path.parent, tuple(words))]


def is_supervisely(value: Any) -> bool:
    """Return whether JSON is that of Supervisely, which writes a file per photo into `ann` beside `img`."""
    return isinstance(value, dict) and {"tags", "objects", "size"} <= value.keys()


def read_supervisely(path: Path, value: Mapping[str, Any]) -> list[Found]:
    """Return the photo of a file of Supervisely, labelled by its tags and objects."""
    words = dict.fromkeys(str(tag["name"]) for tag in value["tags"])
    words |= dict.fromkeys(str(one["classTitle"]) for one in value["objects"])
    return [Found(path.name.removesuffix(".json"), path.parent.parent / "img", tuple(words))]


def read_cvat(path: Path, text: str) -> tuple[str, list[Found]] | None:
    """Return the photos of `CVAT for images`, or of one file of Pascal VOC; None for other XML."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ManifestError("unreadable_manifest", f"{str(path)!r} defines words of its own; export it again.")
    try:
        # Without definitions there is nothing to expand.
        root = ElementTree.fromstring(text.lstrip("\ufeff"))  # noqa: S314
    except (ElementTree.ParseError, ValueError) as error:
        raise ManifestError("unreadable_manifest", f"{str(path)!r} is not XML ({error}); export it again.") from error
    if root.tag == "annotations":
        found = []
        for image in root.iter("image"):
            words = dict.fromkeys(mark.get("label", "") for mark in image if mark.get("label"))
            cells = {"split": image.get("subset", "")}
            found.append(Found(image.get("name", ""), path.parent, tuple(words), cells))
        return "CVAT", found
    if root.tag == "annotation" and (name := root.findtext("filename")):
        words = dict.fromkeys(word for mark in root.iter("object") if (word := mark.findtext("name")))
        return "Pascal VOC", [Found(name, path.parent, tuple(words))]
    return None


def classes_of(
    rows: Sequence[tuple[int, Mapping[str, str]]], columns: Sequence[str], *, without: Collection[str]
) -> dict[int, tuple[str, ...]]:
    """Return the labels by row of a table with a column of 0 and 1 per class; empty where it is none."""
    others = [name for name in columns if name not in without]
    classes = [name for name in others if all(_is_truth(row.get(name, "")) for _, row in rows)]
    if not rows or not classes or not any(_holds(row[name]) for _, row in rows for name in classes):
        return {}
    return {number: tuple(name for name in classes if _holds(row[name])) for number, row in rows}


def words_in(cell: str) -> tuple[str, ...]:
    """Return the labels in a cell: one as it stands, or several where it is JSON of Label Studio."""
    if cell.startswith(("[", "{")):
        try:
            return tuple(dict.fromkeys(_words_below(json.loads(cell))))
        except (ValueError, RecursionError):
            return (cell,)
    return (cell,) if cell else ()


def local_name(address: str) -> str:
    """Return the file's path in an address such as `/data/local-files/?d=folder/photo.jpg`."""
    if "://" not in address and not address.startswith("/data/"):
        return address
    parts = urlsplit(address)
    named = parse_qs(parts.query).get("d")
    return named[0] if named else unquote(parts.path).lstrip("/")


def without_code(name: str) -> str:
    """Return the name of an upload as it was before Label Studio put its code before it."""
    return _UPLOAD.sub("", name, count=1)


def _words_of(results: Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(word) for result in results for kind in _MARKS for word in result.get("value", {}).get(kind, [])]


def _words_below(value: Any) -> list[str]:
    """Return the labels in a value of a short export: a text, a list, or marks with lists of them."""
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, list):
        return [word for one in value for word in _words_below(one)]
    if isinstance(value, dict):
        return [word for kind in _MARKS for word in _words_below(value.get(kind, []))]
    return []


def _words_of_attributes(attributes: Mapping[str, Any]) -> list[str]:
    named = [attributes[key] for key in CATEGORIES if attributes.get(key)] or list(attributes.values())[:1]
    words = []
    for value in named:
        if isinstance(value, Mapping):
            words += [str(word) for word, holds in value.items() if holds]
        elif value:
            words.append(str(value).strip())
    return words


def _is_truth(cell: str) -> bool:
    return cell.strip().lower() in {"", "0", "1", "0.0", "1.0", "true", "false"}


def _holds(cell: str) -> bool:
    return cell.strip().lower() in {"1", "1.0", "true"}
