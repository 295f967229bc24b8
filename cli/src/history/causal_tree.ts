/** Signals as a tree by their causes, in the order to show it. Pure. */
import type { StoredSignal } from "@kloros/journal";

export interface TreeNode {
  readonly item: StoredSignal;
  /** 0 for one whose cause is not among them. */
  readonly depth: number;
  /** Drawn before the signal's name. */
  readonly branch: string;
  /** Drawn before what belongs to the signal and stands below it. */
  readonly below: string;
  readonly sinceCauseMs: number | undefined;
  /** Since the first signal of its tree; 0 for that. */
  readonly sinceRootMs: number;
}

export function causalTree(items: readonly StoredSignal[]): readonly TreeNode[] {
  const ids = new Set(items.map(({ envelope }) => envelope.id));
  const ordered = items.toSorted((left, right) => left.seq - right.seq);
  const children = Map.groupBy(ordered, ({ envelope: { cause } }) =>
    cause !== undefined && ids.has(cause) ? cause : undefined,
  );
  const nodes: TreeNode[] = [];
  const shown = new Set<string>();
  function place(item: StoredSignal, above: Place): void {
    const { id } = item.envelope;
    // Two foreign signals could name each other.
    if (shown.has(id)) return;
    shown.add(id);
    const atMs = Date.parse(item.envelope.timestamp);
    const rootMs = above.rootMs ?? atMs;
    const next = children.get(id) ?? [];
    nodes.push({
      item,
      depth: above.depth,
      branch: above.branch,
      below: `${above.stem}${next.length > 0 ? "│  " : "   "}`,
      sinceCauseMs: above.causeMs === undefined ? undefined : Math.max(0, atMs - above.causeMs),
      sinceRootMs: Math.max(0, atMs - rootMs),
    });
    next.forEach((child, index) => {
      const last = index === next.length - 1;
      place(child, {
        depth: above.depth + 1,
        branch: `${above.stem}${last ? "└▶ " : "├▶ "}`,
        stem: `${above.stem}${last ? "   " : "│  "}`,
        causeMs: atMs,
        rootMs,
      });
    });
  }
  for (const root of children.get(undefined) ?? []) place(root, TOP);
  // What is left goes round in circles.
  for (const item of ordered) place(item, TOP);
  return nodes;
}

interface Place {
  readonly depth: number;
  readonly branch: string;
  readonly stem: string;
  readonly causeMs: number | undefined;
  readonly rootMs: number | undefined;
}

const TOP: Place = { depth: 0, branch: "● ", stem: "", causeMs: undefined, rootMs: undefined };
