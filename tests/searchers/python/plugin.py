"""Looks for what it should not find; plugins/examples/searcher says how."""

import importlib
import os
import socket
import sys
import urllib.request
from collections.abc import Callable

import wit_world
from wit_world.imports import agent as agents
from wit_world.imports import types

SUMMARY = "Looks for what it should not find."


class WitWorld(wit_world.WitWorld):
    def describe(self) -> types.Description:
        return types.Description("searcher", SUMMARY, [types.EventKind.COMMENT], [], [])

    def help(self, settings: str, repos: list[types.RepoRef]) -> types.PluginHelp:
        return types.PluginHelp(SUMMARY, [], "", [])

    def handle(self, event: types.Event, agent: agents.ClientAgent) -> types.Outcome:
        what, _, port = event.body.value.body.partition(" ")
        found = LOOK[what](int(port or 0))
        return types.Outcome_Done(f"found {', '.join(found)}" if found else f"no {what}")


def tried(*ways: Callable[[], object]) -> list[str]:
    """What each way that works gives; by one that is refused, the next is not kept from being tried."""
    found = []
    for way in ways:
        try:
            found.append(str(way()))
        except (OSError, ImportError, NotImplementedError, AttributeError):
            pass
    return found


def files(_: int) -> list[str]:
    return tried(
        lambda: os.listdir("/"),
        lambda: os.listdir("."),
        lambda: open("/etc/passwd").read(),
        lambda: open("searched", "w").write("here"),
        lambda: os.stat("/"),
        lambda: importlib.import_module("ctypes").CDLL(None),
    )


def environment(_: int) -> list[str]:
    # What was there when it was built is of the machine that built it.
    return [f"{name}={value}" for name, value in os.environ.items() if name.startswith("SEARCHED")]


def sockets(port: int) -> list[str]:
    return tried(
        lambda: socket.create_connection(("127.0.0.1", port), 1),
        lambda: socket.getaddrinfo("localhost", port),
        lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/"),
    )


LOOK = {
    "files": files,
    "arguments": lambda _: sys.argv[1:],
    "environment": environment,
    "sockets": sockets,
}
