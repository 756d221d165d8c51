"""The extensions, made here without an app and bound to one in ``create_app``."""

from flask_mail import Mail
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()
mail = Mail()
