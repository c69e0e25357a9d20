/** Colours of roles: themes, a user's own colours, and what a terminal supports. */

import type { TerminalSettings } from "../../../ui/settings.ts";
import { pictureAttributes } from "../pictures/cells.ts";
import { type Line, ROLES, type Role, type Span } from "./style.ts";

/** Colours that the terminal supports; `none`: only bold, inverse and underline. */
export type ColorDepth = "none" | "16" | "256" | "full";

export interface Style {
  readonly fg?: Color;
  readonly bg?: Color;
  readonly bold?: boolean;
  readonly dim?: boolean;
  readonly italic?: boolean;
  readonly underline?: boolean;
  readonly inverse?: boolean;
  readonly strike?: boolean;
}

/** An RGB colour, and one of the terminal's own sixteen. */
interface Color {
  /** `undefined`: only one of the sixteen. */
  readonly rgb: readonly [number, number, number] | undefined;
  readonly basic: number;
}

type Table = Readonly<Record<Role, string>>;

const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;
/** The values of xterm, for finding the nearest to a user's own colour. */
const BASIC: readonly (readonly [number, number, number])[] = [
  [0, 0, 0],
  [205, 0, 0],
  [0, 205, 0],
  [205, 205, 0],
  [0, 0, 238],
  [205, 0, 205],
  [0, 205, 205],
  [229, 229, 229],
  [127, 127, 127],
  [255, 0, 0],
  [0, 255, 0],
  [255, 255, 0],
  [92, 92, 255],
  [255, 0, 255],
  [0, 255, 255],
  [255, 255, 255],
];
const LEVELS = [0, 95, 135, 175, 215, 255] as const;
const COLOR = /^(?:#([0-9a-f]{6})(?:\|(\d{1,2}))?|(bright-)?([a-z]+))$/;

const DARK: Table = {
  text: "",
  dim: "#8b95a1|8",
  accent: "#58c99b|10",
  danger: "#ff8a80|9",
  bar: "#e6e9ec|15 on #2a3340|4",
  "bar-dim": "#a9b4c0|7 on #2a3340|4",
  "bar-good": "#58c99b|10 on #2a3340|4",
  "bar-bad": "bold #ff8a80|9 on #2a3340|4",
  rule: "#4a5460|8",
  day: "#8b95a1|8",
  unread: "bold #ff8a80|9",
  event: "#8b95a1|8",
  quote: "#8b95a1|8",
  mark: "#8b95a1|8",
  pending: "#8b95a1|8",
  link: "underline #7fb8f5|12",
  code: "#e0b072|11",
  mention: "#58c99b|10",
  call: "bold #1b1f24|0 on #f5c451|3",
  reaction: "#a3adb8|7",
  "reaction-own": "bold #58c99b|10",
  file: "bold #7fb8f5|12",
  progress: "#58c99b|10",
  selected: "on #33465c|4",
  shown: "on #3a3218|8",
  open: "bold #ffffff|15 on #33465c|4",
  busy: "bold",
  count: "bold #e6e9ec|15",
  calls: "bold #1b1f24|0 on #f5c451|3",
  online: "#58c99b|10",
  prompt: "bold #58c99b|10",
  title: "bold",
  "nick-0": "#f0a37f|11",
  "nick-1": "#6fd0bf|14",
  "nick-2": "#cba0f2|13",
  "nick-3": "#8fc0f5|12",
  "nick-4": "#f29ac2|5",
  "nick-5": "#bcd46a|10",
  "nick-6": "#b0b0f5|6",
};

const LIGHT: Table = {
  ...DARK,
  dim: "#5a6470|8",
  accent: "#0b6e4f|2",
  danger: "#b3261e|1",
  bar: "#1b1f24|0 on #dde3e9|7",
  "bar-dim": "#4d5763|0 on #dde3e9|7",
  "bar-good": "#0b6e4f|2 on #dde3e9|7",
  "bar-bad": "bold #b3261e|1 on #dde3e9|7",
  rule: "#c3cad1|8",
  day: "#5a6470|8",
  unread: "bold #b3261e|1",
  event: "#5a6470|8",
  quote: "#5a6470|8",
  mark: "#5a6470|8",
  pending: "#5a6470|8",
  link: "underline #0b5cad|4",
  code: "#7a4a00|3",
  mention: "#0b6e4f|2",
  call: "bold #1b1f24|0 on #ffd866|11",
  reaction: "#4d5763|8",
  "reaction-own": "bold #0b6e4f|2",
  file: "bold #0b5cad|4",
  progress: "#0b6e4f|2",
  selected: "on #cfe3f7|7",
  shown: "on #fff6dd|7",
  open: "bold #000000|0 on #cfe3f7|7",
  count: "bold #1b1f24|0",
  calls: "bold #1b1f24|0 on #ffd866|11",
  online: "#0b6e4f|2",
  prompt: "bold #0b6e4f|2",
  "nick-0": "#9a3412|1",
  "nick-1": "#0f6b5c|6",
  "nick-2": "#6d28a8|5",
  "nick-3": "#1d5fa8|4",
  "nick-4": "#9d1f5f|13",
  "nick-5": "#4d6600|2",
  "nick-6": "#5b5bb5|12",
};

/** Used where colours are disabled or unsupported. */
const PLAIN: Table = {
  ...(Object.fromEntries(ROLES.map((role) => [role, ""])) as Table),
  bar: "inverse",
  "bar-dim": "inverse",
  "bar-good": "inverse",
  "bar-bad": "bold inverse",
  unread: "bold",
  link: "underline",
  code: "bold",
  call: "bold inverse",
  mention: "bold",
  "reaction-own": "bold",
  file: "bold",
  selected: "inverse",
  shown: "underline",
  open: "bold inverse",
  busy: "bold",
  count: "bold",
  calls: "bold inverse",
  danger: "bold",
  prompt: "bold",
  title: "bold",
  ...(Object.fromEntries(
    ROLES.filter((role) => role.startsWith("nick-")).map((role) => [role, "bold"]),
  ) as Partial<Table>),
};

const THEMES: Readonly<Record<TerminalSettings["theme"], Table>> = { dark: DARK, light: LIGHT };

/**
 * Reads `bold`, `underline #58c99b`, `red on #202020`, `bright-blue`.
 * @returns `undefined` if it is invalid
 */
export function readStyle(text: string): Style | undefined {
  const style: { -readonly [Key in keyof Style]: Style[Key] } = {};
  let place: "fg" | "bg" = "fg";
  for (const word of text.toLowerCase().split(/\s+/)) {
    switch (word) {
      case "":
        break;
      case "on":
        place = "bg";
        break;
      case "bold":
      case "dim":
      case "italic":
      case "underline":
      case "inverse":
      case "strike":
        style[word] = true;
        break;
      default: {
        const color = readColor(word);
        if (color === undefined || style[place] !== undefined) return undefined;
        style[place] = color;
      }
    }
  }
  return style;
}

function readColor(word: string): Color | undefined {
  const [, hex, basic, bright, name] = COLOR.exec(word) ?? [];
  if (hex !== undefined) {
    const number = Number.parseInt(hex, 16);
    const rgb = [number >> 16, (number >> 8) & 255, number & 255] as const;
    return { rgb, basic: basic === undefined ? nearest(rgb, BASIC) : Number(basic) % 16 };
  }
  const at = (NAMES as readonly (string | undefined)[]).indexOf(name);
  return at < 0 ? undefined : { rgb: undefined, basic: at + (bright === undefined ? 0 : 8) };
}

function nearest(
  [r, g, b]: readonly [number, number, number],
  table: readonly (readonly [number, number, number])[],
): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [i, [r2, g2, b2]] of table.entries()) {
    const distance = (r - r2) ** 2 + (g - g2) ** 2 + (b - b2) ** 2;
    if (distance >= least) continue;
    least = distance;
    best = i;
  }
  return best;
}

/** The nearest step of xterm's colour cube. */
function step(value: number): number {
  let best = 0;
  for (const [i, level] of LEVELS.entries()) {
    if (Math.abs(level - value) < Math.abs((LEVELS[best] ?? 0) - value)) best = i;
  }
  return best;
}

function colorCode({ rgb, basic }: Color, depth: ColorDepth, isBack: boolean): string {
  if (rgb === undefined || depth === "16") {
    return `${(basic < 8 ? 30 : 82) + basic + (isBack ? 10 : 0)}`;
  }
  const lead = isBack ? "48" : "38";
  if (depth === "full") return `${lead};2;${rgb.join(";")}`;
  const [r, g, b] = rgb;
  const spread = Math.max(r, g, b) - Math.min(r, g, b);
  const gray = Math.round((r + g + b) / 3);
  const isGray = spread < 12 && gray > 3 && gray < 243;
  const code = isGray
    ? 232 + Math.min(23, Math.round((gray - 8) / 10))
    : 16 + 36 * step(r) + 6 * step(g) + step(b);
  return `${lead};5;${code}`;
}

function sgrOf(style: Style, depth: ColorDepth): string {
  const codes: string[] = [];
  if (style.bold) codes.push("1");
  if (style.dim) codes.push("2");
  if (style.italic) codes.push("3");
  if (style.underline) codes.push("4");
  if (style.inverse) codes.push("7");
  if (style.strike) codes.push("9");
  if (depth !== "none" && style.fg !== undefined) codes.push(colorCode(style.fg, depth, false));
  if (depth !== "none" && style.bg !== undefined) codes.push(colorCode(style.bg, depth, true));
  return codes.length === 0 ? "" : `\x1b[${codes.join(";")}m`;
}

/** @param env environment of the process */
export function depthOf(env: Readonly<Record<string, string | undefined>>): ColorDepth {
  if ((env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb") return "none";
  if (/truecolor|24bit/i.test(env["COLORTERM"] ?? "")) return "full";
  const term = env["TERM"] ?? "";
  if (/direct|kitty|ghostty|alacritty|wezterm/.test(term)) return "full";
  return /256|tmux|screen/.test(term) ? "256" : "16";
}

const RESET = "\x1b[m";

/** One theme for one terminal. */
export class Palette {
  readonly #styles: ReadonlyMap<Role, Style>;
  readonly #depth: ColorDepth;
  /** Keyed by background role and role. Bounded by the pairs of roles. */
  readonly #codes = new Map<string, string>();

  /** @param own by role, over the theme's; unknown roles and invalid styles are skipped */
  constructor(
    theme: TerminalSettings["theme"],
    own: Readonly<Record<string, string>>,
    depth: ColorDepth,
  ) {
    const table = depth === "none" ? PLAIN : THEMES[theme];
    const styles = ROLES.map((role) => {
      const chosen = Object.hasOwn(own, role) ? readStyle(own[role] ?? "") : undefined;
      return [role, chosen ?? readStyle(table[role]) ?? {}] as const;
    });
    this.#styles = new Map(styles);
    this.#depth = depth;
  }

  /** @param under role of the whole line, whose background applies to all of it */
  ansiOf(line: Line, under?: Role): string {
    let text = "";
    let last = "";
    for (const span of line) {
      if (span.text === "") continue;
      const code = this.#codeOf(span, under);
      if (code !== last) {
        if (last !== "") text += RESET;
        text += code;
        last = code;
      }
      const { link } = span;
      text += link === undefined ? span.text : `\x1b]8;;${link}\x07${span.text}\x1b]8;;\x07`;
    }
    return last === "" ? text : text + RESET;
  }

  #codeOf(span: Span, under: Role | undefined): string {
    const { role, bold = false, italic = false, strike = false, picture } = span;
    if (picture !== undefined) return `\x1b[${pictureAttributes(picture.id)}m`;
    const own = { ...(bold && { bold }), ...(italic && { italic }), ...(strike && { strike }) };
    const marks = Object.keys(own).join();
    if (role === undefined && marks === "" && under === undefined) return "";
    const key = `${under ?? ""}/${role ?? ""}/${marks}`;
    const known = this.#codes.get(key);
    if (known !== undefined) return known;
    const below = under === undefined ? {} : (this.#styles.get(under) ?? {});
    const above = role === undefined ? {} : (this.#styles.get(role) ?? {});
    const code = sgrOf({ ...below, ...above, ...own }, this.#depth);
    this.#codes.set(key, code);
    return code;
  }
}
