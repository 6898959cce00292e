// Holds GraphQL requests, and the answers to them, to GitHub's published schema.
//   node schema.mjs DIR < exchanges.json
// DIR has the packages `graphql` and `@octokit/graphql-schema` in its node_modules; an exchange is {request, answer}.
// Prints one line for each problem.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { isDeepStrictEqual } from "node:util";

const require = createRequire(process.argv[2] + "/package.json");
const { buildClientSchema, execute, parse, validate } = require("graphql");
// The introspection result and not the text beside it, which once had two fields twice.
const described = process.argv[2] + "/node_modules/@octokit/graphql-schema/schema.json";
const schema = buildClientSchema(JSON.parse(readFileSync(described, "utf8")));

for (const { request, answer } of JSON.parse(readFileSync(0, "utf8"))) {
  const say = (problem) => console.log(`${request.operationName}: ${problem}`);
  let document;
  try {
    document = parse(request.query);
  } catch (error) {
    say(error.message);
    continue;
  }
  const problems = validate(schema, document);
  problems.forEach((problem) => say(problem.message));
  if (problems.length > 0 || answer.errors) continue;
  // Carried out on the answer itself, the operation gives the answer once more, if every value fits its type.
  const { operationName, variables: variableValues } = request;
  const again = execute({ schema, document, rootValue: answer.data, operationName, variableValues });
  (again.errors ?? []).forEach((error) => say(`the answer: ${error.message}`));
  const selected = JSON.parse(JSON.stringify(again.data ?? null));
  const holds = (part, whole) =>
    Array.isArray(part)
      ? Array.isArray(whole) && part.length === whole.length && part.every((item, i) => holds(item, whole[i]))
      : part !== null && typeof part === "object"
        ? Object.entries(part).every(([key, value]) => holds(value, whole?.[key]))
        : isDeepStrictEqual(part, whole);
  if (!again.errors && !holds(selected, answer.data)) say("the answer lacks what was asked for");
}
