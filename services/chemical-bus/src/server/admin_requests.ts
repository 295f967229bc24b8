/** What may be asked by ADMIN: by whom, and in which shape. A closed table, complete by its type. */
import type { AdminOp } from "@kloros/journal";
import { type TObject, Type } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";

const OPERATOR = "operator";

interface Rule {
  readonly whoever: boolean;
  readonly request: TypeCheck<TObject>;
}

const rule = (whoever: boolean, properties: TObject["properties"]): Rule => ({
  whoever,
  request: TypeCompiler.Compile(Type.Object(properties)),
});

const name = Type.String({ minLength: 1, maxLength: 200 });
const count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

const RULES: Readonly<Record<AdminOp, Rule>> = {
  status: rule(true, {}),
  consumers: rule(true, {}),
  deadLetters: rule(true, {
    consumer: Type.Optional(name),
    reason: Type.Optional(name),
    signal: Type.Optional(name),
    since: Type.Optional(count),
    before: Type.Optional(count),
    limit: Type.Optional(count),
    after: Type.Optional(count),
    includeRetried: Type.Optional(Type.Boolean()),
    brief: Type.Optional(Type.Boolean()),
  }),
  rejectContent: rule(true, {
    id: name,
    error: Type.String(),
    content: Type.String(),
    fields: Type.Record(Type.String(), Type.String()),
  }),
  removeConsumer: rule(false, { name, force: Type.Optional(Type.Boolean()) }),
  pruneJournal: rule(false, { ageMs: count, bytesMax: count, rememberMs: count, after: count }),
  retryDeadLetter: rule(false, { n: count }),
  editDeadLetter: rule(false, {
    n: count,
    facts: Type.Record(Type.String(), Type.Unknown()),
    dryRun: Type.Optional(Type.Boolean()),
  }),
  noteResubmitted: rule(false, { n: count }),
  dropDeadLetter: rule(false, { n: count }),
  purgeDeadLetters: rule(false, {
    before: count,
    limit: Type.Optional(count),
    dryRun: Type.Optional(Type.Boolean()),
  }),
};

export type AdminRefusal = { readonly code: "identity" | "bad_request"; readonly text: string };

/** Why `service` does not get `op`; undefined: it does. */
export function refuseAdmin(op: string, request: unknown, service: string): AdminRefusal | undefined {
  const known = Object.hasOwn(RULES, op) ? RULES[op as AdminOp] : undefined;
  if (known === undefined) {
    const text = `there is no admin operation ${JSON.stringify(op)}; known: ${Object.keys(RULES).join(", ")}`;
    return { code: "bad_request", text };
  }
  if (!known.whoever && service !== OPERATOR) {
    return { code: "identity", text: `${service} may not ask for ${op}: only the ${OPERATOR} may` };
  }
  if (known.request.Check(request)) return undefined;
  const first = known.request.Errors(request).First();
  return { code: "bad_request", text: `${op}${first?.path ?? ""}: ${first?.message ?? "not as expected"}` };
}
