import { expect, test } from "bun:test";
import {
  addPoint,
  NO_DRAWING,
  NO_ZOOM,
  pinched,
  redone,
  startStroke,
  undone,
  withoutLast,
} from "../../../src/ui/desk/drawing.ts";

const POINT = { x: 0.5, y: 0.25 };

test("takes strokes back, and again until a new one begins", () => {
  const one = addPoint(startStroke(NO_DRAWING, 0, POINT), { x: 1, y: 1 });
  const two = startStroke(one, 2, POINT);
  expect(undone(two).strokes).toEqual(one.strokes);
  expect(redone(undone(two))).toEqual(two);
  expect(undone(undone(undone(two))).strokes).toEqual([]);
  expect(redone(redone(undone(undone(two))))).toEqual(two);
  expect(redone(two)).toEqual(two);
  expect(startStroke(undone(two), 1, POINT).undone).toEqual([]);
});

test("bounds strokes and points", () => {
  let drawing = NO_DRAWING;
  for (let i = 0; i < 600; i++) drawing = startStroke(drawing, 0, POINT);
  expect(drawing.strokes).toHaveLength(500);
  for (let i = 0; i < 3_000; i++) drawing = addPoint(drawing, POINT);
  expect(drawing.strokes.at(-1)?.points).toHaveLength(2_000);
  expect(addPoint(NO_DRAWING, POINT)).toEqual(NO_DRAWING);
});

test("a stamp has one place, which moves with the finger", () => {
  const pressed = startStroke(NO_DRAWING, 1, { x: 0.1, y: 0.1 }, "Well done");
  const moved = addPoint(pressed, { x: 0.5, y: 0.6 });
  expect(moved.strokes).toEqual([{ pen: 1, points: [{ x: 0.5, y: 0.6 }], word: "Well done" }]);
  expect(withoutLast(moved)).toEqual(NO_DRAWING);
});

test("two fingers keep what is between them, and leave no empty edge", () => {
  const size = { x: 400, y: 200 };
  const from = [
    { x: 150, y: 100 },
    { x: 250, y: 100 },
  ] as const;
  const wide = [
    { x: 100, y: 100 },
    { x: 300, y: 100 },
  ] as const;
  const twice = pinched(NO_ZOOM, from, wide, size);
  expect(twice).toEqual({ scale: 2, x: -200, y: -100 });
  expect(pinched(twice, wide, from, size)).toEqual(NO_ZOOM);
  const corner = [
    { x: 0, y: 0 },
    { x: 200, y: 0 },
  ] as const;
  expect(pinched(twice, from, corner, size).scale).toBe(4);
  // Fingers on one point, and far beyond the greatest zoom.
  const point = [corner[0], corner[0]] as const;
  expect(pinched(NO_ZOOM, point, wide, size).scale).toBe(6);
  expect(pinched(twice, wide, point, size)).toEqual(NO_ZOOM);
  const moved = [
    { x: 900, y: 900 },
    { x: 1_100, y: 900 },
  ] as const;
  expect(pinched(twice, wide, moved, size)).toEqual({ scale: 2, x: 0, y: 0 });
});
