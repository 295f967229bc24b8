import { runOnce } from "./run.ts";
const from = Number(process.argv[2] ?? 1),
  n = Number(process.argv[3] ?? 1),
  trace = process.argv[4];
for (let s = from; s < from + n; s++) {
  const t = performance.now();
  const r = runOnce({
    seed: s,
    onTrace: trace
      ? (l) => {
          if (trace === "all" || l.includes(trace)) console.log(l);
        }
      : undefined,
  });
  const ms = performance.now() - t;
  if (n < 6 || r.flaws.length || ms > 1500)
    console.log(
      s,
      ms.toFixed(0) + "ms",
      r.events,
      (r.simulatedMs / 1000).toFixed(1) + "s",
      r.flaws.slice(0, 4),
      n < 3 ? r.counts : "",
    );
  if (r.flaws.length && n > 1) break;
}
