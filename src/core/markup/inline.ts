/** Parser of inline markup: code, emphasis, addresses, names, rooms, formulas and emoji. */

import { tryUrl } from "../../base/decode.ts";
import { isName } from "../../base/names.ts";

export type Emphasis = "bold" | "italic" | "strike";

export type Inline =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: Emphasis; readonly parts: readonly Inline[] }
  | ({ readonly kind: "link" } & Link)
  /** TeX between dollar signs; `isDisplay` between two on each side. */
  | { readonly kind: "math"; readonly text: string; readonly isDisplay: boolean }
  /** `text` is `:joy:` as typed. Only the user interfaces know which names exist. */
  | { readonly kind: "emoji"; readonly text: string; readonly name: string }
  | { readonly kind: "mention"; readonly text: string; readonly name: string }
  | { readonly kind: "room"; readonly text: string; readonly room: string };

/** Empty lines match too, because they end all emphasis. */
const MARKUP_START =
  /[\\`*_~@#＠＃[$]|:(?=[\w+-])|\n[ \t]*\n|(?<![A-Za-z0-9_])https?:\/\/|(?<![A-Za-z0-9_.@/-])www\./gi;
const MARKS = { "**": "bold", "*": "italic", _: "italic", "~~": "strike" } as const;
/**
 * Maximum run of backticks around code. Longer runs remain text, so that the parser searches for
 * each run length at most once.
 */
const TICKS_MAX = 8;
/** The shrug emoticon from its backslash on. Its second `_` must not close an emphasis. */
const SHRUG = "\\_(ツ)_/¯";
const NAME_MAX = 32;
/** In UTF-16 code units. A longer formula is a mistake or an attack. */
const MATH_MAX = 1_000;
const EMOJI = /:([a-z0-9_+-]{1,40}):(?![A-Za-z0-9])/y;

type Mark = keyof typeof MARKS;

/** Unfinished emphasis. The first entry has no mark and collects the complete text. */
interface Open {
  readonly mark: Mark | "";
  readonly parts: Inline[];
}

export function parseInline(
  text: string,
  names: ReadonlySet<string> | undefined,
): readonly Inline[] {
  return new InlineParser(text, names).parse();
}

class InlineParser {
  readonly #open: Open[] = [{ mark: "", parts: [] }];
  readonly #noTicks: number[] = [];
  #lineEnd = -1;
  #escaped = "";

  constructor(
    private readonly text: string,
    private readonly names: ReadonlySet<string> | undefined,
  ) {}

  parse(): readonly Inline[] {
    const text = this.text;
    let done = 0;
    for (const { 0: sign, index } of text.matchAll(MARKUP_START)) {
      if (index < done) continue;
      this.#addText(text.slice(done, index));
      done = index + this.#parseAt(sign, index);
    }
    this.#addText(text.slice(done));
    this.#unwindTo(0);
    return this.#open[0]?.parts ?? [];
  }

  #parseAt(sign: string, at: number): number {
    switch (sign) {
      case "\\":
        return this.#escape(at);
      case "`":
        return this.#code(at);
      case "*":
      case "_":
      case "~":
        return this.#mark(sign, at);
      case "[":
        return this.#namedLink(at);
      case "$":
        return this.#math(at);
      case ":":
        return this.#emoji(at);
      case "@":
      case "#":
      case "＠": // Typed by input methods.
      case "＃":
        return this.#nameAt(sign, at);
      default:
        return sign.startsWith("\n") ? this.#emptyLine(sign) : this.#linkAt(at);
    }
  }

  #addText(text: string): void {
    if (text === "") return;
    const { parts } = this.#top;
    const last = parts.at(-1);
    if (last?.kind === "text") parts[parts.length - 1] = { kind: "text", text: last.text + text };
    else parts.push({ kind: "text", text });
  }

  get #top(): Open {
    return this.#open[this.#open.length - 1] as Open;
  }

  #plain(text: string): number {
    this.#addText(text);
    return text.length;
  }

  #emptyLine(sign: string): number {
    this.#unwindTo(0);
    return this.#plain(sign);
  }

  /** `\*a\*` becomes `*a*`, but `C:\temp\*` and `¯\_(ツ)_/¯` remain as typed. */
  #escape(at: number): number {
    const next = this.text[at + 1] ?? "";
    if (next === "_") return this.#plain(this.text.startsWith(SHRUG, at) ? SHRUG : "\\_");
    const isBehind = isLetter(this.text[at - 1]) && !this.#escaped.includes(next);
    if (!/[*~`$[]/.test(next) || isBehind) return this.#plain("\\");
    if (!this.#escaped.includes(next)) this.#escaped += next;
    this.#addText(next);
    return 2;
  }

  #run(at: number): number {
    let end = at + 1;
    while (this.text[end] === this.text[at]) end++;
    return end - at;
  }

  #code(at: number): number {
    const text = this.text;
    const length = this.#run(at);
    const from = at + length;
    const whole = text.slice(at, from);
    if (length > TICKS_MAX || from < (this.#noTicks[length] ?? 0)) return this.#plain(whole);
    const end = length < 3 ? this.#endOfLine(from) : text.length;
    let close = text.indexOf(whole, from);
    while (close >= 0 && close < end && this.#run(close) !== length) {
      close = text.indexOf(whole, close + this.#run(close));
    }
    if (close < 0 || close >= end) {
      this.#noTicks[length] = end;
      return this.#plain(whole);
    }
    const inner = text.slice(from, close);
    // Spaces that separate backticks within the code from the surrounding backticks are not part of
    // the code.
    const isSpaced = inner.startsWith(" ") && inner.endsWith(" ") && inner.trim() !== "";
    this.#top.parts.push({ kind: "code", text: isSpaced ? inner.slice(1, -1) : inner });
    return close + length - at;
  }

  #endOfLine(at: number): number {
    if (at > this.#lineEnd) {
      const end = this.text.indexOf("\n", at);
      this.#lineEnd = end < 0 ? this.text.length : end;
    }
    return this.#lineEnd;
  }

  #mark(sign: string, at: number): number {
    const run = this.#run(at);
    const [before, after] = [this.text[at - 1], this.text[at + run]];
    const isWord = sign === "_" ? isWordLetter : isLetter;
    const isOther = sign === "*" ? run > 3 : run !== (sign === "_" ? 1 : 2);
    if (isOther) return this.#plain(sign.repeat(run));
    const closes = isNotSpace(before) && !/[([{]/.test(before ?? "") && !isWord(after);
    const canOpen = isNotSpace(after) && !/[),.;:!?\]}]/.test(after ?? "") && !isWord(before);
    let left = run;
    while (closes) {
      const ended = this.#closeEmphasis(sign, left);
      if (ended === 0) break;
      left -= ended;
    }
    if (canOpen && left > 1) this.#openEmphasis(`${sign}${sign}` as Mark);
    if (canOpen && left % 2 === 1) this.#openEmphasis(sign as Mark);
    if (!canOpen) this.#addText(sign.repeat(left));
    return run;
  }

  #closeEmphasis(sign: string, left: number): number {
    const index = this.#open.findLastIndex(
      ({ mark }) => mark.startsWith(sign) && mark.length <= left,
    );
    const { mark } = this.#open[index] ?? { mark: "" };
    if (mark === "") return 0;
    this.#unwindTo(index);
    const { parts } = this.#open.pop() as Open;
    this.#top.parts.push({ kind: MARKS[mark], parts });
    return mark.length;
  }

  #openEmphasis(mark: Mark): void {
    const same = this.#open.findIndex((open) => open.mark === mark);
    if (same !== -1) this.#unwindTo(same - 1);
    this.#open.push({ mark, parts: [] });
  }

  #unwindTo(index: number): void {
    while (this.#open.length > index + 1) {
      const { mark, parts } = this.#open.pop() as Open;
      this.#addText(mark);
      for (const part of parts) {
        if (part.kind === "text") this.#addText(part.text);
        else this.#top.parts.push(part);
      }
    }
  }

  /** A mention must not follow a letter, so that a mail address is not parsed as a mention. */
  #nameAt(sign: string, at: number): number {
    const text = this.text;
    const word = text.slice(at + 1, at + 2 + NAME_MAX);
    const name = this.#nameWithoutMark(/^[A-Za-z0-9_-]+/.exec(word)?.[0] ?? "");
    const [before, after] = [text[at - 1] ?? "", text[at + 1 + name.length] ?? ""];
    const isAfterMark = before === "_" && this.#top.mark === "_" && this.#top.parts.length === 0;
    const isAfterLetter = !isAfterMark && /[A-Za-z0-9_.@#＠＃&/-]/.test(before);
    const isStandalone = !isAfterLetter && !/[@#＠＃]/.test(after);
    if (!isStandalone || !isName(name)) return this.#plain(sign);
    const whole = `${sign}${name}`;
    if (sign.normalize("NFKC") === "#")
      this.#top.parts.push({ kind: "room", text: whole, room: name });
    else if (this.names?.has(name.toLowerCase()) === false) return this.#plain(whole);
    else this.#top.parts.push({ kind: "mention", text: whole, name });
    return whole.length;
  }

  /** In `_@kim_`, the last sign ends the emphasis. */
  #nameWithoutMark(name: string): string {
    const isKnown = this.names?.has(name.toLowerCase()) === true;
    const isMarked = name.endsWith("_") && this.#open.some(({ mark }) => mark === "_");
    return isMarked && !isKnown ? name.slice(0, -1) : name;
  }

  #namedLink(at: number): number {
    const found = namedLinkAt(this.text, at);
    if (found === undefined) return this.#plain("[");
    this.#top.parts.push({ kind: "link", ...found.link });
    return found.length;
  }

  /** `$5 and $10` is no formula, because a formula has no space at its ends. */
  #math(at: number): number {
    const text = this.text;
    const run = text[at + 1] === "$" ? 2 : 1;
    const from = at + run;
    const isOpen = isNotSpace(text[from]) && !isLetter(text[at - 1]) && text[from] !== "$";
    if (!isOpen) return this.#plain("$".repeat(run));
    const mark = "$".repeat(run);
    const close = text.slice(from, from + MATH_MAX).indexOf(mark);
    const end = from + close;
    const inner = text.slice(from, end);
    const isFormula =
      close > 0 && !inner.includes("\n") && isNotSpace(text[end - 1]) && !isLetter(text[end + run]);
    if (!isFormula) return this.#plain(mark);
    this.#top.parts.push({ kind: "math", text: inner, isDisplay: run === 2 });
    return end + run - at;
  }

  #emoji(at: number): number {
    EMOJI.lastIndex = at;
    const [whole, name] = isLetter(this.text[at - 1]) ? [] : (EMOJI.exec(this.text) ?? []);
    if (whole === undefined || name === undefined) return this.#plain(":");
    this.#top.parts.push({ kind: "emoji", text: whole, name });
    return whole.length;
  }

  #linkAt(at: number): number {
    const open = this.#open.map(({ mark }) => mark[0]).join("");
    const { consumed, link } = linkAt(this.text, at, open);
    if (link === undefined) return this.#plain(consumed);
    this.#top.parts.push({ kind: "link", ...link });
    return consumed.length;
  }
}

/** `*` never begins or ends emphasis inside a word: `2*3*4`, `2**3`. */
function isLetter(sign: string | undefined): boolean {
  return sign !== undefined && /[A-Za-z0-9]/.test(sign);
}

/** `größe_in_m` is one word. */
function isWordLetter(sign: string | undefined): boolean {
  return sign !== undefined && /[\p{L}\p{N}_]/u.test(sign);
}

function isNotSpace(sign: string | undefined): boolean {
  return sign !== undefined && !/\s/.test(sign);
}

interface Link {
  /** As typed. */
  readonly text: string;
  readonly href: string;
  /** The target's host, set only if the text does not show it. */
  readonly host?: string;
  /** True for `[text](address)`, where the text is not the address. */
  readonly isNamed?: true;
}

/** In UTF-16 code units. Longer addresses remain text. */
const LENGTH_MAX = 2_000;
const LINK_TEXT = /^[^\s<>"'`]+/;
/** At the end of an address, these characters belong to the surrounding sentence. */
const TRAILING = ".,:;!?]}";

/**
 * @param at offset of `http://`, `https://` or `www.`
 * @param open signs of the emphasis around the address, which end it
 * @returns the consumed characters; `link` is `undefined` if they are plain text
 *
 * @internal
 */
export function linkAt(
  text: string,
  at: number,
  open = "",
): { readonly consumed: string; readonly link: Link | undefined } {
  const found = LINK_TEXT.exec(text.slice(at, at + LENGTH_MAX))?.[0] ?? "";
  const typed = trimTrailing(found, TRAILING + open);
  const href = hrefOf(typed);
  if (href === undefined) return { consumed: typed, link: undefined };
  const link = { text: typed, href: href.href };
  const isTyped = typedHost(typed) === href.hostname;
  return { consumed: typed, link: isTyped ? link : { ...link, host: href.host } };
}

const NAMED = /\[([^[\]\n]{1,200})\]\((https?:\/\/[^\s()<>"'`]{1,2000})\)/iy;

/** @param at offset of `[` */
function namedLinkAt(
  text: string,
  at: number,
): { readonly length: number; readonly link: Link } | undefined {
  NAMED.lastIndex = at;
  const [whole, label = "", typed = ""] = NAMED.exec(text) ?? [];
  const href = whole === undefined ? undefined : hrefOf(typed);
  if (whole === undefined || href === undefined || label.trim() === "") return undefined;
  const link: Link = { text: label.trim(), href: href.href, isNamed: true };
  const showsHost = link.text.toLowerCase() === href.host;
  return { length: whole.length, link: showsHost ? link : { ...link, host: href.host } };
}

function hrefOf(typed: string): URL | undefined {
  const isBare = /^www\./i.test(typed);
  const whole = isBare ? `https://${typed}` : typed;
  const url = tryUrl(whole);
  if (url === undefined) return undefined;
  const isWeb = url.protocol === "http:" || url.protocol === "https:";
  // A user name before the host could make an address look like a different address.
  if (!isWeb || url.username !== "" || url.password !== "") return undefined;
  return isBare && !/^www\.[^.]+\../.test(url.hostname) ? undefined : url;
}

function typedHost(typed: string): string | undefined {
  const authority = /^(?:https?:[/\\]+)?([^/\\?#]*)/i.exec(typed)?.[1];
  return authority?.toLowerCase().replace(/:\d*$/, "");
}

/** Keeps a closing bracket if the address contains the matching opening bracket. */
function trimTrailing(found: string, trimmed: string): string {
  let trailing = found.split(")").length - found.split("(").length;
  let end = found.length;
  for (; end > 0; end--) {
    const last = found[end - 1] ?? "";
    if (last === ")" && trailing > 0) trailing--;
    else if (!trimmed.includes(last)) break;
  }
  return found.slice(0, end);
}
