import { describe, expect, test } from "bun:test";
import { PICTURE_BYTES_MAX } from "../../../../src/base/limits-screen.ts";
import {
  itermPicture,
  kittyPicture,
  PICTURE_QUERY,
  pictureProtocol,
  withoutKittyPicture,
} from "../../../../src/cli/screen/terminal/pictures.ts";

const SIZE = { columns: 20, rows: 5 };

test.each([
  ["kitty", "\x1b_Gi=31;OK\x1b\\\x1b[?62;c", {}],
  ["kitty", "\x1b_Gi=31;OK\x1b\\\x1b[?62;4c", { TERM_PROGRAM: "WezTerm" }],
  ["iterm2", "\x1b[?62;4c", { TERM_PROGRAM: "iTerm.app" }],
  ["iterm2", "\x1b[?1;2c", { LC_TERMINAL: "iTerm2" }],
  ["sixel", "\x1b[?62;4;22c", { TERM_PROGRAM: "iTerm.app", TMUX: "/tmp/tmux" }],
  [undefined, "\x1b[?4;22c", {}],
  [undefined, "\x1b[?62;14;42c", {}],
  [undefined, "\x1b_Gi=31;ENOTSUPPORTED\x1b\\\x1b[?62;c", {}],
  [undefined, "", {}],
] as const)("%s of %j and %j", (protocol, answers, env) => {
  expect(pictureProtocol(answers, env)).toBe(protocol);
});

test("the question ends with one that every terminal answers", () => {
  expect(PICTURE_QUERY).toEndWith("\x1b[c");
});

describe("for kitty", () => {
  test("a picture comes in pieces that make the whole", () => {
    const png = crypto.getRandomValues(new Uint8Array(10_000));
    const text = kittyPicture(png, 7, SIZE) ?? "";
    const parts = [...text.matchAll(/\x1b_G([^;]*);([^\x1b]*)\x1b\\/g)];
    expect(parts.map(([whole]) => whole).join("")).toBe(text);
    expect(parts.map(([, about]) => about)).toEqual([
      "a=T,f=100,q=2,C=1,i=7,c=20,r=5,m=1",
      "m=1",
      "m=1",
      "m=0",
    ]);
    for (const [, , chunk = ""] of parts) expect(chunk.length).toBeLessThanOrEqual(4096);
    const base64 = parts.map(([, , chunk]) => chunk).join("");
    expect(new Uint8Array(Buffer.from(base64, "base64"))).toEqual(png);
    expect(withoutKittyPicture(7)).toBe("\x1b_Ga=d,d=I,i=7,q=2\x1b\\");
  });

  test("a small one is one piece", () => {
    expect(kittyPicture(new Uint8Array([1, 2, 3]), 1, SIZE)).toBe(
      "\x1b_Ga=T,f=100,q=2,C=1,i=1,c=20,r=5,m=0;AQID\x1b\\",
    );
  });
});

test("for iTerm2 a picture is one command", () => {
  expect(itermPicture(new Uint8Array([1, 2, 3]), SIZE)).toBe(
    "\x1b]1337;File=inline=1;size=3;width=20;height=5;doNotMoveCursor=1:AQID\x07",
  );
});

test("a large picture stays a file", () => {
  const most = new Uint8Array(PICTURE_BYTES_MAX);
  const more = new Uint8Array(PICTURE_BYTES_MAX + 1);
  expect([kittyPicture(most, 1, SIZE), itermPicture(most, SIZE)]).not.toContain(undefined);
  expect([kittyPicture(more, 1, SIZE), itermPicture(more, SIZE)]).toEqual([undefined, undefined]);
});
