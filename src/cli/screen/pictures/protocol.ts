/** Which pictures a terminal can show: by its name, and by what it answers. */

/**
 * `kitty` shows pictures wherever their cells are. `kitty-direct` is what other terminals have of
 * the same protocol: they are painted at a place, and taken away again by their number.
 */
export type PictureProtocol = "kitty" | "kitty-direct" | "iterm2" | "sixel";

/** What is known of a terminal. */
export interface PictureTerminal {
  /** Undefined: it shows no pictures. */
  readonly protocol: PictureProtocol | undefined;
  /** Pixels of a cell. */
  readonly cell: { readonly width: number; readonly height: number };
}

type Env = Readonly<Record<string, string | undefined>>;

/** How large is a cell, and the window? */
export const CELL_QUERY = "\x1b[16t\x1b[14t";
/** What is its name, and does it speak the protocol of kitty? */
export const PICTURE_QUERY = `\x1b[>q\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\${CELL_QUERY}`;

const DEVICE_ATTRIBUTES = /\x1b\[\?([\d;]*)c/;
const CELL = /\x1b\[6;(\d{1,4});(\d{1,4})t/;
const WINDOW = /\x1b\[4;(\d{1,5});(\d{1,5})t/;
const NAME = /\x1bP>\|([^\x1b\x07]*)/;
/** In the answer of DA1. */
const SIXEL_FEATURE = "4";
/** Smaller than most: where the size is unknown, a picture of sixel stays within its place. */
const CELL_DEFAULT = { width: 8, height: 16 };
const CELL_PIXELS_MAX = 200;
/** Terminals that place pictures by cells: kitty from 0.28 on. Others have no cells for them. */
const PLACING = /^(?:kitty\((?:0\.(?:2[89]|[3-9]\d|\d{3,})|[1-9])|ghostty)/i;
/** A picture of these is gone where something else is written; Konsole leaves it there. */
const ITERM = /^(?:iterm|wezterm|mintty)/i;

/** tmux, screen, zellij: what they hand on they do not place. */
export function isMultiplexed(env: Env): boolean {
  const isTold = ["TMUX", "STY", "ZELLIJ"].some((name) => (env[name] ?? "") !== "");
  return isTold || /^(?:screen|tmux)/.test(env["TERM"] ?? "");
}

/**
 * @param answers to PICTURE_QUERY, one after the other, and at last that to DA1
 * @param size of the screen, in cells
 */
export function pictureTerminal(
  answers: string,
  env: Env,
  size: { readonly columns: number; readonly rows: number },
): PictureTerminal {
  return { protocol: protocolOf(answers, env), cell: cellOf(answers, size) };
}

function protocolOf(answers: string, env: Env): PictureProtocol | undefined {
  if (isMultiplexed(env)) return undefined;
  const name = nameOf(answers, env);
  if (ITERM.test(name)) return "iterm2";
  if (/\x1b_Gi=31;OK/.test(answers)) return kittyOf(answers, env);
  const [, features = ""] = DEVICE_ATTRIBUTES.exec(answers) ?? [];
  return features.split(";").slice(1).includes(SIXEL_FEATURE) ? "sixel" : undefined;
}

/** Of the protocols of kitty the one that this terminal speaks, if it speaks any. */
export function kittyOf(answers: string, env: Env): PictureProtocol {
  // What is inside of another terminal has cells, and that one alone has places.
  return isMultiplexed(env) || PLACING.test(nameOf(answers, env)) ? "kitty" : "kitty-direct";
}

/** The name that it tells counts more: the environment may be that of another terminal. */
function nameOf(answers: string, env: Env): string {
  const [, told = ""] = NAME.exec(answers) ?? [];
  return told === "" ? (env["TERM_PROGRAM"] ?? env["LC_TERMINAL"] ?? "") : told;
}

/** The smaller of what it says: a cell of 9.6 pixels is told as 10, and as a part of the window. */
function cellOf(
  answers: string,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): PictureTerminal["cell"] {
  const [, height = "", width = ""] = CELL.exec(answers) ?? [];
  const [, high = "", wide = ""] = WINDOW.exec(answers) ?? [];
  const told = [
    { width: Number(width), height: Number(height) },
    { width: Math.floor(Number(wide) / columns), height: Math.floor(Number(high) / rows) },
  ].filter(isCell);
  if (told.length === 0) return CELL_DEFAULT;
  return {
    width: Math.min(...told.map((cell) => cell.width)),
    height: Math.min(...told.map((cell) => cell.height)),
  };
}

function isCell({ width, height }: PictureTerminal["cell"]): boolean {
  return [width, height].every((side) => side >= 2 && side <= CELL_PIXELS_MAX);
}
