/**
 * Features that browsers since 2023 lack, in the forms in which this program calls them. Only such
 * browsers load this file.
 */

interface ToBase64Options {
  readonly alphabet?: "base64" | "base64url";
  readonly omitPadding?: boolean;
}

/** @internal */
export function toHexMethod(this: Uint8Array): string {
  return Array.from(this, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @internal */
export function toBase64(this: Uint8Array, options: ToBase64Options = {}): string {
  const padded = btoa(Array.from(this, (byte) => String.fromCharCode(byte)).join(""));
  const text = options.omitPadding === true ? padded.replace(/(?<!=)=+$/, "") : padded;
  return options.alphabet === "base64url" ? text.replaceAll("+", "-").replaceAll("/", "_") : text;
}

/**
 * Accepts other alphabets and spaces, too; callers compare with the canonical form.
 * @throws {DOMException} if the text is not base64
 * @internal
 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

/** @internal */
export function withResolvers<Value>(): PromiseWithResolvers<Value> {
  const parts: Partial<PromiseWithResolvers<Value>> = {};
  const promise = new Promise<Value>((resolve, reject) =>
    Object.assign(parts, { resolve, reject }),
  );
  return { ...(parts as PromiseWithResolvers<Value>), promise };
}

/** @internal */
export function canParse(url: string): boolean {
  try {
    return new URL(url) instanceof URL;
  } catch {
    return false;
  }
}

/** @internal */
export function groupBy<Key, Item>(
  items: Iterable<Item>,
  keyOf: (item: Item, index: number) => Key,
): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  let index = 0;
  for (const item of items) {
    const key = keyOf(item, index++);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

function objectGroupBy<Item>(
  items: Iterable<Item>,
  keyOf: (item: Item, index: number) => PropertyKey,
): object {
  return Object.assign(Object.create(null), Object.fromEntries(groupBy(items, keyOf)));
}

/** @internal */
export const ARRAY_METHODS = {
  toReversed(this: unknown[]): unknown[] {
    return [...this].reverse();
  },
  toSorted(this: unknown[], compare?: (a: unknown, b: unknown) => number): unknown[] {
    return [...this].sort(compare);
  },
  toSpliced(this: unknown[], ...changes: [number, number, ...unknown[]]): unknown[] {
    const copy = [...this];
    copy.splice(...changes);
    return copy;
  },
  with(this: unknown[], index: number, value: unknown): unknown[] {
    const at = index < 0 ? this.length + index : index;
    if (at < 0 || at >= this.length) throw new RangeError("invalid index");
    const copy = [...this];
    copy[at] = value;
    return copy;
  },
};

const LONE_SURROGATE = /\p{Surrogate}/u;
const LONE_SURROGATES = /\p{Surrogate}/gu;

/** @internal */
export const STRING_METHODS = {
  isWellFormed(this: string): boolean {
    return !LONE_SURROGATE.test(this);
  },
  toWellFormed(this: string): string {
    return this.replaceAll(LONE_SURROGATES, "\ufffd");
  },
};

/** @internal */
export function anySignal(signals: readonly AbortSignal[]): AbortSignal {
  const any = new AbortController();
  for (const signal of signals) {
    const abort = () => any.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true, signal: any.signal });
  }
  return any.signal;
}

/** Grapheme clusters but for rare scripts: flags, emoji sequences, letters with their marks. */
const PICTURE = "\\p{Extended_Pictographic}[\\p{M}\\p{Emoji_Modifier}]*";
const CLUSTERS = new RegExp(
  `\\r\\n|\\p{RI}\\p{RI}|${PICTURE}(?:\\u200d${PICTURE})*|[\\s\\S][\\p{M}\\u200c\\u200d]*`,
  "gu",
);

/** @internal */
export class Segments {
  readonly #segments: readonly { readonly segment: string; readonly index: number }[];

  constructor(text: string) {
    this.#segments = Array.from(text.matchAll(CLUSTERS), ({ 0: segment, index }) => {
      return { segment, index, input: text };
    });
  }

  [Symbol.iterator]() {
    return this.#segments[Symbol.iterator]();
  }

  containing(at = 0) {
    return this.#segments.find(({ segment, index }) => at >= index && at < index + segment.length);
  }
}

class Segmenter {
  segment(text: string): Segments {
    return new Segments(text);
  }
}

function add(target: object, methods: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(methods)) {
    if (!(name in target)) Object.defineProperty(target, name, { value, configurable: true });
  }
}

export function addAll(): void {
  add(Uint8Array.prototype, { toHex: toHexMethod, toBase64 });
  add(Uint8Array, { fromBase64 });
  add(Promise, { withResolvers });
  add(URL, { canParse });
  add(Map, { groupBy });
  add(Object, { groupBy: objectGroupBy });
  add(Array.prototype, ARRAY_METHODS);
  add(String.prototype, STRING_METHODS);
  add(AbortSignal, { any: anySignal });
  add(Intl, { Segmenter });
}
