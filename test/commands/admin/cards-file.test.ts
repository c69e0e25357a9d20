import { expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CardsFile } from "../../../src/commands/admin/cards-file.ts";
import type { Card } from "../../../src/core/people/cards.ts";
import { ENGLISH_CARDS } from "../../../src/ui/messages/en/cards.ts";
import { faultCode } from "../../fault-code.ts";
import { fixtureTest } from "../../fixture-test.ts";

const card = (user: string, code = `p-${user}`): Card => {
  const web = `https://10.0.0.1:2428/#reset=${code}`;
  return { user, displayName: `<${user}>`, code, web, expires: 1_900_000_000_000 };
};

const PAGE = {
  server: { name: "Room 7", origin: "https://10.0.0.1:2428" },
  texts: ENGLISH_CARDS,
  hasGuide: false,
};

const folderTest = fixtureTest(async () => {
  const folder = mkdtempSync(join(tmpdir(), "chat-cards-"));
  const path = join(folder, "cards.html");
  const open = (needed: readonly string[] = []) =>
    new CardsFile(path, PAGE, ({ user }) => needed.includes(user));
  const users = () =>
    [...readFileSync(path, "utf8").matchAll(/data-user="([^"]+)"/g)].map(([, user]) => user);
  return {
    folder,
    path,
    open,
    users,
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }),
  };
});

folderTest(
  "has each batch on disk at once, and only valid cards at the end",
  ({ path, open, users }) => {
    const file = open();
    file.add([card("ana"), card("ben")]);
    expect([users(), statSync(path).mode & 0o777]).toEqual([["ana", "ben"], 0o600]);
    file.add([card("cleo")]);
    expect(users()).toEqual(["ana", "ben", "cleo"]);
    file.finish([card("ana"), card("cleo")]);
    expect(users()).toEqual(["ana", "cleo"]);
    expect(readFileSync(path, "utf8")).toEndWith("</html>\n");
    expect(readFileSync(path, "utf8")).toContain("<h2>ana</h2>\n<p>&lt;ana&gt;</p>");
  },
);

folderTest("keeps the cards of a page that are needed, until they have a successor", (it) => {
  const first = it.open();
  first.add([card("ana"), card("ben"), card("cleo")]);
  first.close(); // Without its end, as after a kill.
  chmodSync(it.path, 0o644);
  const second = it.open(["ana", "cleo"]);
  expect([it.users(), second.formerUsers.length]).toEqual([["ana", "cleo"], 2]);
  expect(statSync(it.path).mode & 0o777).toBe(0o600);
  second.add([card("cleo", "p-new"), card("dora")]);
  expect(it.users()).toEqual(["ana", "cleo", "cleo", "dora"]);
  second.finish([card("cleo", "p-new")], [card("ana", "p-other")]);
  expect(it.users()).toEqual(["ana", "cleo", "ana"]);
  expect(readFileSync(it.path, "utf8")).toContain("p-new");
});

folderTest("replaces no other file, such as the imported list", ({ path, open }) => {
  for (const content of ["name\nana\n", "<!doctype html>\n<p>my page</p>\n"]) {
    writeFileSync(path, content);
    expect(faultCode(() => open())).toBe("usage");
    expect([readFileSync(path, "utf8"), existsSync(`${path}.part`)]).toEqual([content, false]);
  }
  writeFileSync(path, "");
  open().close();
  open().close();
});

folderTest("leaves no empty page", ({ path, open }) => {
  open().finish([]);
  expect(existsSync(path)).toBe(false);
});

folderTest("follows no link, and notices that its page was replaced", ({ folder, path, open }) => {
  const other = join(folder, "other");
  writeFileSync(other, "precious");
  symlinkSync(other, path);
  expect(faultCode(open)).toBe("usage");
  rmSync(path);
  const file = open();
  rmSync(path);
  symlinkSync(other, path);
  expect(faultCode(() => file.add([card("ana")]))).toBe("data-locked");
  expect(faultCode(() => file.finish([]))).toBe("data-locked");
  file.close();
  expect(readFileSync(other, "utf8")).toBe("precious");
});

test("names a folder that does not exist", () => {
  const open = () => new CardsFile("/nonexistent/cards.html", PAGE, () => false);
  expect(faultCode(open)).toMatch(/^(store|not)-/);
});
