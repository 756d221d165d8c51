"""From evidence to advice: what a mail error means, and what to do about it. Pure; a leaf."""

from .advice import advise as advise
