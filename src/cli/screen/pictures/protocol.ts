/** Detects the picture protocol of a terminal from its name and its answers. */

/**
 * `kitty` draws pictures wherever their cells are. `kitty-direct` is the subset of the protocol in
 * other terminals: pictures are drawn at a position and removed by their number.
 */
export type PictureProtocol = "kitty" | "kitty-direct" | "iterm2" | "sixel";

/** Picture support of a terminal. */
export interface PictureTerminal {
  /** `undefined` if it shows no pictures. */
  readonly protocol: PictureProtocol | undefined;
  /** Pixels of a cell. */
  readonly cell: { readonly width: number; readonly height: number };
}

type Env = Readonly<Record<string, string | undefined>>;

/** Queries the size of a cell and of the window. */
export const CELL_QUERY = "\x1b[16t\x1b[14t";
/** Queries the terminal's name, and support of the kitty protocol. */
export const PICTURE_QUERY = `\x1b[>q\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\${CELL_QUERY}`;

const DEVICE_ATTRIBUTES = /\x1b\[\?([\d;]*)c/;
const CELL = /\x1b\[6;(\d{1,4});(\d{1,4})t/;
const WINDOW = /\x1b\[4;(\d{1,5});(\d{1,5})t/;
const NAME = /\x1bP>\|([^\x1b\x07]*)/;
/** In the answer of DA1. */
const SIXEL_FEATURE = "4";
/** Smaller than most: if the size is unknown, a sixel picture stays within its cells. */
const CELL_DEFAULT = { width: 8, height: 16 };
const CELL_PIXELS_MAX = 200;
/** Terminals that support placeholder cells: kitty from 0.28 on. */
const PLACEHOLDER_TERMINALS = /^(?:kitty\((?:0\.(?:2[89]|[3-9]\d|\d{3,})|[1-9])|ghostty)/i;
/** In these terminals writing over a picture erases it; Konsole leaves it there. */
const ITERM = /^(?:iterm|wezterm|mintty)/i;

/** tmux, screen, zellij: they pass pictures on without placing them. */
export function isMultiplexed(env: Env): boolean {
  const hasVariable = ["TMUX", "STY", "ZELLIJ"].some((name) => (env[name] ?? "") !== "");
  return hasVariable || /^(?:screen|tmux)/.test(env["TERM"] ?? "");
}

/**
 * @param answers to PICTURE_QUERY, concatenated, and last the one to DA1
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

/** The variant of the kitty protocol that this terminal supports, if any. */
export function kittyOf(answers: string, env: Env): PictureProtocol {
  // Inside a multiplexer only placeholder cells have a position.
  return isMultiplexed(env) || PLACEHOLDER_TERMINALS.test(nameOf(answers, env))
    ? "kitty"
    : "kitty-direct";
}

/** The reported name has priority: the environment may be that of another terminal. */
function nameOf(answers: string, env: Env): string {
  const [, name = ""] = NAME.exec(answers) ?? [];
  return name === "" ? (env["TERM_PROGRAM"] ?? env["LC_TERMINAL"] ?? "") : name;
}

/**
 * The smaller of both answers: a cell of 9.6 pixels is reported as 10, and also as a fraction of
 * the window.
 */
function cellOf(
  answers: string,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): PictureTerminal["cell"] {
  const [, height = "", width = ""] = CELL.exec(answers) ?? [];
  const [, high = "", wide = ""] = WINDOW.exec(answers) ?? [];
  const replies = [
    { width: Number(width), height: Number(height) },
    { width: Math.floor(Number(wide) / columns), height: Math.floor(Number(high) / rows) },
  ].filter(isCell);
  if (replies.length === 0) return CELL_DEFAULT;
  return {
    width: Math.min(...replies.map((cell) => cell.width)),
    height: Math.min(...replies.map((cell) => cell.height)),
  };
}

function isCell({ width, height }: PictureTerminal["cell"]): boolean {
  return [width, height].every((side) => side >= 2 && side <= CELL_PIXELS_MAX);
}
