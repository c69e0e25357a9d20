/** Which pictures a terminal can show: by its name, and by what it answers. */

export type PictureProtocol = "kitty" | "iterm2" | "sixel";

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
/** Terminals that place pictures by cells. Others speak kitty's protocol without that. */
const PLACING = /^(?:kitty|ghostty)/i;
const ITERM = /^(?:iterm|wezterm|konsole|mintty)/i;

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
  const [, told = ""] = NAME.exec(answers) ?? [];
  // The name that it tells counts more: the environment may be that of another terminal.
  const name = told === "" ? nameIn(env) : told;
  if (PLACING.test(name) && /\x1b_Gi=31;OK/.test(answers)) return "kitty";
  if (ITERM.test(name)) return "iterm2";
  const [, features = ""] = DEVICE_ATTRIBUTES.exec(answers) ?? [];
  return features.split(";").slice(1).includes(SIXEL_FEATURE) ? "sixel" : undefined;
}

function nameIn(env: Env): string {
  const has = (name: string) => (env[name] ?? "") !== "";
  const term = env["TERM"] ?? "";
  if (has("KITTY_WINDOW_ID") || term === "xterm-kitty") return "kitty";
  if (has("GHOSTTY_RESOURCES_DIR") || term === "xterm-ghostty") return "ghostty";
  if (has("KONSOLE_VERSION")) return "konsole";
  return env["TERM_PROGRAM"] ?? env["LC_TERMINAL"] ?? "";
}

function cellOf(
  answers: string,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): PictureTerminal["cell"] {
  const [, height = "", width = ""] = CELL.exec(answers) ?? [];
  const told = { width: Number(width), height: Number(height) };
  if (isCell(told)) return told;
  const [, high = "", wide = ""] = WINDOW.exec(answers) ?? [];
  const counted = {
    width: Math.floor(Number(wide) / columns),
    height: Math.floor(Number(high) / rows),
  };
  return isCell(counted) ? counted : CELL_DEFAULT;
}

function isCell({ width, height }: PictureTerminal["cell"]): boolean {
  return [width, height].every((side) => side >= 2 && side <= CELL_PIXELS_MAX);
}
