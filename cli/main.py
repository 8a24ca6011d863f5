"""The entry point: every command, and the one place where an error becomes a message.

    0 found or done    1 nothing found    2 could not run    130 interrupted    141 reader went away

No command's imports are paid for before it runs, so that help comes at once.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import traceback
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli.commands import campaigns, compact, demo, erase, formats, index, info, repair, search, show, verify
from cli.kernels import keep_kernels
from cli.safe import visible
from cli.streams import forgive_encodings, open_closed, talk

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

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line; an empty one gets the help, and has not been run."""
        if not args:
            typer.echo(ctx.get_help(), err=True)
            raise typer.Exit(COULD_NOT_RUN)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; what typer would turn into exit code 1 keeps its own."""
        keep_kernels()
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
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(wanted: bool) -> None:
    if not wanted:
        return
    from importlib import metadata

    try:
        version = metadata.version("promptprint")
    except metadata.PackageNotFoundError:
        version = "(not installed)"
    typer.echo(f"promptprint {version}")
    raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Print the version.")
    ] = False,
) -> None:
    pass


for command in (
    demo.demo,
    formats.formats,
    index.index,
    campaigns.campaigns,
    show.show,
    search.search,
    info.info,
    verify.verify,
    repair.repair,
    compact.compact,
    erase.erase,
):
    app.command()(command)


def main() -> None:
    """Run promptprint."""
    open_closed()
    forgive_encodings()
    app(prog_name="promptprint")


def _explain(error: Exception) -> None:
    """Say what went wrong: in one line where the user can mend it."""
    from promptlog.errors import PromptprintError

    if isinstance(error, OSError) and error.filename is not None:
        talk(f"promptprint: {os.fsdecode(error.filename)}: {error.strerror}")
        return
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        # An index says so itself: this is stdout, or the copy of a log that was piped in.
        what, mend = "the output or a temporary file", "free some space and run the command again"
        talk(f"promptprint: {what} could not be written: {error.strerror}; {mend}")
        return
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
