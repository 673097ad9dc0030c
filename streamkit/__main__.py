"""`python -m streamkit` is the command `streamkit`."""

from streamkit.cli import main

if __name__ == "__main__":
    main(prog_name="streamkit")
