/** Strokes and stamps on a photo, and the part of it that is visible. */

/** A place on the photo: parts of its width and height, from 0 to 1. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

interface Stroke {
  /** Index of the pen. */
  readonly pen: number;
  readonly points: readonly Point[];
  /** Word of a stamp, which has one point. */
  readonly word?: string;
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
export function startStroke(
  { strokes, undone }: Drawing,
  pen: number,
  point: Point,
  word?: string,
): Drawing {
  if (strokes.length >= STROKES_MAX) return { strokes, undone };
  const stroke = word === undefined ? { pen, points: [point] } : { pen, points: [point], word };
  return { strokes: [...strokes, stroke], undone: [] };
}

/** Makes the last stroke longer. A stamp moves. */
export function addPoint(drawing: Drawing, point: Point): Drawing {
  const last = drawing.strokes.at(-1);
  if (last === undefined || last.points.length >= POINTS_MAX) return drawing;
  const points = last.word === undefined ? [...last.points, point] : [point];
  const longer = { ...last, points };
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

/** Takes back a stroke that became a movement of two fingers. */
export function withoutLast({ strokes, undone }: Drawing): Drawing {
  return { strokes: strokes.slice(0, -1), undone };
}

/** Part of the photo that is visible: its scale and the place of its corner, in pixels. */
export interface Zoom {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export const NO_ZOOM: Zoom = { scale: 1, x: 0, y: 0 };
const ZOOM_MAX = 6;

type Fingers = readonly [Point, Point];

/**
 * Returns the zoom after two fingers have moved: what was between them stays there, and no part of
 * the frame becomes empty.
 * @param size width and height of the frame in pixels
 */
export function pinched(zoom: Zoom, from: Fingers, to: Fingers, size: Point): Zoom {
  const distance = ([a, b]: Fingers) => Math.hypot(a.x - b.x, a.y - b.y);
  const middle = ([a, b]: Fingers) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
  const wanted = (zoom.scale * distance(to)) / Math.max(1, distance(from));
  const scale = Math.min(ZOOM_MAX, Math.max(1, wanted));
  const [before, after] = [middle(from), middle(to)];
  const place = (axis: "x" | "y") => {
    const at = after[axis] - ((before[axis] - zoom[axis]) * scale) / zoom.scale;
    return Math.min(0, Math.max(size[axis] * (1 - scale), at));
  };
  return { scale, x: place("x"), y: place("y") };
}
