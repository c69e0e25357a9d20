import { expect, test } from "bun:test";
import { qrDots, qrPath } from "../../src/base/qr.ts";

const FINDER = ["#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######"];

test("creates a square code with a quiet zone and three finder patterns", () => {
  const dots = qrDots("https://192.168.1.5:2428/#invite=abcd-efgh-ijkm");
  const rows = dots.map((row) => row.map((isDark) => (isDark ? "#" : ".")).join(""));
  expect(new Set(rows.map((row) => row.length))).toEqual(new Set([rows.length]));
  expect((rows.length - 4 - 17) % 4).toBe(0);
  for (const row of [...rows.slice(0, 2), ...rows.slice(-2)]) expect(row).not.toContain("#");
  const corner = (top: number, left: number) =>
    rows.slice(top, top + 7).map((row) => row.slice(left, left + 7));
  const far = rows.length - 9;
  for (const [top, left] of [[2, 2] as const, [2, far] as const, [far, 2] as const]) {
    expect(corner(top, left)).toEqual(FINDER);
  }
  expect(qrDots("a")).not.toEqual(qrDots("b"));
});

test("draws each dark module once, in a short path", () => {
  const text = "https://192.168.1.5:2428/#p=abcd-efgh-ijkm-nopq-rstu";
  const dots = qrDots(text);
  const { path } = qrPath(text);
  const drawn = dots.map((line) => line.map(() => 0));
  let [x, y] = [0, 0];
  for (const [, kind, first = 0, second] of path.matchAll(/([Mmh])(\d+)(?: ([\d.]+))?/g)) {
    const end = kind === "M" ? Number(first) : x + Number(first);
    if (kind === "M") y = Number(second) - 0.5;
    if (kind === "h") drawn[y]?.fill(1, x, end);
    x = end;
  }
  expect(drawn).toEqual(dots.map((row) => row.map(Number)));
  expect(path.length).toBeLessThan(3_500);
});
