/** Regular expressions as trees. The runtime has checked their syntax before. */

export type Node =
  | { readonly kind: "char"; readonly source: string; readonly has: (char: string) => boolean }
  | { readonly kind: "sequence"; readonly items: readonly Node[] }
  | { readonly kind: "choice"; readonly options: readonly Node[] }
  | {
      readonly kind: "repeat";
      readonly item: Node;
      readonly min: number;
      readonly max: number;
      readonly isLazy: boolean;
    }
  | {
      readonly kind: "look";
      readonly item: Node;
      readonly isAhead: boolean;
      readonly isNegative: boolean;
    }
  | { readonly kind: "group"; readonly item: Node; readonly index: number }
  | { readonly kind: "same"; readonly index: number }
  | { readonly kind: "start" | "end" | "boundary" | "inside" };

export interface Pattern {
  readonly source: string;
  readonly flags: string;
}

/** Characters of which each class of a pattern gets at least one, if it has any of them. */
const SAMPLES = [
  ...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)),
  ..."\u0085\u00a0¹ßéÉİıſµ«»ʻ\u0301\u0358\u05d0\u05c1\u0627\u0661\u0915\u094d",
  ..."\u0e01\u0e47\u0e4c\u17b4",
  ..."\u200b\u200c\u200d\u2028\u2029\u202e\u2066\u3000、あア漢가│❤\ufe0f\ufeff\ufffd\ufffe＠／－ΑαвАა",
  ..."\u{1f1e6}\u{1f3fb}\u{1f600}\u{e0061}\u{10eeee}\u{10ffff}",
  ..."\ud800\udfff",
];

export function parsePattern({ source, flags }: Pattern): Node {
  const isUnicode = /[uv]/.test(flags);
  const charFlags = flags.replaceAll(/[gydm]/g, "").replace(/s?$/, "");
  const names = [...source.matchAll(/(?<!\\)\((?:\?<(?![=!])([^>]+)>|(?!\?))/g)].map(
    ([, name]) => name,
  );
  let at = 0;
  let groups = 0;
  const tests = new Map<string, (char: string) => boolean>();
  const char = (raw: string): Node => {
    let has = tests.get(raw);
    if (has === undefined) {
      const pattern = new RegExp(
        `^(?:${raw})$`,
        charFlags + (flags.includes("s") && !charFlags.includes("s") ? "s" : ""),
      );
      const known = new Map<string, boolean>();
      has = (text) => {
        const found = known.get(text) ?? pattern.test(text);
        known.set(text, found);
        return found;
      };
      tests.set(raw, has);
    }
    return { kind: "char", source: raw, has };
  };
  const take = (token: RegExp): RegExpExecArray | null => {
    const sticky = new RegExp(token.source, `${token.flags.replace("y", "")}y`);
    sticky.lastIndex = at;
    const found = sticky.exec(source);
    if (found !== null) at += found[0].length;
    return found;
  };
  const choice = (): Node => {
    const options = [sequence()];
    while (take(/\|/) !== null) options.push(sequence());
    const [only] = options;
    return options.length === 1 && only !== undefined ? only : { kind: "choice", options };
  };
  const sequence = (): Node => {
    const items: Node[] = [];
    while (at < source.length && source[at] !== "|" && source[at] !== ")") items.push(term());
    return { kind: "sequence", items };
  };
  const term = (): Node => {
    const item = atom();
    const found = take(/([*+?])(\??)|\{(\d+)(,?)(\d*)\}(\??)/);
    if (found === null) return item;
    const [, sign, lazy, least = "", comma, most = "", lazyCount] = found;
    const isLazy = (lazy ?? lazyCount) === "?";
    if (sign !== undefined) {
      const max = sign === "?" ? 1 : Number.POSITIVE_INFINITY;
      return { kind: "repeat", item, min: sign === "+" ? 1 : 0, max, isLazy };
    }
    const min = Number(least);
    const max = most !== "" ? Number(most) : comma === "," ? Number.POSITIVE_INFINITY : min;
    return { kind: "repeat", item, min, max, isLazy };
  };
  const closed = (node: (item: Node) => Node): Node => {
    const item = choice();
    if (take(/\)/) === null) throw new Error(`no end of a group in ${source}`);
    return node(item);
  };
  const atom = (): Node => {
    const look = take(/\(\?(<?)([=!])/);
    if (look !== null) {
      const [, behind, sign] = look;
      return closed((item) => {
        return { kind: "look", item, isAhead: behind === "", isNegative: sign === "!" };
      });
    }
    if (take(/\(\?:/) !== null) return closed((item) => item);
    if (take(/\((?:\?<[^>]+>)?/) !== null) {
      const index = ++groups;
      return closed((item) => ({ kind: "group", item, index }));
    }
    if (take(/\^/) !== null) return { kind: "start" };
    if (take(/\$/) !== null) return { kind: "end" };
    if (take(/\\b/) !== null) return { kind: "boundary" };
    if (take(/\\B/) !== null) return { kind: "inside" };
    const name = take(/\\k<([^>]+)>/);
    if (name !== null) return { kind: "same", index: names.indexOf(name[1]) + 1 };
    const back = take(/\\([1-9])/);
    if (back !== null) return { kind: "same", index: Number(back[1]) };
    const unicode =
      /\\u\{[^}]+\}|\\[pP]\{[^}]+\}|\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}/;
    const set = /\[\^?(?:\\[\s\S]|[^\]\\])*\]/;
    const escaped = /\\(?:u[\da-fA-F]{4}|x[\da-fA-F]{2}|c[A-Za-z]|[\s\S])/;
    const tokens = [...(isUnicode ? [unicode] : []), set, escaped, /[\s\S]/];
    const found = take(
      new RegExp(tokens.map((token) => token.source).join("|"), isUnicode ? "u" : ""),
    );
    if (found === null) throw new Error(`no character in ${source}`);
    return char(found[0]);
  };
  const tree = choice();
  if (at !== source.length) throw new Error(`an unexpected ${source[at]} in ${source}`);
  return tree;
}

function childrenOf(node: Node): readonly Node[] {
  if (node.kind === "sequence") return node.items;
  if (node.kind === "choice") return node.options;
  return "item" in node ? [node.item] : [];
}

function charsIn(node: Node): Extract<Node, { kind: "char" }>[] {
  return node.kind === "char" ? [node] : childrenOf(node).flatMap(charsIn);
}

export const isWord = (char: string | undefined) => char !== undefined && /^\w$/.test(char);
export const isLineEnd = (char: string | undefined) =>
  char !== undefined && /^[\n\r\u2028\u2029]$/.test(char);

/** One character of each set of characters that the pattern does not distinguish. */
export function alphabetOf(tree: Node, { source, flags }: Pattern): readonly string[] {
  const chars = charsIn(tree);
  const bySignature = new Map<string, string>();
  const samples = /[uv]/.test(flags) ? [...source] : source.split("");
  for (const sample of new Set([...SAMPLES, ...samples])) {
    // Without the flag, a pattern matches the halves of such a character.
    if (sample.length > 1 && !/[uv]/.test(flags)) continue;
    const found = chars.map(({ has }) => (has(sample) ? 1 : 0)).join("");
    const signature = `${found} ${isWord(sample)} ${isLineEnd(sample)}`;
    const known = bySignature.get(signature);
    if (known === undefined || (!/^[\w ]$/.test(known) && /^[\w ]$/.test(sample)))
      bySignature.set(signature, sample);
  }
  return [...bySignature.values()];
}
