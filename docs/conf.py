"""How Sphinx builds this documentation: ``./dev docs``, with warnings as errors and without the network."""

import importlib.metadata
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "_ext"))

project = "Flask-Postbox"
author = "the Flask-Postbox contributors"
copyright = author
release = importlib.metadata.version("Flask-Postbox")
version = ".".join(release.split(".")[:2])

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "mail_settings",
    "error_index",
    "provider_facts",
]
exclude_patterns = ["_build"]
nitpicky = False  # without intersphinx nothing of Flask's or Python's can be found

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_preserve_defaults = True
autodoc_class_signature = "mixed"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"Flask-Postbox {version}"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0f6b6b", "color-brand-content": "#0f6b6b"},
    "dark_css_variables": {"color-brand-primary": "#5cc7c1", "color-brand-content": "#5cc7c1"},
}
html_static_path = ["_static"]
html_css_files = ["postbox.css"]
html_copy_source = False
html_show_copyright = False
