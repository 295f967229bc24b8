/**
 * The hand-written registry of the example: with comments, quotes and indents of its own, none of which may change when
 * modules are added. Stands here and not beside the modules so that no formatter improves it.
 */
export const EXAMPLE_REGISTRY = `# What this system can do. Entries below this line were written by hand;
# what KLoROS finds by itself is added at the end, marked auto_discovered.

reasoning:
    module: reasoning        # four spaces, on purpose
    enabled: true
    description: "Plans with reasons: every step knows why it is taken"
    provides:
        - plan
        - 'explain'
    limits: {depth: 32, steps: 500}

# Not a module of its own: spoken output comes from the operating system.
speech.output:
    module: "system.speech"
    enabled: no              # off until the loudspeaker is back
    voice:
        name: 'anna'
        speed: 1.10
    fallback_for: [audio.output]
`;
