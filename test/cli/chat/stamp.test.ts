import { expect, test } from "bun:test";
import { Site } from "../../server/site.ts";
import { INTERFACES } from "../../ui/parity/interfaces.ts";

/** Ana's assignment room `essay` in a terminal, in which ben has handed in a text. */
async function opened(name: "line mode" | "full screen") {
  const site = await Site.open();
  const ben = await site.member("ben");
  const ana = await INTERFACES[name]?.(site);
  if (ana === undefined) return expect.unreachable();
  expect(await ana.type("/join essay --assignment")).toBe("done");
  await site.wait(ben.request("join", { room: "essay" }));
  await site.wait(ben.post("my essay", "essay@ben"));
  await site.quiet();
  const texts = () =>
    ben.notices
      .flatMap((notice) => (notice.kind === "record" ? [notice.body] : []))
      .map((body) => JSON.parse(Buffer.from(body ?? []).toString() || "{}"))
      .filter(({ stamp }) => stamp !== undefined);
  return { site, ana, ben, texts };
}

test.each(["line mode", "full screen"] as const)("a moderator stamps work in %s", async (name) => {
  const { ana, texts } = await opened(name);
  const lines = {
    "/stamp ben well-done": "done",
    "/stamp @ben FIX": "usage",
    "/stamp well-done": "usage",
    "/stamp ben": "usage",
    "/stamp ben seen now": "usage",
    "/stamp": "usage",
  };
  const codes: Record<string, string> = {};
  for (const line of Object.keys(lines)) codes[line] = await ana.type(line);
  expect(codes).toEqual(lines);
  // In the box of a person, their name is not needed.
  expect(await ana.type("/join essay@ben")).toBe("done");
  expect(await ana.type("/stamp fix")).toBe("done");
  expect(texts()).toEqual([
    { text: "Well done", stamp: "well-done" },
    { text: "One thing to fix", stamp: "fix" },
  ]);
  expect(await ana.type("/join lobby")).toBe("done");
  expect(await ana.type("/stamp ben seen")).toBe("room-unknown");
  await ana.close();
});

test.each(["line mode", "full screen"] as const)("a member cannot stamp in %s", async (name) => {
  const { site, ana, ben, texts } = await opened(name);
  await site.wait(ben.request("join", { room: "poem", create: true }));
  await site.wait(ben.request("rules", { room: "poem", post: "private" }));
  expect(await ana.type("/join poem")).toBe("done");
  expect(await ana.type("/stamp ben well-done")).toBe("room-unknown");
  expect(await ana.type("/stamp ana well-done")).toBe("not-allowed");
  expect(texts()).toEqual([]);
  await ana.close();
});
