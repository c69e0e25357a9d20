import { expect, test } from "bun:test";
import { localPath } from "../../../src/cli/files/local-path.ts";
import { faultFrom } from "../../commands/fake-world.ts";

test.each([
  ["file:///home/ana/a.txt", "/home/ana/a.txt"],
  ["file:/home/ana/a.txt", "/home/ana/a.txt"],
  ["FILE://LocalHost/srv/a%20b.txt", "/srv/a b.txt"],
  ["file:///tmp/%E6%97%A5%E6%9C%AC%23%3F%25.txt", "/tmp/日本#?%.txt"],
  ["file:///tmp/a#b?c.txt", "/tmp/a#b?c.txt"],
  ["file:///C:/docs/a.txt", "/C:/docs/a.txt"],
  ["file:notes.txt", "file:notes.txt"],
  ["./file:/a", "./file:/a"],
  ["a%20b.txt", "a%20b.txt"],
  ["https://example.org/a", "https://example.org/a"],
])("the path of %s is %s", (text, path) => {
  expect(localPath(text, "linux")).toBe(path);
});

test.each([
  ["file:///C:/My%20Files/a.txt", "C:/My Files/a.txt"],
  ["file://localhost/c:/a", "c:/a"],
])("on Windows, the path of %s is %s", (text, path) => {
  expect(localPath(text, "win32")).toBe(path);
});

test.each([
  ["file://nas/share/a.txt", "is on another machine, nas"],
  ["file:///tmp/%ff", "is not a valid file address"],
  ["file:///tmp/%zz", "is not a valid file address"],
  ["file:///tmp/a%00b", "is not a valid file address"],
])("refuses %s, which %s", async (text, message) => {
  const fault = await faultFrom(() => localPath(text, "linux"));
  expect(fault.code).toBe("usage");
  expect(fault.message).toContain(message);
});
