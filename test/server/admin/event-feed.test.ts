import { expect, test } from "bun:test";
import { MESSAGE_BYTES_MAX, TEXT_BYTES_MAX } from "../../../src/base/limits.ts";
import { EVENTS_STORED_BYTES_MAX, EVENTS_STORED_MAX } from "../../../src/base/limits-page.ts";
import { EventFeed } from "../../../src/server/admin/event-feed.ts";
import { encode } from "../../../src/wire/codec.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { lab, labTest, operating } from "../site-lab.ts";

test("replays past events with the numbers that live events continue", async () => {
  const { site, ana, ben } = await lab();
  await site.wait(ben.post("hello all", "lab"));
  await site.wait(ben.post("for eve alone", "@eve"));
  await operating(ana);
  const { events } = await ana.request("events", {});
  expect(events.map(({ event }) => event)).toContain("logged-in");
  expect(events.map(({ n }) => n)).toEqual(events.map((_, at) => (events[0]?.n ?? 0) + at));
  const bodies = events.map(({ record }) => Buffer.from(record?.body ?? []).toString()).join();
  expect(bodies).toContain("hello all");
  expect(bodies).not.toContain("for eve alone");
  await ana.request("watch", { on: true });
  await site.wait(ben.post("live", "lab"));
  await site.quiet();
  expect(ana.all("event").at(0)?.n).toBe((events.at(-1)?.n ?? 0) + 1);
});

labTest("omits texts that were erased since", async ({ site, ana, ben }) => {
  const posted = await site.wait(ben.post("a slip", "lab"));
  await operating(ana);
  await ana.request("erase", { seq: (posted as { seq: number }).seq });
  await site.quiet();
  const { events } = await ana.request("events", {});
  const bodies = events.map(({ record }) => Buffer.from(record?.body ?? []).toString()).join();
  expect(bodies).not.toContain("a slip");
});

labTest("sends past events up to the size of one message", async ({ site, ana, ben }) => {
  await operating(ana);
  const text = "x".repeat(TEXT_BYTES_MAX);
  const many = Math.ceil((2 * EVENTS_STORED_BYTES_MAX) / TEXT_BYTES_MAX);
  for (let i = 0; i < many; i++) await site.wait(ben.post(text, "lab"));
  const { events, since } = await ana.request("events", {});
  expect(events.length).toBeGreaterThan(5);
  expect(events.length).toBeLessThan(many);
  const bytes = encode({ kind: "ok", ref: 1, since, events });
  expect(bytes.length).toBeLessThan(MESSAGE_BYTES_MAX);
});

test("drops the oldest of too many events", () => {
  const feed = new EventFeed({
    clock: new VirtualClock(),
    registry: undefined as never,
    onEvent: () => undefined,
  });
  const from = { address: { host: "192.0.2.1", port: 1 }, transport: "tcp" } as const;
  for (let n = 0; n <= 3 * EVENTS_STORED_MAX; n++)
    feed.emit({ kind: "connected", client: "x", ...from });
  const { events } = feed.recent();
  expect(events.length).toBeLessThanOrEqual(EVENTS_STORED_MAX);
  expect(events.length).toBeGreaterThan(EVENTS_STORED_MAX / 2);
  expect(events.at(-1)?.n).toBe(3 * EVENTS_STORED_MAX + 1);
});

labTest("sends decisions live, without secrets", async ({ site, ana, ben }) => {
  await operating(ana);
  await ana.request("watch", { on: true });
  await ana.request("ban", { user: "eve", on: true, reason: "spam" });
  await ana.request("ban", { user: "eve", on: false });
  const { invite } = await ben.request("invite", {});
  const { token } = await ana.request("reset", { user: "ben" });
  await ana.request("registration", { closed: true });
  await (await site.greeted()).request("recover", { token, password: "another" });
  await ana.request("grant", { user: "ben", on: true });
  await ana.request("rename", { user: "eve", to: "eva" });
  await ana.request("remove", { user: "eva" });
  await site.quiet();
  const decided = ana.all("event").filter(({ event }) => event === "decided");
  expect(decided.map(({ decision, by, whom }) => [decision, by, whom])).toEqual([
    ["banned", "ana", "eve"],
    ["unbanned", "ana", "eve"],
    ["invite", "ben", invite.slice(0, 8)],
    ["reset", "ana", "ben"],
    ["closed", "ana", undefined],
    ["reset-used", "ben", undefined],
    ["operator", "ana", "ben"],
    ["renamed", "ana", "eva"],
    ["removed", "ana", "eva"],
  ]);
  expect(decided[0]?.reason).toBe("spam");
  expect(JSON.stringify(decided)).not.toContain(token);
  expect(JSON.stringify(decided)).not.toContain("hash");
});
