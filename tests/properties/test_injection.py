"""The short form of the long run; see :mod:`tests.properties.injection`."""

from __future__ import annotations

import pytest

from . import injection


@pytest.mark.parametrize("seed", range(3))
def test_hostile_values_are_refused_by_name_or_composed_as_asked(seed: int) -> None:
    outcomes = injection.run(1_000, seed)
    assert outcomes.total() == 1_000
    # Both must happen, or the run shows nothing.
    assert outcomes["composed"] > 100
    assert {"BadHeaderError", "AddressError", "ContentError"} <= set(outcomes)


def test_the_judge_notices_an_injected_header(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {"subject": "Hello", "sender": "a@example.com", "recipients": ["b@example.com"], "body": "x"}
    assert injection.check(fields) == "composed"
    injected = injection.reading.Fields([("Subject", "Hello"), ("Bcc", "evil@example.net")])
    monkeypatch.setattr(injection.reading, "fields", lambda octets: injected)
    with pytest.raises((AssertionError, AttributeError)):
        injection.check(fields)
