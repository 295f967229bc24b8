/** Ends a cycle before it began. */
export class CycleRefusal extends Error {
  override readonly name = "CycleRefusal";
  readonly exit: number;
  constructor(message: string, exit: number, options?: ErrorOptions) {
    super(message, options);
    this.exit = exit;
  }
}
