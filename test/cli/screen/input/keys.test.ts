import { describe, expect, test } from "bun:test";
import { PASTE_BYTES_MAX } from "../../../../src/base/limits-page.ts";
import {
  SCREEN_ESC_MS,
  SCREEN_LATE_ENTER_MS,
  SCREEN_LATE_SEQUENCE_MS,
  TERMINAL_SEQUENCE_BYTES_MAX,
} from "../../../../src/base/limits-screen.ts";
import { type Key, KeyDecoder } from "../../../../src/cli/screen/input/keys.ts";

function keysOf(...reads: readonly (string | Uint8Array)[]): readonly Key[] {
  const decoder = new KeyDecoder();
  const keys = reads.flatMap((read) => decoder.feed(Buffer.from(read as string)));
  return [...keys, ...decoder.flush()];
}

function names(...reads: readonly (string | Uint8Array)[]): readonly string[] {
  return keysOf(...reads).map(({ name, text }) =>
    ["text", "paste", "click"].includes(name) ? `${name}:${text}` : name,
  );
}

const ANSWERS = [
  ...["\x1b[?62;4c", "\x1b[0n", "\x1b[12;40R", "\x1b[6;18;9t", "\x1b]11;rgb:00/00/00\x1b\\"],
  ...["\x1b]11;rgb:00/00/00\x07", "\x1bP>|foot(1.2)\x1b\\", "\x1b_Gi=31;OK\x1b\\"],
  "\x1bP1$r0m\x1b\\",
];

describe("decodes what terminals send", () => {
  test.each([
    ["a\tA\t é\t漢\t😀", ["a", "tab", "A", "tab", "text: é", "tab", "漢", "tab", "😀"]],
    ["\n\x7f\b\x00\x01\x1a", ["ctrl-j", "backspace", "ctrl-h", "ctrl-space", "ctrl-a", "ctrl-z"]],
    ["\x1c\x1d\x1e\x1f", ["ctrl-\\", "ctrl-]", "ctrl-^", "ctrl-_"]],
    ["\x1b", ["esc"]],
    ["\x1b\x1bx", ["esc", "alt-x"]],
    ["\x1bb\x1bB\x1b1\x1b;\x1bé", ["alt-b", "alt-B", "alt-1", "alt-;", "alt-é"]],
    ["\x1b\r\x1b\x7f\x1b\b", ["alt-enter", "alt-backspace", "ctrl-alt-h"]],
    ["\x1bOx", ["8"]],
  ])("%j", (sent, expected) => {
    expect(names(sent)).toEqual(expected);
  });

  test.each([
    ["\x1b[A\x1b[B\x1b[C\x1b[D", ["up", "down", "right", "left"]],
    ["\x1bOA\x1bOB\x1bOC\x1bOD", ["up", "down", "right", "left"]],
    ["\x1b[1~\x1b[4~\x1b[7~\x1b[8~", ["home", "end", "home", "end"]],
    ["\x1b[2~\x1b[3~\x1b[5~\x1b[6~", ["insert", "delete", "pageup", "pagedown"]],
    ["\x1b[1;5D\x1b[1;3C\x1b[1;2A", ["ctrl-left", "alt-right", "shift-up"]],
    ["\x1b[1;6A\x1b[1;7B\x1b[1;8C", ["ctrl-shift-up", "ctrl-alt-down", "ctrl-alt-shift-right"]],
    ["\x1b[3;5~\x1b[5;5~\x1b[6;2~", ["ctrl-delete", "ctrl-pageup", "shift-pagedown"]],
    ["\x1bO5A\x1b\x1b[A\x1b\x1bOA\x1b[Z", ["ctrl-up", "alt-up", "alt-up", "shift-tab"]],
    ["\x1b[3^\x1b[3@\x1b[a", ["ctrl-delete", "ctrl-shift-delete", "shift-up"]],
    ["\x1bOP\x1bOQ\x1bOR\x1bOS", ["f1", "f2", "f3", "f4"]],
    ["\x1b[11~\x1b[15~\x1b[17~\x1b[24~", ["f1", "f5", "f6", "f12"]],
    ["\x1b[[A\x1b[[E\x1b[1;2P\x1bOM", ["f1", "f5", "shift-f1", "enter"]],
    ["\x1b[I\x1b[O", ["focus-in", "focus-out"]],
  ])("decodes keys of xterm, rxvt and Linux: %j", (sent, expected) => {
    expect(names(sent)).toEqual(expected);
  });

  test.each([
    ["\x1b[97;5u\x1b[97;6u\x1b[97;3u", ["ctrl-a", "ctrl-shift-a", "alt-a"]],
    ["\x1b[97:65;4u\x1b[97;2u\x1b[97;9u", ["alt-A", "A", "super-a"]],
    ["\x1b[13u\x1b[13;2u\x1b[13;5u", ["enter", "shift-enter", "ctrl-enter"]],
    ["\x1b[27u\x1b[127;5u\x1b[32;2u", ["esc", "ctrl-backspace", "space"]],
    ["\x1b[105;5u\x1b[109;5u\x1b[91;5u\x1b[47;5u", ["tab", "enter", "esc", "ctrl-_"]],
    ["\x1b[97;5:3u\x1b[1;1:3A", []],
    ["\x1b[97;5:2u\x1b[97;69u", ["ctrl-a", "ctrl-a"]],
    ["\x1b[97;;229u", ["å"]],
    ["\x1b[57414u\x1b[57404u\x1b[57417;5u\x1b[57376u", ["enter", "5", "ctrl-left", "f13"]],
    ["\x1b[57441u\x1b[57358u\x1b[55296u\x1b[99999999999u", []],
    ["\x1b[27;5;13~\x1b[27;2;9~", ["ctrl-enter", "shift-tab"]],
    ["\x1b[?1u", ["report"]],
  ])("decodes the keyboard protocols of kitty and xterm: %j", (sent, expected) => {
    expect(names(sent)).toEqual(expected);
  });

  test.each([...ANSWERS, "\x1b[1;5R", "\x1b[?2026;2$y"])("does not type an answer: %j", (text) => {
    expect(keysOf(`a${text}b`)).toEqual([
      { name: "a", text: "a" },
      { name: "report", text },
      { name: "b", text: "b" },
    ]);
  });

  test("decodes the wheel and clicks", () => {
    expect(names("\x1b[<64;10;5M\x1b[<65;10;5M")).toEqual(["scroll-up", "scroll-down"]);
    expect(names("\x1b[<80;10;5M")).toEqual(["scroll-up"]);
    expect(keysOf("\x1b[<65;10;5M")).toEqual([{ name: "scroll-down", text: "9;4" }]);
    expect(names("\x1b[<0;10;5M\x1b[<0;10;5m\x1b[<32;11;5M")).toEqual(["click:9;4"]);
    expect(names("\x1b[M`!!")).toEqual(["scroll-up"]);
    expect(names("\x1b[M !!x")).toEqual(["click:0;0", "x"]);
  });

  test("decodes a paste of any text as one key", () => {
    expect(names("a\x1b[200~x\ry\x1b[A\x1b[201~b")).toEqual(["a", "paste:x\ny", "b"]);
    expect(names("\x1b[200~a", "b", "\x1b[201~")).toEqual(["paste:ab"]);
    const over = "x".repeat(PASTE_BYTES_MAX + 1);
    expect(names(`\x1b[200~${over}\x1b[201~z`)).toEqual(["paste-oversize", "z"]);
    const last = "x".repeat(PASTE_BYTES_MAX);
    expect(keysOf(`\x1b[200~${last}\x1b[201~`)).toEqual([{ name: "paste", text: last }]);
  });

  test("drops C1 controls and invalid bytes", () => {
    expect(names(Buffer.from([0xc2, 0x9b]))).toEqual([]);
    expect(names(Buffer.from([0xff]))).toEqual(["\ufffd"]);
    expect(names(Buffer.from([0xe6, 0xbc]), "x")).toEqual(["x"]);
    expect(names(Buffer.from([0x1b, 0xe6]), "x", "y")).toEqual(["x", "y"]);
  });
});

test("decodes a lone Esc as a key after a timeout", () => {
  const decoder = new KeyDecoder();
  expect(decoder.timeoutMs).toBeUndefined();
  expect(decoder.feed(Buffer.from("\x1b"))).toEqual([]);
  expect(decoder.timeoutMs).toBe(SCREEN_ESC_MS);
  expect(decoder.flush()).toEqual([{ name: "esc", text: "" }]);
  expect(decoder.timeoutMs).toBe(SCREEN_LATE_ENTER_MS);
  expect(decoder.flush()).toEqual([]);
  expect(decoder.timeoutMs).toBe(SCREEN_LATE_SEQUENCE_MS);
  expect(decoder.flush()).toEqual([]);
  expect(decoder.timeoutMs).toBeUndefined();
  expect(decoder.flush()).toEqual([]);
});

/** Keys of input that pauses after each part for as long as the decoder waits. */
function slowly(...parts: readonly (string | Uint8Array)[]): readonly string[] {
  const decoder = new KeyDecoder();
  const keys = parts.flatMap((part) => {
    const read = decoder.feed(Buffer.from(part));
    return [...read, ...(decoder.timeoutMs === undefined ? [] : decoder.flush())];
  });
  return keys.map(({ name, text }) => (name === "paste" ? `paste:${text}` : name));
}

describe("never types an unfinished sequence, however slowly it arrives", () => {
  const SEQUENCES: readonly (readonly [string, readonly string[]])[] = [
    ["\x1b[A", ["up"]],
    ["\x1b[1;5C", ["ctrl-right"]],
    ["\x1bOA", ["up"]],
    ["\x1b[<0;10;5M", ["click"]],
    ["\x1b[I", ["focus-in"]],
    ["\x1b[24;9R", ["report"]],
    ["\x1b]11;rgb:0000/0000/0000\x1b\\", ["report"]],
    ["\x1bP>|term 1\x1b\\", ["report"]],
    ["\x1b[97;5u", ["ctrl-a"]],
    ["\x1b[200~/topic x\ry\x1b[201~", ["paste:/topic x\ny"]],
  ];
  test.each(SEQUENCES)("%j in two parts", (sequence, expected) => {
    for (let cut = 1; cut < sequence.length; cut++) {
      const keys = slowly(sequence.slice(0, cut), sequence.slice(cut));
      // An Esc alone is told by time.
      expect(keys.filter((name) => name !== "esc")).toEqual([...expected]);
      expect(keys.includes("esc")).toBe(cut === 1);
    }
  });

  test.each(SEQUENCES)("%j byte by byte", (sequence, expected) => {
    expect(slowly(sequence.slice(0, 2), ...sequence.slice(2))).toEqual([...expected]);
    expect(slowly(...sequence)).toEqual(["esc", ...expected]);
  });

  test("characters in several parts", () => {
    for (const text of ["é", "漢", "👋"]) {
      const bytes = Buffer.from(text);
      expect(slowly(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual([text]);
    }
  });

  test("and drops the rest of what it must drop", () => {
    expect(slowly("\x1b[12", "3x", "y")).toEqual(["report", "y"]);
    expect(slowly("\x1b]11;rgb", "more", "\r", "y")).toEqual(["enter", "y"]);
    expect(slowly("\x1bP1$r", "typed?", "\x03", "y")).toEqual(["ctrl-c", "y"]);
  });
});

test("types what follows an Esc key", () => {
  expect(slowly("\x1b", "[", "x")).toEqual(["esc", "text"]);
  expect(slowly("\x1b", "O", "k")).toEqual(["esc", "text"]);
  expect(slowly("\x1b", ..."P1 is down")).toEqual(["esc", "text", ..."is", "space", ..."down"]);
  expect(slowly("\x1b", "[", "\r")).toEqual(["esc", "[", "enter"]);
  expect(slowly("\x1b", "[x] done")).toEqual(["esc", "text"]);
  expect(slowly("\x1b", "Oh no")).toEqual(["esc", "text"]);
  expect(slowly("\x1bP", "lease")).toEqual(["alt-P", "text"]);
  expect(slowly("\x1b]", "x")).toEqual(["alt-]", "x"]);
});

test("an Enter right after an Esc key is the rest of Alt-Enter", () => {
  expect(slowly("\x1b", "\r")).toEqual(["esc", "alt-enter"]);
  const decoder = new KeyDecoder();
  decoder.feed(Buffer.from("\x1b"));
  for (const timeoutMs of [SCREEN_ESC_MS, SCREEN_LATE_ENTER_MS]) {
    expect(decoder.timeoutMs).toBe(timeoutMs);
    decoder.flush();
  }
  expect(decoder.feed(Buffer.from("\r"))).toEqual([{ name: "enter", text: "" }]);
});

test("drops an endless sequence, and decodes the following keys", () => {
  for (const begin of ["\x1b]", "\x1bP", "\x1b_G", "\x1b["]) {
    const decoder = new KeyDecoder();
    const filler = Buffer.from("1".repeat(1_000));
    decoder.feed(Buffer.from(begin));
    let keys = 0;
    for (let bytes = 0; bytes < 4 * TERMINAL_SEQUENCE_BYTES_MAX; bytes += filler.length) {
      keys += decoder.feed(filler).length;
    }
    expect(keys).toBe(0);
    expect(decoder.timeoutMs).toBeUndefined();
    expect(decoder.feed(Buffer.from(begin === "\x1b[" ? "A" : "\x07"))).toEqual([]);
    expect(decoder.feed(Buffer.from("x"))).toEqual([{ name: "x", text: "x" }]);
  }
});

test("accepts an answer of the maximum length, and drops a longer answer", () => {
  const answer = (sizeBytes: number) => `\x1b]${"x".repeat(sizeBytes - 3)}\x07`;
  expect(names(answer(TERMINAL_SEQUENCE_BYTES_MAX), "a")).toEqual(["report", "a"]);
  expect(names(answer(TERMINAL_SEQUENCE_BYTES_MAX + 1), "a")).toEqual(["a"]);
  const cut = answer(TERMINAL_SEQUENCE_BYTES_MAX + 100);
  expect(names(cut.slice(0, -50), cut.slice(-50), "a")).toEqual(["a"]);
  const byString = `${cut.slice(0, -1)}\x1b\\`;
  expect(names(byString.slice(0, -50), byString.slice(-50), "a")).toEqual(["a"]);
});

describe("answers of the terminal", () => {
  test.each(ANSWERS)("are not typed: %j, split anywhere at any speed", (answer) => {
    for (let cut = 1; cut < answer.length; cut++) {
      const decoder = new KeyDecoder();
      const early = [...decoder.feed(Buffer.from(answer.slice(0, cut))), ...decoder.flush()];
      const late = decoder.feed(Buffer.from(`${answer.slice(cut)}x`));
      // A separate Esc may be a key press.
      expect(early.map(({ name }) => name)).toEqual(cut === 1 ? ["esc"] : []);
      expect(late).toEqual([
        { name: "report", text: answer },
        { name: "x", text: "x" },
      ]);
    }
  });
});
