/**
 * Decoder for terminal input: UTF-8 text, CSI and SS3 sequences, and the keyboard protocols of
 * xterm, rxvt, Linux and kitty.
 */

import { PASTE_BYTES_MAX } from "../../../base/limits-page.ts";
import {
  SCREEN_ESC_MS,
  SCREEN_LATE_ENTER_MS,
  SCREEN_LATE_SEQUENCE_MS,
  TERMINAL_SEQUENCE_BYTES_MAX,
} from "../../../base/limits-screen.ts";
import { PasteSplitter, type Typed } from "../../../io/terminal/paste.ts";

export interface Key {
  /**
   * Key with modifiers in the order `super-ctrl-alt-shift-`, such as `a`, `A`, `enter` or
   * `ctrl-alt-left`; or an event: `text` (several characters), `paste`, `paste-oversize`,
   * `untype` (removes text that proved to be the beginning of a paste), `focus-in`, `focus-out`,
   * `scroll-up`, `scroll-down`, `click` or `report` (a terminal's answer).
   */
  readonly name: string;
  /**
   * Typed or pasted text, a report's escape sequence, or a mouse position (`COLUMN;ROW`, from 0).
   */
  readonly text: string;
}

/** Whether the key types its text. */
export function isTextKey({ name, text }: Key): boolean {
  return text !== "" && (name === text || name === "text" || name === "space");
}

const ESC = 0x1b;
const DEL = 0x7f;
const BEL = 0x07;
/** CAN and SUB, which cancel an unfinished escape sequence. */
const CANCELS: ReadonlySet<number> = new Set([0x18, 0x1a]);

/** Parses rows of the form `KEY NAME`, separated by two spaces. */
export function table(rows: string): Readonly<Record<string, string>> {
  return Object.fromEntries(rows.split("  ").map((row) => row.split(" ")));
}

const CONTROLS = table(
  "0 ctrl-space  9 tab  13 enter  28 ctrl-\\  29 ctrl-]  30 ctrl-^  31 ctrl-_",
);

/** Keyed by the final byte of a CSI or SS3 sequence. */
const FINALS = table(
  "A up  B down  C right  D left  E begin  F end  H home  P f1  Q f2  R f3  S f4",
);

/** Application-mode keypad, keyed by the final byte of an SS3 sequence. */
const KEYPAD = table(
  "M enter  I tab  X =  j *  k +  l ,  m -  n .  o /  p 0  q 1  r 2  s 3  t 4  u 5  v 6  " +
    "w 7  x 8  y 9",
);

/** Keyed by the first parameter of `CSI … ~`. */
const TILDES = table(
  "1 home  2 insert  3 delete  4 end  5 pageup  6 pagedown  7 home  8 end  11 f1  12 f2  " +
    "13 f3  14 f4  15 f5  17 f6  18 f7  19 f8  20 f9  21 f10  23 f11  24 f12  29 menu",
);

/** Keyed by the code point in `CSI … u`, for keys that type no character. */
const FUNCTIONAL = table(
  "9 tab  13 enter  27 esc  32 space  127 backspace  57409 .  57410 /  57411 *  57412 -  " +
    "57413 +  57414 enter  57415 =  57416 ,  57417 left  57418 right  57419 up  57420 down  " +
    "57421 pageup  57422 pagedown  57423 home  57424 end  57425 insert  57426 delete  " +
    "57427 begin  57363 menu",
);
const KEYPAD_0 = 57399;
/** Private use area that kitty assigns to keys. Keys in it without a name type no text. */
const PRIVATE = [57344, 63743] as const;
const FIRST_FUNCTION_KEY = 57376;
const LAST_FUNCTION_KEY = 57398;

const SHIFT = 1;
const ALT = 2;
const CTRL = 4;
const SUPER = 8;
const HYPER = 16;
const META = 32;
const RELEASED = 3;

type Skipping = "csi" | "string";

/**
 * Input may be split at any byte. Time identifies only an Esc key: an unfinished sequence or
 * character is held until further bytes decide, however slowly they arrive. Buffers at most
 * TERMINAL_SEQUENCE_BYTES_MAX and one paste of PASTE_BYTES_MAX.
 */
export class KeyDecoder {
  readonly #pastes = new PasteSplitter(true);
  #buffered: Uint8Array = new Uint8Array(0);
  #skipping: Skipping | undefined;
  /** Bytes after an Esc key, which may continue it as a late sequence. */
  #afterEsc: Uint8Array | undefined;
  /** Whether the Esc key was found so recently that nobody can have pressed Enter since. */
  #isJustEsc = false;

  /**
   * Time without further bytes after which the caller must `flush`; `undefined` if only further
   * bytes decide.
   */
  get timeoutMs(): number | undefined {
    if (this.#pastes.isAmbiguous || this.#isEsc) return SCREEN_ESC_MS;
    // A sequence that has begun is held until further bytes decide.
    if (this.#afterEsc === undefined || this.#afterEsc.length > 0) return undefined;
    return this.#isJustEsc ? SCREEN_LATE_ENTER_MS : SCREEN_LATE_SEQUENCE_MS;
  }

  feed(bytes: Uint8Array): readonly Key[] {
    const before = this.#afterEsc;
    if (before === undefined || bytes.length === 0) return this.#decode(bytes);
    const all = Buffer.concat([before, bytes]);
    this.#afterEsc = undefined;
    const text = all.toString("latin1");
    const isAltEnter = this.#isJustEsc && text === "\r";
    this.#isJustEsc = false;
    const isLong = all.length > TERMINAL_SEQUENCE_BYTES_MAX;
    if (isAltEnter || isLong || LATE_SEQUENCE.test(text)) {
      return this.#decode(Buffer.concat([ESCAPE, all]));
    }
    if (!LATE_BEGINNING.test(text)) return this.#decode(all);
    this.#afterEsc = all;
    return [];
  }

  /** Call when `timeoutMs` has passed without further bytes. */
  flush(): readonly Key[] {
    if (this.#pastes.isAmbiguous)
      return this.#pastes.release().flatMap((part) => this.#keysOfInput(part));
    if (this.#isEsc) {
      const count = this.#held.length;
      this.#buffered = new Uint8Array(0);
      this.#pastes.dropBeginning();
      this.#afterEsc = new Uint8Array(0);
      this.#isJustEsc = true;
      return Array.from({ length: count }, () => named("esc"));
    }
    if (this.#isJustEsc) this.#isJustEsc = false;
    else if (this.#afterEsc?.length === 0) this.#afterEsc = undefined;
    return [];
  }

  get #held(): Uint8Array {
    return Buffer.concat([this.#buffered, this.#pastes.beginning]);
  }

  /** Whether the input ends with an Esc key, or two, or with the beginning of a sequence. */
  get #isEsc(): boolean {
    const held = this.#held;
    return held.length > 0 && held.every((byte) => byte === ESC);
  }

  #decode(bytes: Uint8Array): readonly Key[] {
    return this.#pastes.push(bytes).flatMap((part) => this.#keysOfInput(part));
  }

  #keysOfInput(input: Typed): readonly Key[] {
    switch (input.kind) {
      case "paste":
        return [{ name: "paste", text: input.text }];
      case "oversize":
        return [{ name: "paste-oversize", text: String(PASTE_BYTES_MAX) }];
      default:
        return this.#keys(input.bytes);
    }
  }

  #keys(read: Uint8Array): readonly Key[] {
    const [first = 0] = this.#buffered;
    // The rest of a character never arrived, so its beginning is dropped.
    if (first >= 0x80 && !isContinuation(read[0])) this.#buffered = new Uint8Array(0);
    const keys: Key[] = [];
    if (isAltKey(this.#buffered, read)) {
      keys.push(withAlt(typing(String.fromCharCode(this.#buffered[1] ?? 0))));
      this.#buffered = new Uint8Array(0);
    }
    const bytes = this.#buffered.length === 0 ? read : Buffer.concat([this.#buffered, read]);
    this.#buffered = new Uint8Array(0);
    let at = this.#skipping === undefined ? 0 : this.#skipped(bytes, this.#skipping);
    while (at < bytes.length) {
      const step = stepAt(bytes, at);
      if (step === "more") {
        this.#buffer(bytes.subarray(at));
        break;
      }
      keys.push(...step.keys);
      at = step.end;
    }
    return keys;
  }

  #buffer(bytes: Uint8Array): void {
    if (bytes.length <= TERMINAL_SEQUENCE_BYTES_MAX) this.#buffered = bytes.slice();
    else this.#skipping = bytes[1] === CSI ? "csi" : "string";
  }

  /** Returns the position behind the rest of a sequence that is too long. */
  #skipped(bytes: Uint8Array, skipping: Skipping): number {
    const isCsi = skipping === "csi";
    const at = bytes.findIndex((byte) => (isCsi ? !isParameter(byte) : endsString(byte)));
    if (at < 0) return bytes.length;
    this.#skipping = undefined;
    const end = bytes[at] ?? 0;
    if (isCsi) return isFinal(end) ? at + 1 : at;
    if (end === ESC) return bytes[at + 1] === ST ? at + 2 : at;
    return end === BEL || CANCELS.has(end) ? at + 1 : at;
  }
}

const ESCAPE = Uint8Array.of(ESC);
const CSI = 0x5b;
/** Second byte of the string terminator `ESC \`. */
const ST = 0x5c;

/**
 * Rest of a sequence whose Esc arrived earlier: a key, or the beginning of a terminal's answer.
 * Users do not type such texts.
 */
const LATE_SEQUENCE = new RegExp(
  [
    "^(?:\\[[<>?]?[\\d;:]*(?:\\$y|[A-IMO-SZcmntu~])|O[A-DFHP-S]",
    "|\\]\\d{1,4};|P(?:[>!]\\||[01][+$]r)|_Gi=)",
  ].join(""),
);
const LATE_BEGINNING = /^(?:\[[<>?]?[\d;:]*\$?|O|\]\d{0,4}|P(?:[>!]|[01][+$]?)?|_G?i?)$/;

const STRING_BEGINNING = /^\x1b[\]P_^X]$/;
/** Beginnings of a terminal's answers. After a pause, other text is typed after an Alt key. */
const ANSWER_BEGINNING = /^\x1b(?:\]\d|P[\d>+!$|=?]|_G)/;

function isAltKey(buffered: Uint8Array, read: Uint8Array): boolean {
  const text = Buffer.from(buffered).toString("latin1");
  const next = String.fromCharCode(read[0] ?? 0);
  return STRING_BEGINNING.test(text) && !ANSWER_BEGINNING.test(text + next);
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x80 && byte < 0xc0;
}

function isParameter(byte: number): boolean {
  return byte >= 0x20 && byte < 0x40;
}

function isFinal(byte: number): boolean {
  return byte >= 0x40 && byte <= 0x7e;
}

/** A control character ends a string, so that Enter and Ctrl-C work after an unfinished one. */
function endsString(byte: number): boolean {
  return byte < 0x20;
}

interface Step {
  readonly keys: readonly Key[];
  readonly end: number;
}

type StepResult = Step | "more";

function stepAt(bytes: Uint8Array, at: number): StepResult {
  const byte = bytes[at] ?? 0;
  if (byte === ESC) return escapeAt(bytes, at);
  if (byte < 0x20 || byte === DEL) return { keys: [control(byte)], end: at + 1 };
  return textAt(bytes, at);
}

function textAt(bytes: Uint8Array, at: number): StepResult {
  let end = at;
  while (end < bytes.length && isText(bytes[end] ?? 0)) end++;
  const completeLength = end === bytes.length ? completeEnd(bytes, at, end) : end;
  if (completeLength === at) return "more";
  return { keys: characters(decoded(bytes.subarray(at, completeLength))), end: completeLength };
}

function isText(byte: number): boolean {
  return byte >= 0x20 && byte !== DEL;
}

function completeEnd(bytes: Uint8Array, from: number, end: number): number {
  for (let at = end - 1; at >= from && at >= end - 3; at--) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x80) return end;
    if (byte < 0xc0) continue;
    return at + sizeOf(byte) > end ? at : end;
  }
  return end;
}

function sizeOf(first: number): number {
  if (first >= 0xf0 && first < 0xf5) return 4;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xc2 && first < 0xe0 ? 2 : 1;
}

/** Removes C1 control characters, which no keyboard sends. */
function decoded(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true })
    .decode(bytes)
    .replaceAll(/[\x80-\x9f]/g, "")
    .replaceAll(/[\u2028\u2029]/g, "\n");
}

function characters(text: string): readonly Key[] {
  if (text === "") return [];
  const [first = "", ...more] = text;
  if (more.length > 0) return [{ name: "text", text }];
  return [{ name: first === " " ? "space" : first, text: first }];
}

function control(byte: number): Key {
  if (byte === DEL) return named("backspace");
  return named(CONTROLS[byte] ?? `ctrl-${String.fromCharCode(byte + 0x60)}`);
}

function named(name: string): Key {
  return { name, text: "" };
}

function escapeAt(bytes: Uint8Array, at: number): StepResult {
  const next = bytes[at + 1];
  if (next === undefined) return "more";
  switch (String.fromCharCode(next)) {
    case "[":
      return csiAt(bytes, at);
    case "O":
      return ss3At(bytes, at);
    case "]":
    case "P":
    case "_":
    case "^":
    case "X":
      return stringAt(bytes, at);
    case "\x1b":
      return doubleEscapeAt(bytes, at);
    default:
      return metaAt(bytes, at + 1);
  }
}

/** `ESC ESC …` is either an rxvt key with Alt, or Esc pressed twice. */
function doubleEscapeAt(bytes: Uint8Array, at: number): StepResult {
  const third = bytes[at + 2];
  if (third === undefined) return "more";
  if (third !== 0x5b && third !== 0x4f) return { keys: [named("esc")], end: at + 1 };
  const step = escapeAt(bytes, at + 1);
  if (step === "more") return step;
  return { keys: step.keys.map(withAlt), end: step.end };
}

function metaAt(bytes: Uint8Array, at: number): StepResult {
  const byte = bytes[at] ?? 0;
  if (byte < 0x20 || byte === DEL) return { keys: [withAlt(control(byte))], end: at + 1 };
  const size = sizeOf(byte);
  for (let next = at + 1; next < at + size; next++) {
    if (next === bytes.length) return "more";
    if (!isContinuation(bytes[next])) return { keys: [], end: next };
  }
  const [key] = characters(decoded(bytes.subarray(at, at + size)));
  return { keys: key === undefined ? [] : [withAlt(key)], end: at + size };
}

function withAlt({ name, text }: Key): Key {
  if (name === "report" || /^(?:click$|scroll-|focus-)/.test(name)) return { name, text };
  const [, first = "", base = ""] = /^((?:super-)?(?:ctrl-)?)(?:alt-)?(.*)$/s.exec(name) ?? [];
  return named(`${first}alt-${base}`);
}

function ss3At(bytes: Uint8Array, at: number): StepResult {
  // Some terminals insert the modifiers before the final byte, as in ESC O 5 A.
  const digit = bytes[at + 2] ?? 0;
  const isModified = digit >= 0x31 && digit <= 0x39;
  const final = bytes[at + (isModified ? 3 : 2)];
  if (final === undefined) return "more";
  const end = at + (isModified ? 4 : 3);
  const finalChar = String.fromCharCode(final);
  const name = FINALS[finalChar];
  const modifiers = isModified ? digit - 0x31 : 0;
  if (name !== undefined) return { keys: [chord(name, modifiers)], end };
  const pad = KEYPAD[finalChar];
  if (pad !== undefined) return { keys: [pad.length > 1 ? named(pad) : typing(pad)], end };
  // Alt-O, followed by typed text.
  return { keys: [named("alt-O")], end: at + 2 };
}

function typing(character: string): Key {
  return { name: character, text: character };
}

function csiAt(bytes: Uint8Array, at: number): StepResult {
  if (bytes[at + 2] === 0x5b) return linuxAt(bytes, at);
  if (bytes[at + 2] === 0x4d) return oldMouseAt(bytes, at);
  let end = at + 2;
  while (end < bytes.length && isParameter(bytes[end] ?? 0)) end++;
  const final = bytes[end];
  if (final === undefined) return "more";
  // An invalid final byte belongs to the next key.
  if (!isFinal(final)) return { keys: [], end };
  if (end - at > TERMINAL_SEQUENCE_BYTES_MAX) return { keys: [], end: end + 1 };
  const body = String.fromCharCode(...bytes.subarray(at + 2, end));
  const key = csi(body, String.fromCharCode(final));
  return { keys: key === undefined ? [] : [key], end: end + 1 };
}

/** `ESC [ [ A` to `E`: F1 to F5 on the Linux console. */
function linuxAt(bytes: Uint8Array, at: number): StepResult {
  const final = bytes[at + 3];
  if (final === undefined) return "more";
  const number = final - 0x40;
  const isFunctionKey = number >= 1 && number <= 5;
  return { keys: isFunctionKey ? [named(`f${number}`)] : [], end: at + (isFunctionKey ? 4 : 3) };
}

/** `ESC [ M` and three bytes: xterm's original mouse protocol. */
function oldMouseAt(bytes: Uint8Array, at: number): StepResult {
  const end = at + 6;
  if (end > bytes.length) return "more";
  const [button = 0, column = 0, row = 0] = bytes.subarray(at + 3, end);
  const key = mouse(button - 32, column - 33, row - 33, true);
  return { keys: key === undefined ? [] : [key], end };
}

function mouse(button: number, column: number, row: number, isDown: boolean): Key | undefined {
  const WHEEL = 64;
  const MOTION = 32;
  const plainButton = button & ~0b11100;
  const text = `${Math.max(0, column)};${Math.max(0, row)}`;
  if (plainButton === WHEEL) return { name: "scroll-up", text };
  if (plainButton === WHEEL + 1) return { name: "scroll-down", text };
  const isClick = isDown && plainButton === 0 && (button & MOTION) === 0;
  return isClick && row >= 0 && column >= 0 ? { name: "click", text } : undefined;
}

/** OSC, DCS, APC, PM and SOS strings end with BEL or ST. Each is a terminal's answer. */
function stringAt(bytes: Uint8Array, at: number): StepResult {
  for (let end = at + 2; end < bytes.length; end++) {
    const byte = bytes[end] ?? 0;
    if (!endsString(byte)) continue;
    if (byte === BEL) return answer(bytes, at, end + 1);
    if (CANCELS.has(byte)) return { keys: [], end: end + 1 };
    if (byte === ESC && bytes[end + 1] === undefined) return "more";
    if (byte === ESC && bytes[end + 1] === ST) return answer(bytes, at, end + 2);
    // Another control character ends the string, and an Esc starts another sequence.
    return end === at + 2 ? metaAt(bytes, at + 1) : { keys: [], end };
  }
  return "more";
}

function answer(bytes: Uint8Array, at: number, end: number): Step {
  if (end - at > TERMINAL_SEQUENCE_BYTES_MAX) return { keys: [], end };
  const text = new TextDecoder().decode(bytes.subarray(at, end));
  return { keys: [{ name: "report", text }], end };
}

function csi(body: string, final: string): Key | undefined {
  const report = { name: "report", text: `\x1b[${body}${final}` };
  const pointed = /^<(\d{1,4});(\d{1,4});(\d{1,4})$/.exec(body);
  if (pointed !== null && (final === "M" || final === "m")) {
    const [button = 0, column = 0, row = 0] = pointed.slice(1).map(Number);
    return mouse(button, column - 1, row - 1, final === "M");
  }
  if (/[^\d;:]/.test(body)) return report;
  if (final === "I" && body === "") return named("focus-in");
  if (final === "O" && body === "") return named("focus-out");
  if (final === "Z") return chord("tab", SHIFT | modifiersOf(body));
  // With parameters, `R` is a cursor position report and not F3.
  if (final === "R" && body !== "") return report;
  if (final === "u") return unicode(body);
  if (final === "~" || final === "^" || final === "@") return tilde(body, final);
  const name = FINALS[final];
  if (name === undefined) return /^[abcd]$/.test(final) ? rxvt(final) : report;
  return isReleased(body) ? undefined : chord(name, modifiersOf(body));
}

function rxvt(final: string): Key {
  return chord(FINALS[final.toUpperCase()] ?? "", SHIFT);
}

function tilde(body: string, final: string): Key | undefined {
  const [first = "", , third = ""] = body.split(";");
  if (isReleased(body)) return undefined;
  // xterm's modifyOtherKeys sends 27;MODIFIERS;CODE.
  if (first === "27" && third !== "") return character(Number(third), modifiersOf(body));
  const name = TILDES[Number(first)];
  if (name === undefined) return undefined;
  const suffixModifiers = final === "^" ? CTRL : final === "@" ? CTRL | SHIFT : 0;
  return chord(name, modifiersOf(body) | suffixModifiers);
}

/** kitty format: CODE:SHIFTED:BASE ; MODIFIERS:EVENT ; TEXT. */
function unicode(body: string): Key | undefined {
  if (isReleased(body)) return undefined;
  const [codes = "", , textCodes = ""] = body.split(";");
  const [code = "", shifted = ""] = codes.split(":");
  const text = textCodes.split(":").map(Number).filter(isCharacter);
  const modifiers = modifiersOf(body);
  if (text.length > 0 && (modifiers & (CTRL | ALT | SUPER)) === 0) {
    const [key] = characters(String.fromCodePoint(...text.slice(0, 16)));
    return key;
  }
  return character(Number(code), modifiers, Number(shifted));
}

function isCharacter(code: number): boolean {
  const isSurrogate = code >= 0xd800 && code <= 0xdfff;
  return code >= 0x20 && (code < 0x7f || code > 0x9f) && code <= 0x10ffff && !isSurrogate;
}

function character(code: number, modifiers: number, shifted = 0): Key | undefined {
  const functional = FUNCTIONAL[code] ?? functionKey(code);
  if (functional !== undefined) {
    return functional === "space" && (modifiers & ~SHIFT) === 0
      ? { name: "space", text: " " }
      : chord(functional, modifiers);
  }
  if (!isCharacter(code) || (code >= PRIVATE[0] && code <= PRIVATE[1])) return undefined;
  const plain = String.fromCodePoint(code);
  if ((modifiers & CTRL) !== 0) return chord(plain.toLowerCase(), modifiers);
  const isShifted = (modifiers & SHIFT) !== 0;
  const upper = isCharacter(shifted) ? String.fromCodePoint(shifted) : plain.toUpperCase();
  const shiftedText = isShifted && [...upper].length === 1 ? upper : plain;
  const isBare = (modifiers & ~SHIFT) === 0;
  return chord(
    shiftedText,
    isShifted && shiftedText === plain && !isBare ? modifiers : modifiers & ~SHIFT,
  );
}

function functionKey(code: number): string | undefined {
  if (code >= KEYPAD_0 && code < KEYPAD_0 + 10) return String(code - KEYPAD_0);
  if (code < FIRST_FUNCTION_KEY || code > LAST_FUNCTION_KEY) return undefined;
  return `f${13 + code - FIRST_FUNCTION_KEY}`;
}

/** Ignores the lock keys. */
function modifiersOf(body: string): number {
  const [, second = ""] = body.split(";");
  const bits = Number(second.split(":")[0] ?? "") - 1;
  if (!(bits > 0)) return 0;
  const standard = bits & (SHIFT | ALT | CTRL);
  const alt = (bits & META) === 0 ? 0 : ALT;
  return standard | alt | ((bits & (SUPER | HYPER)) === 0 ? 0 : SUPER);
}

function isReleased(body: string): boolean {
  const [, second = ""] = body.split(";");
  return Number(second.split(":")[1] ?? "") === RELEASED;
}

/**
 * Terminals send identical bytes for these chords; the value is the chord that this decoder
 * reports.
 */
export const EQUIVALENT_CHORDS = table(
  "ctrl-i tab  ctrl-m enter  ctrl-[ esc  ctrl-shift-_ ctrl-_  ctrl-/ ctrl-_",
);

function chord(name: string, modifiers: number): Key {
  if (modifiers === 0 && [...name].length === 1) return typing(name);
  const prefixIf = (bit: number, prefix: string) => ((modifiers & bit) === 0 ? "" : prefix);
  const before = `${prefixIf(SUPER, "super-")}${prefixIf(CTRL, "ctrl-")}${prefixIf(ALT, "alt-")}`;
  const full = `${before}${prefixIf(SHIFT, "shift-")}${name}`;
  return named(EQUIVALENT_CHORDS[full] ?? full);
}
