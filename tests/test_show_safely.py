"""No logged text reaches a terminal as anything but text."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from pathlib import Path

import numba
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from cli.main import app
from cli.safe import escaped_json, visible

PAYLOADS = {
    "csi": "\x1b[2J\x1b[31mred",
    "osc-title": "\x1b]0;owned\x07",
    "osc-link": "\x1b]8;;http://example.invalid\x1b\\click\x1b]8;;\x1b\\",
    "osc-clipboard": "\x1b]52;c;cm0gLXJm\x07",
    "c1": "\x9b31m\x9d0;t\x9c",
    "bell-backspace": "\x07\x08\x08\x7f",
    "carriage-return": "real\rfake",
    "nul": "a\x00b",
    "newlines": "line\nc-0000000000  1.00  forged\r\n\x0b\x0c\x85",
    "separators": "a\u2028b\u2029c",
    "bidi": "\u202egnp.exe\u202c \u2066x\u2069 \u200e\u200f\u061c",
    "zero-width": "pass\u200bword\ufeff\u200d\u00ad\u2060",
    "tags": "".join(chr(0xE0000 + ord(c)) for c in "hidden"),
    "selectors": "\U000e0100\U000e0101\ufe00",
    "markup": "[bold]markup[/foo]",
    "markup-link": "[link=https://example.invalid]x[/link]",
    "emoji-code": ":smile: [red]",
}
FIELDS = ("prompt", "system", "account", "model", "id", "client", "address")
INVISIBLE = ("Cc", "Cf", "Cs", "Zl", "Zp")
SELECTORS = "\ufe00\U000e0100\U000e0101"
SGR = re.compile(r"\x1b\[[0-9;]*m")


def raw(output: str) -> set[str]:
    """Return the characters that no output may hold."""
    return {c for c in output if c != "\n" and (unicodedata.category(c) in INVISIBLE or c in SELECTORS)}


def entry(number: int, **changed: str) -> dict[str, object]:
    text = {field: changed.get(field, "") for field in FIELDS}
    slot = " ".join(f"{word}{number}" for word in ("apple", "river", "stone"))
    return {
        "id": f"{text['id']}r{number}",
        "call_type": "acompletion",
        "startTime": 1_776_816_003 + 7000 * number,
        "model": f"{text['model']}m-large",
        "model_map_information": {},
        "metadata": {"user_api_key_user_id": f"{text['account']}u{number % 30}"},
        "requester_ip_address": f"{text['address']}192.{number % 30}.2.1",
        "user_agent": f"{text['client']}client/1",
        "messages": [
            {
                "role": "system",
                "content": f"{text['system']} Be a careful grader and explain every step.",
            },
            {
                "role": "user",
                "content": f"{text['prompt']} Write the reasoning for this answer: {slot}",
            },
        ],
        "model_parameters": {},
    }


def stranger(number: int, payload: str) -> dict[str, object]:
    """One request of somebody else with the same client, or the client would be an app of its own."""
    words = " ".join(f"{word}{number}" for word in ("horse", "table", "cloud"))
    return {
        **entry(number, client=payload),
        "id": f"s{number}",
        "metadata": {"user_api_key_user_id": f"stranger{number}"},
        "messages": [{"role": "user", "content": words}],
    }


def run(*args, **env):
    return CliRunner().invoke(app, [str(arg) for arg in args], env={"COLUMNS": "200", **env})


@pytest.fixture(scope="module")
def one_thread():
    """Small arrays wait longer for threads than for work, above all after a large test."""
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(threads)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory, one_thread):
    """All that the commands print about a log where every field of every account is a payload."""
    folder = tmp_path_factory.mktemp("hostile")
    shown: dict[tuple[str, str], list[str]] = {}
    lenient = pytest.MonkeyPatch()  # in so small a log hardly anything can be judged, and it is to be shown
    lenient.setattr("campaigns.find.MIN_SCORE", 0.0)
    key = folder / "key"  # which spans of a short query are sampled depends on the key
    key.write_text("ab" * 32 + "\n")
    for name, payload in PAYLOADS.items():
        log = folder / f"{name}.jsonl"
        rows = [entry(n, **dict.fromkeys(FIELDS, payload)) for n in range(90)]
        rows += [stranger(n, payload) for n in range(40)]
        log.write_text("".join(json.dumps(row) + "\n" for row in rows))
        index = folder / f"{name}.index"
        made = run("index", log, "--index", index, "--key", key)
        assert made.exit_code == 0, made.output
        where = ("--index", index)
        listed = run("campaigns", *where, "--threshold", "0", "--all")
        found = json.loads(run("campaigns", *where, "--threshold", "0", "--json").stdout)["campaigns"]
        ids = [c["id"] for c in found[:1]]
        commands = {
            "campaigns": [listed],
            "show campaign": [run("show", c, *where, FORCE_COLOR=on) for c in ids for on in ("", "1")],
            "show request": [run("show", f"{payload}r1", *where)],
            "show account": [run("show", f"{payload}u1", *where)],
            "search": [run("search", "Write the reasoning for this answer:", *where)],
            "formats": [run("formats", log, "--records", "2")],
            "unknown": [
                run("show", f"{payload}absent", *where),
                run("search", "--like", payload, *where),
            ],
            "json": [
                run("campaigns", *where, "--members", "--json"),
                run("show", f"{payload}r1", *where, "--json"),
                run("search", f"{payload} be a careful grader", *where, "--json"),
            ],
        }
        for command, results in commands.items():
            shown[name, command] = [result.output for result in results]
    lenient.undo()
    return shown


SHOWS = ("show campaign", "show request", "show account")
COMMANDS = ("campaigns", *SHOWS, "search", "formats", "unknown", "json")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", PAYLOADS)
def test_commands_print_no_control_character(outputs, name, command):
    printed = outputs[name, command]
    assert printed or command == "show campaign"
    for output in printed:
        assert "Traceback" not in output
        assert raw(SGR.sub("", output) if command == "show campaign" else output) == set()


def test_campaigns_were_found_and_shown(outputs):
    assert sum(bool(outputs[name, "show campaign"]) for name in PAYLOADS) >= len(PAYLOADS) - 1


@pytest.mark.parametrize("command", ["show request", "show account", "search", "formats"])
@pytest.mark.parametrize("name", ["markup", "markup-link", "emoji-code"])
def test_markup_is_shown_as_it_is(outputs, name, command):
    for output in outputs[name, command]:
        assert PAYLOADS[name] in output


@pytest.mark.parametrize("command", ["show request", "show account", "search", "formats"])
def test_controls_are_seen(outputs, command):
    assert all(r"\x1b[2J\x1b[31mred" in output for output in outputs["csi", command])


def test_a_newline_cannot_forge_a_line(outputs):
    for output in outputs["newlines", "show request"]:
        assert not any(line.startswith("c-0000000000") for line in output.splitlines())


@pytest.mark.parametrize("name", [name for name, payload in PAYLOADS.items() if "\x00" not in payload])
def test_file_names_in_messages(tmp_path, name):
    payload = PAYLOADS[name].replace("/", "_")
    log = tmp_path / f"{payload}.jsonl"
    log.write_text("no log\n")
    for result in (
        run("formats", log),
        run("index", log, "--index", tmp_path / "index"),
        run("index", tmp_path / f"{payload}absent", "--index", tmp_path / "index"),
        run("campaigns", "--index", tmp_path / payload),
        run("verify", f"--{payload}"),
    ):
        assert result.exit_code in (1, 2)
        assert raw(result.output) == set()
        assert "Traceback" not in result.output


def test_a_file_name_that_is_not_utf8(tmp_path):
    (tmp_path / "logs").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/logs/\xff.jsonl")).write_text(json.dumps(entry(1)) + "\n")
    for result in (
        run("formats", tmp_path / "logs"),
        run("index", tmp_path / "logs", "--index", tmp_path / "index"),
        run("show", "r1", "--index", tmp_path / "index"),
    ):
        assert result.exit_code == 0
        assert raw(result.output) == set()
    assert "\\xff.jsonl" in result.stdout


@pytest.mark.parametrize("name", ["csi", "newlines", "bidi", "markup"])
def test_file_names_of_bad_lines(tmp_path, name):
    log = tmp_path / f"{PAYLOADS[name].replace('/', '_')}.jsonl"
    log.write_text(json.dumps(entry(1)) + "\n{oops\n")
    result = run("index", log, "--index", tmp_path / "index")
    assert result.exit_code == 0
    assert "byte" in result.stderr
    assert raw(result.output) == set()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1bb", r"a\x1bb"),
        ("\x00\x9b\x7f", r"\x00\x9b\x7f"),
        ("\u202e\u2028", r"\u202e\u2028"),
        ("\U000e0041", r"\U000e0041"),
        ("\ud800", r"\ud800"),
        ("a\nb\tc", "a⏎b  c"),
        ("naïve 漢字 😀 ❤\ufe0f\u3000[bold]", "naïve 漢字 😀 ❤\ufe0f\u3000[bold]"),
    ],
)
def test_visible(text, shown):
    assert visible(text) == shown


def test_lines_are_kept_on_request():
    assert visible("a\r\nb\n\tc\rd", lines=True) == "a\nb\n  c\\x0dd"


@given(st.text(st.characters(codec=None)), st.booleans())
def test_no_text_shows_a_control_character(text, lines):
    shown = visible(text, lines=lines)
    assert raw(shown) == set()
    assert lines or "\n" not in shown
    shown.encode()


@given(st.text())
def test_escaped_json_is_the_same_document(text):
    document = json.dumps({text: [text]}, ensure_ascii=False).encode()
    escaped = escaped_json(document)
    assert json.loads(escaped) == {text: [text]}
    assert raw(escaped.decode()) == set()
