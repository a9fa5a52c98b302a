"""A unit of systemd that runs a project with no more rights than it needs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.core.errors import ConfigError
from penstock.project.file_places import file_places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.project.penstock import Penstock

__all__ = ["unit"]

_HOMES = tuple(map(Path, ("/home", "/root", "/run/user")))
_TEMPORARY = tuple(map(Path, ("/tmp", "/var/tmp")))  # noqa: S108  # named, not written to
_PRIVILEGED = 1024

_UNIT = """\
[Unit]
Description=Penstock: {name}
Documentation=man:systemd.exec(5)
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=300
StartLimitBurst=10

[Service]
Type=exec
User={user}
ExecStart={command}
WorkingDirectory={folder}
# secrets that penstock.toml names, a line each: NAME=value; for root alone to read
EnvironmentFile=-{environment}
# what Polars asks of the processor at its start needs memory that MemoryDenyWriteExecute denies
Environment=POLARS_SKIP_CPU_CHECK=1
# SIGTERM: what was read is committed, then it ends; a wrong command line is not tried again
KillSignal=SIGTERM
TimeoutStopSec=60
Restart=on-failure
RestartSec=2
RestartPreventExitStatus=2
UMask=0077
LimitNOFILE=65536

# nothing can be written but what is named here
ProtectSystem=strict
ReadWritePaths={writable}
ProtectHome={homes}
PrivateTmp={temporary}
PrivateDevices=yes
ProtectProc=invisible

# no rights beyond those of the user
CapabilityBoundingSet={capabilities}
AmbientCapabilities={capabilities}
NoNewPrivileges=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictRealtime=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
KeyringMode=private

# no part of the kernel beyond that of a server
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6

[Install]
WantedBy=multi-user.target
"""


def unit(penstock: Penstock, program: Sequence[str], user: str, environment: Path) -> str:
    """The unit that runs a project of a folder by `program` (absolute, with its first arguments) as `user`.

    Its tables' folders elsewhere can be written too. Raises ConfigError for a project in memory, and for paths that a
    unit cannot say.
    """
    if penstock.home is None:
        raise ConfigError("a project in memory is no service", code="service-memory", hint="give it a folder")
    folder = penstock.folder.resolve()
    outside = dict.fromkeys(
        path.resolve() for place in file_places(penstock) for path in place.paths if not path.is_relative_to(folder)
    )
    used = (folder, *outside, Path(program[0]))
    port = penstock.settings.port
    low = 0 < port < _PRIVILEGED
    return _UNIT.format(
        name=penstock.settings.name.replace("%", "%%"),
        user=user,
        command=" ".join(map(_quoted, (*program, "run", str(folder), "--no-browser", "--log-format", "json"))),
        folder=_path(folder),
        environment=_path(environment),
        writable=" ".join(_path(path) for path in (folder, *outside)),
        homes="read-only" if _any_inside(used, _HOMES) else "yes",
        temporary="no" if _any_inside(used, _TEMPORARY) else "yes",
        capabilities="CAP_NET_BIND_SERVICE" if low else "",
    )


def _any_inside(paths: Sequence[Path], folders: Sequence[Path]) -> bool:
    """Whether a path, or what it is a link to, lies in one of `folders`."""
    real = [*paths, *(Path(os.path.realpath(path)) for path in paths)]
    return any(path.is_relative_to(folder) for path in real for folder in folders)


def _path(path: Path) -> str:
    """A path as an assignment takes it, of which white space ends the value."""
    text = str(path)
    if any(c.isspace() or c in "\"'\\" or not c.isprintable() for c in text):
        raise ConfigError(
            f"a unit of systemd cannot name '{text}' here",
            code="service-path",
            hint="use a folder without spaces, quotes and backslashes in its path",
        )
    return text.replace("%", "%%")


def _quoted(word: str) -> str:
    """A word of a command line, in which % and $ mean themselves."""
    said = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{said}"' if any(c.isspace() or c in "'\";" for c in word) else said
