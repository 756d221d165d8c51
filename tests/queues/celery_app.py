"""An application with a Celery of its own, as Flask documents it; configured by the environment."""

from __future__ import annotations

import json
import os
import typing as t

from celery import Celery
from celery import Task
from flask import Flask

from flask_mail import Mail


def celery_init_app(app: Flask) -> Celery:
    class FlaskTask(Task):  # type: ignore[misc]
        def __call__(self, *args: object, **kwargs: object) -> object:
            with app.app_context():
                return self.run(*args, **kwargs)

    celery_app = Celery(app.name, task_cls=FlaskTask)
    celery_app.config_from_object(app.config["CELERY"])
    celery_app.set_default()
    app.extensions["celery"] = celery_app
    return celery_app


def create_app(**config: t.Any) -> Flask:
    app = Flask("app_of_a_test", instance_path=os.environ.get("INSTANCE", "/"))
    app.config.update(MAIL_QUEUE="celery", MAIL_DEFAULT_SENDER="from@example.com")
    app.config.update(json.loads(os.environ.get("CONFIG", "{}")))
    app.config.update(config)
    celery_init_app(app)
    Mail(app)
    return app


if "CONFIG" in os.environ:  # in a worker
    flask_app = create_app()
    celery_app = flask_app.extensions["celery"]
