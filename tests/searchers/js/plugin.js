// Looks for what it should not find; plugins/examples/searcher says how.
const SUMMARY = "Looks for what it should not find.";

export function describe() {
  return { name: "searcher", summary: SUMMARY, events: ["comment"], commands: [], settings: [] };
}

export function help(_settings, _repos) {
  return { description: SUMMARY, config: [], snippet: "", commands: [] };
}

const GLOBALS = {
  files: ["std", "os", "require", "Deno", "Bun"],
  arguments: ["scriptArgs", "process"],
  environment: ["process", "std"],
  sockets: ["fetch", "WebSocket", "XMLHttpRequest", "os", "require"],
};

export function handle(event, _agent) {
  const [what] = event.body.val.body.split(" ");
  const found = GLOBALS[what].filter((name) => typeof globalThis[name] !== "undefined");
  return { tag: "done", val: found.length > 0 ? `found ${found.join(", ")}` : `no ${what}` };
}
