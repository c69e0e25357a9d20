import { expect, test } from "bun:test";
import { PICTURE_PIECE_BYTES_MAX } from "../../../../src/base/limits-screen.ts";
import {
  pictureAttributes,
  pictureCells,
  pictureId,
} from "../../../../src/cli/screen/pictures/cells.ts";
import { kittyPieces, pictureTerminal } from "../../../../src/cli/screen/pictures/protocol.ts";

const BOX = { id: 7, columns: 20, rows: 5 };

test("splits a picture for kitty into pieces", () => {
  const png = crypto.getRandomValues(new Uint8Array(60_000));
  const pieces = kittyPieces(png, BOX, "cells");
  expect(pieces).toHaveLength(Math.ceil(80_000 / (PICTURE_PIECE_BYTES_MAX - 4_096)));
  for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(PICTURE_PIECE_BYTES_MAX);
  const text = pieces.join("");
  const matches = [...text.matchAll(/\x1b_G([^;]*);([^\x1b]*)\x1b\\/g)];
  expect(matches.map(([sequence]) => sequence).join("")).toBe(text);
  const headers = matches.map(([, keys]) => keys);
  expect(headers[0]).toBe("a=T,U=1,f=100,q=2,i=7,c=20,r=5,m=1");
  expect(new Set(headers.slice(1, -1))).toEqual(new Set(["q=2,m=1"]));
  expect(headers.at(-1)).toBe("q=2,m=0");
  for (const [, , chunk = ""] of matches) expect(chunk.length).toBeLessThanOrEqual(4096);
  const base64 = matches.map(([, , chunk]) => chunk).join("");
  expect(new Uint8Array(Buffer.from(base64, "base64"))).toEqual(png);
});

test("uses the diacritics of kitty's list", () => {
  expect(pictureCells({ id: pictureId(29, 7), columns: 3, rows: 2 }, 1)).toBe(
    "\u{10eeee}\u030d\u0305\u036f\u{10eeee}\u{10eeee}",
  );
  expect(pictureId(2, 7)).toBe(0x2000007);
  expect(pictureAttributes(0x2000007)).toBe("38;5;7");
});

const SIZE = { columns: 80, rows: 24 };
const KITTY = "\x1bP>|kitty(0.35.2)\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[6;20;9t\x1b[?62;c";

test.each([
  ["kitty", KITTY, {}],
  ["kitty", "\x1bP>|kitty(0.28.0)\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[?62;c", { TERM: "xterm-kitty" }],
  ["kitty-direct", "\x1bP>|kitty(0.26.5)\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[?62;c", {}],
  ["kitty", "\x1bP>|ghostty 1.1.0\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[?62;22c", {}],
  // These terminals support the kitty protocol, but not placeholder cells.
  ["iterm2", "\x1bP>|WezTerm 20240203\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[?65;4;6c", {}],
  ["kitty-direct", "\x1bP>|Konsole 25.08.1\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[?62;1;4c", {}],
  ["iterm2", "\x1b[?62;4c", { TERM_PROGRAM: "iTerm.app" }],
  ["sixel", "\x1bP>|foot(1.16.2)\x1b\\\x1b[?62;4;22c", {}],
  ["kitty-direct", "\x1b_Gi=31;OK\x1b\\\x1b[?62;4c", { TERM: "xterm-256color" }],
  // The reported name has priority over variables of another terminal.
  [undefined, "\x1bP>|XTerm(390)\x1b\\\x1b[?62;c", { TERM_PROGRAM: "iTerm.app" }],
  [undefined, "\x1bP>|kitty(0.19)\x1b\\\x1b_Gi=31;EINVAL\x1b\\\x1b[?62;c", {}],
  [undefined, KITTY, { TMUX: "/tmp/tmux-0" }],
  [undefined, KITTY, { TERM: "tmux-256color" }],
  [undefined, "", {}],
] as const)("detects %s from %j and %j", (protocol, answers, env) => {
  expect(pictureTerminal(answers, env, SIZE).protocol).toBe(protocol);
});

test("determines the size of a cell: reported, computed or assumed", () => {
  const cellOf = (answers: string) => pictureTerminal(answers, {}, SIZE).cell;
  expect(cellOf("\x1b[6;20;9t\x1b[4;999;999t")).toEqual({ width: 9, height: 20 });
  expect(cellOf("\x1b[4;480;807t")).toEqual({ width: 10, height: 20 });
  expect(cellOf("\x1b[6;19;10t\x1b[4;460;771t")).toEqual({ width: 9, height: 19 });
  const small = { width: 8, height: 16 };
  for (const answer of ["", "\x1b[6;0;0t", "\x1b[6;9999;9t", "\x1b[4;0;0t", "\x1b[6;1;1t"]) {
    expect(cellOf(answer)).toEqual(small);
  }
});
