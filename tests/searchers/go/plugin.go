// Package export_wit_world looks for what it should not find; plugins/examples/searcher says how.
package export_wit_world

import (
	"net"
	"os"
	"strings"

	. "go.bytecodealliance.org/pkg/wit/types"
	"wit_component/bowsprit_plugin_agent"
	"wit_component/bowsprit_plugin_types"
)

const summary = "Looks for what it should not find."

func Describe() bowsprit_plugin_types.Description {
	return bowsprit_plugin_types.Description{
		Name: "searcher", Summary: summary, Events: []uint8{bowsprit_plugin_types.EventKindComment},
	}
}

func Help(string, []bowsprit_plugin_types.RepoRef) bowsprit_plugin_types.PluginHelp {
	return bowsprit_plugin_types.PluginHelp{Description: summary}
}

func Handle(event bowsprit_plugin_types.Event, _ *bowsprit_plugin_agent.ClientAgent) Result[bowsprit_plugin_types.Outcome, bowsprit_plugin_types.Failure] {
	what, port, _ := strings.Cut(event.Body.Comment().Body, " ")
	said := "no " + what
	if found := look(what, port); len(found) > 0 {
		said = "found " + strings.Join(found, ", ")
	}
	return Ok[bowsprit_plugin_types.Outcome, bowsprit_plugin_types.Failure](bowsprit_plugin_types.MakeOutcomeDone(said))
}

func look(what, port string) (found []string) {
	switch what {
	case "files":
		for _, dir := range []string{"/", ".", "/etc"} {
			if _, err := os.ReadDir(dir); err == nil {
				found = append(found, dir)
			}
		}
	case "arguments":
		found = os.Args
	case "environment":
		found = os.Environ()
	case "sockets":
		// Without WASI's sockets Go has a network of its own inside the process; nobody else is in it.
		if _, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			found = append(found, "a connection")
		}
	}
	return found
}
