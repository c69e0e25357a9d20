import { expect, test } from "bun:test";
import { type Json, ndjson } from "./program.ts";
import { SharedServer } from "./shared-server.ts";

const server = new SharedServer();
const TEXTS = [
  "The Wi-Fi in the café can’t be reached",
  "@bob the certificate of the shop expires, and the registrar wants C++",
  "nothing of it",
];

test("chat search finds all words in any order and spelling, or ends with 4", async () => {
  await using sandbox = server.guests();
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  for (const text of TEXTS) await ana.run(["send", text]);
  await Bun.write(sandbox.path("Budget-Café 2026.txt"), "x");
  await ana.run(["send-file", sandbox.path("Budget-Café 2026.txt"), "--to", "lobby"]);
  const search = async (...words: string[]) => {
    const { exitCode, out } = await ana.run(["search", "--json", ...words]);
    if (exitCode !== 0) return exitCode;
    return ndjson(out).map(({ text, files }) => text ?? (files as Json[])[0]?.["name"]);
  };
  const [wifi, shop] = TEXTS;
  expect(await search("WIFI")).toEqual([wifi]);
  expect(await search("cafe")).toEqual([wifi, "Budget-Café 2026.txt"]);
  expect(await search("registrar", "certificate")).toEqual([shop]);
  expect(await search("c++", "has:file")).toBe(4);
  expect(await search("of the shop")).toEqual([shop]);
  expect(await search("shop the of")).toBe(4);
  expect(await search('"shop the of"')).toBe(4);
  expect(await search("shop", "the", "of")).toEqual([shop]);
  expect(await search("--has", "file", "2026 budget".split(" ")[0] ?? "", "budget")).toEqual([
    "Budget-Café 2026.txt",
  ]);
  expect(await search("from:ana", "in:lobby", "since:1h", "cant")).toEqual([wifi]);
  expect(await search("?!")).toBe(4);
  expect(await search("x".repeat(1_025))).toBe(2);
});
