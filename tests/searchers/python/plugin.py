"""Looks for what it should not find; plugins/examples/searcher says how."""

import os
import socket
import sys

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


def files(_: int) -> list[str]:
    try:
        return os.listdir("/") + os.listdir(".") + [open("/etc/passwd").read()]
    except OSError:
        return []


def environment(_: int) -> list[str]:
    # What was there when it was built is of the machine that built it.
    return [f"{name}={value}" for name, value in os.environ.items() if name.startswith("SEARCHED")]


def sockets(port: int) -> list[str]:
    try:
        socket.create_connection(("127.0.0.1", port), 1)
        return ["a connection"]
    except OSError:
        return []


LOOK = {
    "files": files,
    "arguments": lambda _: sys.argv[1:],
    "environment": environment,
    "sockets": sockets,
}
