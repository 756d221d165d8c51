"""Where ``flask run`` and WSGI servers find the app."""

from app import create_app

app = create_app()
