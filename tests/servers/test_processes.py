"""The databases and brokers that tests start."""

from __future__ import annotations

import os
import pathlib

import psycopg
import pytest
import redis
import sqlalchemy

from .postgres import Postgres
from .process import program
from .process import ServerProcess
from .redis import Redis


def test_a_database_is_empty_durable_and_gone_afterwards(postgres: Postgres) -> None:
    with postgres.database() as url:
        engine = sqlalchemy.create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE things (name text)")
            assert connection.exec_driver_sql("SHOW fsync").scalar() == "on"
        with postgres.database() as other:
            assert other != url
        engine.dispose()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url.replace("+psycopg", ""))


def test_redis_keeps_what_it_has_over_a_restart() -> None:
    with Redis() as server, redis.Redis.from_url(server.url) as client:
        client.set("name", "value")
        server.stop()
        with pytest.raises(redis.ConnectionError):
            client.get("name")
        server.start()
        assert client.get("name") == b"value"
        folder = server.folder
    assert not folder.exists()


def test_a_server_that_ends_says_why(tmp_path: pathlib.Path) -> None:
    class Broken(ServerProcess):
        name = "broken"

        def command(self) -> list[str]:
            return ["sh", "-c", "echo no such luck; exit 3"]

        def answers(self) -> bool:
            return False

    with pytest.raises(RuntimeError, match="broken does not start:\nno such luck"), Broken():
        pass


def test_of_several_versions_the_last_is_taken(tmp_path: pathlib.Path) -> None:
    for version in ("9", "15", "14"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin/postgres").touch()
    assert program("postgres", f"{tmp_path}/*/bin") == f"{tmp_path}/15/bin/postgres"
    assert os.path.basename(program("sh")) == "sh"
    with pytest.raises(RuntimeError, match="apt-get install"):
        program("postgres-of-nobody")
