/** Lets timers, sockets and watches have their turn. */
export async function yieldTurn(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
