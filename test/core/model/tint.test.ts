import { expect, test } from "bun:test";
import { TINTS, tintOf } from "../../../src/core/model/tint.ts";

test("gives a name one colour in any spelling", () => {
  expect(tintOf("Ana")).toBe(tintOf("ana"));
});

test("uses all of at least 24 colours and no others", () => {
  const used = new Set(Array.from({ length: 500 }, (_, i) => tintOf(`user${i}`)));
  expect(TINTS.length).toBeGreaterThanOrEqual(24);
  expect([...used].sort((a, b) => a - b)).toEqual([...TINTS.keys()]);
  expect(new Set(TINTS.flat()).size).toBe(2 * TINTS.length);
});

test("contrasts with each background of the page", async () => {
  const files = ["tokens", "colours"].map((name) =>
    Bun.file(`src/web/view/kit/${name}.css`).text(),
  );
  const css = (await Promise.all(files)).join("");
  const coloursOf = (name: string) => {
    const [, light = "", dark = ""] =
      new RegExp(`--${name}: light-dark\\((#\\w+), (#\\w+)\\)`).exec(css) ?? [];
    return { light, dark };
  };
  const backgrounds = ["paper", "paper-2", "call-paper"].map(coloursOf);
  const inks = Array.from({ length: 12 }, (_, i) => coloursOf(`ink-${i + 1}-text`));
  for (const { dark: onDark, light: onLight } of inks) {
    for (const { light, dark } of backgrounds) {
      expect(contrast(onLight, light)).toBeGreaterThanOrEqual(4.5);
      expect(contrast(onDark, dark)).toBeGreaterThanOrEqual(4.5);
    }
  }
});

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
