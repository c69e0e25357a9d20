import { expect, test } from "bun:test";
import { quoteArgument } from "../../src/cli/shell-quote.ts";

test.each([
  ["/srv/chat", "/srv/chat"],
  ["/srv/dätä", "/srv/dätä"],
  ["/srv/my chat", "'/srv/my chat'"],
  ["/srv/ana's $HOME", "'/srv/ana'\\''s $HOME'"],
  ["~/chat", "'~/chat'"],
  ["C:\\chat", "'C:\\chat'"],
  ["", "''"],
])("sh reads %p as one argument", (text, quoted) => {
  expect(quoteArgument(text, "linux")).toBe(quoted);
  const echoed = Bun.spawnSync(["sh", "-c", `printf %s ${quoted}`]).stdout.toString();
  expect(echoed).toBe(text);
});

test.each([
  ["C:\\chat\\data", "C:\\chat\\data"],
  ["C:\\class 7\\data", '"C:\\class 7\\data"'],
  ["C:\\a & b", '"C:\\a & b"'],
  ["C:\\a b\\", '"C:\\a b\\\\"'],
  ["C:\\pay$\\ana's", "'C:\\pay$\\ana''s'"],
  ["", '""'],
])("Windows shells read %p as one argument", (text, quoted) => {
  expect(quoteArgument(text, "win32")).toBe(quoted);
});
