"""Answers `/greet`, and welcomes who opens a first pull request."""

import json
import re

import wit_world
from componentize_py_types import Err
from wit_world.imports import agent as agents
from wit_world.imports import github_issues_write as issues
from wit_world.imports import github_pull_requests_read as pulls_read
from wit_world.imports import github_pull_requests_write as pulls
from wit_world.imports import types

GREETING = "Hello! This is the first greeter speaking."
GREET = re.compile(r"^/greet(?=[\t\f\r ]|$)", re.IGNORECASE | re.MULTILINE)
COMMANDS = [types.Command("/greet", "Asks for a greeting.", "Anyone", ["/greet"], False)]


class WitWorld(wit_world.WitWorld):
    def describe(self) -> types.Description:
        return types.Description(
            name="greeter",
            summary="Answers `/greet`, and welcomes first-time contributors.",
            events=[types.EventKind.COMMENT, types.EventKind.PULL_REQUEST],
            commands=COMMANDS,
            settings=["greeting", "welcome", "rehearsal"],
        )

    def help(self, settings: str, repos: list[types.RepoRef]) -> types.PluginHelp:
        return types.PluginHelp("Answers <code>/greet</code>.", [], "", COMMANDS)

    def handle(self, event: types.Event, agent: agents.ClientAgent) -> types.Outcome:
        settings = json.loads(agent.settings())
        # A rehearsal decides everything and may say nothing: the host refuses each change through this handle.
        voice = agent.read_only() if settings.get("rehearsal") else agent
        try:
            match event.body:
                case types.EventBody_Comment(comment):
                    return greet(comment, voice, settings)
                case types.EventBody_PullRequest(body):
                    return welcome(event, body.pull_request, voice, settings)
            return types.Outcome_Ignored("not a comment, nor a pull request")
        except Err as error:
            if error.value.kind == types.ErrorKind.DENIED:
                return types.Outcome_Ignored(f"denied: {error.value.message}")
            raise Err(types.Failure(error.value.message))


def greet(comment: types.CommentEvent, agent: agents.ClientAgent, settings: dict) -> types.Outcome:
    if comment.action != types.CommentAction.CREATED or not GREET.search(comment.body):
        return types.Outcome_Ignored("no `/greet`")
    body = f"@{comment.author.login}: {settings.get('greeting', GREETING)}"
    # GitHub asks for another permission on pull requests than on issues.
    place = pulls if comment.is_pr else issues
    place.create_comment(agent, comment.number, body)
    return types.Outcome_Done("greeted")


def welcome(
    event: types.Event, pr: types.PullRequest, agent: agents.ClientAgent, settings: dict
) -> types.Outcome:
    if event.action != "opened" or pr.author.kind != types.ActorKind.USER:
        return types.Outcome_Ignored("no new pull request of a person")
    if not settings.get("welcome"):
        return types.Outcome_Ignored("no `welcome` is set")
    login = pr.author.login
    if pulls_read.count_merged(agent, login) > 0:
        return types.Outcome_Ignored(f"{login} is no newcomer")
    pulls.create_comment(agent, pr.number, f"@{login}: {settings['welcome']}")
    return types.Outcome_Done(f"welcomed {login}")
