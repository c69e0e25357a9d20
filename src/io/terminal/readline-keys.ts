/** Translation of keys for readline, which types the rest of a sequence that it does not know. */

const KITTY = /^\x1b\[(\d+)(?::(\d*)(?::\d*)?)?(?:;(\d*)(?::(\d))?)?(?:;([\d:]*))?u$/;
/** Format of xterm's modifyOtherKeys. */
const MODIFIED = /^\x1b\[27;(\d+);(\d+)~$/;
/** Arrows, Home, End, Shift-Tab and editing keys, with modifiers. */
const KNOWN = /^\x1b(?:\[(?:1;\d+)?[A-DFHZ]|\[[1-8](?:;\d+)?~|O[A-DFH])$/;
const SEQUENCE = /^\x1b(?:\[|O.)/;

const RELEASED = "3";
const [SHIFT, ALT, CTRL] = [1, 2, 4];
const OTHER_MODIFIERS = 8 | 16 | 32;
/** Private use area that kitty assigns to keys. */
const [KEYS_FROM, KEYS_TO] = [57_344, 63_743];
const [KEYPAD_0, KEYPAD_9, KEYPAD_ENTER] = [57_399, 57_408, 57_414];
const [TAB, ENTER, ESCAPE, BACKSPACE] = [9, 13, 27, 127];

/** @returns an empty text for a key that does nothing, such as a mouse report */
export function readlineKey(sequence: string): string {
  if (!SEQUENCE.test(sequence) || KNOWN.test(sequence)) return sequence;
  const [, modifiers, code] = MODIFIED.exec(sequence) ?? [];
  if (code !== undefined) return keyOf(Number(code), undefined, Number(modifiers));
  const kitty = KITTY.exec(sequence);
  if (kitty === null) return "";
  const [, key = "", shifted = "", held = "", event = "", texts = ""] = kitty;
  if (event === RELEASED) return "";
  const text = texts.split(":").filter(Boolean).map(Number);
  if (text.length > 0 && text.every(isPrintable)) return String.fromCodePoint(...text);
  return keyOf(Number(key), shifted === "" ? undefined : Number(shifted), Number(held || "1"));
}

function keyOf(code: number, shifted: number | undefined, held: number): string {
  const modifiers = Math.max(0, held - 1);
  const has = (modifier: number) => (modifiers & modifier) !== 0;
  if (has(OTHER_MODIFIERS) || code === ESCAPE) return "";
  if (code === ENTER || code === KEYPAD_ENTER) return "\r";
  if (code === TAB) return has(SHIFT) ? "\x1b[Z" : "\t";
  if (code === BACKSPACE) return has(CTRL) || has(ALT) ? "\x17" : "\x7f";
  if (code >= KEYPAD_0 && code <= KEYPAD_9) return String(code - KEYPAD_0);
  if (!isPrintable(code) || (code >= KEYS_FROM && code <= KEYS_TO)) return "";
  const letter = String.fromCodePoint(code);
  if (has(CTRL)) return /^[a-z]$/i.test(letter) ? String.fromCharCode(code & 0x1f) : "";
  const character = has(SHIFT) ? String.fromCodePoint(shifted ?? code) : letter;
  const typed = has(SHIFT) && shifted === undefined ? character.toUpperCase() : character;
  return has(ALT) ? `\x1b${typed}` : typed;
}

function isPrintable(code: number): boolean {
  const isControl = code < 0x20 || (code >= 0x7f && code < 0xa0);
  return !isControl && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}
