"""RayPool: workers on the machines of a Ray cluster, as a Ray Data actor pool of `PartScorer`s."""

from __future__ import annotations

import logging
import os
import pickle
import secrets
import signal
import socket
import warnings
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from app.batch.ray.worker import Equipment, PartScorer
from model.errors import ClusterError, InputError
from model.photo import escaped
from model.redaction import redacted_url
from model.system.interrupts import Stop, Stopped

_RESTARTS = 20
"""Of one worker in a run: machines are taken away, but a photo that crashes every worker must not go round for ever.

It is the worker that is counted, not the attempts at a part: those are used up before Ray notices that a machine went.
"""

_SECONDS = 10.0
"""After which a cluster that says nothing is given up; Ray itself tries for minutes, and then ends the process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RayPool:
    """Workers that take one core each."""

    address: str | None = None
    """`auto` or host:port of a cluster that runs; None for one of this machine alone, which ends with the run."""
    workers: int | None = None
    """None for one per core of the cluster."""

    def check(self) -> None:
        """Raise InputError or ClusterError unless Ray is installed and somebody listens at the address."""
        self._ray()
        if self.address in {None, "auto"}:
            return
        host, _, port = str(self.address).rpartition(":")
        shown = self._shown
        if not host or not port.isdecimal() or "/" in host:
            sentence = f"--address {shown!r} is neither auto nor HOST:PORT, such as head.example.org:6379"
            raise InputError("bad_option", f"{sentence}; run the command on a machine of the cluster with auto.")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=_SECONDS).close()
        except (OSError, OverflowError) as error:
            raise _no_cluster(shown, error) from error

    def _ray(self) -> Any:
        """Return Ray, told before it is imported whether this machine is all there is."""
        if self.address is None:
            # Else, to find out its own address, each of its processes connects to a server of a search engine.
            os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        return _import_ray()

    @property
    def _shown(self) -> str:
        """Return the address for people."""
        return escaped(redacted_url(f"ray://{self.address}").removeprefix("ray://")) if self.address else "local"

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Connect to the cluster, or start one; in the end leave it, or stop it. Raises ClusterError."""
        ray = self._ray()
        here = _alone(self.workers) if self.address is None else {}
        try:
            with _no_dashboard(ray):
                ray.init(address=self.address or "local", log_to_driver=False, logging_level=logging.ERROR, **here)
        except SystemExit as error:
            # While it connects, Ray answers SIGTERM in this way.
            if error.code == signal.SIGTERM:
                raise Stopped(signal.SIGTERM) from error
            raise
        except Exception as error:  # noqa: BLE001 - what Ray raises here has no base class of its own
            raise _no_cluster(self._shown, error) from error
        # Ray has put its own answer to signals in place of ours.
        with Stop():
            try:
                yield
            finally:
                ray.shutdown()

    def scored(
        self, tasks: Sequence[Mapping[str, Any]], equipment: Equipment
    ) -> Generator[tuple[int, bytes], None, None]:
        """Yield number and table of every task while connected, as they are done; for tasks see `PartScorer`.

        Raises ClusterError when workers die again and again, and what a worker raises.
        """
        if not tasks:
            return
        ray = _import_ray()
        workers = min(self.workers or _cores(ray), len(tasks))
        left = {int(task["number"]): str(task["part"]) for task in tasks}
        try:
            for result in _mapped(ray, tasks, equipment, workers=workers):
                if result["error"]:
                    # From a worker of this very run, as everything that Ray brings.
                    raise pickle.loads(result["error"])  # noqa: S301
                number = int(result["number"])
                del left[number]
                yield number, result["table"]
        except ray.exceptions.RayError as error:
            # They are begun in their order, so that what crashes every worker is soon the first that is left.
            sentence = f"Workers of the Ray cluster failed ({_reason(error)}), {min(left.values())!r} is not done"
            fix = "look into Ray's logs on their machines, fix the cause, and repeat the command with --resume"
            raise ClusterError("worker_failed", f"{sentence}; {fix}.") from error


def _alone(workers: int | None) -> dict[str, Any]:
    """Return the options of a cluster of this machine alone, which nobody else reaches and which asks nobody."""
    if not {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & set(os.environ):
        # Else Ray puts a token that outlasts the run into the home.
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    return {"num_cpus": workers, "include_dashboard": False, "_node_ip_address": "127.0.0.1"}


@contextmanager
def _no_dashboard(ray: Any) -> Iterator[None]:
    """Keep Ray from starting its dashboard's process while the block runs.

    Without a dashboard, all that it does is to ask the services of three clouds where it is, for a report to Ray's
    makers that is switched off. Ray goes on without it, as where it cannot be started.
    """
    services = ray._private.services
    original = services.start_api_server
    services.start_api_server = lambda *_, **__: ("", None)
    try:
        yield
    finally:
        services.start_api_server = original


def _mapped(
    ray: Any, tasks: Sequence[Mapping[str, Any]], equipment: Equipment, *, workers: int
) -> Iterator[dict[str, Any]]:
    """Return an iterator over the results of `PartScorer`, in the order in which they are done."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    # Else it tells its plan, and that a pool with one task per worker will not grow by itself.
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    pool = ray.data.ActorPoolStrategy(
        min_size=1,
        max_size=workers,
        initial_size=workers,
        # A part takes long beside the pause between two, and one that waits for a busy worker is late in the end.
        max_tasks_in_flight_per_actor=1,
    )
    data = ray.data.from_items([dict(task) for task in tasks], override_num_blocks=len(tasks))
    with warnings.catch_warnings():
        # Ray 2.64, which pyproject.toml excludes, is to bring another way.
        warnings.filterwarnings("ignore", message=".*ray_remote_args")
        scored = data.map(
            PartScorer,
            fn_constructor_args=[equipment],
            compute=pool,
            num_cpus=1,
            max_restarts=_RESTARTS,
            max_task_retries=-1,
        )
    results: Iterator[dict[str, Any]] = iter(scored.iter_rows())
    return results


def _cores(ray: Any) -> int:
    return max(1, int(ray.cluster_resources().get("CPU", 0)))


def _import_ray() -> Any:
    try:
        import ray
        import ray.data
    except ModuleNotFoundError as error:
        sentence = "--engine ray needs Ray; install it with `pip install -e '.[cluster]'` on all machines."
        raise InputError("extra_not_installed", sentence) from error
    return ray


def _no_cluster(address: str, error: BaseException) -> ClusterError:
    sentence = f"No Ray cluster can be used at {address!r} ({_reason(error)})"
    fix = "check --address, and that Ray runs there in the same version and with the same token"
    return ClusterError("no_cluster", f"{sentence}; {fix}.")


def _reason(error: BaseException) -> str:
    """Return the last line of an error, which is what it is about; those before tell the way."""
    lines = str(error).split("\n")
    text = next((escaped(line.strip()) for line in reversed(lines) if line.strip()), "no reason given")
    return f"{type(error).__name__}: {text[:200]}"
