"""Folders, lists and tables as people really have them, for every command that takes photos or tables."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

TAKEN = ("a.jpg", "deep/b.PNG", "elsewhere/linked.jpg", "Füße/c 100% #1.jpg", "+d.jpg")
"""Of `write_folder`, below it: what every search must find, and each once."""

LOCKED = ("lost+found inside", "#recycled")
"""Folders that `unlistable` locks: unlike those of systems, they have ordinary names."""


def write_folder(folder: Path, photo: bytes = b"") -> Path:
    """Return a folder with `TAKEN`, folders of systems with copies, locked folders, links, and links in circles."""
    inside = folder / "photos"
    for name in (*TAKEN[:2], *TAKEN[3:]):
        _write(inside / name, photo)
    _write(folder / "elsewhere" / "linked.jpg", photo)
    (inside / "elsewhere").symlink_to(folder / "elsewhere")
    (inside / "elsewhere again").symlink_to(folder / "elsewhere")
    (folder / "elsewhere" / "back").symlink_to(inside)
    (inside / "circle").symlink_to(inside)
    (inside / "deep" / "up").symlink_to(folder)
    (inside / "nowhere").symlink_to(folder / "gone")
    for name in ("@eaDir", "__MACOSX", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found"):
        _write(inside / "deep" / name / "copy.jpg", photo)
    _write(inside / ".thumbnails" / "copy.jpg", photo)
    _write(inside / "._a.jpg", b"\0\5\x16\7")
    (inside / "notes.txt").write_text("no photo")
    for name in LOCKED:
        _write(inside / name / "unseen.jpg", photo)
    return inside


@contextmanager
def unlistable(*names: str) -> Iterator[None]:
    """Let folders of these names refuse to be listed, whoever runs the tests: nothing is forbidden to root."""
    scandir, listdir = os.scandir, os.listdir

    def refusing(real: Any) -> Any:
        def call(path: Any = ".") -> Any:
            if isinstance(path, (str, os.PathLike)) and Path(path).name in names:
                raise PermissionError(13, "Permission denied", str(path))
            return real(path)

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "scandir", refusing(scandir))
        patch.setattr(os, "listdir", refusing(listdir))
        yield


def encodings(text: str) -> dict[str, bytes]:
    """Return a text in every encoding in which people's programs save one that must be read."""
    return {
        "UTF-8": text.encode(),
        "UTF-8 with a mark": text.encode("utf-8-sig"),
        "UTF-8 with Windows line ends": text.replace("\n", "\r\n").encode("utf-8-sig"),
        "UTF-16 of PowerShell": b"\xff\xfe" + text.replace("\n", "\r\n").encode("utf-16-le"),
        "UTF-16 with the large end first": b"\xfe\xff" + text.encode("utf-16-be"),
        "UTF-16 without a mark": text.encode("utf-16-le"),
        "UTF-16 without a mark, the large end first": text.encode("utf-16-be"),
    }


PHOTOS = {"0.png": "petechiae", "1.png": "purpura"}
"""Of `tables` and `exports`: photos below `images`, and what each of them shows."""


def tables() -> dict[str, bytes]:
    """Return one table of `PHOTOS` as people's programs save it, by the way in which it is special."""
    rows = [("file_name", "category", "note"), *((f"images/{name}", word, "x, y") for name, word in PHOTOS.items())]
    comma = "\n".join(f'{name},{word},"{note}"' for name, word, note in rows) + "\n"
    lines = comma.splitlines()
    return {
        **{f"in {encoding}": data for encoding, data in encodings(comma).items()},
        "with semicolons": "\n".join(";".join(row) for row in rows).encode(),
        "with decimal commas": b"file_name;category;mm\nimages/0.png;petechiae;0,5\nimages/1.png;purpura;1,5",
        "with tabs": "\n".join("\t".join(row) for row in rows).encode("utf-16"),
        "with a line for Excel": b"sep=;\r\n" + "\r\n".join(";".join(row) for row in rows).encode(),
        "with blanks around everything": "\n".join(" , ".join(row[:2]) for row in rows).encode(),
        "with blanks before quotes": comma.replace(",", ", ", 2).encode(),
        "with empty rows at the end": f"{comma},,\n\n , , \n".encode(),
        "with one comma too many": "\n".join(f"{line}," for line in lines).encode(),
        "with a last cell left away": comma.replace(',"x, y"', "").encode(),
        "with line breaks in quotes": comma.replace("x, y", "x\ny\r\nz").encode(),
        "with other capitals": comma.replace("file_name", "File_Name").replace("category", "Category").encode(),
    }


def broken_tables() -> dict[str, tuple[bytes, str]]:
    """Return tables that must be refused, each with what its sentence names beside the file."""
    return {
        "an open quote": (b'file_name,category\nimages/0.png,"petechiae\nimages/1.png,purpura\n', "line 3"),
        "too many cells": (b"file_name,category\nimages/0.png,petechiae\nimages/1.png,purpura,x\n", "line 3"),
        "a workbook": (b"PK\x03\x04 a workbook", "save it as CSV UTF-8"),
        "an old workbook": (b"\xd0\xcf\x11\xe0 a workbook", "save it as CSV UTF-8"),
        "latin-1": ("file_name,category,note\nimages/0.png,purpura,Füße\nimages/ß.png,x,ü".encode("latin-1"), "line 3"),
        "half a letter of UTF-16": (b"\xff\xfef\0i", "UTF-16"),
        "zero bytes": (b"file_name,category\n\0\0\0\0", "zero bytes"),
        "nothing": (b"", "'file_name'"),
        "two columns of one name": (b"file_name,category,category\nimages/0.png,purpura,x\n", "'category'"),
    }


def exports() -> dict[str, dict[str, str]]:
    """Return what labelling tools write of `PHOTOS`: files by their path, by the name of the tool."""
    coco = {
        "categories": [{"id": 0, "name": "spots"}, {"id": 1, "name": "Petechiae"}, {"id": 2, "name": "Purpura"}],
        "images": [{"id": 5, "file_name": "0.png"}, {"id": 6, "file_name": "1.png"}],
        "annotations": [{"image_id": 5, "category_id": 1}, {"image_id": 6, "category_id": 2}],
    }
    tasks = [
        {
            "data": {"image": f"/data/upload/7/3f9a1c0e-{name}"},
            "annotations": [{"result": [{"value": {"choices": [word]}}]}],
        }
        for name, word in PHOTOS.items()
    ]
    short = [
        {"image": f"/data/upload/7/3f9a1c0e-{name}", "id": 3, "spots": mark, "annotator": 1, "lead_time": 2.5}
        for name, mark in (("0.png", "Petechiae"), ("1.png", [{"x": 1, "rectanglelabels": ["Purpura"]}]))
    ]
    via = {
        f"{name}77": {"filename": name, "size": 77, "regions": regions, "file_attributes": {}}
        for name, regions in (
            ("0.png", [{"shape_attributes": {}, "region_attributes": {"kind": "petechiae"}}]),
            ("1.png", {"0": {"shape_attributes": {}, "region_attributes": {"kind": {"purpura": True}}}}),
        )
    }
    via_rows = "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes\n"
    via_rows += "".join(f'{name},77,"{{}}",1,0,"{{}}","{{""kind"":""{word}""}}"\n' for name, word in PHOTOS.items())
    shapes = {
        f"images/{name.replace('png', 'json')}": json.dumps(
            {"flags": {}, "shapes": [{"label": word}], "imagePath": name}
        )
        for name, word in PHOTOS.items()
    }
    marks = {
        f"ann/{name}.json": json.dumps({"size": {}, "tags": [{"name": word}], "objects": [{"classTitle": word}]})
        for name, word in PHOTOS.items()
    }
    voc = {
        f"images/{name.replace('png', 'xml')}": f"<annotation><filename>{name}</filename><object><name>{word}</name>"
        "</object></annotation>"
        for name, word in PHOTOS.items()
    }
    images = "".join(f'<image name="{name}"><box label="{word}"/></image>' for name, word in PHOTOS.items())
    return {
        "COCO": {"train/_annotations.coco.json": json.dumps(coco)},
        "Label Studio": {"tasks.json": json.dumps(tasks)},
        "Label Studio, short": {"tasks-min.json": json.dumps(short)},
        "Label Studio, CSV": {
            "tasks.csv": "annotation_id,choice,image\n1,Petechiae,/data/upload/7/3f9a1c0e-0.png\n"
            '2,"{""choices"":[""Purpura""]}",/data/upload/7/3f9a1c0e-1.png\n'
        },
        "VIA": {"via_region_data.json": json.dumps(via)},
        "VIA, project": {"via_project.json": json.dumps({"_via_settings": {}, "_via_img_metadata": via})},
        "VIA, CSV": {"via_export_csv.csv": via_rows},
        "LabelMe": shapes,
        "Supervisely": {"meta.json": "{}", **marks},
        "CVAT": {"annotations.xml": f"<annotations><version>1.1</version>{images}</annotations>"},
        "Pascal VOC": voc,
        "YOLO": {
            "data.yaml": "nc: 2\nnames: ['x', petechiae, Purpura]\n",
            "labels/0.txt": "1 0 0 1 1\n1 0 0 1 1\n",
            "labels/1.txt": "2 0 0 1 1\n",
        },
        "Roboflow CSV": {
            "train/_annotations.csv": "filename,width,class\n0.png,1,Petechiae\n0.png,1,Petechiae\n1.png,1,Purpura\n"
        },
        "Roboflow classes": {"train/_classes.csv": "filename, petechiae, purpura\n0.png, 1, 0\n1.png, 0, 1\n"},
        "names without suffix": {"labels.csv": "isic_id,diagnosis\n0,petechiae\n1,purpura\n"},
        "paths of Windows": {"labels.csv": "path,label\nC:\\me\\images\\0.png,petechiae\nimages\\1.png,purpura\n"},
    }


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
