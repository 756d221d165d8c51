"""What the plugin adds to the start of pytest, in a project whose tests use none of its fixtures.

pytest runs one test that does nothing, in turns without our distribution and with it, installed from a wheel as users
have it; what counts is the difference of the medians, of CPU where the machine is busy. The interpreter sees no other
packages::

    python bench/pytest_plugin.py --peers .peers
"""

from __future__ import annotations

import argparse
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).parents[1]
GOAL = 20.0
"""Milliseconds that it may add."""
TEST = """
import sys

def test_nothing():
    assert ("flask_mail_pytest" in sys.modules) is {ours}
    assert "flask" not in sys.modules
"""


def installed(folder: pathlib.Path) -> pathlib.Path:
    """Our distribution alone, in *folder*."""
    options = ["--target", str(folder), "--no-deps", "--no-build-isolation", "--quiet", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(ROOT)], check=True)
    return folder


def run(folder: pathlib.Path, *paths: pathlib.Path) -> tuple[float, float]:
    """The milliseconds of a run of pytest in *folder*, with the packages in *paths*: by the clock, and of CPU."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    command = [sys.executable, "-S", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    start, spent = time.perf_counter(), _spent()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    clock, cpu = time.perf_counter() - start, _spent() - spent
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return clock * 1000, cpu * 1000


def _spent() -> float:
    """Seconds of CPU that our children have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("POSTBOX_PEERS", ".peers")
    parser.add_argument("--peers", type=pathlib.Path, default=pathlib.Path(default), help="also POSTBOX_PEERS")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--check", action="store_true", help="fail where the goal is missed")
    arguments = parser.parse_args()
    pytest = arguments.peers.resolve() / "pytest"
    if not pytest.is_dir():
        raise SystemExit(f"{pytest} is missing: pip install --target it, or give --peers")
    rounds: list[tuple[tuple[float, float], tuple[float, float]]] = []
    with tempfile.TemporaryDirectory() as name:
        folders = [pathlib.Path(name, each) for each in ("without", "beside", "ours")]
        for folder, ours in zip(folders, (False, True), strict=False):
            folder.mkdir()
            (folder / "test_nothing.py").write_text(TEST.format(ours=ours))
        packages = installed(folders[2])
        for _ in range(arguments.rounds + 1):
            rounds.append((run(folders[0], pytest), run(folders[1], pytest, packages)))
    del rounds[0]  # it compiles
    print(f"| ms | pytest alone | with the plugin | added (goal: at most {GOAL:.0f}) |\n|---|---|---|---|")
    added = 0.0
    for index, what in enumerate(("by the clock", "of CPU")):
        alone, beside = (statistics.median(each[side][index] for each in rounds) for side in (0, 1))
        added = beside - alone
        print(f"| {what} | {alone:.1f} | {beside:.1f} | {added:.1f} |")
    return int(arguments.check and added > GOAL)


if __name__ == "__main__":
    raise SystemExit(main())
