import { expect, test } from "bun:test";
import { depthOf, nickRole, Palette, ROLES } from "../../../../src/cli/screen/view/palette.ts";
import type { StyledLine } from "../../../../src/cli/screen/view/style.ts";

const ALL: StyledLine = ROLES.map((role) => ({ text: role, role }));

test("uses only bold, inverse and underline without colours", () => {
  const codes = new Palette("dark", { danger: "red on blue" }, "none")
    .ansiOf(ALL)
    .match(/\x1b\[([0-9;]*)m/g);
  expect(new Set(codes)).toEqual(
    new Set(["\x1b[m", "\x1b[1m", "\x1b[7m", "\x1b[4m", "\x1b[1;7m", "\x1b[1;4m"]),
  );
});

test("emits only colours that the terminal supports", () => {
  for (const theme of ["dark", "light"] as const) {
    expect(new Palette(theme, {}, "16").ansiOf(ALL)).not.toMatch(/[34]8;/);
    expect(new Palette(theme, {}, "256").ansiOf(ALL)).not.toMatch(/[34]8;2;/);
    expect(new Palette(theme, {}, "full").ansiOf(ALL)).toMatch(/38;2;/);
  }
});

test("gives 24 names a colour at any colour depth", () => {
  for (const depth of ["16", "256", "full"] as const) {
    const palette = new Palette("light", {}, depth);
    const codes = Array.from({ length: 24 }, (_, tint) =>
      palette.ansiOf([{ text: "x", role: nickRole(tint) }]),
    );
    expect(codes.every((code) => code !== "x")).toBe(true);
    expect(new Set(codes).size).toBeGreaterThanOrEqual(depth === "full" ? 24 : 6);
  }
});

test("overrides the theme with custom colours, and ignores invalid styles", () => {
  const line: StyledLine = [{ text: "x", role: "danger" }];
  const own = (style: string) => new Palette("dark", { danger: style }, "16").ansiOf(line);
  expect(own("bold red on bright-blue")).toBe("\x1b[1;31;104mx\x1b[m");
  expect(own("#ff0000")).toBe("\x1b[91mx\x1b[m");
  expect(own("nonsense")).toBe(new Palette("dark", {}, "16").ansiOf(line));
  expect(own("")).toBe("x");
});

test("detects the colour depth from the environment", () => {
  expect(depthOf({ TERM: "xterm-256color", NO_COLOR: "1" })).toBe("none");
  expect(depthOf({ TERM: "xterm-256color", NO_COLOR: "" })).toBe("256");
  expect(depthOf({ TERM: "xterm-256color", COLORTERM: "truecolor" })).toBe("full");
  expect(depthOf({ TERM: "linux" })).toBe("16");
  expect(depthOf({ TERM: "dumb" })).toBe("none");
});
