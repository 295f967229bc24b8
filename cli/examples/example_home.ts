/** What stands in the home of the example beside its tree: settings, live configuration, and a promotion that waits. */

/** Only what differs from the defaults, and why. */
export const EXAMPLE_SETTINGS = `# Settings of this installation; \`kloros describe SERVICE\` names all there are.

[winner-deployer]
# May this system set values in .kloros_env by itself? By default it may not (level 0): a winner of D-REAM waits for
# \`kloros winners approve\`. Here it may, because all it can touch are the three keys below, which nothing but the
# example reads.
autonomyLevel = 2
# The only keys that a winner may set, each with its type and bounds.
allow = [
  { key = "KLR_ARCHIVE_LEVEL", type = "integer", min = 1, max = 9 },
  { key = "KLR_ARCHIVE_MEM_LEVEL", type = "integer", min = 1, max = 9 },
  { key = "KLR_ARCHIVE_BLOCK_KIB", type = "integer", min = 1, max = 64 },
]
`;

/** The live configuration: winners change values in it, and nothing else. */
export const EXAMPLE_ENVIRONMENT = `# Live configuration of this installation.

# Voice: a little faster than natural
KLR_TTS_SPEED=1.10

# Archive of the source tree. These three are tuned by D-REAM (experiment "archive" in src/dream/config/dream.yaml);
# here they stand as somebody once guessed them.
KLR_ARCHIVE_LEVEL=9
KLR_ARCHIVE_MEM_LEVEL=4
KLR_ARCHIVE_BLOCK_KIB=1

# How much may be done without asking. Read from the process's own environment, never from here.
#KLR_AUTONOMY_LEVEL=2
`;

export interface ExamplePromotion {
  readonly name: string;
  readonly content: object;
}

/** Somebody saw that the archive's values could be better: this is what makes D-REAM look for the best. */
export function examplePromotions(nowMs: number): readonly ExamplePromotion[] {
  return [
    {
      name: "archive_block_size.json",
      content: {
        schema: "v1",
        id: "archive_block_size",
        timestamp: Math.floor(nowMs / 1000),
        experiment: "archive",
        fitness: 2.1,
        changes: { KLR_ARCHIVE_BLOCK_KIB: 4 },
        note: "blocks of 4 KiB archived smaller and faster than those of 1 KiB in a single try",
      },
    },
  ];
}
