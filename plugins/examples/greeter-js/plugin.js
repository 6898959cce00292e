// Answers `/greet`, and welcomes who opens a first pull request.
import issues from "bowsprit:plugin/github-issues-write@0.2.0";
import pullsRead from "bowsprit:plugin/github-pull-requests-read@0.2.0";
import pulls from "bowsprit:plugin/github-pull-requests-write@0.2.0";

const GREETING = "Hello! This is the first greeter speaking.";
const COMMANDS = [
  { usage: "/greet", description: "Asks for a greeting.", whoCanUse: "Anyone", examples: ["/greet"], featured: false },
];

const done = (what) => ({ tag: "done", val: what });
const ignored = (why) => ({ tag: "ignored", val: why });

export function describe() {
  return {
    name: "greeter",
    summary: "Answers `/greet`, and welcomes first-time contributors.",
    events: ["comment", "pull-request"],
    commands: COMMANDS,
    settings: ["greeting", "welcome", "rehearsal"],
  };
}

export function help(_settings, _repos) {
  return { description: "Answers <code>/greet</code>.", config: [], snippet: "", commands: COMMANDS };
}

export function handle(event, agent) {
  const settings = JSON.parse(agent.settings());
  // A rehearsal decides everything and may say nothing: the host refuses each change through this handle.
  const voice = settings.rehearsal ? agent.readOnly() : agent;
  try {
    switch (event.body.tag) {
      case "comment":
        return greet(event.body.val, voice, settings);
      case "pull-request":
        return welcome(event, event.body.val.pullRequest, voice, settings);
      default:
        return ignored("not a comment, nor a pull request");
    }
  } catch (error) {
    // What an imported function throws carries the contract's api-error.
    const reason = error.payload ?? error;
    if (reason.kind === "denied") return ignored(`denied: ${reason.message}`);
    throw { message: reason.message ?? String(error) };
  }
}

function greet(comment, agent, settings) {
  const asked = comment.body.split("\n").some((line) => /^\/greet(?=[\t\f\r ]|$)/i.test(line));
  if (comment.action !== "created" || !asked) return ignored("no `/greet`");
  const body = `@${comment.author.login}: ${settings.greeting ?? GREETING}`;
  // GitHub asks for another permission on pull requests than on issues.
  (comment.isPr ? pulls : issues).createComment(agent, comment.number, body);
  return done("greeted");
}

function welcome(event, pr, agent, settings) {
  if (event.action !== "opened" || pr.author.kind !== "user") return ignored("no new pull request of a person");
  if (!settings.welcome) return ignored("no `welcome` is set");
  if (pullsRead.countMerged(agent, pr.author.login) > 0) return ignored(`${pr.author.login} is no newcomer`);
  pulls.createComment(agent, pr.number, `@${pr.author.login}: ${settings.welcome}`);
  return done(`welcomed ${pr.author.login}`);
}
