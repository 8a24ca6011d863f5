"""`--pseudonyms`: no account is named, and who has the key finds it again."""

import hashlib
import hmac

import pytest
from commands import document, run


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    path = tmp_path_factory.mktemp("case") / "case.key"
    path.write_text("0123456789abcdef0123456789abcdef\n")
    return path


def pseudonym(account, key):
    return "p-" + hmac.new(key.read_bytes().strip(), account.encode(), hashlib.sha256).hexdigest()[:16]


def test_a_report_names_no_account(small, report, key):
    asked = ("campaigns", "--index", small.index, "--members", "--json")
    shown = document(run(*asked, "--pseudonyms", key))
    for campaign, plain in zip(shown["campaigns"], report["campaigns"], strict=True):
        assert campaign["accounts"] == sorted(pseudonym(each, key) for each in plain["accounts"])
        for example, named in zip(campaign["examples"], plain["examples"], strict=True):
            assert example == named | {"account": pseudonym(named["account"], key)}
        assert campaign["requests"] == plain["requests"]
    assert run(*asked, "--pseudonyms", key).stdout == run(*asked, "--pseudonyms", key).stdout


def test_an_account_is_shown_by_its_pseudonym(small, key):
    account = sorted(small.pool)[0]
    asked = ("show", pseudonym(account, key), "--index", small.index)
    found = document(run(*asked, "--pseudonyms", key, "--json"))
    assert found["kind"] == "account"
    assert {found["account"]["account"]} | {e["account"] for e in found["account"]["examples"]} == {asked[1]}
    assert len(found["campaigns"]) == 1
    assert run(*asked).exit_code == 1
    request = found["account"]["examples"][0]["request_id"]
    for words in ((asked[1],), (request,), (found["campaigns"][0]["id"],)):
        result = run("show", *words, "--index", small.index, "--pseudonyms", key)
        assert result.exit_code == 0
        assert not any(f" {name} " in result.stdout for name in small.pool)


def test_a_search_is_by_pseudonym(small, report, key):
    text = report["campaigns"][0]["template"]
    account = sorted(small.pool)[0]
    asked = ("search", text, "--by", "span", "--index", small.index, "--pseudonyms", key, "--json")
    found = document(run(*asked, "--account", pseudonym(account, key)))["matches"]
    assert found
    assert {match["account"] for match in found} == {pseudonym(account, key)}


@pytest.mark.parametrize("text", [None, "short"])
def test_what_is_no_key_is_refused(small, tmp_path, text):
    path = tmp_path / "case.key"
    if text is not None:
        path.write_text(text)
    result = run("campaigns", "--index", small.index, "--pseudonyms", path)
    assert result.exit_code == 2
    assert "case.key" in result.stderr


def test_a_key_within_the_index_is_refused(small):
    result = run("campaigns", "--index", small.index, "--pseudonyms", small.index / "KEY")
    assert result.exit_code == 2
    assert "keep the key" in result.stderr
