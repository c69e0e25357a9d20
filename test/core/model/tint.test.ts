import { expect, test } from "bun:test";
import { TINTS, tintOf, tintsOf } from "../../../src/core/model/tint.ts";

const SAME_INITIALS = Array.from({ length: 60 }, (_, i) => `Bu_Sari${i}`);

test("gives a name one colour in any spelling", () => {
  expect(tintOf("Ana")).toBe(tintOf("ana"));
  expect(tintsOf(["Ana"]).get("ana")).toBe(tintOf("ana"));
});

test("uses all of at least 24 colours and no others", () => {
  const used = new Set(Array.from({ length: 500 }, (_, i) => tintOf(`user${i}`)));
  expect(TINTS.length).toBeGreaterThanOrEqual(24);
  expect([...used].sort((a, b) => a - b)).toEqual([...TINTS.keys()]);
  expect(new Set(TINTS.flat()).size).toBe(2 * TINTS.length);
});

test("gives no two people of a room the same colour while there are enough", () => {
  const names = SAME_INITIALS.slice(0, TINTS.length);
  const tints = tintsOf(names);
  expect(new Set(tints.values()).size).toBe(TINTS.length);
  // The order in which a viewer received the names does not matter.
  expect(new Map([...tintsOf(names.toReversed())].sort())).toEqual(new Map([...tints].sort()));
});

test("changes only the colour of the later name if two names collide", () => {
  const [first = "", ...others] = SAME_INITIALS.toSorted();
  const second = others.find((name) => tintOf(name) === tintOf(first)) ?? "";
  const tints = tintsOf([second, first]);
  expect(tints.get(first.toLowerCase())).toBe(tintOf(first));
  expect(tints.get(second.toLowerCase())).toBe((tintOf(second) + 1) % TINTS.length);
});

test("shares colours by name alone in a larger room", () => {
  expect(tintsOf(SAME_INITIALS).size).toBe(0);
});

test("contrasts with each background of the page", async () => {
  const css = await Bun.file("src/web/page.css").text();
  const backgrounds = ["paper", "side", "raised", "hover", "accent-soft", "call"].map((name) => {
    const [, light = "", dark = ""] =
      new RegExp(`--${name}: light-dark\\((#\\w+), (#\\w+)\\)`).exec(css) ?? [];
    return { light, dark };
  });
  for (const [onDark, onLight] of TINTS) {
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
