import { expect, test } from "bun:test";
import { addPoint, NO_DRAWING, redone, startStroke, undone } from "../../../src/ui/desk/drawing.ts";

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
