"""What an operator installs: image, compose.yaml, units and proxy say the same, and what the site understands.

Whether that works is asked by .ci/deployment, which runs it.
"""

import re
import shlex
from configparser import RawConfigParser
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from courseware.project import bootstrap
from tests.site.routes import routes

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "courseware"}
SITES = ("site1", "site2")
UNITS = ROOT / "deploy" / "systemd"
NGINX = ROOT / "deploy" / "nginx"
OF_PYTHON = {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
OF_COMPOSE = {"POSTGRES_PASSWORD"}  # becomes part of DATABASE_URL


def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8")


def unit(path):
    """Section → setting → its value."""
    parser = RawConfigParser(strict=False, delimiters="=", comment_prefixes="#")
    parser.optionxform = str
    parser.read_string((UNITS / path).read_text(encoding="utf-8"))
    return parser


def understood():
    """Variables that the settings and gunicorn's read."""
    read = re.findall(r'(?:env(?:\.\w+)?|switch|count|number_up_to)\("(\w+)"', text_of("courseware/settings.py"))
    return {*read, *re.findall(r'environ\.get\("(\w+)"', text_of("gunicorn.conf.py"))}


def address(name):
    return SERVICES[name]["networks"]["inside"]["ipv4_address"]


def in_the_example():
    return set(re.findall(r"^#?([A-Z_]+)=", text_of("deploy/environment.example"), re.MULTILINE))


def variables_of(source):
    if source == "Containerfile":
        text = text_of(source).replace("\\\n", " ")
        return set(re.findall(r"(\w+)=\S", "\n".join(re.findall(r"^(?:ENV .*|RUN SECRET_KEY.*? python)", text, re.M))))
    if source == "compose.yaml":
        return {variable for service in OURS.values() for variable in service["environment"]}
    if source == "units":
        pairs = unit("courseware-.service.d/confined.conf")["Service"]["Environment"].split()
        return {pair.split("=")[0] for pair in pairs}
    return in_the_example() - OF_COMPOSE


@pytest.mark.parametrize("source", ["Containerfile", "compose.yaml", "units", "deploy/environment.example"])
def test_each_variable_is_one_that_the_site_reads(source):
    found = variables_of(source)
    assert found
    assert found - OF_PYTHON - understood() == set()


def test_what_compose_fills_in_is_in_the_example_or_has_a_value_of_its_own():
    filled_in = set(re.findall(r"\$\{(\w+)(?!\w|:-)", text_of("compose.yaml")))
    assert filled_in == OF_COMPOSE
    assert filled_in <= in_the_example()


def bare(command):
    """Without where it lies and where it listens."""
    words = [word.removeprefix("/srv/courseware/.venv/bin/") for word in command]
    return tuple(re.sub(r"^--bind=.*", "--bind", word) for word in words)


def test_compose_and_units_start_the_same():
    of_compose = {bare(service["command"]) for service in OURS.values()}
    of_units = {bare(shlex.split(unit(file.name)["Service"]["ExecStart"])) for file in UNITS.glob("*.service")}
    assert of_compose == of_units
    assert of_compose == {
        ("gunicorn", "--bind"),
        ("python", "manage.py", "run_worker"),
        ("python", "manage.py", "upgrade"),
    }


def test_nobody_is_reached_from_outside_but_the_proxy():
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"proxy"}
    assert COMPOSE["networks"]["inside"]["internal"] is True
    outside = {name for name, service in SERVICES.items() if "outside" in service["networks"]}
    assert outside == {"proxy", "worker"}, "the worker takes letters out"
    assert {port.split(":")[1] for port in SERVICES["proxy"]["ports"]} == set(
        re.findall(r"listen (\d+)", text_of("deploy/nginx/site.conf"))
    )


def test_the_proxy_asks_the_servers_that_there_are():
    binds = {f"{address(name)}:{SERVICES[name]['command'][1].split(':')[-1]}" for name in SITES}
    assert set(re.findall(r"^\s+server (\S+)", text_of("deploy/nginx/servers-compose.conf"), re.M)) == binds
    ports = re.findall(r"server 127\.0\.0\.1:(\d+)", text_of("deploy/nginx/servers-systemd.conf"))
    started = re.search(r"enable --now (.*)", text_of("docs/help/operator.en.md"))[1].split()
    assert [f"courseware-site@{port}" for port in ports] == [name for name in started if "@" in name]


def mounts(name):
    """Path inside → path here."""
    pairs = [mount.removesuffix(":ro").rsplit(":", 1) for mount in SERVICES[name]["volumes"]]
    return {inside: outside for outside, inside in pairs}


def test_each_file_that_the_proxy_is_given_is_there_and_each_that_it_names_is_given():
    given = mounts("proxy")
    assert [path for path in given.values() if path.startswith("./") and not (ROOT / path).exists()] == []
    assert all(mount.endswith(":ro") for mount in SERVICES["proxy"]["volumes"])
    conf = text_of("deploy/nginx/site.conf")
    named = re.findall(r"ssl_certificate(?:_key)?\s+(\S+);", conf)
    named += [f"{root}{page}" for root, page in zip(re.findall(r"root (\S+);", conf), ["/away.html"], strict=True)]
    assert len(named) == 3
    assert [path for path in named if not {path, str(Path(path).parent)} & set(given)] == []


def test_data_lies_in_a_volume_where_the_image_expects_it():
    (data_dir,) = re.findall(r"DATA_DIR=(\S+)", text_of("Containerfile"))
    assert re.findall(r"^VOLUME (\S+)", text_of("Containerfile"), re.MULTILINE) == [data_dir]
    assert {path for name in OURS for path in mounts(name)} == {data_dir}
    assert {*mounts("site1").values(), *mounts("database").values()} == set(COMPOSE["volumes"])
    confined = unit("courseware-.service.d/confined.conf")["Service"]
    assert f"DATA_DIR=/var/lib/{confined['StateDirectory']}" in confined["Environment"].split()


def test_backups_go_where_the_image_and_the_units_can_write():
    folders = {service["environment"]["BACKUP_DIR"] for service in OURS.values()}
    (made,) = re.findall(r"install -d -o courseware -m 700 (.*)$", text_of("Containerfile"), re.MULTILINE)
    assert folders < set(made.split())
    confined = unit("courseware-.service.d/confined.conf")["Service"]
    assert f"#BACKUP_DIR={confined['ReadWritePaths'].removeprefix('-')}\n" in text_of("deploy/environment.example")


def test_the_image_has_what_a_backup_of_postgresql_needs():
    """Its version is the one of the system that the image stands on, and no older than the server's."""
    assert " postgresql-client " in text_of("Containerfile")
    of_the_system = {"trixie": 17}
    (system,) = set(re.findall(r"^FROM \S+-slim-(\w+)", text_of("Containerfile"), re.MULTILINE))
    assert of_the_system[system] >= int(SERVICES["database"]["image"].rpartition(":")[2])


@pytest.mark.parametrize("name", OURS)
def test_what_is_ours_can_do_no_more_than_it_needs(name):
    service = OURS[name]
    assert (service["read_only"], service["cap_drop"], service["security_opt"], service.get("cap_add")) == (
        True, ["ALL"], ["no-new-privileges:true"], None,
    )  # fmt: skip
    assert service["restart"] == ("no" if name == "upgrade" else "unless-stopped")


def test_the_image_takes_what_it_needs_by_name_and_does_not_run_as_root():
    final = text_of("Containerfile").split("\nFROM ")[-1]
    copied = [path for line in re.findall(r"^COPY (?!--)(.*)", final, re.MULTILINE) for path in line.split()[:-1]]
    assert copied and [path for path in copied if not (ROOT / path).exists()] == []
    assert {".", "tests", "var", ".env", ".git"} & set(copied) == set()
    assert "pyproject.toml" in copied  # where the site reads its version
    assert int(re.findall(r"^USER (\d+)", final, re.MULTILINE)[-1]) > 0


def seconds(text):
    number, unit_ = re.fullmatch(r"(\d+)(s|m|)", text).groups()
    return int(number) * (60 if unit_ == "m" else 1)


def directive(name):
    (value,) = set(re.findall(rf"^\s*{name} (.*);", text_of("deploy/nginx/site.conf"), re.MULTILINE))
    return value


def test_each_gives_the_one_behind_it_longer_than_that_one_takes():
    (graceful,) = re.findall(r"^graceful_timeout = (\d+)", text_of("gunicorn.conf.py"), re.MULTILINE)
    for name in SITES:
        assert seconds(SERVICES[name]["stop_grace_period"]) > int(graceful)
    assert int(unit("courseware-site@.service")["Service"]["TimeoutStopSec"]) > int(graceful)
    (statement,) = re.findall(r'"STATEMENT_TIMEOUT", default=(\d+)', text_of("courseware/settings.py"))
    assert seconds(directive("proxy_read_timeout")) > int(statement) * 2
    assert int(directive("client_max_body_size").removesuffix("m")) * 2**20 > settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def test_what_changes_something_is_never_sent_to_a_second_server():
    assert directive("proxy_next_upstream") == "error timeout"
    assert "non_idempotent;" not in text_of("deploy/nginx/site.conf")


def test_a_missing_setting_is_said_once_and_not_tried_again():
    prevented = unit("courseware-site@.service")["Service"]["RestartPreventExitStatus"]
    assert int(prevented) == bootstrap.GUNICORN_GIVES_UP


# Parameters of addresses that are no secrets, beside numbers and ids of courses and their parts.
PUBLIC = {"kind", "light", "dark", "digest", "language", "role"}


def logged(address):
    """What the proxy writes into its log for an address: the first expression of its map that matches."""
    text = (NGINX / "site.conf").read_text(encoding="utf-8")
    [block] = re.findall(r"map \$request_uri \$courseware_address \{(.*?)\}", text, re.DOTALL)
    for expression, written in re.findall(r"^\s*~(\S+) \$(\S+);", block, re.MULTILINE):
        if found := re.match(expression.replace("(?<", "(?P<"), address):
            name, rest = re.fullmatch(r"(\w+)(.*)", written).groups()
            return found[name] + rest
    return ""


def addresses_with_a_secret():
    for route, _pattern in routes():
        parameters = re.findall(r"<(?:(\w+):)?(\w+)>", route)
        secrets = {name for kind, name in parameters if kind in ("", "str", "slug") and name not in PUBLIC}
        if secrets and not route.startswith("admin/"):
            yield "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: f"s3cret-{found[1]}", route)


def test_the_log_of_the_proxy_holds_no_token():
    addresses = set(addresses_with_a_secret())
    assert len(addresses) >= 7
    assert [address for address in sorted(addresses) if "s3cret" in logged(address)] == []
    assert logged("/certificates/") == "/certificates/"
    assert logged("/people/emails/wording/digest/?q=Li") == "/people/emails/wording/digest/"
