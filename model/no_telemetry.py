"""Silence: no package that redspots loads reports to its makers, or asks them for a newer version.

They read these variables when they are imported or begin, so the packages of this project set them before anything else
is imported. Processes that they start have them, too.
"""

from __future__ import annotations

import os

VARIABLES = {
    # Reports processes, models and the path of Python from 1.29 on, and leaves a device's number in the home.
    "ORT_DISABLE_TELEMETRY": "1",
    # Asks the package index for a newer version.
    "NO_ALBUMENTATIONS_UPDATE": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "RAY_USAGE_STATS_ENABLED": "0",
    # What several packages heed, and those that are yet to come.
    "DO_NOT_TRACK": "1",
}

_CACHES = {"MPLCONFIGDIR": "matplotlib", "TORCHINDUCTOR_CACHE_DIR": "torch"}
"""Variables that name the folders in which packages keep what they would else leave in the home or beside it."""


def switch_off() -> None:
    """Set the variables of this process, whatever they were."""
    os.environ.update(VARIABLES)


def keep_caches_out_of_home() -> None:
    """Let packages keep their caches in a folder that goes when this process ends, but where the user named another."""
    missing = {name: folder for name, folder in _CACHES.items() if not os.environ.get(name)}
    if not missing:
        return
    import atexit
    import shutil
    import tempfile

    try:
        place = tempfile.mkdtemp(prefix="redspots-caches-")
    except OSError:
        # Where nothing can be written, packages keep nothing.
        return
    owner = os.getpid()
    atexit.register(lambda: shutil.rmtree(place, ignore_errors=True) if os.getpid() == owner else None)
    os.environ.update({name: os.path.join(place, folder) for name, folder in missing.items()})  # noqa: PTH118
