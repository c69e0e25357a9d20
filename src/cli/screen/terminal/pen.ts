/** Cell appearance: SGR attributes, links, and the shortest change between two pens. */

export interface Pen {
  /** SGR parameters of each slot; empty for the terminal's default. */
  readonly slots: readonly string[];
  /** OSC 8 parameters and address, such as `;https://...`; empty if there is no link. */
  readonly link: string;
  /** Equal for all pens with the same appearance. */
  readonly key: string;
  /** Whether a blank cell with this pen looks different from an erased cell. */
  readonly isVisibleOnBlank: boolean;
}

/**
 * Resets for bold, dim, italic, underline, blink, inverse, hidden, strike, and the foreground,
 * background and underline colours.
 */
const RESET_CODES = ["22", "22", "23", "24", "25", "27", "28", "29", "39", "49", "59"] as const;
const BOLD = 0;
const DIM = 1;
const UNDERLINE = 3;
const INVERSE = 5;
const STRIKE = 7;
const FOREGROUND = 8;
const BACKGROUND = 9;
const LINE_COLOR = 10;

const VISIBLE_ON_BLANK = [UNDERLINE, INVERSE, STRIKE, BACKGROUND];

const PENS_MAX = 1_000;

export const PLAIN: Pen = {
  slots: RESET_CODES.map(() => ""),
  link: "",
  key: "\n",
  isVisibleOnBlank: false,
};

/** Cache of pens, keyed by the previous pen and the SGR parameters applied to it. */
export class Pens {
  readonly #pens = new Map<string, Pen>();

  after(pen: Pen, parameters: string): Pen {
    const key = `${pen.key}\n${parameters}`;
    const next = this.#pens.get(key) ?? penAfter(pen, parameters);
    if (this.#pens.size >= PENS_MAX) this.#pens.clear();
    this.#pens.set(key, next);
    return next;
  }
}

/**
 * @param parameters SGR parameters between `CSI` and `m`
 * @internal
 */
export function penAfter(pen: Pen, parameters: string): Pen {
  const slots = [...pen.slots];
  const codes = parameters.split(";");
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? "";
    const number = Number.parseInt(code, 10) || 0;
    const slot = slotOf(number);
    if (number === 0) slots.fill("");
    else if (slot === undefined) resetSlots(slots, number);
    else if (slot >= FOREGROUND && number % 10 === 8 && number < 60 && !code.includes(":")) {
      const length = codes[at + 1] === "2" ? 5 : 3;
      slots[slot] = codes.slice(at, at + length).join(";");
      at += length - 1;
    } else slots[slot] = code;
  }
  return penOf(slots, pen.link);
}

export function penWithLink(pen: Pen, link: string): Pen {
  return penOf(pen.slots, link.endsWith(";") ? "" : link);
}

export function penChange(from: Pen, to: Pen): string {
  if (from.key === to.key) return "";
  const link = from.link === to.link ? "" : `\x1b]8;${to.link === "" ? ";" : to.link}\x1b\\`;
  return link + attributeChange(from.slots, to.slots);
}

function attributeChange(from: readonly string[], to: readonly string[]): string {
  if (from.every((slot, i) => slot === to[i])) return "";
  const set = to.filter((slot) => slot !== "");
  const full = `\x1b[${set.length === 0 ? "" : ["0", ...set].join(";")}m`;
  const resets = new Set(RESET_CODES.filter((_, i) => from[i] !== "" && to[i] === ""));
  const added = to.filter((slot, i) => {
    const wasReset = (i === BOLD || i === DIM) && resets.has("22");
    return slot !== "" && (slot !== from[i] || wasReset);
  });
  const changed = `\x1b[${[...resets, ...added].join(";")}m`;
  return changed.length < full.length ? changed : full;
}

function penOf(slots: readonly string[], link: string): Pen {
  const key = `${slots.join(" ").trimEnd()}\n${link}`;
  if (key === PLAIN.key) return PLAIN;
  const isVisibleOnBlank = link !== "" || VISIBLE_ON_BLANK.some((slot) => slots[slot] !== "");
  return { slots, link, key, isVisibleOnBlank };
}

function slotOf(code: number): number | undefined {
  if (code >= 1 && code <= 5) return code - 1;
  if (code === 6) return 4;
  if (code >= 7 && code <= 9) return code - 2;
  if (code === 21) return UNDERLINE;
  if ((code >= 30 && code <= 38) || (code >= 90 && code <= 97)) return FOREGROUND;
  if ((code >= 40 && code <= 48) || (code >= 100 && code <= 107)) return BACKGROUND;
  return code === 58 ? LINE_COLOR : undefined;
}

function resetSlots(slots: string[], code: number): void {
  for (const [slot, off] of RESET_CODES.entries()) if (Number(off) === code) slots[slot] = "";
}
