import { expect, test } from "bun:test";
import { siteWith } from "../site.ts";

async function lockedLab() {
  const all = await siteWith(["ana", "ben", "eve"]);
  await all.ana.request("join", { room: "lab", create: true, password: "sesame" });
  return all;
}

const NOTICE = { kind: "invited", room: "lab", by: "ana", sealed: false } as const;

test("lets an invited user join a locked room without the password", async () => {
  const { site, ana, ben, eve } = await lockedLab();
  const { seq } = await ana.request("invite-user", { room: "lab", user: "Ben" });
  await site.quiet();
  expect([ben, eve, ana].map((guest) => guest.all("invited"))).toEqual([[NOTICE], [], []]);
  const record = ana.records.find(({ head }) => head.seq === seq);
  expect(record).toMatchObject({
    from: "ana",
    head: { kind: "admission" },
    body: { name: "ben", on: true },
  });
  expect(await eve.refusal("join", { room: "lab" })).toBe("room-password-wrong");
  await ben.request("join", { room: "lab" });
  expect(await ana.refusal("invite-user", { room: "lab", user: "ben" })).toBe("not-allowed");
  expect(await ben.refusal("invite-user", { room: "lab", user: "eve" })).toBe("not-allowed");
  expect(await ana.refusal("invite-user", { room: "lab", user: "none" })).toBe("user-unknown");
  expect(await ana.refusal("invite-user", { room: "none", user: "ben" })).toBe("room-unknown");
  await ana.request("kick", { room: "lab", user: "ben" });
  expect(await ben.refusal("join", { room: "lab" })).toBe("room-password-wrong");
});

test("notifies an invited user at log-in until they join", async () => {
  const { site, ana, ben } = await lockedLab();
  ben.hangUp();
  await ana.request("invite-user", { room: "lab", user: "ben" });
  await site.restart();
  const again = await site.again(ben, "ben");
  expect(again.all("invited")).toEqual([NOTICE]);
  await again.request("join", { room: "lab" });
  const third = await site.again(ben, "ben");
  expect(third.all("invited")).toEqual([]);
});

test("withdraws an invitation", async () => {
  const { site, ana, ben } = await lockedLab();
  await ana.request("invite-user", { room: "lab", user: "ben" });
  await ana.request("kick", { room: "lab", user: "ben" });
  await site.quiet();
  expect(ben.all("invited")).toHaveLength(1);
  expect(await ben.refusal("join", { room: "lab" })).toBe("room-password-wrong");
  const again = await site.again(ben, "ben");
  expect(again.all("invited")).toEqual([]);
  expect(ana.records.at(-1)).toMatchObject({ head: { kind: "admission" }, body: { on: false } });
});

test("spares a user the invitations of ignored users", async () => {
  const { site, ana, ben } = await lockedLab();
  await ben.request("ignore", { user: "ana", on: true });
  await ana.request("invite-user", { room: "lab", user: "ben" });
  await site.quiet();
  const again = await site.again(ben, "ben");
  expect([...ben.all("invited"), ...again.all("invited")]).toEqual([]);
  await again.request("join", { room: "lab" });
});
