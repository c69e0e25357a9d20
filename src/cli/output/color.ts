/** Colours for line mode: the terminal's own sixteen, which suit any theme. */

const RESET = "\x1b[0m";
const DIM = "\x1b[2m";
const MENTION = "\x1b[1;7m";
const MENTION_END = "\x1b[22;27m";
const CODE = "\x1b[36m";
const CODE_END = "\x1b[39m";
const CLOCK = "\x1b[90m";
/** Colours that are readable on black and on white. */
const NAME_COLORS = [36, 32, 33, 35, 34, 96, 92, 95, 94].map((code) => `\x1b[1;${code}m`);

export function clockColor(text: string, color: boolean): string {
  return color ? `${CLOCK}${text}${RESET}` : text;
}

export function mentionColor(text: string): string {
  return `${MENTION}${text}${MENTION_END}`;
}

export function codeColor(text: string): string {
  return `${CODE}${text}${CODE_END}`;
}

export function eventColor(text: string, color: boolean): string {
  return color ? `${DIM}${text}${RESET}` : text;
}

/** Returns the name in its colour, which is the same in every room and run. */
export function nameColor(name: string, color: boolean): string {
  if (!color) return name;
  let sum = 0;
  for (const char of name.toLowerCase()) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 9973;
  return `${NAME_COLORS[sum % NAME_COLORS.length]}${name}${RESET}`;
}
