"""Where a process begins and ends, for what it holds in memory: it is closed at the end, and stays behind in a fork."""

from __future__ import annotations

import atexit
import os
import sys
import typing as t
import weakref


class Kept(t.Protocol):
    """What a process holds."""

    def close(self) -> None:
        """The process ends."""
        ...

    def begin_anew(self) -> None:
        """This is a child now: all that is held is the parent's."""
        ...


def watch(kept: Kept) -> None:
    """Tell *kept* when this process ends, and its children that they have begun."""
    _all.add(kept)


def attend() -> None:
    """See to the end of this very process: those of ``multiprocessing`` end without what :mod:`atexit` knows."""
    global _attended
    if _attended == os.getpid():
        return
    _attended = os.getpid()
    processes = sys.modules.get("multiprocessing.process")
    if processes is not None and processes.parent_process() is not None:
        from multiprocessing.util import Finalize

        Finalize(None, _close_all, exitpriority=1)


_all: weakref.WeakSet[Kept] = weakref.WeakSet()
_attended = 0


def _close_all() -> None:
    for kept in list(_all):
        kept.close()


def _begin_all_anew() -> None:
    for kept in list(_all):
        kept.begin_anew()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_all_anew)
