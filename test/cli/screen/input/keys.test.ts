import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { PASTE_BYTES_MAX } from "../../../../src/base/limits-page.ts";
import { TERMINAL_SEQUENCE_BYTES_MAX } from "../../../../src/base/limits-screen.ts";
import { type Key, KeyDecoder } from "../../../../src/cli/screen/input/keys.ts";

/** All that comes of these reads, with what a moment of silence ends. */
function keysOf(...reads: readonly (string | Uint8Array)[]): readonly Key[] {
  const decoder = new KeyDecoder();
  const keys = reads.flatMap((read) => decoder.feed(Buffer.from(read as string)));
  return [...keys, ...decoder.flush()];
}

function names(...reads: readonly (string | Uint8Array)[]): readonly string[] {
  return keysOf(...reads).map(({ name, text }) =>
    name === "text" || name === "paste" || name === "click" ? `${name}:${text}` : name,
  );
}

describe("what a terminal sends is a key", () => {
  test.each([
    ["a", ["a"]],
    ["A", ["A"]],
    [" ", ["space"]],
    ["é", ["é"]],
    ["漢", ["漢"]],
    ["😀", ["😀"]],
    ["hello", ["text:hello"]],
    ["hi\r", ["text:hi", "enter"]],
    ["\t", ["tab"]],
    ["\n", ["ctrl-j"]],
    ["\x7f", ["backspace"]],
    ["\b", ["ctrl-h"]],
    ["\x00", ["ctrl-space"]],
    ["\x01\x05", ["ctrl-a", "ctrl-e"]],
    ["\x1a", ["ctrl-z"]],
    ["\x1c\x1d\x1e\x1f", ["ctrl-\\", "ctrl-]", "ctrl-^", "ctrl-_"]],
    ["\x1b", ["esc"]],
    ["\x1b\x1b", ["esc", "esc"]],
    ["\x1b\x1bx", ["esc", "alt-x"]],
    ["\x1bb", ["alt-b"]],
    ["\x1bB", ["alt-B"]],
    ["\x1b1\x1b0", ["alt-1", "alt-0"]],
    ["\x1b;", ["alt-;"]],
    ["\x1bé", ["alt-é"]],
    ["\x1b\r", ["alt-enter"]],
    ["\x1b\x7f", ["alt-backspace"]],
    ["\x1b\b", ["ctrl-alt-h"]],
    ["\x1b[", ["alt-["]],
    ["\x1bO", ["alt-O"]],
    ["\x1bP", ["alt-P"]],
    ["\x1bOx", ["8"]],
  ])("%j", (sent, expected) => {
    expect(names(sent)).toEqual(expected);
  });

  test.each([
    ["\x1b[A\x1b[B\x1b[C\x1b[D", ["up", "down", "right", "left"]],
    ["\x1bOA\x1bOB\x1bOC\x1bOD", ["up", "down", "right", "left"]],
    ["\x1b[H\x1b[F\x1bOH\x1bOF", ["home", "end", "home", "end"]],
    ["\x1b[1~\x1b[4~\x1b[7~\x1b[8~", ["home", "end", "home", "end"]],
    ["\x1b[2~\x1b[3~\x1b[5~\x1b[6~", ["insert", "delete", "pageup", "pagedown"]],
    ["\x1b[1;5D\x1b[1;3C\x1b[1;2A", ["ctrl-left", "alt-right", "shift-up"]],
    ["\x1b[1;6A\x1b[1;7B\x1b[1;8C", ["ctrl-shift-up", "ctrl-alt-down", "ctrl-alt-shift-right"]],
    ["\x1b[3;5~\x1b[5;5~\x1b[6;2~", ["ctrl-delete", "ctrl-pageup", "shift-pagedown"]],
    ["\x1bO5A", ["ctrl-up"]],
    ["\x1b\x1b[A", ["alt-up"]],
    ["\x1b\x1bOA", ["alt-up"]],
    ["\x1b[Z", ["shift-tab"]],
    ["\x1b[3^\x1b[3@\x1b[a", ["ctrl-delete", "ctrl-shift-delete", "shift-up"]],
    ["\x1bOP\x1bOQ\x1bOR\x1bOS", ["f1", "f2", "f3", "f4"]],
    ["\x1b[11~\x1b[15~\x1b[17~\x1b[24~", ["f1", "f5", "f6", "f12"]],
    ["\x1b[[A\x1b[[E", ["f1", "f5"]],
    ["\x1b[1;2P", ["shift-f1"]],
    ["\x1bOM", ["enter"]],
    ["\x1b[I\x1b[O", ["focus-in", "focus-out"]],
  ])("the keys of xterm, rxvt and Linux: %j", (sent, expected) => {
    expect(names(sent)).toEqual(expected);
  });

  test.each([
    ["\x1b[97;5u", ["ctrl-a"]],
    ["\x1b[97;6u", ["ctrl-shift-a"]],
    ["\x1b[97;3u", ["alt-a"]],
    ["\x1b[97:65;4u", ["alt-A"]],
    ["\x1b[97;2u", ["A"]],
    ["\x1b[13u\x1b[13;2u\x1b[13;5u", ["enter", "shift-enter", "ctrl-enter"]],
    ["\x1b[27u", ["esc"]],
    ["\x1b[127;5u", ["ctrl-backspace"]],
    ["\x1b[105;5u\x1b[109;5u\x1b[91;5u", ["tab", "enter", "esc"]],
    ["\x1b[47;5u", ["ctrl-_"]],
    ["\x1b[97;5:3u", []],
    ["\x1b[97;5:2u", ["ctrl-a"]],
    ["\x1b[1;1:3A", []],
    ["\x1b[97;69u", ["ctrl-a"]],
    ["\x1b[97;;229u", ["å"]],
    ["\x1b[32;2u", ["space"]],
    ["\x1b[57414u\x1b[57404u", ["enter", "5"]],
    ["\x1b[57417;5u\x1b[57376u", ["ctrl-left", "f13"]],
    ["\x1b[57441u", []],
    ["\x1b[57358u", []],
    ["\x1b[97;9u", ["super-a"]],
    ["\x1b[27;5;13~", ["ctrl-enter"]],
    ["\x1b[27;2;9~", ["shift-tab"]],
    ["\x1b[?1u", ["report"]],
    ["\x1b[55296u", []],
    ["\x1b[99999999999u", []],
  ])("the keyboard protocols of kitty and xterm: %j", (sent, expected) => {
    expect(names(sent)).toEqual(expected);
  });

  test.each([
    ["\x1b[12;40R", "\x1b[12;40R"],
    ["\x1b[1;5R", "\x1b[1;5R"],
    ["\x1b[?62;4c", "\x1b[?62;4c"],
    ["\x1b[?2026;2$y", "\x1b[?2026;2$y"],
    ["\x1b]11;rgb:0000/0000/0000\x07", "\x1b]11;rgb:0000/0000/0000\x07"],
    ["\x1b]11;rgb:0000/0000/0000\x1b\\", "\x1b]11;rgb:0000/0000/0000\x1b\\"],
    ["\x1b_Gi=31;OK\x1b\\", "\x1b_Gi=31;OK\x1b\\"],
    ["\x1bP1$r0m\x1b\\", "\x1bP1$r0m\x1b\\"],
  ])("an answer of the terminal types nothing: %j", (sent, text) => {
    expect(keysOf(`a${sent}b`)).toEqual([
      { name: "a", text: "a" },
      { name: "report", text },
      { name: "b", text: "b" },
    ]);
  });

  test("the mouse turns and clicks", () => {
    expect(names("\x1b[<64;10;5M\x1b[<65;10;5M")).toEqual(["scroll-up", "scroll-down"]);
    expect(names("\x1b[<80;10;5M")).toEqual(["scroll-up"]);
    expect(keysOf("\x1b[<65;10;5M")).toEqual([{ name: "scroll-down", text: "9;4" }]);
    expect(names("\x1b[<0;10;5M\x1b[<0;10;5m\x1b[<32;11;5M")).toEqual(["click:9;4"]);
    expect(names("\x1b[M`!!")).toEqual(["scroll-up"]);
    expect(names("\x1b[M !!x")).toEqual(["click:0;0", "x"]);
  });

  test("a paste is one key, whatever it says", () => {
    expect(names("a\x1b[200~x\ry\x1b[A\x1b[201~b")).toEqual(["a", "paste:x\ny", "b"]);
    expect(names("\x1b[200~a", "b", "\x1b[201~")).toEqual(["paste:ab"]);
    const over = "x".repeat(PASTE_BYTES_MAX + 1);
    expect(names(`\x1b[200~${over}\x1b[201~z`)).toEqual(["paste-oversize", "z"]);
    const last = "x".repeat(PASTE_BYTES_MAX);
    expect(keysOf(`\x1b[200~${last}\x1b[201~`)).toEqual([{ name: "paste", text: last }]);
  });

  test("a control character of C1 and a broken byte type nothing that moves a cursor", () => {
    expect(names(Buffer.from([0xc2, 0x9b]))).toEqual([]);
    expect(names(Buffer.from([0xff]))).toEqual(["\ufffd"]);
    expect(names(Buffer.from([0xe6, 0xbc]), "x")).toEqual(["text:\ufffdx"]);
  });
});

describe("a lone Esc", () => {
  test("waits for what may follow, and is a key when nothing does", () => {
    const decoder = new KeyDecoder();
    expect(decoder.isWaiting).toBe(false);
    expect(decoder.feed(Buffer.from("\x1b"))).toEqual([]);
    expect(decoder.isWaiting).toBe(true);
    expect(decoder.flush()).toEqual([{ name: "esc", text: "" }]);
    expect(decoder.isWaiting).toBe(false);
    expect(decoder.flush()).toEqual([]);
  });

  test("waits behind other keys, too, where it may begin a paste", () => {
    const decoder = new KeyDecoder();
    expect(decoder.feed(Buffer.from("x\x1b"))).toEqual([{ name: "x", text: "x" }]);
    expect(decoder.isWaiting).toBe(true);
    expect(decoder.flush()).toEqual([{ name: "esc", text: "" }]);
    expect(decoder.feed(Buffer.from("x\x1b[200"))).toEqual([{ name: "x", text: "x" }]);
    expect(decoder.isWaiting).toBe(true);
    expect(decoder.feed(Buffer.from("~p\x1b[201~"))).toEqual([{ name: "paste", text: "p" }]);
    expect(decoder.isWaiting).toBe(false);
  });
});

/** Runs of characters are the same however they were cut: `text` and single keys joined. */
function joined(keys: readonly Key[]): readonly string[] {
  const all: string[] = [];
  let run = "";
  for (const { name, text } of keys) {
    if (text !== "" && name !== "paste" && name !== "report" && name !== "click") {
      run += text;
      continue;
    }
    if (run !== "") all.push(run);
    run = "";
    all.push(name === "paste" || name === "report" || name === "click" ? `${name}:${text}` : name);
  }
  return run === "" ? all : [...all, run];
}

const PASTE = "\x1b[200~p\rq\x1b[201~";
const WHOLE = [
  PASTE,
  ...[
    "a",
    "é",
    "漢",
    "👨‍👩‍👧",
    "\r",
    "\t",
    "\x01",
    "\x7f",
    "\x1bb",
    "\x1b[A",
    "\x1bOP",
    "\x1b[1;5D",
  ],
  ...["\x1b[3~", "\x1b[97;5u", "\x1b[<64;10;5M", "\x1b]11;rgb:0/0/0\x07", "\x1b[I", "\x1b[12;4R"],
  ...["\x1b_Gi=1;OK\x1b\\", "\x1b[M !!", "\x1b\x1b[A", "\x1b[[A"],
];

test("keys are the same wherever the bytes are cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...WHOLE), { maxLength: 12 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      (chosen, cuts) => {
        // Two pastes in one read are one: a paste may hold end marks of its own.
        const parts = chosen.filter((part, i) => part !== PASTE || chosen.indexOf(PASTE) === i);
        const bytes = Buffer.from(parts.join(""));
        const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort(
          (one, other) => one - other,
        );
        const reads = [0, ...places].map((from, i) => bytes.subarray(from, places[i]));
        expect(joined(keysOf(...reads))).toEqual(joined(keysOf(bytes)));
      },
    ),
    { numRuns: 2_000 },
  );
});

test("any bytes give bounded keys with well-formed text, and nothing stays behind a flush", () => {
  const byte = fc.oneof(
    fc.nat({ max: 255 }),
    fc.constantFrom(0x1b, 0x5b, 0x4f, 0x5d, 0x50, 0x3b, 0x31, 0x7e, 0x75, 0x07, 0x5c, 0x3c, 0x4d),
  );
  const read = fc.array(byte, { maxLength: 40 });
  fc.assert(
    fc.property(fc.array(read, { maxLength: 6 }), (reads) => {
      const decoder = new KeyDecoder();
      const keys = reads.flatMap((bytes) => decoder.feed(Uint8Array.from(bytes)));
      const all = [...keys, ...decoder.flush()];
      const sizeBytes = reads.flat().length;
      expect(all.length).toBeLessThanOrEqual(sizeBytes);
      for (const { name, text } of all) {
        expect(name).not.toBe("");
        expect(text.isWellFormed()).toBe(true);
        if (name !== "report") expect(text).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
      }
    }),
    { numRuns: 3_000 },
  );
});

test("a sequence that never ends holds a bound, and the keys behind it are keys again", () => {
  for (const begin of ["\x1b]", "\x1bP", "\x1b_", "\x1b["]) {
    const decoder = new KeyDecoder();
    const filler = Buffer.from("1".repeat(1_000));
    decoder.feed(Buffer.from(begin));
    let keys = 0;
    for (let bytes = 0; bytes < 4 * TERMINAL_SEQUENCE_BYTES_MAX; bytes += filler.length) {
      keys += decoder.feed(filler).length;
    }
    // A CSI that long is none; what follows is text again.
    if (begin !== "\x1b[") expect(keys).toBe(0);
    decoder.flush();
    expect(decoder.isWaiting).toBe(false);
    expect(decoder.feed(Buffer.from("x"))).toEqual([{ name: "x", text: "x" }]);
  }
});

test("the longest answer is one, and one byte more is dropped up to its end", () => {
  const answer = (sizeBytes: number) => `\x1b]${"x".repeat(sizeBytes - 3)}\x07`;
  expect(names(answer(TERMINAL_SEQUENCE_BYTES_MAX), "a")).toEqual(["report", "a"]);
  expect(names(answer(TERMINAL_SEQUENCE_BYTES_MAX + 1), "a")).toEqual(["a"]);
  const cut = answer(TERMINAL_SEQUENCE_BYTES_MAX + 100);
  expect(names(cut.slice(0, -50), cut.slice(-50), "a")).toEqual(["a"]);
  const byString = `${cut.slice(0, -1)}\x1b\\`;
  expect(names(byString.slice(0, -50), byString.slice(-50), "a")).toEqual(["a"]);
});

describe("while an answer of the terminal is due", () => {
  const ANSWERS = [
    ...["\x1b[?62;4c", "\x1b[0n", "\x1b[12;40R", "\x1b[6;18;9t", "\x1b]11;rgb:00/00/00\x1b\\"],
    ...[
      "\x1b]11;rgb:00/00/00\x07",
      "\x1bP>|foot(1.2)\x1b\\",
      "\x1b_Gi=31;OK\x1b\\",
      "\x1bP1$r0m\x1b\\",
    ],
  ];

  test.each(ANSWERS)("%j is typed by nobody, wherever and however slowly it is cut", (answer) => {
    for (let cut = 1; cut < answer.length; cut++) {
      const decoder = new KeyDecoder();
      const early = [...decoder.feed(Buffer.from(answer.slice(0, cut))), ...decoder.flush(true)];
      const late = decoder.feed(Buffer.from(`${answer.slice(cut)}x`));
      // An Esc on its own may have been pressed.
      expect(early.map(({ name }) => name)).toEqual(cut === 1 ? ["esc"] : []);
      expect(late).toEqual([
        { name: "report", text: answer },
        { name: "x", text: "x" },
      ]);
      expect(decoder.isWaiting).toBe(false);
    }
  });

  test.each(["[", "]", "Pizza", "_x", "q"])(
    "an Esc is the key, and %j behind it is text",
    (text) => {
      const decoder = new KeyDecoder();
      expect(decoder.feed(Buffer.from("\x1b"))).toEqual([]);
      expect(decoder.flush(true)).toEqual([{ name: "esc", text: "" }]);
      const keys = decoder.feed(Buffer.from(text));
      expect(keys.map((key) => key.text).join("")).toBe(text);
    },
  );

  test("what was held is given up when none is due any more", () => {
    const decoder = new KeyDecoder();
    decoder.feed(Buffer.from("\x1b[12;"));
    expect(decoder.flush(true)).toEqual([]);
    expect(decoder.isWaiting).toBe(true);
    expect(decoder.flush()).toEqual([]);
    expect(decoder.isWaiting).toBe(false);
  });
});
