/** Functions on which searches are compared. Each has its minimum 0 at a point of the grid. */
export interface TestFunction {
  readonly name: string;
  readonly dimensions: number;
  /** Of each parameter, as dream.yaml writes it. */
  readonly range: string;
  /** JavaScript, of an array x. */
  readonly body: string;
  /** The minimum is on the grid and can be met exactly. */
  readonly isGrid: boolean;
}

const TENTHS = "{min: -5.0, max: 5.0, step: 0.1}";

export const TEST_FUNCTIONS: readonly TestFunction[] = [
  {
    name: "sphere",
    dimensions: 3,
    range: TENTHS,
    body: "x.reduce((sum, v) => sum + (v - 1.1) ** 2, 0)",
    isGrid: true,
  },
  {
    name: "rastrigin",
    dimensions: 2,
    range: TENTHS,
    body: "x.reduce((sum, v) => sum + 10 + v * v - 10 * Math.cos(2 * Math.PI * v), 0)",
    isGrid: true,
  },
  {
    name: "rosenbrock",
    dimensions: 2,
    range: "{min: -2.0, max: 2.0, step: 0.1}",
    body: "100 * (x[1] - x[0] * x[0]) ** 2 + (1 - x[0]) ** 2",
    isGrid: true,
  },
  {
    name: "ackley",
    dimensions: 3,
    range: TENTHS,
    body:
      "20 + Math.E - 20 * Math.exp(-0.2 * Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / x.length))" +
      " - Math.exp(x.reduce((sum, v) => sum + Math.cos(2 * Math.PI * v), 0) / x.length)",
    isGrid: true,
  },
  {
    name: "sphere5",
    dimensions: 5,
    range: "{min: -5.0, max: 5.0}",
    body: "x.reduce((sum, v) => sum + (v - 1.1) ** 2, 0)",
    isGrid: false,
  },
];

/** The module that measures them; \`function\` is a parameter with one value. */
export function evaluatorModule(): string {
  const bodies = TEST_FUNCTIONS.map(({ name, body }) => `  ${name}: (x) => ${body},`).join("\n");
  return `const functions = {\n${bodies}\n};
export function evaluate({ function: name, ...params }) {
  return { value: functions[name](Object.values(params)) };
}
export function burn({ rounds, part }) {
  let sum = part;
  for (let index = 0; index < rounds; index += 1) sum = (sum * 16807 + index) % 2147483647;
  return { value: sum };
}
`;
}
