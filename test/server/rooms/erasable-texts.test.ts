import { expect, test } from "bun:test";
import { KINDS, type KindWith, kindsWith, LASTING_TEXTS } from "../../../src/wire/kinds.ts";
import type { PostBody } from "../../../src/wire/messages.ts";
import { holds, lab } from "../site-lab.ts";

type Lab = Awaited<ReturnType<typeof lab>>;

/** Writes the text into a record of the kind, as the moderator ana, and returns its seq. */
const WRITERS: Readonly<
  Record<
    Exclude<KindWith<"erasable">, "file" | "vote" | "sealed" | "rename">,
    (lab: Lab, text: string) => Promise<number>
  >
> = {
  topic: async ({ ana }, topic) => (await ana.request("topic", { room: "lab", topic })).seq,
  profile: async ({ ana }, title) =>
    (await ana.request("profile", { room: "lab", title })).seq ?? 0,
  kick: async ({ ana }, reason) =>
    (await ana.request("kick", { room: "lab", user: "eve", reason })).seq,
  leave: async ({ site, ana }, reason) => {
    await ana.request("leave", { room: "lab", reason });
    await ana.request("join", { room: "lab" });
    await site.quiet();
    return ana.records.findLast(({ head }) => head.kind === "leave")?.head.seq ?? 0;
  },
  text: async ({ site, ana }, text) => (await site.wait(ana.post(text, "lab"))).seq,
  action: async ({ ana }, text) => await posted(ana, { text, action: true }),
  reaction: async ({ site, ana }, react) => {
    const { seq: re } = await site.wait(ana.post("hi", "lab"));
    return await posted(ana, { text: "", react, re });
  },
};

let counter = 0;

async function posted(by: Lab["ana"], body: PostBody): Promise<number> {
  counter += 1;
  return (await by.request("post", { outbox: "erasableAAA", counter, to: "lab", body })).seq;
}

test.each(Object.entries(WRITERS))(
  "erases the text of a '%s' from the disk",
  async (kind, write) => {
    const it = await lab();
    const { site, ana, ben } = it;
    const text = `secret ${kind}`;
    const seq = await write(it, text);
    await site.quiet();
    expect(holds(site, text)).toBe(true);
    expect(await ben.refusal("erase", { seq })).toBe("not-allowed");
    await ana.request("erase", { seq });
    expect(holds(site, text)).toBe(false);
    const members = await membersOf(ben);
    await site.restart();
    const again = await site.again(ben, "ben");
    expect(await membersOf(again)).toEqual(members);
    expect(await topicOf(again)).toBe("");
  },
);

test("erases with an account's messages also its topics and reasons", async () => {
  const it = await lab();
  const { site, ana } = it;
  const texts: string[] = [];
  for (const [kind, write] of Object.entries(WRITERS)) {
    texts.push(`secret ${kind}`);
    await write(it, `secret ${kind}`);
  }
  await ana.request("erase-all", {});
  expect(texts.filter((text) => holds(site, text))).toEqual([]);
  await site.restart();
  const again = await site.again(ana, "ana");
  expect(await membersOf(again)).toEqual(["ana", "ben"]);
});

test("erases an earlier topic without ending the one in effect", async () => {
  const { site, ana } = await lab();
  const { seq } = await ana.request("topic", { room: "lab", topic: "first" });
  await ana.request("topic", { room: "lab", topic: "second" });
  await ana.request("erase", { seq });
  expect(holds(site, "first")).toBe(false);
  await site.restart();
  expect(await topicOf(await site.again(ana, "ana"))).toBe("second");
});

test("keeps a kick without a reason, and one in an encrypted room", async () => {
  const { site, ana, ben } = await lab();
  const { seq } = await ana.request("kick", { room: "lab", user: "eve" });
  expect(await ana.refusal("erase", { seq })).toBe("not-allowed");
  expect(await ben.refusal("erase", { seq })).toBe("not-allowed");
  await ana.request("erase-all", {});
  await site.restart();
  expect(await membersOf(await site.again(ana, "ana"))).toEqual(["ana", "ben"]);
});

test("every kind with a text is erasable, or says why its text stays", () => {
  const withText = Object.entries(KINDS)
    .filter(([, { body }]) => Object.values(body).some((type) => type === "text"))
    .map(([kind]) => kind);
  const erasable = new Set<string>(kindsWith("erasable"));
  const lasting = withText.filter((kind) => !erasable.has(kind));
  expect(Object.keys(LASTING_TEXTS).sort()).toEqual(lasting.sort());
  expect(Object.values(LASTING_TEXTS).filter((reason) => reason.length < 20)).toEqual([]);
});

test("names the kinds that other tests erase", () => {
  expect(new Set([...Object.keys(WRITERS), "file", "vote", "sealed", "rename"])).toEqual(
    new Set(kindsWith("erasable")),
  );
});

async function membersOf(by: Lab["ana"]): Promise<readonly string[]> {
  return (await by.request("who", { room: "lab" })).users.map(({ user }) => user);
}

async function topicOf(by: Lab["ana"]): Promise<string> {
  const { rooms } = await by.request("rooms", {});
  return rooms.find(({ room }) => room === "lab")?.topic ?? "";
}
