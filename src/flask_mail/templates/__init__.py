"""Templates: one base name becomes subject, text, HTML and pictures of a mail.

The application's own Jinja environment is used, through overlays that differ in what is escaped. This room is handed
the application and plain values; it knows no request, sends nothing and opens no connection.
"""

from .render import Rendered as Rendered
from .render import Renderer as Renderer
from .render import Wishes as Wishes
