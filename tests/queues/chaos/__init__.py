"""What becomes of the outbox when things die: real workers and callers, real databases, and a server that writes down
every message it takes. ``python -m tests.queues.chaos --help`` is the long form of ``tests/queues/test_crash*.py``.
"""
