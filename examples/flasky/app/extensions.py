"""The extensions, made here without an app and bound to one in ``create_app``."""

from flask_mail import Mail

mail = Mail()
