/**
 * The worker's program for modules, as text (it is given to Bun on the command line). Answers begin with the token
 * on a line of their own, so whatever the module prints cannot be taken for one.
 */
export const MODULE_WORKER = `
const { writeSync } = require("node:fs");
const { createInterface } = require("node:readline");
delete process.env.BUN_BE_BUN;
const token = process.argv[1];
const text = (value) => typeof value === "number" && !Number.isFinite(value) ? String(value) : JSON.stringify(value) ?? "null";
const naming = (error) => error instanceof Error ? error.name + ": " + error.message : String(error);
const say = (body) => {
  let rest = Buffer.from("\\n" + token + body + "\\n");
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      // What the module prints may have filled the pipe.
      if (error.code !== "EAGAIN") throw error;
      Bun.sleepSync(2);
    }
  }
};
for (const kind of ["uncaughtException", "unhandledRejection"]) {
  process.on(kind, (error) => {
    writeSync(2, "\\n" + naming(error).split("\\n")[0] + "\\n");
    process.exit(1);
  });
}
const sayError = (error, more) => {
  say(JSON.stringify({ error: naming(error).split("\\n")[0], ...more }));
};
async function load(setup) {
  const module = await import(setup.file);
  const found = module[setup.name] ?? (setup.name === "evaluate" ? module.default : undefined);
  if (found === undefined) throw new Error(setup.file + " exports no " + setup.entry + " called " + setup.name);
  let evaluator = found;
  if (setup.entry === "class") evaluator = new found(setup.init_kwargs);
  if (setup.entry === "factory") evaluator = await found(setup.init_kwargs);
  const evaluate = typeof evaluator.evaluate === "function" ? evaluator.evaluate.bind(evaluator) : evaluator;
  if (typeof evaluate !== "function") throw new TypeError(setup.name + " is no function and has no method evaluate");
  return evaluate;
}
async function measure(evaluate, { params, context }) {
  const metrics = await evaluate(params, context);
  if (typeof metrics !== "object" || metrics === null || Array.isArray(metrics)) {
    throw new TypeError("the evaluator returned " + (metrics === null ? "null" : typeof metrics) + ", not an object of metrics");
  }
  const entries = Object.entries(metrics).map(([name, value]) => JSON.stringify(name) + ": " + text(value));
  say('{"metrics": {' + entries.join(", ") + "}}");
}
let evaluate;
for await (const line of createInterface({ input: process.stdin })) {
  try {
    const body = JSON.parse(line);
    if (evaluate === undefined) {
      try {
        evaluate = await load(body);
      } catch (error) {
        sayError(error, { leaving: true });
        process.exit(1);
      }
    } else await measure(evaluate, body);
  } catch (error) {
    sayError(error);
  }
}
process.exit(0);
`;
