import { describe, expect, test } from "bun:test";
import { PASTE_BYTES_MAX } from "../../../../src/base/limits-page.ts";
import { TERMINAL_SEQUENCE_BYTES_MAX } from "../../../../src/base/limits-screen.ts";
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
    expect(names(Buffer.from([0xe6, 0xbc]), "x")).toEqual(["text:\ufffdx"]);
  });
});

test("decodes a lone Esc as a key after a timeout", () => {
  const decoder = new KeyDecoder();
  expect(decoder.isBuffering).toBe(false);
  expect(decoder.feed(Buffer.from("\x1b"))).toEqual([]);
  expect(decoder.isBuffering).toBe(true);
  expect(decoder.flush()).toEqual([{ name: "esc", text: "" }]);
  expect(decoder.isBuffering).toBe(false);
  expect(decoder.flush()).toEqual([]);
});

test("drops an endless sequence, and decodes the following keys", () => {
  for (const begin of ["\x1b]", "\x1bP", "\x1b_", "\x1b["]) {
    const decoder = new KeyDecoder();
    const filler = Buffer.from("1".repeat(1_000));
    decoder.feed(Buffer.from(begin));
    let keys = 0;
    for (let bytes = 0; bytes < 4 * TERMINAL_SEQUENCE_BYTES_MAX; bytes += filler.length) {
      keys += decoder.feed(filler).length;
    }
    // Drops an oversized CSI sequence; the following bytes are text.
    if (begin !== "\x1b[") expect(keys).toBe(0);
    decoder.flush();
    expect(decoder.isBuffering).toBe(false);
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

describe("while an answer of the terminal is pending", () => {
  test.each(ANSWERS)("does not type %j, split anywhere at any speed", (answer) => {
    for (let cut = 1; cut < answer.length; cut++) {
      const decoder = new KeyDecoder();
      const early = [...decoder.feed(Buffer.from(answer.slice(0, cut))), ...decoder.flush(true)];
      const late = decoder.feed(Buffer.from(`${answer.slice(cut)}x`));
      // A separate Esc may be a key press.
      expect(early.map(({ name }) => name)).toEqual(cut === 1 ? ["esc"] : []);
      expect(late).toEqual([
        { name: "report", text: answer },
        { name: "x", text: "x" },
      ]);
      expect(decoder.isBuffering).toBe(false);
    }
  });
});
