/** Colours for roles, from the theme, the user's colours and the terminal's colour depth. */

import { TINTS } from "../../../core/model/tint.ts";
import { isAppendOnly } from "../../../io/terminal/terminal-type.ts";
import type { TerminalSettings } from "../../../ui/settings.ts";
import { pictureAttributes } from "../pictures/cells.ts";
import type { Span, StyledLine } from "./style.ts";

/** Styles by role: dark theme, light theme, and terminals without colours. */
const STYLES = {
  text: ["", "", ""],
  dim: ["#8b95a1|8", "#5a6470|8", ""],
  accent: ["#58c99b|10", "#0b6e4f|2", ""],
  danger: ["#ff8a80|9", "#b3261e|1", "bold"],
  bar: ["#e6e9ec|15 on #2a3340|4", "#1b1f24|0 on #dde3e9|7", "inverse"],
  "bar-dim": ["#a9b4c0|7 on #2a3340|4", "#4d5763|0 on #dde3e9|7", "inverse"],
  "bar-good": ["#58c99b|10 on #2a3340|4", "#0b6e4f|2 on #dde3e9|7", "inverse"],
  "bar-bad": ["bold #ff8a80|9 on #2a3340|4", "bold #b3261e|1 on #dde3e9|7", "bold inverse"],
  rule: ["#4a5460|8", "#c3cad1|8", ""],
  day: ["#8b95a1|8", "#5a6470|8", ""],
  unread: ["bold #ff8a80|9", "bold #b3261e|1", "bold"],
  event: ["#8b95a1|8", "#5a6470|8", ""],
  quote: ["#8b95a1|8", "#5a6470|8", ""],
  mark: ["#8b95a1|8", "#5a6470|8", ""],
  pending: ["#8b95a1|8", "#5a6470|8", ""],
  link: ["underline #7fb8f5|12", "underline #0b5cad|4", "underline"],
  code: ["#e0b072|11", "#7a4a00|3", "bold"],
  mention: ["#58c99b|10", "#0b6e4f|2", "bold"],
  call: ["bold #1b1f24|0 on #f5c451|3", "bold #1b1f24|0 on #ffd866|11", "bold inverse"],
  hit: ["bold #1b1f24|0 on #f5c451|3", "bold #1b1f24|0 on #ffd866|11", "bold underline"],
  reaction: ["#a3adb8|7", "#4d5763|8", ""],
  "reaction-own": ["bold #58c99b|10", "bold #0b6e4f|2", "bold"],
  file: ["bold #7fb8f5|12", "bold #0b5cad|4", "bold"],
  progress: ["#58c99b|10", "#0b6e4f|2", ""],
  selected: ["on #33465c|4", "on #cfe3f7|7", "inverse"],
  shown: ["on #3a3218|8", "on #fff6dd|7", "underline"],
  open: ["bold #ffffff|15 on #33465c|4", "bold #000000|0 on #cfe3f7|7", "bold inverse"],
  busy: ["bold", "bold", "bold"],
  count: ["bold", "bold", "bold"],
  calls: ["bold #1b1f24|0 on #f5c451|3", "bold #1b1f24|0 on #ffd866|11", "bold inverse"],
  online: ["#58c99b|10", "#0b6e4f|2", ""],
  prompt: ["bold #58c99b|10", "bold #0b6e4f|2", "bold"],
  title: ["bold", "bold", "bold"],
} as const satisfies Record<string, readonly [dark: string, light: string, plain: string]>;

type NickRole = `nick-${number}`;

export type ColourRole = keyof typeof STYLES | NickRole;

export const ROLES: readonly ColourRole[] = [
  ...(Object.keys(STYLES) as (keyof typeof STYLES)[]),
  ...TINTS.map((_, tint) => nickRole(tint)),
];

export function nickRole(tint: number): NickRole {
  return `nick-${tint}`;
}

function isNick(role: ColourRole): role is NickRole {
  return role.startsWith("nick-");
}

function roleStyle(role: ColourRole, theme: TerminalSettings["theme"], isPlain: boolean): string {
  const [dark, light, plain] = isNick(role)
    ? ([...(TINTS[Number(role.slice("nick-".length))] ?? TINTS[0]), "bold"] as const)
    : STYLES[role];
  if (isPlain) return plain;
  return theme === "light" ? light : dark;
}

/** With `none`, only bold, inverse and underlined text is used. */
export type ColorDepth = "none" | "16" | "256" | "full";

const MARKS = {
  bold: "1",
  dim: "2",
  italic: "3",
  underline: "4",
  inverse: "7",
  strike: "9",
} as const;

type Style = { readonly [Mark in keyof typeof MARKS]?: boolean } & {
  readonly fg?: Color;
  readonly bg?: Color;
};

type Rgb = readonly [number, number, number];

interface Color {
  readonly rgb: Rgb | undefined;
  readonly basic: number;
}

const COLOR_NAMES = "black red green yellow blue magenta cyan white".split(" ");
/** xterm's sixteen colours, for finding the nearest one. */
const BASIC_COLORS = (
  "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5 " +
  "7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff"
)
  .split(" ")
  .map(rgbOf);
const CUBE_LEVELS = [0, 95, 135, 175, 215, 255] as const;
const COLOR = /^(?:#([0-9a-f]{6})(?:\|(\d{1,2}))?|(bright-)?([a-z]+))$/;

/**
 * Parses a style such as `bold`, `underline #58c99b`, `red on #202020` or `bright-blue`.
 * `undefined` if the style is invalid.
 */
export function readStyle(text: string): Style | undefined {
  const style: { -readonly [Key in keyof Style]: Style[Key] } = {};
  let target: "fg" | "bg" = "fg";
  for (const word of text.toLowerCase().split(/\s+/)) {
    if (word === "") continue;
    if (word === "on") target = "bg";
    else if (isMark(word)) style[word] = true;
    else {
      const color = readColor(word);
      if (color === undefined || style[target] !== undefined) return undefined;
      style[target] = color;
    }
  }
  return style;
}

function isMark(word: string): word is keyof typeof MARKS {
  return Object.hasOwn(MARKS, word);
}

function readColor(word: string): Color | undefined {
  const [, hex, basic, bright, name] = COLOR.exec(word) ?? [];
  if (hex !== undefined) {
    const rgb = rgbOf(hex);
    return { rgb, basic: basic === undefined ? nearest(rgb) : Number(basic) % 16 };
  }
  const at = COLOR_NAMES.indexOf(name ?? "");
  return at < 0 ? undefined : { rgb: undefined, basic: at + (bright === undefined ? 0 : 8) };
}

function rgbOf(hex: string): Rgb {
  const number = Number.parseInt(hex, 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}

function leastOf(distances: readonly number[]): number {
  return distances.indexOf(Math.min(...distances));
}

function nearest([r, g, b]: Rgb): number {
  return leastOf(BASIC_COLORS.map(([r2, g2, b2]) => (r - r2) ** 2 + (g - g2) ** 2 + (b - b2) ** 2));
}

function cubeStep(value: number): number {
  return leastOf(CUBE_LEVELS.map((level) => Math.abs(level - value)));
}

function colorCode({ rgb, basic }: Color, depth: ColorDepth, isBackground: boolean): string {
  if (rgb === undefined || depth === "16") {
    return `${(basic < 8 ? 30 : 82) + basic + (isBackground ? 10 : 0)}`;
  }
  const code = isBackground ? "48" : "38";
  if (depth === "full") return `${code};2;${rgb.join(";")}`;
  const [r, g, b] = rgb;
  const spread = Math.max(r, g, b) - Math.min(r, g, b);
  const gray = Math.round((r + g + b) / 3);
  const isGray = spread < 12 && gray > 3 && gray < 243;
  const index = isGray
    ? 232 + Math.min(23, Math.round((gray - 8) / 10))
    : 16 + 36 * cubeStep(r) + 6 * cubeStep(g) + cubeStep(b);
  return `${code};5;${index}`;
}

function sgrOf(style: Style, depth: ColorDepth): string {
  const marks = Object.keys(MARKS) as (keyof typeof MARKS)[];
  const codes: string[] = marks.filter((mark) => style[mark]).map((mark) => MARKS[mark]);
  if (depth !== "none" && style.fg !== undefined) codes.push(colorCode(style.fg, depth, false));
  if (depth !== "none" && style.bg !== undefined) codes.push(colorCode(style.bg, depth, true));
  return codes.length === 0 ? "" : `\x1b[${codes.join(";")}m`;
}

export function depthOf(env: Readonly<Record<string, string | undefined>>): ColorDepth {
  if ((env["NO_COLOR"] ?? "") !== "" || isAppendOnly(env)) return "none";
  if (/truecolor|24bit/i.test(env["COLORTERM"] ?? "")) return "full";
  const term = env["TERM"] ?? "";
  if (/direct|kitty|ghostty|alacritty|wezterm/.test(term)) return "full";
  return /256|tmux|screen/.test(term) ? "256" : "16";
}

const RESET = "\x1b[m";

export class Palette {
  readonly #styles: ReadonlyMap<ColourRole, Style>;
  readonly #codes = new Map<string, string>();

  /**
   * @param userStyles styles by role, which override the theme; unknown roles and invalid styles
   * are skipped
   */
  constructor(
    theme: TerminalSettings["theme"],
    userStyles: Readonly<Record<string, string>>,
    private readonly depth: ColorDepth,
  ) {
    const styles = ROLES.map((role) => {
      const chosen = Object.hasOwn(userStyles, role)
        ? readStyle(userStyles[role] ?? "")
        : undefined;
      return [role, chosen ?? readStyle(roleStyle(role, theme, depth === "none")) ?? {}] as const;
    });
    this.#styles = new Map(styles);
  }

  /** @param under background role of the whole line */
  ansiOf(line: StyledLine, under?: ColourRole): string {
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

  #codeOf(span: Span, under: ColourRole | undefined): string {
    const { role, bold = false, italic = false, strike = false, picture } = span;
    if (picture !== undefined) return `\x1b[${pictureAttributes(picture.id)}m`;
    // The other styles of a role stay, so only those that are set may be in the object.
    const spanStyle = {
      ...(bold && { bold }),
      ...(italic && { italic }),
      ...(strike && { strike }),
    };
    const marks = Object.keys(spanStyle).join();
    if (role === undefined && marks === "" && under === undefined) return "";
    const key = `${under ?? ""}/${role ?? ""}/${marks}`;
    const cached = this.#codes.get(key);
    if (cached !== undefined) return cached;
    const below = under === undefined ? {} : (this.#styles.get(under) ?? {});
    const above = role === undefined ? {} : (this.#styles.get(role) ?? {});
    const code = sgrOf({ ...below, ...above, ...spanStyle }, this.depth);
    this.#codes.set(key, code);
    return code;
  }
}
