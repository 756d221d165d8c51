"""A server of Debian's that is a process of its own, on a port and in a folder that are made for it."""

from __future__ import annotations

import contextlib
import glob
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import typing as t

from .debian import free_port


class ServerProcess:
    """Started on a free port of loopback, with all it writes in a folder that goes when it does.

    :param options: what a subclass makes its command of.
    """

    name: t.ClassVar[str]
    signal: t.ClassVar[int] = signal.SIGTERM
    """What ends it in good order."""

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.name}-"))
        self.user = unprivileged()
        if self.user is not None:
            shutil.chown(self.folder, self.user)
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """What to run."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether it serves."""
        raise NotImplementedError

    def prepare(self) -> None:
        """What has to be done before the first start."""

    def run(self, *command: str) -> None:
        """Run *command* to its end, as the user that the server is."""
        subprocess.run(command, user=self.user, cwd=self.folder, check=True, stdout=subprocess.DEVNULL, timeout=120)

    def start(self) -> t.Self:
        """Start it, and return once it answers.

        :raises RuntimeError: it does not.
        """
        with (self.folder / "output.log").open("ab") as output:
            self._process = subprocess.Popen(
                self.command(),
                user=self.user,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        until = time.monotonic() + 30
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{self.name} does not start:\n{self.log()}")
            time.sleep(0.02)
        return self

    def stop(self) -> None:
        """End it in good order."""
        self._end(self.signal)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def log(self) -> str:
        """What it has said."""
        return (self.folder / "output.log").read_text("utf-8", "replace")[-4000:]

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)

    def __enter__(self) -> t.Self:
        try:
            self.prepare()
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder)


def unprivileged() -> str | None:
    """Who to be instead of root, whom PostgreSQL refuses; ``None`` where nobody has to be anybody else."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def program(name: str, *elsewhere: str) -> str:
    """The path of a program.

    :param elsewhere: patterns of folders to look in first; of several, the last is taken.
    :raises RuntimeError: it is not installed.
    """
    found = [path for pattern in elsewhere for path in sorted(glob.glob(f"{pattern}/{name}"), key=_version)]
    if path := (found[-1] if found else shutil.which(name)):
        return path
    raise RuntimeError(f"{name} is not installed: ./dev test sees to it, or apt-get install postgresql redis-server")


def _version(path: str) -> tuple[int, ...]:
    return tuple(int(part) for part in path.split("/") if part.isdigit())
