/** Text of `policies.yaml`: the rule that this software comes with, with its cooldown. */
export function dreamRules(cooldown: string): string {
  return `version: 1
rules:
  - name: promotions-start-dream
    on: [Q_PROMOTIONS_DETECTED]
    when: facts.unacknowledged_count > 0
    subjects: facts.promotion_ids
    settled: "has(facts.cycle_success) && facts.cycle_success && has(facts.promotion_ids) ? facts.promotion_ids : []"
    emit:
      signal: Q_DREAM_TRIGGER
      facts:
        reason: unacknowledged_promotions_detected
        topic: null
        promotion_count: \${size(subjects)}
        promotion_ids: \${subjects}
        oldest_promotion_age_hours: \${facts.oldest_promotion_age_hours}
    control:
      cooldown: ${cooldown}
      singleton: {until: [Q_DEPLOYMENT_COMPLETE, Q_DREAM_TIMEOUT], limit: 35m}
`;
}
