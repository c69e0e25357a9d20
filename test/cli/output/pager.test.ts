import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HistoryPrinter, textHits } from "../../../src/cli/history/printer.ts";
import type { Hits } from "../../../src/cli/output/color.ts";
import { markHits } from "../../../src/cli/output/color.ts";
import { Pager } from "../../../src/cli/output/pager.ts";
import type { DisplayRecord } from "../../../src/cli/output/render.ts";
import { fakeContext } from "../../commands/fake-world.ts";
import { tempFolder } from "../../temp-folder.ts";

function pagerIn(folder: string, script: string) {
  const program = join(folder, "pager");
  writeFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const env = { PATH: process.env["PATH"] ?? "", PAGER: `${program} -x  y` };
  return fakeContext({ terminal: true, env }).context;
}

const RECORD: DisplayRecord = {
  kind: "text",
  seq: 3,
  timeUnixMs: 0,
  from: "ben",
  destination: { room: "lobby" },
  text: "a [b] c",
};

test("a pager with arguments receives the messages", async () => {
  const folder = tempFolder();
  const out = join(folder, "out");
  const context = pagerIn(folder, `echo "$@" "$LESS" > ${out}; cat >> ${out}`);
  {
    await using pager = Pager.open(context);
    expect(pager?.isQuit).toBe(false);
    const printer = new HistoryPrinter(context, {
      me: "ana",
      pager,
      hits: () => undefined,
      numbers: false,
      hasOnePlace: true,
    });
    await printer.print([RECORD]);
    await printer.end();
  }
  expect(readFileSync(out, "utf8")).toMatch(
    /^-x y FRX\n── lobby · Thu 01 Jan 1970 ──\n\d\d:00 ben: a \[b\] c\n$/,
  );
});

test.each([
  ["quotes", `sh -c 'cat > "$0"; echo "[$1]" >> "$0"' OUT 'a b'`, "text\n[a b]\n"],
  ["a pipe", "cat | tr a-z A-Z > OUT", "TEXT\n"],
  ["a variable", "cat > $DIR/out", "text\n"],
])("PAGER may contain %s, as man and git allow", async (_, pager, expected) => {
  const folder = tempFolder();
  const out = join(folder, "out");
  const env = { PATH: process.env["PATH"] ?? "", DIR: folder, PAGER: pager.replace("OUT", out) };
  const { context, world } = fakeContext({ terminal: true, env });
  {
    await using opened = Pager.open(context);
    await opened?.write("text\n");
  }
  expect(readFileSync(out, "utf8")).toBe(expected);
  expect([world.stdout.text, world.stderr.text]).toEqual(["", ""]);
});

test.each(["false", "sh -c 'exit 3'", "no-such-program; false", "cat >/dev/null; exit 1"])(
  "the text is printed if the pager %p fails",
  async (pager) => {
    const env = { PATH: process.env["PATH"] ?? "", PAGER: pager };
    const { context, world } = fakeContext({ terminal: true, env });
    {
      await using opened = Pager.open(context);
      await opened?.write("one\n");
      await opened?.write("two\n");
    }
    expect(world.stdout.text).toBe("one\ntwo\n");
    expect(world.stderr.text).toMatch(/^chat: the pager .* failed \(exit code [13]\)\n$/);
  },
);

test("a pager may end before it has read everything", async () => {
  const context = pagerIn(tempFolder(), "exit 0");
  await using pager = Pager.open(context);
  for (let i = 0; i < 8; i++) await pager?.write("x".repeat(1 << 16));
});

test.each([
  ["no terminal", fakeContext({ env: { PAGER: "sh" } })],
  ["TERM=dumb", fakeContext({ terminal: true, env: { PAGER: "sh", TERM: "dumb" } })],
  ["cat", fakeContext({ terminal: true, env: { PAGER: "cat" } })],
  ["no program", fakeContext({ terminal: true, env: { PATH: "/nonexistent" } })],
])("there is no pager with %s", (_, { context }) => {
  expect(Pager.open(context)).toBeUndefined();
});

test("marks found parts of painted texts", () => {
  const hits = textHits(["b", "b.c", "", "x\ny"], true) as Hits;
  expect(markHits("\x1b[1mB.C\x1b[22m abc", hits)).toBe(
    "\x1b[1m\x1b[7mB.C\x1b[27m\x1b[22m a\x1b[7mb\x1b[27mc",
  );
  expect(markHits("1 \x1b[1m", textHits(["1"], true) as Hits)).toBe("\x1b[7m1\x1b[27m \x1b[1m");
  expect(textHits([""], true)).toBeUndefined();
  expect(markHits("B b", textHits(["b"], false) as Hits)).toBe("B \x1b[7mb\x1b[27m");
});
