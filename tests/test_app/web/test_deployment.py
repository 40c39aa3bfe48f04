"""What stands around the server is checked before it starts, and nothing is open that was not named."""

from __future__ import annotations

import re
import shlex
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from app.cli import app as command_line
from app.web.deployment import Deployment
from model.errors import InputError
from model.redaction import redacted

SERVING = (Path(__file__).parents[3] / "docs" / "serving.md").read_text(encoding="utf-8")
COMMANDS = [
    shlex.split(line.removeprefix(".venv/bin/redspots serve "))
    for block in re.findall(r"```bash\n(.*?)```", SERVING, re.DOTALL)
    for line in block.splitlines()
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_the_commands_of_the_document_say_something_that_is_read(arguments: list[str]) -> None:
    group = typer.main.get_command(command_line)
    assert isinstance(group, typer.core.TyperGroup)
    given = group.commands["serve"].make_context("serve", list(arguments)).params
    deployment = Deployment.parse(
        proxies=given["trusted_proxy"] or (),
        root_path=given["root_path"],
        origins=given["allow_origin"] or (),
        frame_ancestors=given["frame_ancestors"] or (),
    )
    assert deployment != Deployment()


def test_by_default_nobody_is_trusted() -> None:
    assert Deployment.parse() == Deployment()
    assert Deployment() == Deployment((), "", (), ())


def test_what_is_right_is_read_in_the_form_that_requests_have() -> None:
    deployment = Deployment.parse(
        proxies=["127.0.0.1", "10.0.0.0/8", "fd00::/8"],
        root_path="/red/spots/",
        origins=["https://Example.org/", "https://example.org:443", "http://[::1]:8080"],
        frame_ancestors=["self", "'self'", "http://clinic.example:80"],
    )
    assert deployment.proxies == tuple(map(ip_network, ("127.0.0.1/32", "10.0.0.0/8", "fd00::/8")))
    assert deployment.root_path == "/red/spots"
    assert deployment.origins == ("https://example.org", "https://example.org", "http://[::1]:8080")
    assert deployment.frame_ancestors == ("'self'", "'self'", "http://clinic.example")
    assert Deployment.parse(root_path="/") == Deployment()


BAD: list[tuple[dict[str, Any], str]] = [
    *(
        ({"proxies": [text]}, "--trusted-proxy")
        for text in ("", "*", "proxy.example", "10.0.0.1/8", "10.0.0.0/33", "1.2")
    ),
    *(({"proxies": [text]}, "every address") for text in ("0.0.0.0/0", "::/0")),
    *(
        ({"root_path": text}, "--root-path")
        for text in ("red", "//red", "/../red", "/.", "/a b", "/a?b", "/a#b", "/%2e", "/a\r\nb", "/é", "https://a.b/c")
    ),
    *(({"root_path": text}, "choose another") for text in ("/es", "/api/v1", "/static", "/gradio_api/", "/healthz")),
    *(
        ({key: [text]}, option)
        for key, option in (("origins", "--allow-origin"), ("frame_ancestors", "--frame-ancestors"))
        for text in (
            *(
                "",
                "*",
                "null",
                "example.org",
                "ftp://a.b",
                "https://",
                "https://a.b/c",
                "https://a.b?c",
                "https://u@a.b",
            ),
            *("https://a.b:port", "https://a.b:99999", "https://a.b;script-src *", "https://a.b c", "https://*.a.b"),
            *("https://a.b\r\nX: y", "https://é.b", "'none'"),
        )
    ),
]


@pytest.mark.parametrize(("options", "fix"), BAD, ids=lambda value: str(value))
def test_what_is_wrong_is_refused_in_one_sentence_with_the_fix(options: dict[str, Any], fix: str) -> None:
    ((wrong,),) = [[value] if isinstance(value, str) else value for value in options.values()]
    with pytest.raises(InputError, match=fix) as caught:
        Deployment.parse(**options)
    assert caught.value.code == "bad_option"
    assert str(caught.value).startswith(redacted(repr(wrong)))
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    "options",
    [
        ["--trusted-proxy", "10.0.0.5", "--trusted-proxy", "nobody"],
        ["--root-path", "nowhere"],
        ["--allow-origin", "nobody"],
        ["--frame-ancestors", "nobody"],
    ],
    ids=lambda options: options[0],
)
def test_the_command_names_the_option_and_refers_all_the_same(options: list[str]) -> None:
    result = CliRunner().invoke(command_line, ["serve", *options])
    assert result.exit_code == InputError("bad_option", "").exit_status
    shown = " ".join(result.output.split())
    assert options[0] in shown
    assert "doctor" in shown
