import { describe, expect, test } from "bun:test";
import { PICTURE_PIECE_BYTES_MAX } from "../../../../src/base/limits-screen.ts";
import {
  itermPicture,
  kittyPieces,
  throughTmux,
  withoutKitty,
} from "../../../../src/cli/screen/pictures/encoding.ts";

const BOX = { id: 7, columns: 20, rows: 5 };

describe("for kitty", () => {
  test("a picture comes in pieces that make the whole", () => {
    const png = crypto.getRandomValues(new Uint8Array(60_000));
    const pieces = kittyPieces(png, BOX, "cells");
    expect(pieces).toHaveLength(Math.ceil(80_000 / (PICTURE_PIECE_BYTES_MAX - 4_096)));
    for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(PICTURE_PIECE_BYTES_MAX);
    const text = pieces.join("");
    const parts = [...text.matchAll(/\x1b_G([^;]*);([^\x1b]*)\x1b\\/g)];
    expect(parts.map(([whole]) => whole).join("")).toBe(text);
    const abouts = parts.map(([, about]) => about);
    expect(abouts[0]).toBe("a=T,U=1,f=100,q=2,i=7,c=20,r=5,m=1");
    expect(new Set(abouts.slice(1, -1))).toEqual(new Set(["q=2,m=1"]));
    expect(abouts.at(-1)).toBe("q=2,m=0");
    for (const [, , chunk = ""] of parts) expect(chunk.length).toBeLessThanOrEqual(4096);
    const base64 = parts.map(([, , chunk]) => chunk).join("");
    expect(new Uint8Array(Buffer.from(base64, "base64"))).toEqual(png);
  });

  test("a small one is one piece, and goes again", () => {
    expect(kittyPieces(new Uint8Array([1, 2, 3]), BOX, "cells")).toEqual([
      "\x1b_Ga=T,U=1,f=100,q=2,i=7,c=20,r=5,m=0;AQID\x1b\\",
    ]);
    expect(kittyPieces(new Uint8Array([1, 2, 3]), BOX, "cursor")).toEqual([
      "\x1b_Ga=T,C=1,f=100,q=2,i=7,c=20,r=5,m=0;AQID\x1b\\",
    ]);
    expect(withoutKitty(7)).toBe("\x1b_Ga=d,d=I,i=7,q=2\x1b\\");
  });

  test("tmux hands each of its sequences on", () => {
    const [piece] = kittyPieces(new Uint8Array(4_000), BOX, "cells", throughTmux);
    expect(piece?.match(/\x1bPtmux;\x1b\x1b_G[^\x1b]*\x1b\x1b\\\x1b\\/g)).toHaveLength(2);
  });
});

test("for iTerm2 a picture is one command", () => {
  expect(itermPicture(new Uint8Array([1, 2, 3]), BOX)).toBe(
    "\x1b]1337;File=inline=1;size=3;width=20;height=5;doNotMoveCursor=1:AQID\x07",
  );
});
