import { expect, test } from "bun:test";
import { chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { leaveToOwner } from "./leave_to_owner.ts";

test.skipIf(process.getuid?.() !== 0)(
  "the journal's files belong to whom their directory belongs to, others stay",
  () => {
    const root = mkdtempSync(join(tmpdir(), "kj-"));
    try {
      for (const name of ["journal.db", "journal.hwm", "journal.db.replaced-x", "other"])
        writeFileSync(join(root, name), "");
      chownSync(root, 65_534, 65_534);
      leaveToOwner(join(root, "journal.db"));
      const owners = ["journal.db", "journal.hwm", "journal.db.replaced-x", "other"].map(
        (name) => statSync(join(root, name)).uid,
      );
      expect(owners).toEqual([65_534, 65_534, 65_534, 0]);
    } finally {
      rmSync(root, { recursive: true });
    }
  },
);
