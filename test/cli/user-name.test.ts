import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Name } from "../../src/base/names.ts";
import { promptUserName, userNameById } from "../../src/cli/secrets.ts";
import { openTerminal } from "../../src/io/terminal/terminal.ts";
import { fakeWorld, faultFrom } from "../commands/fake-world.ts";
import { tempFolder } from "../temp-folder.ts";

function world(lines: readonly string[], isTerminal = true) {
  const { stdin, stderr } = fakeWorld({ lines, terminal: isTerminal });
  return { stderr, terminal: openTerminal(stdin, stderr) };
}

test.each([
  [["ana"], "ana"],
  [["Jürgen Müller", ""], "Juergen-Mueller"],
  [["Jürgen Müller", "jm"], "jm"],
  [["42", "4 2", ""], "4-2"],
] as const)("who types %j is %s", async (lines, name) => {
  expect<string>(await promptUserName(world(lines))).toBe(name);
});

test("proposes a valid name", async () => {
  const asked = world(["\x1b[31mä b", ""]);
  expect<string>(await promptUserName(asked)).toBe("31mae-b");
  expect(asked.stderr.text).not.toContain("\x1b");
  expect(asked.stderr.text).toContain("invalid name");
  expect(asked.stderr.text).toEndWith("Name [31mae-b]: ");
});

test("offers the name of the system's user", async () => {
  const asked = world([""]);
  const own = () => "ana" as Name;
  expect<string>(await promptUserName(asked, "host:1", own)).toBe("ana");
  expect(asked.stderr.text).toBe("Name on host:1 [ana]: ");
  expect<string>(await promptUserName(world(["ben"]), "host:1", own)).toBe("ben");
});

test("rejects a missing terminal, and an empty answer without a default", async () => {
  const named = world(["Ben, Ruiz✅", " Ben Ruíz "]);
  expect<string>(await promptUserName(named, "host:1", () => undefined, true)).toBe("Ben Ruíz");
  const empty = await faultFrom(() => promptUserName(world([""]), "host:1", () => undefined));
  expect(empty.code).toBe("name-invalid");
  expect((await faultFrom(() => promptUserName(world(["a b"])))).code).toBe("interrupted");
  expect((await faultFrom(() => promptUserName(world([], false)))).code).toBe("usage");
});

test("reads the user's name from /etc/passwd", () => {
  const folder = tempFolder();
  const file = join(folder, "passwd");
  writeFileSync(file, "root:x:0:0:root:/root:/bin/sh\nana:x:1000:1000::/home/ana:/bin/sh\n");
  const names = [0, 1000, 7].map((uid) => userNameById(uid, file));
  expect(names).toEqual(["root", "ana", undefined]);
  expect(userNameById(0, join(folder, "nothing"))).toBeUndefined();
});
