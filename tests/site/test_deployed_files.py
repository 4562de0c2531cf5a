"""Image, compose.yaml, systemd units and proxy agree with each other and with the site.

`.ci/deployment` runs them.
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
OWN_SERVICES = {name: service for name, service in SERVICES.items() if service["image"] == "courseware"}
SITE_SERVICES = ("site1", "site2")
UNITS = ROOT / "deploy" / "systemd"
NGINX = ROOT / "deploy" / "nginx"
PYTHON_VARIABLES = {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
COMPOSE_VARIABLES = {"POSTGRES_PASSWORD"}  # becomes part of DATABASE_URL


def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8")


def unit(path):
    """Section → setting → its value."""
    parser = RawConfigParser(strict=False, delimiters="=", comment_prefixes="#")
    parser.optionxform = str
    parser.read_string((UNITS / path).read_text(encoding="utf-8"))
    return parser


def variables_read():
    """Variables that the settings and gunicorn's read."""
    read = re.findall(r'(?:env(?:\.\w+)?|switch|count|number_up_to)\("(\w+)"', text_of("courseware/settings.py"))
    return {*read, *re.findall(r'environ\.get\("(\w+)"', text_of("gunicorn.conf.py"))}


def address(name):
    return SERVICES[name]["networks"]["inside"]["ipv4_address"]


def variables_in_example():
    return set(re.findall(r"^#?([A-Z_]+)=", text_of("deploy/environment.example"), re.MULTILINE))


def variables_of(source):
    if source == "Containerfile":
        text = text_of(source).replace("\\\n", " ")
        return set(re.findall(r"(\w+)=\S", "\n".join(re.findall(r"^(?:ENV .*|RUN SECRET_KEY.*? python)", text, re.M))))
    if source == "compose.yaml":
        return {variable for service in OWN_SERVICES.values() for variable in service["environment"]}
    if source == "units":
        pairs = unit("courseware-.service.d/confined.conf")["Service"]["Environment"].split()
        return {pair.split("=")[0] for pair in pairs}
    return variables_in_example() - COMPOSE_VARIABLES


@pytest.mark.parametrize("source", ["Containerfile", "compose.yaml", "units", "deploy/environment.example"])
def test_each_variable_is_read_by_site(source):
    found = variables_of(source)
    assert found
    assert found - PYTHON_VARIABLES - variables_read() == set()


def test_compose_variables_have_example_or_default():
    filled_in = set(re.findall(r"\$\{(\w+)(?!\w|:-)", text_of("compose.yaml")))
    assert filled_in == COMPOSE_VARIABLES
    assert filled_in <= variables_in_example()


def bare(command):
    """Without its folder and the address it listens on."""
    words = [word.removeprefix("/srv/courseware/.venv/bin/") for word in command]
    return tuple(re.sub(r"^--bind=.*", "--bind", word) for word in words)


def test_compose_and_units_start_same_commands():
    of_compose = {bare(service["command"]) for service in OWN_SERVICES.values()}
    of_units = {bare(shlex.split(unit(file.name)["Service"]["ExecStart"])) for file in UNITS.glob("*.service")}
    assert of_compose == of_units
    assert of_compose == {
        ("gunicorn", "--bind"),
        ("python", "manage.py", "run_worker"),
        ("python", "manage.py", "upgrade"),
    }


def test_only_proxy_is_reachable_from_outside():
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"proxy"}
    assert COMPOSE["networks"]["inside"]["internal"] is True
    outside = {name for name, service in SERVICES.items() if "outside" in service["networks"]}
    assert outside == {"proxy", "worker"}, "the worker takes letters out"
    assert {port.split(":")[1] for port in SERVICES["proxy"]["ports"]} == set(
        re.findall(r"listen (\d+)", text_of("deploy/nginx/site.conf"))
    )


def test_proxy_forwards_to_existing_servers():
    binds = {f"{address(name)}:{SERVICES[name]['command'][1].split(':')[-1]}" for name in SITE_SERVICES}
    assert set(re.findall(r"^\s+server (\S+)", text_of("deploy/nginx/servers-compose.conf"), re.M)) == binds
    ports = re.findall(r"server 127\.0\.0\.1:(\d+)", text_of("deploy/nginx/servers-systemd.conf"))
    started = re.search(r"enable --now (.*)", text_of("docs/help/operator.en.md"))[1].split()
    assert [f"courseware-site@{port}" for port in ports] == [name for name in started if "@" in name]


def mounts(name):
    """Path inside → path here."""
    pairs = [mount.removesuffix(":ro").rsplit(":", 1) for mount in SERVICES[name]["volumes"]]
    return {inside: outside for outside, inside in pairs}


def test_proxy_files_exist_and_are_mounted():
    given = mounts("proxy")
    assert [path for path in given.values() if path.startswith("./") and not (ROOT / path).exists()] == []
    assert all(mount.endswith(":ro") for mount in SERVICES["proxy"]["volumes"])
    conf = text_of("deploy/nginx/site.conf")
    named = re.findall(r"ssl_certificate(?:_key)?\s+(\S+);", conf)
    named += [f"{root}{page}" for root, page in zip(re.findall(r"root (\S+);", conf), ["/away.html"], strict=True)]
    assert len(named) == 3
    assert [path for path in named if not {path, str(Path(path).parent)} & set(given)] == []


def test_data_volume_is_where_image_expects_it():
    (data_dir,) = re.findall(r"DATA_DIR=(\S+)", text_of("Containerfile"))
    assert re.findall(r"^VOLUME (\S+)", text_of("Containerfile"), re.MULTILINE) == [data_dir]
    assert {path for name in OWN_SERVICES for path in mounts(name)} == {data_dir}
    assert {*mounts("site1").values(), *mounts("database").values()} == set(COMPOSE["volumes"])
    confined = unit("courseware-.service.d/confined.conf")["Service"]
    assert f"DATA_DIR=/var/lib/{confined['StateDirectory']}" in confined["Environment"].split()


def test_backup_folders_are_writable():
    folders = {service["environment"]["BACKUP_DIR"] for service in OWN_SERVICES.values()}
    (made,) = re.findall(r"install -d -o courseware -m 700 (.*)$", text_of("Containerfile"), re.MULTILINE)
    assert folders < set(made.split())
    confined = unit("courseware-.service.d/confined.conf")["Service"]
    assert f"#BACKUP_DIR={confined['ReadWritePaths'].removeprefix('-')}\n" in text_of("deploy/environment.example")


def test_image_can_back_up_postgresql():
    """pg_dump of the image's system is at least as new as the server."""
    assert " postgresql-client " in text_of("Containerfile")
    client_versions = {"trixie": 17}
    (system,) = set(re.findall(r"^FROM \S+-slim-(\w+)", text_of("Containerfile"), re.MULTILINE))
    assert client_versions[system] >= int(SERVICES["database"]["image"].rpartition(":")[2])


@pytest.mark.parametrize("name", OWN_SERVICES)
def test_own_services_have_minimal_rights(name):
    service = OWN_SERVICES[name]
    assert (service["read_only"], service["cap_drop"], service["security_opt"], service.get("cap_add")) == (
        True, ["ALL"], ["no-new-privileges:true"], None,
    )  # fmt: skip
    assert service["restart"] == ("no" if name == "upgrade" else "unless-stopped")


def test_image_copies_listed_files_and_runs_unprivileged():
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


def test_each_timeout_exceeds_the_one_behind_it():
    (graceful,) = re.findall(r"^graceful_timeout = (\d+)", text_of("gunicorn.conf.py"), re.MULTILINE)
    for name in SITE_SERVICES:
        assert seconds(SERVICES[name]["stop_grace_period"]) > int(graceful)
    assert int(unit("courseware-site@.service")["Service"]["TimeoutStopSec"]) > int(graceful)
    (statement,) = re.findall(r'"STATEMENT_TIMEOUT", default=(\d+)', text_of("courseware/settings.py"))
    assert seconds(directive("proxy_read_timeout")) > int(statement) * 2
    assert int(directive("client_max_body_size").removesuffix("m")) * 2**20 > settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def test_writes_are_not_retried_on_second_server():
    assert directive("proxy_next_upstream") == "error timeout"
    assert "non_idempotent;" not in text_of("deploy/nginx/site.conf")


def test_missing_setting_stops_restarts():
    prevented = unit("courseware-site@.service")["Service"]["RestartPreventExitStatus"]
    assert int(prevented) == bootstrap.GUNICORN_GIVES_UP


# URL parameters that are not secret, beside numbers and course ids
PUBLIC = {"kind", "light", "dark", "digest", "language", "role"}


def logged(address):
    """What the proxy logs for a URL: the first matching expression of its map."""
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


def test_proxy_log_holds_no_token():
    addresses = set(addresses_with_a_secret())
    assert len(addresses) >= 7
    assert [address for address in sorted(addresses) if "s3cret" in logged(address)] == []
    assert logged("/certificates/") == "/certificates/"
    assert logged("/people/emails/wording/digest/?q=Li") == "/people/emails/wording/digest/"
