import { expect, test } from "bun:test";
import { Output } from "../output.ts";
import { choosePalette } from "../view/palette.ts";
import { Redraw } from "./redraw.ts";

class Kept extends Output {
  readonly said: string[] = [];
  constructor() {
    super(-1);
  }
  override write(text: string): Promise<void> {
    this.said.push(text);
    return Promise.resolve();
  }
}

function picture(outTerminal: boolean, rows: number) {
  const out = new Kept();
  const environment = { out, outTerminal, rows: () => rows, nowMs: () => 0 };
  return { out, redraw: new Redraw({ environment, palette: choosePalette(false) }) };
}

test("on a terminal the picture is drawn over the former one, which is cleared only once", async () => {
  const { out, redraw } = picture(true, 24);
  await redraw.draw(["a", "b"]);
  await redraw.draw(["c"]);
  expect(out.said).toEqual([
    "\u001b[2J\u001b[H1970-01-01T00:00:00.000Z, Ctrl-C ends it\u001b[K\na\u001b[K\nb\u001b[K\u001b[J\n",
    "\u001b[H1970-01-01T00:00:00.000Z, Ctrl-C ends it\u001b[K\nc\u001b[K\u001b[J\n",
  ]);
});

test("what does not fit is left out of the middle", async () => {
  const { out, redraw } = picture(true, 8);
  await redraw.draw(Array.from({ length: 20 }, (_, index) => `line ${index}`));
  const shown = out.said.join("").split("\n");
  expect(shown).toHaveLength(8);
  expect(shown[3]).toContain("… 15 lines more");
  expect(shown[6]).toContain("line 19");
});

test("elsewhere one picture follows the other", async () => {
  const { out, redraw } = picture(false, 2);
  await redraw.draw(["a", "b", "c"]);
  expect(out.said).toEqual(["1970-01-01T00:00:00.000Z\na\nb\nc\n\n"]);
});
