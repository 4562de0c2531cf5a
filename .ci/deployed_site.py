"""The site of compose.yaml as processes of this machine: PostgreSQL, nginx with TLS, two servers, a worker.

Commands, variables, addresses and files are read from Containerfile, compose.yaml and deploy/. Only the network
differs: each service has an address in 127.0.0.0/8.
"""

import os
import random
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

from compose_file import ROOT, Service, read_image, read_services

from tests.faults.sites import is_listening, wait_until

NETWORK, DATABASE_AT = "10.89.7.", "10.89.7.20:5432"
ABOVE = 8000  # added to the ports of the proxy, because only root may open those below 1024
BEFORE_REDIS = "requirements/postgres.txt"  # requirements of old versions
LONG = 120  # seconds to wait for an event
EXAMPLE = ROOT / "deploy" / "environment.example"
NGINX = """pid {folder}/nginx.pid;
error_log {folder}/nginx-errors.log;
events {{ worker_connections 1024; }}
http {{
    include /etc/nginx/mime.types;
    proxy_bind {address};
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxied;
    fastcgi_temp_path {folder}/unused;
    uwsgi_temp_path {folder}/unused;
    scgi_temp_path {folder}/unused;
    include {folder}/etc/nginx/conf.d/*.conf;
}}
"""


def packages_of(tree: Path) -> Path:
    return tree.with_name(f"{tree.name}-packages")


def build(tree: Path, source: Path) -> None:
    """Build what the image contains from the repository `source`: code and packages."""
    image = read_image(ROOT / "Containerfile")
    image.put_into(tree, source)
    packages, uv = packages_of(tree), ROOT / ".tools" / "bin" / "uv"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, packages], check=True)
    requirements = image.requirements if (source / image.requirements).exists() else BEFORE_REDIS
    install = ["pip", "sync", "--quiet", "--only-binary", ":all:", "--require-hashes", requirements]
    subprocess.run([uv, *install, "--python", packages / "bin" / "python"], cwd=source, check=True)


class Deployment:
    """`running`: service → process. Each process runs the code of a `tree`."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.network = f"127.{random.randint(1, 250)}.{random.randint(1, 250)}."
        self.variables = self.filled_in()
        self.image = read_image(ROOT / "Containerfile")
        self.services = read_services(ROOT / "compose.yaml", self.variables)
        self.database_url, self.running = database_url, {}
        self.place = f"{self.address('proxy')}:{443 + ABOVE}"
        self.data = folder / "data"
        for new_folder in (self.data, self.data / "backups"):  # they exist in the image
            new_folder.mkdir(mode=0o700)

    def filled_in(self) -> dict[str, str]:
        """Return the example of .env as an operator completes it, without a mail server, for a small course."""
        lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
        names = [line.split("=")[0] for line in lines if "=" in line and not line.startswith("#")]
        proxy = f"{self.network}10"
        values = dict.fromkeys(names, "") | {
            "SECRET_KEY": secrets.token_hex(32),
            "POSTGRES_PASSWORD": secrets.token_hex(32),
            "SITE_URL": f"https://{proxy}:{443 + ABOVE}",
            "ALLOWED_HOSTS": proxy,
        }
        return {name: value for name, value in values.items() if value} | {"MIN_PASS_MARK": "50"}

    def address(self, name: str) -> str:
        return self.services[name].address.replace(NETWORK, self.network)

    def here(self, text: str, service: Service) -> str:
        """Replace container paths and addresses in the text by those of this machine."""
        if text.startswith("postgres://"):
            return self.database_url if DATABASE_AT in text else sys.exit(f"{text} is not the address of the database")
        inside = self.image.environment["DATA_DIR"]
        if text == inside or text.startswith(f"{inside}/"):
            return f"{self.data}{text.removeprefix(inside)}"
        text = text.replace(NETWORK, self.network)
        for every_address in ("0.0.0.0", "127.0.0.1"):
            text = text.replace(every_address, self.address(service.name))
        return text

    def environment(self, service: Service, tree: Path) -> dict[str, str]:
        variables = self.image.environment | self.variables | service.environment
        return (
            {"HOME": "/nonexistent"}
            | {name: self.here(value, service) for name, value in variables.items()}
            | {"PATH": f"{packages_of(tree)}/bin:{os.environ['PG_BIN']}:{os.environ['PATH']}"}
        )

    def started(self, name: str, tree: Path, command: list[str] | None = None, **options) -> subprocess.Popen:
        service = self.services[name]
        arguments = [self.here(word, service) for word in command or service.command]
        return subprocess.Popen(
            arguments, cwd=tree, env=self.environment(service, tree), start_new_session=True, **options
        )

    def run(self, name: str, tree: Path, command: list[str] | None = None) -> str:
        """Do as `docker compose run --rm NAME COMMAND`; exit if it fails."""
        process = self.started(name, tree, command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        output = process.communicate(timeout=600)[0]
        if process.returncode:
            raise SystemExit(f"{name}: {command or ''} ended with {process.returncode}\n{output}")
        return output

    def start(self, name: str, tree: Path) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = self.started(name, tree, stdout=log, stderr=log)

    def wait_until_healthy(self, name: str, tree: Path) -> None:
        if not self.services[name].said.get("healthcheck"):  # the worker's is disabled
            wait_until(lambda: self.is_healthy(name, tree), f"{name} does not become healthy", within=LONG)

    def is_healthy(self, name: str, tree: Path) -> bool:
        process = self.started(name, tree, self.image.health, stderr=subprocess.DEVNULL)
        return process.wait(timeout=LONG) == 0

    def restart(self, name: str, tree: Path) -> None:
        """Do as `docker compose up --detach --no-deps --wait NAME` with another image."""
        self.stop(name)
        self.start(name, tree)
        self.wait_until_healthy(name, tree)

    def stop(self, name: str) -> None:
        process = self.running.pop(name)
        process.terminate()
        try:
            process.wait(timeout=self.services[name].grace)
        except subprocess.TimeoutExpired:
            self.kill(process)
            raise SystemExit(f"{name}: did not end within {self.services[name].grace} seconds") from None

    @staticmethod
    def kill(process: subprocess.Popen) -> None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def kill_and_come_back(self, name: str, tree: Path) -> None:
        self.kill(self.running.pop(name))
        time.sleep(2)  # meanwhile only the other server runs
        if not self.services[name].comes_back:
            raise SystemExit(f"{name}: nothing would start it again")
        self.start(name, tree)
        self.wait_until_healthy(name, tree)

    def end(self) -> None:
        for process in self.running.values():
            self.kill(process)

    def start_proxy(self) -> None:
        proxy = self.services["proxy"]
        for inside, outside in proxy.mounts.items():
            target = self.folder / inside.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            if inside == "/etc/nginx/tls":
                target.mkdir()
                self.make_certificate(target)
            else:
                target.write_text(self.of_the_proxy((ROOT / outside).read_text(encoding="utf-8")), encoding="utf-8")
        settings = self.folder / "nginx.conf"
        settings.write_text(NGINX.format(folder=self.folder, address=self.address("proxy")))
        nginx = ["nginx", "-c", str(settings), "-e", f"{self.folder}/nginx-errors.log"]
        self.assert_taken(nginx, self.folder / "etc/nginx/conf.d/servers.conf")
        self.running["proxy"] = subprocess.Popen([*nginx, "-g", "daemon off;"], start_new_session=True)
        for port in proxy.ports:
            wait_until(lambda port=port: is_listening(port + ABOVE, self.address("proxy")), "nginx does not listen")

    def of_the_proxy(self, text: str) -> str:
        for port in self.services["proxy"].ports:
            text = text.replace(f"listen {port}", f"listen {self.address('proxy')}:{port + ABOVE}")
        for path in ("/etc/nginx/", "/var/log/nginx/"):
            text = text.replace(path, f"{self.folder}{path}")
        (self.folder / "var/log/nginx").mkdir(parents=True, exist_ok=True)
        return text.replace(NETWORK, self.network)

    def assert_taken(self, nginx: list[str], file: Path) -> None:
        """Check that nginx accepts each servers file; keep the one of compose.yaml."""
        original = file.read_text(encoding="utf-8")
        for other in sorted((ROOT / "deploy" / "nginx").glob("servers-*.conf")):
            file.write_text(other.read_text(encoding="utf-8"), encoding="utf-8")
            subprocess.run([*nginx, "-t", "-q"], check=True)
        file.write_text(original, encoding="utf-8")

    def make_certificate(self, folder: Path) -> None:
        name = ["-subj", "/CN=training.example.com", "-addext", f"subjectAltName=IP:{self.address('proxy')}"]
        files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", *name, *files]
        subprocess.run(command, check=True, capture_output=True)

    @property
    def certificate(self) -> str:
        return str(self.folder / "etc/nginx/tls/certificate.pem")
