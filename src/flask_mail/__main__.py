"""``python -m flask_mail doctor --url ...``, where no application loads."""

from .cli.alone import main

if __name__ == "__main__":
    main(prog_name="python -m flask_mail")
