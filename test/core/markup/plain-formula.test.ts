import { expect, test } from "bun:test";
import fc from "fast-check";
import { plainFormula } from "../../../src/core/markup/plain-formula.ts";

test.each([
  ["a^2 + b^2 = c^2", "a² + b² = c²"],
  [String.raw`\frac{a}{b}`, "a/b"],
  [String.raw`\dfrac{a+1}{2b}`, "(a+1)/2b"],
  [String.raw`x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}`, "x = (-b ± √(b² - 4ac))/2a"],
  [String.raw`\frac12`, "1/2"],
  [String.raw`\sqrt[3]{x}`, "³√x"],
  [String.raw`\int_0^1 x^2\,dx = \frac13`, "∫₀¹ x² dx = 1/3"],
  [String.raw`e^{i\pi} + 1 = 0`, "e^(iπ) + 1 = 0"],
  [String.raw`x_{n+1} \le \text{speed of } \alpha`, "x_(n+1) ≤ speed of α"],
  [String.raw`\left( \sin x \right)`, "( sin x )"],
  [String.raw`\begin{cases} 1 & a \\ 2 & b \end{cases}`, "1 a ; 2 b"],
  [String.raw`100\%`, "100%"],
  ["{", "{"],
  ["", ""],
])("%s", (tex, plain) => {
  expect(plainFormula(tex)).toBe(plain);
});

test("leaves a formula that is nested too deeply as typed", () => {
  for (const deep of ["{".repeat(400), "^".repeat(400), String.raw`\frac`.repeat(400)])
    expect(plainFormula(deep)).toBe(deep);
});

test("accepts any text", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^(?:\\frac|\\sqrt\[?|[{}^_\\\]a1 ]){0,60}$/), (tex) => {
      expect(plainFormula(tex).length).toBeLessThanOrEqual(4 * tex.length + 4);
    }),
  );
});
