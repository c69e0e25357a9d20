import { describe, expect, test } from "bun:test";
import { innerTable, parseToml } from "../../src/cli/toml.ts";
import { faultFrom } from "../commands/fake-world.ts";

const TEXT = `# a comment with [brackets] and words = none
user = "ana"
note = """
user = "bob"
[screen]
"""
"odd key" = 1

[screen] # of the terminal
  theme = "dark"
keys."ctrl-k" = "switcher"
inline = { a = 1, b = 2 }

[screen.colors]
'mention' = "red"
`;

describe("where a setting stands", () => {
  const file = parseToml(TEXT, "c.toml", "");

  test.each([
    ["c.toml:2:1", ["user"]],
    ["c.toml:3:1", ["note"]],
    ["c.toml:7:1", ["odd key"]],
    ["c.toml:9:2", ["screen"]],
    ["c.toml:10:3", ["screen", "theme"]],
    ["c.toml:11:1", ["screen", "keys"]],
    ["c.toml:11:1", ["screen", "keys", "ctrl-k"]],
    ["c.toml:12:1", ["screen", "inline", "b"]],
    ["c.toml:14:2", ["screen", "colors"]],
    ["c.toml:15:1", ["screen", "colors", "mention"]],
    ["c.toml:1:1", ["nothing"]],
  ])("%s is %j", (place, keys) => {
    expect(file.at(...keys)).toBe(place);
  });

  test("is the same from inside", () => {
    const colors = innerTable(innerTable(file, "screen") ?? file, "colors");
    expect(colors?.values).toEqual({ mention: "red" });
    expect(colors?.at("mention")).toBe("c.toml:15:1");
    expect(innerTable(file, "user")).toBeUndefined();
    expect(innerTable(file, "toString")).toBeUndefined();
  });
});

test.each([
  ["a = 1\n b = \n", "c.toml:2:6 is not valid TOML (invalid value)"],
  ["[a\n", "c.toml:1:3 is not valid TOML"],
  ['a = "x\n', "c.toml:1:"],
])("%j is refused with its place", async (text, message) => {
  const fault = await faultFrom(() => parseToml(text, "c.toml", "a = 1"));
  expect(fault.message).toStartWith(message);
  expect(fault.message).not.toContain("\n");
  expect(fault.remedy).toBe("a setting looks like a = 1");
});

test("a byte order mark and line ends of Windows do no harm", () => {
  const file = parseToml('\ufeffuser = "ana"\r\n\r\n[a]\r\nb = 1\r\n', "c.toml", "");
  expect(file.values).toEqual({ user: "ana", a: { b: 1 } });
  expect(file.at("a", "b")).toBe("c.toml:4:1");
});
