/** Names that a person typed, against those that there are. */
import { Failure } from "./exit_codes.ts";

/** Fails with `usage` and the names that were probably meant. */
export async function checkSignalNames(names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const { signals } = await import("@kloros/signal-schema");
  const unknown = names.filter((name) => !signals.has(name));
  if (unknown.length === 0) return;
  const known = [...signals.keys()];
  const texts = await Promise.all(unknown.map((name) => unknownName("signal", name, known)));
  throw new Failure("usage", texts.join("\n"));
}

/** `there is no signal "Q_X"; did you mean Q_Y?`, or all names when nothing is near. */
export async function unknownName(kind: string, typed: string, known: readonly string[]): Promise<string> {
  const { nearestName } = await import("@kloros/daemon");
  const word = typed.toUpperCase().replace(/^Q_/, "");
  const nearest = nearestName(typed, known) ?? nearestName(`Q_${typed}`, known);
  const containing = word.length < 3 ? [] : known.filter((name) => name.toUpperCase().includes(word));
  const meant = nearest === undefined ? containing : [nearest];
  const hint =
    meant.length > 0 ? `did you mean ${meant.join(", ")}?` : `there are: ${known.toSorted().join(", ")}`;
  return `there is no ${kind} "${typed}"; ${hint}`;
}
