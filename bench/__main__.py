"""``python -m bench [NAME]``: one of the measurements below, or all."""

from __future__ import annotations

import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
SCRIPTS = {
    "compose": "compose.py",
    "sizes": "compose_sizes.py",
    "smtp": "smtp.py",
    "queues": "queues.py",
    "templates": "templates.py",
    "merge": "merge.py",
    "pytest_plugin": "pytest_plugin.py",
    "mailbox": "mailbox.py",
    "celery": "celery_rate.py",
}


def main() -> int:
    names = sys.argv[1:2] or list(SCRIPTS)
    if names[0] not in SCRIPTS:
        print(f"There is no measurement {names[0]!r}; there are {', '.join(SCRIPTS)}.", file=sys.stderr)
        return 2
    worst = 0
    for name in names:
        worst = max(worst, subprocess.run([sys.executable, str(HERE / SCRIPTS[name]), *sys.argv[2:]]).returncode)
    return worst


if __name__ == "__main__":
    raise SystemExit(main())
