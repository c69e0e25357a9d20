import { expect, test } from "bun:test";
import { channelOf, TestFile } from "../data-channel.ts";
import type { Guest } from "../guest.ts";
import { siteWith } from "../site.ts";
import { operating, TOKEN } from "../site-lab.ts";

const FILE = new TestFile("notes", 1);

async function school() {
  const names = ["tess", "ana", "ben", "olga"] as const;
  const { site, ...people } = await siteWith(names, { operatorToken: TOKEN });
  const { tess, ana, ben, olga } = people;
  await operating(olga);
  await olga.request("grant", { user: "olga", on: true });
  await tess.request("join", { room: "class", create: true });
  await ana.request("join", { room: "class" });
  await site.quiet();
  return { site, tess, ana, ben, olga };
}

async function outcome(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => "ok",
    (fault: { code: string }) => fault.code,
  );
}

test("an operator sets the rules, and everyone receives them", async () => {
  const { site, ana, olga } = await school();
  expect(await ana.refusal("server-rules", { rooms: "operators" })).toBe("not-allowed");
  expect(await ana.request("server-rules", {})).toEqual({ rules: {} });
  const { rules } = await olga.request("server-rules", { rooms: "operators", files: "moderators" });
  expect(rules).toEqual({ rooms: "operators", files: "moderators" });
  await site.quiet();
  expect(ana.all("server-rules").at(-1)).toMatchObject(rules);
  const records = site.registry.head;
  await olga.request("server-rules", rules);
  expect(site.registry.head).toBe(records);
  await site.restart();
  const again = await site.again(ana, "ana");
  await site.quiet();
  expect(again.all("server-rules")).toMatchObject([rules]);
  const operator = await site.again(olga, "olga");
  await operator.request("server-rules", { rooms: "everyone", files: "everyone" });
  await site.quiet();
  expect(again.all("server-rules").at(-1)).toEqual({ kind: "server-rules" });
});

test("only operators create rooms", async () => {
  const { site, tess, ana, olga } = await school();
  await olga.request("server-rules", { rooms: "operators" });
  for (const password of [undefined, "open sesame"]) {
    const fields = { room: "den", create: true, ...(password === undefined ? {} : { password }) };
    expect(await ana.refusal("join", fields)).toBe("not-allowed");
  }
  expect(await tess.refusal("join", { room: "den", create: true, sealed: true })).toBe(
    "not-allowed",
  );
  expect(await ana.request("join", { room: "class", create: true })).toMatchObject({
    joined: false,
  });
  expect(await olga.request("join", { room: "den", create: true })).toMatchObject({
    created: true,
  });
  await site.quiet();
});

test("tells whether a conversation takes messages", async () => {
  const { site, tess, ana, ben, olga } = await school();
  const limit = (of: Guest, target: string) => of.request("write-limit", { target });
  const { name: group } = await ben.request("conversation", { users: ["ana", "olga"] });
  const { name: pupils } = await ben.request("conversation", { users: ["ana", "tess"] });
  expect(await limit(ana, "@ben")).toEqual({});
  await olga.request("server-rules", { direct: "moderators" });
  await site.quiet();
  expect(await limit(ana, "@ben")).toEqual({ only: "moderators" });
  expect(await limit(ana, pupils)).toEqual({ only: "moderators" });
  for (const target of ["@ana", "@tess", "@olga", "class", group])
    expect([target, await limit(ana, target)]).toEqual([target, {}]);
  expect(await limit(tess, "@ana")).toEqual({});
  expect(await tess.refusal("write-limit", { target: group })).toBe("room-unknown");
  await olga.request("server-rules", { direct: "operators" });
  expect(await limit(ana, "@tess")).toEqual({ only: "operators" });
});

test("direct messages only from and to moderators of a common room, or operators", async () => {
  const { site, tess, ana, ben, olga } = await school();
  const direct = (from: Guest, to: string) => outcome(site.wait(from.post("psst", to)));
  const { seq } = await site.wait(ana.post("before", "@ben"));
  await olga.request("server-rules", { direct: "moderators" });
  expect(await direct(ana, "@ben")).toBe("not-allowed");
  expect(await direct(ben, "@ana")).toBe("not-allowed");
  expect(await direct(ben, "@tess")).toBe("not-allowed");
  expect(await direct(ana, "@ana")).toBe("ok");
  expect(await direct(ana, "@tess")).toBe("ok");
  expect(await direct(tess, "@ana")).toBe("ok");
  expect(await direct(ben, "@olga")).toBe("ok");
  // An edit, a file and an action would carry words, too.
  expect(await ana.refusal("edit", { seq, text: "after" })).toBe("not-allowed");
  const action = { outbox: "CCCCCCCCCCC", counter: 1, to: "@ben" } as const;
  const body = { text: "waves", action: true };
  expect(await ana.refusal("post", { ...action, body })).toBe("not-allowed");
  expect(await (await channelOf(ana)).refusal("offer", FILE.offer(["@ben"]))).toBe("not-allowed");
  await olga.request("server-rules", { direct: "operators" });
  expect(await direct(ana, "@tess")).toBe("not-allowed");
  expect(await direct(ben, "@olga")).toBe("ok");
  // Nobody reaches a conversation that does not exist yet, and none is created.
  expect(await direct(ben, "@tess")).toBe("not-allowed");
  expect(site.rooms.roomsOf(site.registry.find("ben" as never)?.id as never).size).toBe(3);
  await olga.request("server-rules", { direct: "everyone" });
  expect(await direct(ana, "@ben")).toBe("ok");
});

test("a file that was offered before a rule is refused in a message", async () => {
  const { tess, ana, olga } = await school();
  const lane = await channelOf(ana);
  await lane.request("offer", FILE.offer(["class"]));
  await olga.request("server-rules", { files: "moderators" });
  await FILE.pour(lane);
  await lane.request("finish", FILE.finish);
  expect(await ana.refusal("post", FILE.post("class"))).toBe("not-allowed");
  expect(
    await (await channelOf(ana)).refusal("offer", new TestFile("two", 1).offer(["class"])),
  ).toBe("not-allowed");
  const posted = await new TestFile("plan", 1).upload(await channelOf(tess), ["class"]);
  expect(posted).toHaveLength(1);
  const toPupil = await new TestFile("marks", 1).upload(await channelOf(tess), ["@ana"]);
  expect(toPupil).toHaveLength(1);
  await olga.request("server-rules", { files: "operators" });
  const last = await channelOf(tess);
  expect(await last.refusal("offer", new TestFile("x", 1).offer(["class"]))).toBe("not-allowed");
});
