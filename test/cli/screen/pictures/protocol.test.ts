import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { KeyDecoder } from "../../../../src/cli/screen/input/keys.ts";
import { isMultiplexed, pictureTerminal } from "../../../../src/cli/screen/pictures/protocol.ts";

const SIZE = { columns: 80, rows: 24 };
const KITTY = "\x1bP>|kitty(0.35.2)\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[6;20;9t\x1b[?62;c";

describe("which pictures", () => {
  test.each([
    ["kitty", KITTY, {}],
    ["kitty", "\x1bP>|kitty(0.28.0)\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[?62;c", { TERM: "xterm-kitty" }],
    ["kitty", "\x1bP>|kitty(1.0)\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[?62;c", {}],
    ["kitty-direct", "\x1bP>|kitty(0.26.5)\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[?62;c", {}],
    ["kitty-direct", "\x1bP>|kitty(0.3.1)\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[?62;c", {}],
    ["kitty-direct", "\x1b_Gi=31;OK\x1b\\\x1b[?62;c", { KITTY_WINDOW_ID: "1" }],
    ["kitty", "\x1bP>|ghostty 1.1.0\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[?62;22c", {}],
    // They speak kitty's protocol, and place nothing by cells.
    ["iterm2", "\x1bP>|WezTerm 20240203\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[?65;4;6c", {}],
    ["kitty-direct", "\x1bP>|Konsole 25.08.1\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[?62;1;4c", {}],
    ["iterm2", "\x1b[?62;4c", { TERM_PROGRAM: "iTerm.app" }],
    ["iterm2", "\x1b[?1;2c", { LC_TERMINAL: "iTerm2" }],
    ["iterm2", "", { TERM_PROGRAM: "WezTerm" }],
    ["sixel", "\x1bP>|foot(1.16.2)\x1b\\\x1b[?62;4;22c", {}],
    ["kitty-direct", "\x1b_Gi=31;OK\x1b\\\x1b[?62;4c", { TERM: "xterm-256color" }],
    ["sixel", "\x1b_Gi=31;ENOTSUPPORTED\x1b\\\x1b[?62;4c", { TERM: "xterm-256color" }],
    // The name that the terminal tells counts more than what another one has left behind.
    [undefined, "\x1bP>|XTerm(390)\x1b\\\x1b[?62;c", { TERM_PROGRAM: "iTerm.app" }],
    [undefined, "\x1bP>|kitty(0.19)\x1b\\\x1b_Gi=31;EINVAL\x1b\\\x1b[?62;c", {}],
    [undefined, KITTY, { TMUX: "/tmp/tmux-0" }],
    [undefined, "\x1b[?62;4c", { STY: "1.tty" }],
    [undefined, KITTY, { TERM: "tmux-256color" }],
    [undefined, KITTY, { ZELLIJ: "0" }],
    [undefined, "\x1b[?4;22c", {}],
    [undefined, "\x1b[?62;14;42c", {}],
    [undefined, "", {}],
  ] as const)("%s of %j and %j", (protocol, answers, env) => {
    expect(pictureTerminal(answers, env, SIZE).protocol).toBe(protocol);
  });

  test("an empty variable is none", () => {
    expect(isMultiplexed({ TMUX: "", STY: "" })).toBe(false);
  });
});

test("a cell is as large as is told, or counted, or small", () => {
  const cellOf = (answers: string) => pictureTerminal(answers, {}, SIZE).cell;
  expect(cellOf("\x1b[6;20;9t\x1b[4;999;999t")).toEqual({ width: 9, height: 20 });
  expect(cellOf("\x1b[4;480;807t")).toEqual({ width: 10, height: 20 });
  expect(cellOf("\x1b[6;19;10t\x1b[4;460;771t")).toEqual({ width: 9, height: 19 });
  const small = { width: 8, height: 16 };
  for (const answer of ["", "\x1b[6;0;0t", "\x1b[6;9999;9t", "\x1b[4;0;0t", "\x1b[6;1;1t"]) {
    expect(cellOf(answer)).toEqual(small);
  }
});

test("answers are no keys, wherever they are cut", () => {
  const bytes = Buffer.from(`a${KITTY}b`);
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 6 }), (cuts) => {
      const decoder = new KeyDecoder();
      const ends = [...cuts, bytes.length].toSorted((one, other) => one - other);
      const keys = ends.flatMap((end, i) => decoder.feed(bytes.subarray(ends[i - 1] ?? 0, end)));
      const typed = keys.filter(({ name }) => name !== "report");
      expect(typed.map(({ name }) => name)).toEqual(["a", "b"]);
      const told = keys.filter(({ name }) => name === "report").map(({ text }) => text);
      expect(told.join("")).toBe(KITTY);
    }),
  );
});
