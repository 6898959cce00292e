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

// Modules that give files, arguments, environment or sockets elsewhere, by whatever name an engine has them.
const MODULES = ["std", "os", "qjs:std", "qjs:os", "bjson", "fs", "node:fs", "node:net", "node:process"];

// A module is imported while the plugin is made ready: what could be had then would be there in every event.
const imported = [];
for (const name of MODULES) {
  try {
    await import(name);
    imported.push(`module ${name}`);
  } catch {
    // As it should be.
  }
}

/// Every name that the engine brings along, and those of a function that is compiled only now.
function known(name) {
  const ways = [() => globalThis[name], () => Function("return this")()[name], () => (0, eval)(`typeof ${name}`)];
  return ways.some((way) => {
    try {
      return ![undefined, "undefined"].includes(way());
    } catch {
      return false;
    }
  });
}

export function handle(event, _agent) {
  const [what] = event.body.val.body.split(" ");
  const found = GLOBALS[what].filter(known).concat(imported);
  return { tag: "done", val: found.length > 0 ? `found ${found.join(", ")}` : `no ${what}` };
}
