/** The rules of a home that has none of its own: what the original system's engine did, without its storm. */
export const DEFAULT_RULES_TEXT = `# yaml-language-server: $schema=policies.schema.json
#
# Rules of the policy engine: the only place where it is decided to start a major workflow.
# A changed file is read within seconds. A file with a mistake is refused as a whole, with every mistake by line and
# column (also: \`kloros policy check FILE\`), and the rules that were in force stay.
#
# A rule judges each signal named in \`on\`. It fires when \`when\` is true and no control holds it back; then \`emit\`
# is published. Every evaluation is kept, also the ones that came to nothing: \`kloros why ID\`, \`kloros why-not Q_X\`.
#
# Conditions are CEL (https://cel.dev): facts.x, signal.name, signal.source, signal.timestamp, now; ==, !=, <, <=, >, >=,
# &&, ||, !, in, size(), has(facts.x) for a fact that may be missing, .startsWith(), .matches() with RE2 patterns,
# .exists(x, …), .all(x, …), .filter(x, …), duration("15m"), timestamp("2025-11-14T10:30:00Z").
# What cannot be worked out (a fact that is missing) counts as not met, and the log says why.
# Under emit.facts a text "\${…}" is CEL; everything else is taken as it stands.
version: 1
rules:
  # Promotions wait: run a D-REAM cycle for those that are not cooling down. One cycle at a time.
  - name: promotions-start-dream
    description: Starts a D-REAM cycle when promotions wait that no cycle has considered of late.
    on: [Q_PROMOTIONS_DETECTED]
    when: facts.unacknowledged_count > 0
    # What the cooldown counts for. A sender that names no promotions is taken by its directory.
    subjects: "has(facts.promotion_ids) ? facts.promotion_ids : [facts.promotions_path]"
    # A cycle that succeeded has dealt with its promotions: a belated signal about them starts nothing.
    settled: >-
      has(facts.cycle_success) && facts.cycle_success && has(facts.promotion_ids) ? facts.promotion_ids : []
    emit:
      signal: Q_DREAM_TRIGGER
      facts:
        reason: unacknowledged_promotions_detected
        topic: null
        promotion_count: \${size(subjects)}
        oldest_promotion_age_hours: \${facts.oldest_promotion_age_hours}
        promotion_ids: "\${has(facts.promotion_ids) ? subjects : null}"
    control:
      cooldown: 15m # a promotion whose cycle failed is tried again after this
      singleton:
        until: [Q_DEPLOYMENT_COMPLETE, Q_DREAM_TIMEOUT]
        limit: 1h # should neither ever come
      rateLimit: { count: 12, per: 1h }
      # debounce: 30s
      # quietHours: { from: "22:00", to: "06:00", days: [mon, tue, wed, thu, fri] }

  # PHASE has no runner yet. Switch this on when it has one; what is not known to be undone counts as done.
  - name: open-phase-window
    description: Starts a PHASE epoch when its window is open and none ran today.
    enabled: false
    on: [Q_PHASE_WINDOW_OPEN]
    when: has(facts.phase_done_today) && !facts.phase_done_today
    emit:
      signal: Q_PHASE_TRIGGER
      facts:
        reason: phase_window_open
    control:
      cooldown: 20h
      singleton:
        until: [Q_PHASE_COMPLETE]
        limit: 8h
`;
