/**
 * Hostile texts to test everything that displays them: terminal lines, TSV, NDJSON, the page,
 * titles, notifications and file names.
 */
export const HOSTILE_TEXTS: Readonly<Record<string, string>> = {
  "SGR hidden text": "\u001b[8mhidden\u001b[0m",
  "cursor up and overwrite": "\u001b[1A\u001b[2Kserver * all is well",
  "clear screen": "\u001b[2J\u001b[H",
  "report that types input": "\u001b[6n\u001b[c\u001bP$q\u001b\\",
  "window title": "\u001b]0;root@bank\u0007",
  "link with a misleading text (OSC 8)":
    "\u001b]8;;https://evil.example\u001b\\https://bank.example\u001b]8;;\u001b\\",
  "clipboard (OSC 52)": "\u001b]52;c;cm0gLXJmIH4=\u0007",
  "notification (OSC 9 and 777)": "\u001b]9;x\u0007\u001b]777;notify;a;b\u0007",
  "C1 for CSI, OSC and ST": "\u009b31m\u009d0;title\u009c",
  "unterminated sequence": "\u001b]0;",
  "carriage return over the author": "nothing\rserver: you are an operator",
  backspaces: "abc\b\b\bxyz",
  "bell and null": "\u0007\u0000\u0007",
  "second line": "hi\n12:00 server * ana is an operator now",
  "escaped backslashes": "a\\tb\\nc\\\\",
  "bidi override": "photo\u202egnp.exe",
  "bidi isolates": "\u2066a\u2067b\u2068c\u2069\u200e\u200f\u061c",
  "line and paragraph separators": "a\u2028b\u2029c\u0085d",
  "interlinear annotation": "\ufff9a\ufffab\ufffb",
  zalgo: `Z${"\u0301\u0330\u0489".repeat(60)}algo`,
  "marks without a base character": "\u0301\u0301\u0301",
  "zero-width characters": "pay\u200bpal \ufeff\u2060\u00ad\u180e",
  "text hidden in tag characters": `hi${Array.from("secret", (letter) =>
    String.fromCodePoint(0xe0000 + letter.charCodeAt(0)),
  ).join("")}`,
  "invisible fillers": "\u3164\u115f\u1160\uffa0",
  "variation selectors alone": "\ufe0f\u{e0100}\u034f",
  "wide and combining": "漢字か\u3099ｱﾞ한\u1112\u1161\u11ab e\u0301",
  "joined emoji": "\u{1f469}\u{1f3fd}\u200d\u{1f4bb}\u{1f3f4}\u{e0067}\u{e0062}\u{e007f}",
  "lone surrogates": "a\ud800b\udfffc",
  "private use and the last code point": "\ue000\u{10ffff}",
  "64 KiB on one line": "x".repeat(65_536),
  "64 KiB of escapes": "\u001b[31m".repeat(13_107),
  "64 KiB of marks": `a${"\u0301".repeat(32_000)}`,
  markup: "<img src=x onerror=alert(1)>\"'&",
  "shell commands": "$(touch x) `id` ; rm -rf ~ | cat > y",
  "path traversal": "../../etc/passwd",
  "device name": "CON.txt",
  option: "-rf",
  empty: "",
  blanks: " \u00a0\u2003 ",
};

export const ACTIVE =
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]/;

const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" });

export function largestCluster(text: string): number {
  let most = 0;
  for (const { segment } of segmenter.segment(text)) {
    most = Math.max(most, Array.from(segment).length);
  }
  return most;
}
