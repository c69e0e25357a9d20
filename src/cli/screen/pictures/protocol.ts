/** Detects a terminal's picture protocol. */

/** `kitty` draws pictures in placeholder cells; `kitty-direct` draws them at the cursor. */
export type PictureProtocol = "kitty" | "kitty-direct" | "iterm2" | "sixel";

export interface PictureTerminal {
  readonly protocol: PictureProtocol | undefined;
  readonly cell: { readonly width: number; readonly height: number };
}

type Env = Readonly<Record<string, string | undefined>>;

/** Query for the cell size and the window size, in pixels. */
export const CELL_QUERY = "\x1b[16t\x1b[14t";
/** Query for the terminal's name, kitty support and the sizes of CELL_QUERY. */
export const PICTURE_QUERY = `\x1b[>q\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\${CELL_QUERY}`;

const DEVICE_ATTRIBUTES = /\x1b\[\?([\d;]*)c/;
const CELL = /\x1b\[6;(\d{1,4});(\d{1,4})t/;
const WINDOW = /\x1b\[4;(\d{1,5});(\d{1,5})t/;
const NAME = /\x1bP>\|([^\x1b\x07]*)/;
/** Attribute for sixel support in the answer to DA1. */
const SIXEL_FEATURE = "4";
/**
 * Cell size in pixels for terminals that do not report it. It is smaller than most cells, so that a
 * sixel picture does not extend beyond its cells.
 */
const CELL_DEFAULT = { width: 8, height: 16 };
const CELL_PIXELS_MAX = 200;
/** Terminals with placeholder cells; kitty has them since 0.28. */
const PLACEHOLDER_TERMINALS = /^(?:kitty\((?:0\.(?:2[89]|[3-9]\d|\d{3,})|[1-9])|ghostty)/i;
/**
 * Terminals with the iTerm2 protocol in which text erases the picture below it. Konsole is not
 * included, because it keeps the picture.
 */
const ITERM = /^(?:iterm|wezterm|mintty)/i;

/** tmux, screen and zellij forward pictures without their position. */
export function isMultiplexed(env: Env): boolean {
  const hasVariable = ["TMUX", "STY", "ZELLIJ"].some((name) => (env[name] ?? "") !== "");
  return hasVariable || /^(?:screen|tmux)/.test(env["TERM"] ?? "");
}

/**
 * @param answers concatenated answers to PICTURE_QUERY, with the answer to DA1 last
 * @param size size of the screen in cells
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

export function kittyOf(answers: string, env: Env): PictureProtocol {
  // In a multiplexer, only placeholder cells appear at the right position.
  return isMultiplexed(env) || PLACEHOLDER_TERMINALS.test(nameOf(answers, env))
    ? "kitty"
    : "kitty-direct";
}

/**
 * The reported name has priority over the environment, which may come from a different terminal.
 */
function nameOf(answers: string, env: Env): string {
  const [, name = ""] = NAME.exec(answers) ?? [];
  return name === "" ? (env["TERM_PROGRAM"] ?? env["LC_TERMINAL"] ?? "") : name;
}

/**
 * Returns the smaller of the reported cell size and the window size divided by the number of cells.
 * A terminal may round a cell of 9.6 pixels up to 10, whereas the window size is exact.
 */
function cellOf(
  answers: string,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): PictureTerminal["cell"] {
  const [, height = "", width = ""] = CELL.exec(answers) ?? [];
  const [, windowHeight = "", windowWidth = ""] = WINDOW.exec(answers) ?? [];
  const replies = [
    { width: Number(width), height: Number(height) },
    {
      width: Math.floor(Number(windowWidth) / columns),
      height: Math.floor(Number(windowHeight) / rows),
    },
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
