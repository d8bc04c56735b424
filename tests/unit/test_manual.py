"""README and manual: pages are found and shown, links resolve, and what they say of commands and keys is so."""

import base64
import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.core import TyperGroup
from typer.main import get_command

import monitor
from monitor.alerts.public import KEYS
from monitor.cli import app
from monitor.commands.manual import PAGES, TOPICS, page, show
from monitor.config import KINDS, Config, Model, load
from monitor.config.section import Section
from monitor.detectors.attack import Validation
from monitor.errors import ConfigError
from monitor.notify.webhook import signed

HOME = Path(monitor.__file__).parent.parent
README = HOME / "README.md"
MANUAL = [PAGES / f"{topic}.md" for topic in TOPICS]
DOCUMENTS = [README, *MANUAL]
LINKING = [*DOCUMENTS, HOME / "CONTRIBUTING.md", HOME / "tests" / "benchmarks" / "README.md"]
MOST_WORDS, LONGEST_PARAGRAPH = 2300, 110
DEFAULTS = {"every", "lateness", "baseline", "retain", "false_alarms", "for", "clear", "min_labels"}
DEFAULTS |= {"min_rows", "segment_values"}
# What a fragment of a configuration is a part of, by its first key.
OF_MODEL = {"source", "labels", "reference", "probes", "columns", "attacks", "thresholds", "false_alarms", "holidays"}
WHOLE = """
database: sqlite:///monitor.db
models:
  loans:
    source: {files: "logs/*.parquet"}
    columns: {timestamp: at, id: id, scores: p, label: late}
    window: 1d
receivers: {team: {log: "-"}, audit: {log: "-"}, file: {log: "-"}}
"""

by_name = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)


def without_code(text: str) -> str:
    return re.sub(r"^(```.*?^```$| {4}[^\n]*$)", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(path: Path) -> set[str]:
    """Give the places of a page as a code host names them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def yaml_blocks() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in DOCUMENTS:
        for block in re.findall(r"^```yaml\n(.*?)^```$", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
            yield path.stem, yaml.safe_load(block)


def checked(raw: dict[str, Any]) -> Config:
    text = yaml.safe_dump(raw)
    environ = {name: f"https://{name.lower().replace('_', '-')}.example" for name in re.findall(r"\$\{(\w+)\}", text)}
    return load(text, place="monitor.yaml", environ=environ | {"MONITOR_SOURCE": "sqlite:///app.db"}, read=str)


def test_the_pages_are_the_topics() -> None:
    assert sorted(path.stem for path in PAGES.iterdir()) == sorted(TOPICS)


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_is_listed_with_what_it_is_about_and_shown(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    show(None, commands=())
    [row] = [line for line in capsys.readouterr().out.splitlines() if line.startswith(f"  {topic} ")]
    purpose = row.removeprefix(f"  {topic}").strip()
    assert len(purpose) > 20
    show(topic, commands=())
    shown = capsys.readouterr().out
    assert shown.startswith(f"# {topic}: {purpose}\n")
    assert ".md)" not in shown.replace("/README.md", "")
    assert f"[{topic}](monitor/manual/{topic}.md) | {purpose} |" in README.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("asked", "mend"),
    [
        ("treshold", "did you mean 'thresholds'?"),
        ("send-test", "`monitor send-test --help` says what the command does"),
        ("zzz", "topics are connect, labels, "),
    ],
)
def test_an_unknown_topic_is_told_with_what_may_have_been_meant(asked: str, mend: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"no topic {asked!r}; {mend}")):
        show(asked, commands=["send-test"])


def test_a_link_to_a_page_is_shown_as_the_command_that_shows_it() -> None:
    assert "`monitor help thresholds` says when a measurement becomes an alert" in page("measures")


@pytest.mark.parametrize("path", LINKING, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_link_leads_to_a_file_and_a_heading(path: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(path.read_text(encoding="utf-8"))):
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), link
        assert target.is_relative_to(HOME), link
        assert not anchor or anchor in anchors(target), link


def test_the_pages_are_in_the_wheel() -> None:
    built = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    assert PAGES.parent == HOME / "monitor"
    assert built["targets"]["wheel"]["packages"] == ["monitor"]
    assert "exclude" not in {*built, *built["targets"]["wheel"]}
    assert ".md" not in (HOME / ".gitignore").read_text(encoding="utf-8")


def test_the_readme_is_read_in_a_few_minutes() -> None:
    assert len(README.read_text(encoding="utf-8").split()) <= MOST_WORDS


@by_name
def test_no_paragraph_is_a_wall(document: Path) -> None:
    paragraphs = re.split(r"\n\s*\n|\n(?=[-|] ?)", without_code(document.read_text(encoding="utf-8")))
    assert [text for text in paragraphs if len(text.split()) > LONGEST_PARAGRAPH] == []


@pytest.mark.parametrize("block", [pytest.param(block, id=document) for document, block in yaml_blocks()])
def test_every_configuration_shown_is_accepted(block: dict[str, Any]) -> None:
    whole = yaml.safe_load(WHOLE)
    if "database" in block:
        whole = block
    elif OF_MODEL.issuperset(block):
        columns = whole["models"]["loans"]["columns"] | block.get("columns", {})
        whole["models"]["loans"] |= block | {"columns": columns}
    else:
        whole |= block
    assert checked(whole).models


def test_the_configuration_page_shows_every_key() -> None:
    text = (PAGES / "configuration.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^```yaml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    sections, seen = [Section], set[str]()
    while sections:
        section = sections.pop()
        sections += section.__subclasses__()
        seen |= {field.alias or name for name, field in section.model_fields.items()}
    seen -= {"watched"}  # it is written as `attacks: on` and `attacks: off`
    assert len(seen) > 50
    assert [key for key in sorted(seen) if not re.search(rf"\b{key}:", block)] == []


def test_the_configuration_page_shows_the_defaults() -> None:
    [raw] = [block for document, block in yaml_blocks() if document == "configuration"]
    config = checked(raw)
    [model] = config.models.values()
    for name, field in Model.model_fields.items():
        if (field.alias or name) in DEFAULTS:
            assert getattr(model, name) == field.default, name
    assert model.attacks.alpha == type(model.attacks).model_fields["alpha"].default
    assert config.web.port == type(config.web).model_fields["port"].default


def in_blocks(text: str) -> Iterator[list[str]]:
    for line in re.findall(r"^ {4,}(?:\$ )?monitor (.+)$", text, re.MULTILINE):
        yield shlex.split(line, comments=True)


@by_name
def test_every_command_shown_is_one_with_these_options(document: Path) -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    text = document.read_text(encoding="utf-8")
    for name, *words in in_blocks(text):
        group.commands[name].make_context(name, words, parent=None)
    for name in re.findall(r"`monitor ([a-z-]+)", without_code(text)):
        assert name in group.commands


@by_name
def test_every_target_of_make_is_one(document: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (HOME / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for named in re.findall(r"(?:^ {4}|`)make ([a-z -]+)", document.read_text(encoding="utf-8"), re.MULTILINE):
        assert set(named.split()) <= set(targets)


def keys_told(topic: str) -> list[str]:
    table = (PAGES / f"{topic}.md").read_text(encoding="utf-8").partition("| key | holds |\n")[2].partition("\n\n")[0]
    cells = [row.split("|")[1] for row in table.splitlines()[1:]]
    return [key for cell in cells for key in re.findall(r"`(\w+)`", cell)]


def test_the_keys_of_an_alert_and_of_a_validation_are_told() -> None:
    assert sorted(keys_told("alerts")) == sorted(KEYS)
    assert sorted(keys_told("validate")) == sorted(field.name for field in fields(Validation))


def test_the_manual_s_way_to_verify_a_webhook_does() -> None:
    text = (PAGES / "alerts.md").read_text()
    names: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)[0], names)  # noqa: S102  # what readers copy
    now, body = datetime.now(UTC), b'{"type": "alert.fired"}'
    for secret in ("whsec_" + base64.b64encode(b"k" * 24).decode(), "hunter2"):
        headers = signed("a1", body, secrets=("whsec_b2xk", secret), now=now)
        assert names["is_genuine"](headers, body, secret)
        assert not names["is_genuine"](headers, body + b" ", secret)
        assert not names["is_genuine"](headers, body, "whsec_bmV3")
        late = signed("a1", body, secrets=(secret,), now=now - timedelta(hours=1))
        assert not names["is_genuine"](late, body, secret)


def test_the_page_about_alerts_says_of_every_kind_what_it_is_about() -> None:
    assert [kind for kind in KINDS if f"`{kind}`" not in page("alerts")] == []
