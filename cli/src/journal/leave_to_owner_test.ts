import { expect, test } from "bun:test";
import { chownSync, linkSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
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

test.skipIf(process.getuid?.() !== 0)(
  "what its owner has put in the place of the journal's files is not given away: a link, or another name of a file elsewhere",
  () => {
    const root = mkdtempSync(join(tmpdir(), "kj-"));
    const elsewhere = mkdtempSync(join(tmpdir(), "kj-"));
    try {
      for (const name of ["linked", "named"]) writeFileSync(join(elsewhere, name), "");
      chownSync(root, 65_534, 65_534);
      symlinkSync(join(elsewhere, "linked"), join(root, "journal.db"));
      linkSync(join(elsewhere, "named"), join(root, "journal.hwm"));
      leaveToOwner(join(root, "journal.db"));
      expect(["linked", "named"].map((name) => statSync(join(elsewhere, name)).uid)).toEqual([0, 0]);
    } finally {
      for (const directory of [root, elsewhere]) rmSync(directory, { recursive: true });
    }
  },
);
