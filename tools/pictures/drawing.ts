import type { Window } from "./tmux-session.ts";

/** Rendering of terminal screens as SVG. */

const REPLACEMENTS: readonly (readonly [RegExp, string])[] = [
  [/chat:\/\/127\.0\.0\.1:\d+/g, "chat://192.0.2.7:2428"],
  [/#operator=[\w-]{22}/g, "#operator=Xq3Lr9mVt0sXyB7cKJ2hFw"],
  [/(https:\/\/127\.0\.0\.1):\d+/g, "$1:2428"],
  [/(?<=offered \w+ )127\.0\.0\.1:\d+/g, "192.0.2.20:50112"],
  [/\bf[\w-]{11}(?![\w-])/g, "fq3Lr9mVt0sX"],
  [/127\.0\.0\.1:\d+ chat/g, "192.0.2.20:50112 chat"],
  [/127\.0\.0\.1:\d+ tcp/g, "192.0.2.20:50112 tcp"],
  [/127\.0\.0\.1:\d+;/, "127.0.0.1;"],
  [/((?:fp=|SHA256:))[\w-]{43}/g, "$1q3Lr9mVt0sXyB7cKJ2hFwZ4eNaQp6uTgD8iRoM1kYlE"],
  [/Its data is in \S+/g, "Its data is in ./data"],
  [/\b[A-Z][a-z]{2} \d\d?, \d{4}(?=, )/g, "Nov 21, 2026"],
  [/(?<!\d|:)\d\d:\d\d(?= |\x1b)/g, "14:05"],
];

interface TextStyle {
  readonly color: string;
  readonly background: string | undefined;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly inverse: boolean;
}

export interface Glyph {
  readonly text: string;
  readonly style: TextStyle;
}

const PLAIN: TextStyle = {
  color: "#d8dee4",
  background: undefined,
  bold: false,
  dim: false,
  inverse: false,
};
const COLORS = [
  "#484f58",
  "#ff7b72",
  "#3fb950",
  "#d29922",
  "#58a6ff",
  "#bc8cff",
  "#39c5cf",
  "#b1bac4",
];
const BRIGHT = [
  "#8b949e",
  "#ffa198",
  "#56d364",
  "#e3b341",
  "#79c0ff",
  "#d2a8ff",
  "#56d4dd",
  "#f0f6fc",
];

function paletteColor(index: number): string {
  const named = [...COLORS, ...BRIGHT][index];
  if (named !== undefined) return named;
  const hex = (value: number) => value.toString(16).padStart(2, "0");
  if (index >= 232) return `#${hex(8 + (index - 232) * 10).repeat(3)}`;
  const step = (value: number) => hex(value === 0 ? 0 : 55 + value * 40);
  const cube = index - 16;
  return `#${step(Math.floor(cube / 36))}${step(Math.floor(cube / 6) % 6)}${step(cube % 6)}`;
}

function applySgr(style: TextStyle, codes: string): TextStyle {
  let next = style;
  const numbers = codes.split(";").map(Number);
  for (let at = 0; at < numbers.length; at++) {
    const code = numbers[at] ?? 0;
    const color = COLORS[code - 30] ?? BRIGHT[code - 90];
    const background = COLORS[code - 40] ?? BRIGHT[code - 100];
    if (code === 0) next = PLAIN;
    else if (code === 1) next = { ...next, bold: true };
    else if (code === 2) next = { ...next, dim: true };
    else if (code === 7 || code === 27) next = { ...next, inverse: code === 7 };
    else if (code === 22) next = { ...next, bold: false, dim: false, inverse: false };
    else if (code === 39) next = { ...next, color: PLAIN.color };
    else if (code === 49) next = { ...next, background: undefined };
    else if (code === 38 || code === 48) {
      const visible = paletteColor(numbers[at + 2] ?? 0);
      next = code === 38 ? { ...next, color: visible } : { ...next, background: visible };
      at += 2;
    } else if (color !== undefined) next = { ...next, color };
    else if (background !== undefined) next = { ...next, background };
  }
  return next;
}

export function parseRows(lines: readonly string[], columns: number): Glyph[][] {
  const rows: Glyph[][] = [];
  let style = PLAIN;
  for (const line of lines) {
    const replaced = REPLACEMENTS.reduce((text, [pattern, by]) => text.replace(pattern, by), line);
    const glyphs: Glyph[] = [];
    for (const segment of replaced.split(/(\x1b\[[\d;]*m)/)) {
      const codes = /^\x1b\[([\d;]*)m$/.exec(segment)?.[1];
      if (codes !== undefined) style = applySgr(style, codes);
      else for (const text of segment) glyphs.push({ text, style: style });
    }
    while (glyphs.at(-1)?.text === " " && glyphs.at(-1)?.style.background === undefined)
      glyphs.pop();
    do rows.push(glyphs.splice(0, columns));
    while (glyphs.length > 0);
  }
  return rows;
}

const FONT_SIZE = 13;
const COLUMN_WIDTH = 7.83;
export const ROW_HEIGHT = 18;
const PADDING = 12;
const TITLE_HEIGHT = 28;
export const GAP = 14;
const BACKGROUND = "#0d1117";

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Each run of one style has its own x position, so that any monospace font is aligned. */
export function drawRow(row: readonly Glyph[], x: number, y: number): string {
  const runs: { text: string; style: TextStyle; column: number }[] = [];
  let column = 0;
  for (const { text, style } of row) {
    const last = runs.at(-1);
    // A blank keeps the colour of earlier content, which differs between runs.
    const isBlank = text === " " && hasNoBackground(style);
    const isSame =
      last?.style === style || (isBlank && last !== undefined && hasNoBackground(last.style));
    if (last !== undefined && isSame) last.text += text;
    else runs.push({ text, style: isBlank ? PLAIN : style, column });
    column += Bun.stringWidth(text);
  }
  return runs
    .map(({ text, style, column: at }) => {
      const drawn = resolveColors(style);
      const visible = drawn.background === undefined ? text.trimEnd() : text;
      return drawRun(visible, drawn, x + at * COLUMN_WIDTH, y);
    })
    .filter((drawn) => drawn !== "")
    .join("\n");
}

function hasNoBackground({ background, inverse }: TextStyle): boolean {
  return background === undefined && !inverse;
}

function resolveColors(style: TextStyle): TextStyle {
  if (!style.inverse) return style;
  return { ...style, color: style.background ?? BACKGROUND, background: style.color };
}

function drawRun(text: string, style: TextStyle, x: number, y: number): string {
  if (text.trim() === "" && style.background === undefined) return "";
  const at = x.toFixed(1);
  const columns = Bun.stringWidth(text) * COLUMN_WIDTH;
  const width = columns.toFixed(1);
  const bold = style.bold ? ' font-weight="bold"' : "";
  const dim = style.dim ? ' opacity="0.65"' : "";
  const position = `x="${at}" y="${y}" textLength="${width}"`;
  // Browsers collapse ordinary spaces. `textLength` stretches the run to its width.
  const visible = escapeXml(text).replaceAll(" ", "\u00a0");
  const element = `<text ${position} fill="${style.color}"${bold}${dim}>${visible}</text>`;
  if (style.background === undefined) return element;
  // Overlaps the next box, because browsers show a gap between boxes that only touch.
  const wide = (columns + 0.5).toFixed(1);
  const box = `x="${at}" y="${y - FONT_SIZE}" width="${wide}" height="${ROW_HEIGHT}"`;
  const filled = `<rect ${box} fill="${style.background}"/>`;
  return text.trim() === "" ? filled : filled + element;
}

export function drawCursor(column: number): string {
  const at = `x="${(column * COLUMN_WIDTH).toFixed(1)}" y="${-FONT_SIZE}"`;
  return `<rect ${at} width="${COLUMN_WIDTH}" height="${ROW_HEIGHT}" fill="#6e7681"/>`;
}

export interface Frame {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
}

export function drawFrame(window: Window, x: number, y: number): Frame {
  const width = window.columns * COLUMN_WIDTH + 2 * PADDING;
  const height = TITLE_HEIGHT + window.rows * ROW_HEIGHT + PADDING;
  const dots = ["#ff5f57", "#febc2e", "#28c840"].map(
    (color, i) => `<circle cx="${x + 16 + i * 16}" cy="${y + 14}" r="5" fill="${color}"/>`,
  );
  const middle = `x="${x + width / 2}" y="${y + 19}" text-anchor="middle"`;
  const svg = [
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8" fill="${BACKGROUND}"/>`,
    ...dots,
    `<text ${middle} fill="#8b949e">${window.title}</text>`,
  ].join("\n");
  return { svg, width, height, left: x + PADDING, top: y + TITLE_HEIGHT + FONT_SIZE + 1 };
}

export function renderSvg(
  title: string,
  width: number,
  height: number,
  elements: readonly string[],
): string {
  const fonts = "'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace";
  const [wide, high] = [Math.ceil(width), Math.ceil(height)];
  const size = `viewBox="0 0 ${wide} ${high}" width="${wide}" height="${high}"`;
  const font = `font-family="${fonts}" font-size="${FONT_SIZE}"`;
  const head = `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${font}>`;
  const visibleElements = elements.filter((segment) => segment !== "");
  return [head, `<title>${title}</title>`, ...visibleElements, "</svg>", ""].join("\n");
}
