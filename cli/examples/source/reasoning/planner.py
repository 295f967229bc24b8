"""Turns a goal into steps."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """Something that can be done, and why it is done."""

    action: str
    because: str


class Planner:
    """Works back from the goal over rules of the form effect -> (action, what it needs)."""

    def __init__(self, rules: dict[str, tuple[str, list[str]]]):
        self.rules = rules

    def plan(self, goal: str) -> list[Step]:
        """Steps in the order in which they are done. Raises KeyError for what no rule brings about."""
        steps: list[Step] = []
        self._reach(goal, "it was asked for", steps, set())
        return steps

    def _reach(self, goal: str, because: str, steps: list[Step], seen: set[str]) -> None:
        if goal in seen:
            return
        seen.add(goal)
        action, needs = self.rules[goal]
        for need in needs:
            self._reach(need, f"{action} needs it", steps, seen)
        steps.append(Step(action, because))
