import { expect, test } from "bun:test";
import { isAppendOnly } from "../../../src/io/terminal/terminal-type.ts";

test.each([undefined, "", "dumb", "unknown", "vt52"])(
  "a terminal named %j only appends",
  (name) => {
    expect(isAppendOnly({ TERM: name }, "linux")).toBe(true);
  },
);

test.each(["xterm", "vt100", "linux", "screen.xterm-256color", "dumb-emacs-ansi"])(
  "a terminal named %j understands sequences",
  (name) => expect(isAppendOnly({ TERM: name }, "linux")).toBe(false),
);

test("Windows sets no name", () => {
  expect(isAppendOnly({}, "win32")).toBe(false);
  expect(isAppendOnly({ TERM: "dumb" }, "win32")).toBe(true);
});
