"""The entry point: every command, and the one place where an error becomes a message.

    0 found or done    1 nothing found    2 could not run    130 interrupted    141 reader went away

No command's imports are paid for before it runs, so that help comes at once.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from typing import Any

import typer
from typer.core import TyperGroup

from cli.commands import campaigns, demo, formats, index, search, show, verify
from cli.safe import visible
from cli.streams import forgive_encodings, talk

COULD_NOT_RUN = 2
INTERRUPTED = 130
READER_GONE = 141


class Commands(TyperGroup):
    """The commands, with their errors as messages and exit codes."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command and exit with its code; nothing is raised but SystemExit."""
        try:
            code = super().main(*args, **{**options, "standalone_mode": False})
            sys.stdout.flush()
        except KeyboardInterrupt:
            code = INTERRUPTED
        except BrokenPipeError:
            code = READER_GONE
        except typer.Abort:
            code = INTERRUPTED
        except typer.TyperException as error:
            talk(f"promptprint: {error.format_message()} (--help says more)")
            code = error.exit_code
        except Exception as error:
            _explain(error)
            code = COULD_NOT_RUN
        if code == READER_GONE:
            _let_go_of_stdout()
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; what typer would turn into exit code 1 keeps its own."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise typer.Exit(READER_GONE) from None
        except KeyboardInterrupt:
            talk("promptprint: interrupted")
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    name="promptprint",
    cls=Commands,
    help="Find campaigns in LLM API logs: families of prompts, and the accounts that share them.",
    epilog="Exit codes: 0 found or done, 1 nothing found, 2 could not run, 130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    demo.demo,
    formats.formats,
    index.index,
    campaigns.campaigns,
    show.show,
    search.search,
    verify.verify,
):
    app.command()(command)


def main() -> None:
    """Run promptprint."""
    forgive_encodings()
    app(prog_name="promptprint")


def _explain(error: Exception) -> None:
    """Say what went wrong: in one line where the user can mend it."""
    from promptlog.errors import PromptprintError

    if isinstance(error, PromptprintError | OSError):
        talk(f"promptprint: {error}")
        return
    # A traceback names lines of code; the values of variables, which may be logged text, stay out.
    typer.echo(visible("".join(traceback.format_exception(error)), lines=True), err=True)
    talk("promptprint: this is a defect of promptprint, not of your log")


def _let_go_of_stdout() -> None:
    """Keep Python from complaining at its end that it cannot write what nobody reads."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
