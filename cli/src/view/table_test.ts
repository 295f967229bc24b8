import { describe, expect, test } from "bun:test";
import { forRandomCases } from "../testing/random_cases.ts";
import { choosePalette } from "./palette.ts";
import { fit, table } from "./table.ts";

const palette = choosePalette(false);
const colours = choosePalette(true);

describe("table()", () => {
  test("aligns texts left and numbers right, under their titles", () => {
    const lines = table(
      [{ title: "NAME" }, { title: "COUNT", align: "right" }, { title: "SAYS" }],
      [
        ["audio", "5", "yes"],
        ["x", "12345", ""],
      ],
      { palette, columns: 80 },
    );
    expect(lines).toEqual(["NAME   COUNT  SAYS", "audio      5  yes", "x      12345"]);
  });

  test("measures what is seen: colours and wide characters", () => {
    const rows = [
      [colours.good("ok"), "a"],
      ["日本", "b"],
    ];
    const [, ...lines] = table([{ title: "X" }, { title: "Y" }], rows, { palette: colours, columns: 80 });
    expect(lines).toEqual([`${colours.good("ok")}    a`, "日本  b"]);
  });

  test("of nothing is nothing", () => {
    expect(table([{ title: "X" }], [], { palette, columns: 80 })).toEqual([]);
  });
});

describe("fit()", () => {
  test("never exceeds the width, whatever the text", async () => {
    const characters = ["a", " ", "日", "é", "👩‍🚀", "\u0301", "…", colours.good("x"), colours.bad("界")];
    await forRandomCases(300, (dice) => {
      const text = dice.list(50, () => dice.pick(characters)).join("");
      const width = dice.whole(1, 40);
      expect(Bun.stringWidth(fit(text, width))).toBeLessThanOrEqual(width);
    });
  });

  test("ends a colour that it cuts", () => {
    expect(fit(colours.bad("abcdef"), 4)).toBe(`${colours.bad("abc").slice(0, -4)}…\u001b[0m`);
  });

  test("leaves alone what fits", () => expect(fit("abc", 3)).toBe("abc"));
});
