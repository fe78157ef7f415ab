"""A real xrootd server on the loopback interface."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

XROOTD = shutil.which("xrootd")

_CONFIG = """
xrd.port {port}
xrd.allow host localhost
xrd.allow host 127.0.0.1
xrd.network nodnr
all.role server
all.export {data} r/o
all.adminpath {admin}
all.pidpath {admin}
"""


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _user() -> pwd.struct_passwd | None:
    """Whom the server runs as: it refuses to be root."""
    if os.getuid() != 0:
        return None
    for name in ("xrootd", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("no user for the server")


class XRootDServer:
    """A server of the files in `data`. Its folder is readable by the user it runs as, unlike pytest's own."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="xrootd-"))
        self.data = self.folder / "data"
        admin = self.folder / "admin"
        self.data.mkdir()
        admin.mkdir()
        self.folder.chmod(0o755)
        self.port = free_port()
        user = _user()
        if user is not None:
            os.chown(admin, user.pw_uid, user.pw_gid)
        config = self.folder / "server.cfg"
        config.write_text(_CONFIG.format(port=self.port, data=self.data, admin=admin))
        self.process = subprocess.Popen(
            [str(XROOTD), "-c", str(config), "-l", str(admin / "log")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=admin,
            user=None if user is None else user.pw_uid,
            group=None if user is None else user.pw_gid,
            extra_groups=None if user is None else (),
        )
        self._wait()

    def url(self, name: str) -> str:
        """The address of a file or folder in `data`."""
        return f"root://127.0.0.1:{self.port}/{self.data}/{name}"

    def write(self, name: str, content: bytes) -> None:
        """Put a file into `data`."""
        path = self.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def freeze(self) -> None:
        """Let the server stand still with its connections open."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End the server at once."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End the server and remove its files."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait(self) -> None:
        end = time.monotonic() + 10
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        log = self.folder / "admin" / "log"
        text = log.read_text("utf-8", "replace") if log.exists() else "no log"
        self.close()
        raise RuntimeError(f"the server did not start: {text[-2000:]}")
