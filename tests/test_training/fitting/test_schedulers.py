"""A process that a job scheduler starts alone trains alone, whatever its job's variables say."""

from __future__ import annotations

from pathlib import Path

import lightning
import pytest

from training.fitting.distributed import Processes


def test_a_slurm_job_of_several_tasks_without_srun_trains_in_one_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in (("JOB_ID", "7"), ("NTASKS", "4"), ("JOB_NAME", "train"), ("PROCID", "0"), ("LOCALID", "0")):
        monkeypatch.setenv(f"SLURM_{name}", value)
    with pytest.raises(RuntimeError, match="ntasks"):
        lightning.Trainer(accelerator="cpu", default_root_dir=tmp_path, logger=False)
    processes = Processes()
    trainer = lightning.Trainer(
        accelerator="cpu",
        default_root_dir=tmp_path,
        logger=False,
        plugins=processes.plugins(),
        **processes.trainer_options(),
    )
    assert (trainer.world_size, trainer.global_rank) == (1, 0)
