"""Checkpoints: folders of safetensors and JSON that appear whole under their name, or not at all; no pickle.

`write_state` keeps any nesting of dicts and lists of tensors and plain values, which is what Lightning hands over to be
kept. `StateFiles` is its plugin for that: Lightning itself would write pickle.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import CheckpointIO
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from model.card import sha256_of
from model.errors import OutputError
from model.system.files import new_folder, remove_parts

TENSORS, VALUES, SUMS = "tensors.safetensors", "values.json", "SHA256SUMS"
_TENSOR, _PAIRS = "__tensor__", "__pairs__"


class DamagedState(Exception):
    """A checkpoint that is not what was written; an older one may still be."""


def write_state(folder: Path, state: Mapping[str, Any]) -> None:
    """Write a state as the folder of this name, which is there as a whole and on the disk, or not at all.

    Raises OutputError when the disk does not take it; TypeError for a value that is neither tensor nor plain.
    """
    tensors: dict[str, Tensor] = {}
    text = json.dumps(_encode(state, tensors))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with new_folder(folder, again=True) as part:
            save_file(tensors, part / TENSORS)
            (part / VALUES).write_text(text, encoding="utf-8")
            # In the format of sha256sum, so that --check of that reads it, too.
            lines = [f"{sha256_of(part / name)}  {name}\n" for name in (TENSORS, VALUES)]
            (part / SUMS).write_text("".join(lines), encoding="utf-8")
            # A folder of this name is one that was found damaged: a whole one is never written twice.
            shutil.rmtree(folder, ignore_errors=True)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise OutputError(
            "cannot_write",
            f"The checkpoint {str(folder)!r} cannot be written ({error}); make room, then go on with --resume.",
        ) from error


def read_state(folder: Path) -> dict[str, Any]:
    """Return what `write_state` wrote, on the CPU. Raises DamagedState when a file is missing or altered."""
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
        sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
        if set(sums) != {TENSORS, VALUES}:
            raise DamagedState(f"{SUMS} does not list its files")
        for name, digest in sums.items():
            if sha256_of(folder / name) != digest:
                raise DamagedState(f"{name} was truncated or altered")
        state = _decode(
            json.loads((folder / VALUES).read_text(encoding="utf-8")), load_file(folder / TENSORS, device="cpu")
        )
    except (OSError, ValueError, TypeError, KeyError, SafetensorError) as error:
        raise DamagedState(str(error)) from error
    if not isinstance(state, dict):
        raise DamagedState("it holds no state")
    return state


def newest_state(folder: Path, *, tell: Callable[[str], None]) -> tuple[Path, dict[str, Any]] | None:
    """Return the newest whole checkpoint in a folder, by name, and what it holds; None where there is none.

    What is damaged or half written is removed; `tell` gets a line for each that is damaged.
    """
    remove_parts(folder)
    for path in reversed(states_in(folder)):
        try:
            return path, read_state(path)
        except DamagedState as error:
            tell(f"warning: the checkpoint {str(path)!r} is damaged ({error}) and of no use; taking the one before it")
            shutil.rmtree(path, ignore_errors=True)
    return None


def states_in(folder: Path) -> list[Path]:
    """Return the checkpoints in a folder, oldest first by name."""
    return sorted(path for path in folder.glob("*") if path.is_dir() and path.name[0] != ".")


class StateFiles(CheckpointIO):
    """Lightning's checkpoints as `write_state` writes them."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        """Write a checkpoint. Raises OutputError."""
        write_state(Path(path), checkpoint)

    def load_checkpoint(self, path: Any, map_location: Any | None = None, weights_only: Any = None) -> dict[str, Any]:
        """Return a checkpoint, on the CPU: whoever takes the tensors puts them where theirs are."""
        return read_state(Path(path))

    def remove_checkpoint(self, path: Any) -> None:
        """Remove a checkpoint."""
        shutil.rmtree(path)


def _encode(value: Any, tensors: dict[str, Tensor]) -> Any:
    """Return a value for JSON, with its tensors put aside under the numbers of their places."""
    if isinstance(value, Tensor):
        name = str(len(tensors))
        # The order in memory comes back, too: sums over it, and so the last bits, depend on it.
        last = value.dim() == 4 and not value.is_contiguous() and value.is_contiguous(memory_format=torch.channels_last)
        # Copies: safetensors refuses tensors that share memory.
        tensors[name] = value.detach().cpu().clone(memory_format=torch.contiguous_format)
        return {_TENSOR: name, "channels_last": last}
    if isinstance(value, Mapping):
        if all(isinstance(key, str) for key in value):
            return {key: _encode(each, tensors) for key, each in value.items()}
        return {_PAIRS: [[_encode(key, tensors), _encode(each, tensors)] for key, each in value.items()]}
    if isinstance(value, list | tuple):
        return [_encode(each, tensors) for each in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a checkpoint holds tensors and plain values, not {type(value).__name__}")


def _decode(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(value, list):
        return [_decode(each, tensors) for each in value]
    if not isinstance(value, dict):
        return value
    if _TENSOR in value:
        tensor = tensors[value[_TENSOR]]
        return tensor.to(memory_format=torch.channels_last) if value["channels_last"] else tensor
    if _PAIRS in value:
        return {_decode(key, tensors): _decode(each, tensors) for key, each in value[_PAIRS]}
    return {key: _decode(each, tensors) for key, each in value.items()}
