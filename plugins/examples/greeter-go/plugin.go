// Package export_wit_world answers `/greet`, and welcomes who opens a first pull request. Its name, and the module's, are
// those that wit-bindgen expects; the packages of wit_component come from plugin.wit when the plugin is built.
package export_wit_world

import (
	"encoding/json"
	"fmt"
	"strings"

	. "go.bytecodealliance.org/pkg/wit/types"
	agents "wit_component/bowsprit_plugin_agent"
	issues "wit_component/bowsprit_plugin_github_issues_write"
	pullsRead "wit_component/bowsprit_plugin_github_pull_requests_read"
	pulls "wit_component/bowsprit_plugin_github_pull_requests_write"
	"wit_component/bowsprit_plugin_types"
)

type (
	outcome  = bowsprit_plugin_types.Outcome
	apiError = bowsprit_plugin_types.ApiError
)

// settings is `modules.greeter.config`.
type settings struct {
	Greeting  *string `json:"greeting"`
	Welcome   string  `json:"welcome"`
	Rehearsal bool    `json:"rehearsal"`
}

var commands = []bowsprit_plugin_types.Command{{
	Usage:       "/greet",
	Description: "Asks for a greeting.",
	WhoCanUse:   "Anyone",
	Examples:    []string{"/greet"},
}}

var (
	done    = bowsprit_plugin_types.MakeOutcomeDone
	ignored = bowsprit_plugin_types.MakeOutcomeIgnored
)

func Describe() bowsprit_plugin_types.Description {
	return bowsprit_plugin_types.Description{
		Name:     "greeter",
		Summary:  "Answers `/greet`, and welcomes first-time contributors.",
		Events:   []uint8{bowsprit_plugin_types.EventKindComment, bowsprit_plugin_types.EventKindPullRequest},
		Commands: commands,
		Settings: []string{"greeting", "welcome", "rehearsal"},
	}
}

func Help(string, []bowsprit_plugin_types.RepoRef) bowsprit_plugin_types.PluginHelp {
	return bowsprit_plugin_types.PluginHelp{Description: "Answers <code>/greet</code>.", Commands: commands}
}

func Handle(event bowsprit_plugin_types.Event, agent *agents.ClientAgent) Result[outcome, bowsprit_plugin_types.Failure] {
	var set settings
	if err := json.Unmarshal([]byte(agent.Settings()), &set); err != nil {
		return failed(fmt.Sprintf("settings: %v", err))
	}
	// In a rehearsal the host refuses each change that is made through this handle.
	if set.Rehearsal {
		agent = agent.ReadOnly()
	}
	var end outcome
	var err *apiError
	switch event.Body.Tag() {
	case bowsprit_plugin_types.EventBodyComment:
		end, err = greet(event.Body.Comment(), agent, set)
	case bowsprit_plugin_types.EventBodyPullRequest:
		end, err = welcome(event, event.Body.PullRequest().PullRequest, agent, set)
	default:
		end = ignored("not a comment, nor a pull request")
	}
	switch {
	case err == nil:
		return Ok[outcome, bowsprit_plugin_types.Failure](end)
	case err.Kind == bowsprit_plugin_types.ErrorKindDenied:
		return Ok[outcome, bowsprit_plugin_types.Failure](ignored("denied: " + err.Message))
	default:
		return failed(err.Message)
	}
}

func greet(comment bowsprit_plugin_types.CommentEvent, agent *agents.ClientAgent, set settings) (outcome, *apiError) {
	if comment.Action != bowsprit_plugin_types.CommentActionCreated || !asks(comment.Body) {
		return ignored("no `/greet`"), nil
	}
	greeting := "Hello! This is the first greeter speaking."
	if set.Greeting != nil {
		greeting = *set.Greeting
	}
	// GitHub asks for another permission on pull requests than on issues.
	create := issues.CreateComment
	if comment.IsPr {
		create = pulls.CreateComment
	}
	posted := create(agent, comment.Number, fmt.Sprintf("@%s: %s", comment.Author.Login, greeting))
	if posted.IsErr() {
		return outcome{}, errorOf(posted.Err())
	}
	return done("greeted"), nil
}

func welcome(event bowsprit_plugin_types.Event, pr bowsprit_plugin_types.PullRequest, agent *agents.ClientAgent, set settings) (outcome, *apiError) {
	if event.Action.SomeOr("") != "opened" || pr.Author.Kind != bowsprit_plugin_types.ActorKindUser {
		return ignored("no new pull request of a person"), nil
	}
	if set.Welcome == "" {
		return ignored("no `welcome` is set"), nil
	}
	login := pr.Author.Login
	merged := pullsRead.CountMerged(agent, login)
	if merged.IsErr() {
		return outcome{}, errorOf(merged.Err())
	}
	if merged.Ok() > 0 {
		return ignored(login + " is no newcomer"), nil
	}
	posted := pulls.CreateComment(agent, pr.Number, fmt.Sprintf("@%s: %s", login, set.Welcome))
	if posted.IsErr() {
		return outcome{}, errorOf(posted.Err())
	}
	return done("welcomed " + login), nil
}

// asks tells whether a line of the text is the command.
func asks(text string) bool {
	for _, line := range strings.Split(text, "\n") {
		word, _, _ := strings.Cut(strings.Map(blank, line), " ")
		if strings.EqualFold(word, "/greet") {
			return true
		}
	}
	return false
}

func blank(r rune) rune {
	if strings.ContainsRune("\t\f\r", r) {
		return ' '
	}
	return r
}

func errorOf(err apiError) *apiError {
	return &err
}

func failed(message string) Result[outcome, bowsprit_plugin_types.Failure] {
	return Err[outcome](bowsprit_plugin_types.Failure{Message: message})
}
