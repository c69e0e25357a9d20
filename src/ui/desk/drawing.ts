/** Strokes drawn on a photo. */

/** A place on the photo: parts of its width and height, from 0 to 1. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

interface Stroke {
  /** Index of the pen. */
  readonly pen: number;
  readonly points: readonly Point[];
}

export interface Drawing {
  readonly strokes: readonly Stroke[];
  /** Strokes that were taken back, the last one first. */
  readonly undone: readonly Stroke[];
}

export const NO_DRAWING: Drawing = { strokes: [], undone: [] };

const STROKES_MAX = 500;
const POINTS_MAX = 2_000;

/** A drawing with the maximum of strokes takes no more. */
export function startStroke({ strokes, undone }: Drawing, pen: number, point: Point): Drawing {
  if (strokes.length >= STROKES_MAX) return { strokes, undone };
  return { strokes: [...strokes, { pen, points: [point] }], undone: [] };
}

export function addPoint(drawing: Drawing, point: Point): Drawing {
  const last = drawing.strokes.at(-1);
  if (last === undefined || last.points.length >= POINTS_MAX) return drawing;
  const longer = { ...last, points: [...last.points, point] };
  return { ...drawing, strokes: [...drawing.strokes.slice(0, -1), longer] };
}

export function undone({ strokes, undone: before }: Drawing): Drawing {
  const last = strokes.at(-1);
  if (last === undefined) return { strokes, undone: before };
  return { strokes: strokes.slice(0, -1), undone: [last, ...before] };
}

export function redone({ strokes, undone: before }: Drawing): Drawing {
  const [next, ...rest] = before;
  return next === undefined
    ? { strokes, undone: before }
    : { strokes: [...strokes, next], undone: rest };
}
