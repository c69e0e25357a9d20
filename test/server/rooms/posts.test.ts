import { expect, test } from "bun:test";
import type { PostBody } from "../../../src/wire/messages.ts";
import { channelOf, TestFile } from "../data-channel.ts";
import type { Guest } from "../guest.ts";
import { Sites } from "../siblings/sites.ts";
import { Site, siteWith } from "../site.ts";
import { labTest } from "../site-lab.ts";

let counter = 0;
const OUTBOX = "BBBBBBBBBBB";
const post = (body: PostBody, to = "lobby") => {
  return { outbox: OUTBOX, counter: ++counter, to, body };
};
const react = (re: number, to?: string) => post({ text: "", react: "👍", re }, to);

async function postText(guest: Guest, text: string, to?: string): Promise<number> {
  return (await guest.site.wait(guest.post(text, to))).seq;
}

test("records a reaction to a message of the same room", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const re = await postText(ana, "done");
  const { seq } = await ben.request("post", react(re));
  await site.quiet();
  expect(ana.records.at(-1)).toMatchObject({
    head: { kind: "reaction", seq },
    from: "ben",
    body: { react: "👍", re },
  });
  const { records } = await ana.request("history", { target: "lobby", limit: 1 });
  expect(Buffer.from(records[0]?.head ?? []).toString()).toContain('"kind":"reaction"');
  const direct = await postText(ana, "psst", "@ben");
  expect((await ben.request("post", react(direct, "@ana"))).seq).toBeGreaterThan(direct);
});

labTest("records a reaction to a file, until the file is erased", async ({ ana, ben }) => {
  const file = new TestFile("one", 1);
  const posted = await file.upload(await channelOf(ana), ["lab"]);
  const re = posted[0]?.seq ?? 0;
  expect((await ben.request("post", react(re, "lab"))).seq).toBeGreaterThan(re);
  await ana.request("erase", { seq: re });
  expect(await ben.refusal("post", react(re, "lab"))).toBe("not-found");
});

test("refuses a reaction to anything but a readable message", async () => {
  const { ana, ben } = await siteWith(["ana", "ben"]);
  const re = await postText(ana, "done");
  await ana.request("join", { room: "cellar", create: true });
  const hidden = await postText(ana, "secret", "cellar");
  for (const wrong of [hidden, 1, 999_999]) {
    expect(await ben.refusal("post", react(wrong))).toBe("not-found");
  }
  expect(await ben.refusal("post", react(hidden, "cellar"))).toBe("not-member");
  expect(await ben.refusal("post", react(hidden, "attic"))).toBe("room-unknown");
  expect(await ben.refusal("post", react(hidden, "@nobody"))).toBe("user-unknown");
  const { seq } = await ben.request("post", react(re));
  expect(await ben.refusal("post", react(seq))).toBe("not-found");
  await ana.request("erase", { seq: re });
  expect(await ben.refusal("post", react(re))).toBe("not-found");
});

test("reveals no message numbers to users who share no message", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"]);
  const eve = await site.member("eve");
  await postText(ana, "open");
  const hidden = await postText(ana, "psst", "@ben");
  const messages = new Set<string>();
  for (const seq of [1, hidden, hidden + 1, 2 ** 53 - 1]) {
    const fault = await eve.refused("post", react(seq, "@ben"));
    messages.add(`${fault.code} ${fault.message.replace(String(seq), "N")} ${fault.remedy}`);
    if (seq === 1) continue;
    for (const request of [
      eve.refused("edit", { seq, text: "x" }),
      eve.refused("erase", { seq }),
    ]) {
      expect((await request).code).toBe("not-found");
    }
  }
  expect([...messages]).toHaveLength(1);
  expect([...messages][0]).toStartWith("not-found");
  await site.quiet();
  const [conversations] = [ben.all("room").filter(({ name }) => name === "eve")];
  expect(conversations).toEqual([]);
  const first = await postText(eve, "hello", "@ben");
  expect((await ben.request("post", react(first, "@eve"))).seq).toBeGreaterThan(first);
});

test("refuses a reaction with text or without a sign", async () => {
  const { ana } = await siteWith(["ana"]);
  const re = await postText(ana, "done");
  const bodies: [PostBody, string][] = [
    [{ text: "too", react: "👍", re }, "text-invalid"],
    [{ text: "", react: "", re }, "text-invalid"],
    [{ text: "", react: "👍" }, "frame-malformed"],
    [{ text: "", react: "x".repeat(65), re }, "too-large"],
    [{ text: "", re }, "text-invalid"],
  ];
  for (const [body, code] of bodies) {
    expect(await ana.refusal("post", post(body))).toBe(code);
  }
  expect(
    (await ana.request("post", post({ text: "", react: "x".repeat(64), re }))).seq,
  ).toBeTruthy();
});

test("keeps the order of an outbox on a slow disk", async () => {
  let slow = 0;
  const site: Site = await Site.open({
    reading: () => new Promise((go) => void site.clock.after(slow, go)),
  });
  const ana = await site.member("ana");
  const re = await postText(ana, "done");
  slow = 50;
  const bodies: PostBody[] = [
    { text: "one" },
    { text: "", react: "👍", re },
    { text: "two" },
    { text: "", react: "👎", re: 1 },
    { text: "three" },
    { text: "", react: "👏", re },
  ];
  const sent = bodies.map((body) => ana.send("post", post(body)).catch((fault) => fault.code));
  const outcomes = await site.wait(Promise.all(sent));
  expect(outcomes[3]).toBe("not-found");
  const seqs = outcomes.filter((one) => one !== "not-found").map(({ seq }) => seq);
  expect(seqs).toHaveLength(5);
  expect(seqs).toEqual([...seqs].sort((one, other) => one - other));
});

test("reacts to a message that another server of the cluster has just recorded", async () => {
  const sites = await Sites.open(2);
  const [ana, ben] = [await sites.site(0).member("ana"), await sites.site(1).member("ben")];
  const { site } = ana;
  await site.quiet();
  const next = site.history.head() + 1;
  sites.meanwhile = () => ana.post("done");
  expect((await ben.request("post", react(next))).seq).toBe(next + 1);
  expect(await ben.refusal("post", react(1_000))).toBe("not-found");
  sites.isOut = true;
  const fault = await ben.refused("post", react(1_000));
  expect(fault).toMatchObject({ code: "no-majority", retryAfterMs: 1_000 });
});
