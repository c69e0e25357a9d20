import { expect, test } from "bun:test";
import { INVITATIONS_PER_INVITER_MAX } from "../../../src/base/limits.ts";
import { siteWith } from "../site.ts";
import { TOKEN } from "../site-lab.ts";

async function lockedLab() {
  const all = await siteWith(["ana", "ben", "eve"], { operatorToken: TOKEN });
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

test("tells a user that their invitation has ended", async () => {
  const { site, ana, ben } = await lockedLab();
  await ana.request("invite-user", { room: "lab", user: "ben" });
  await ana.request("kick", { room: "lab", user: "ben" });
  await site.quiet();
  expect(ben.all("uninvited")).toEqual([{ kind: "uninvited", room: "lab" }]);
  const again = await site.again(ben, "ben");
  expect(again.all("invited")).toEqual([]);
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

test("ends the effect of an invitation with the right of its author", async () => {
  const { site, ana, ben, eve } = await lockedLab();
  const operator = await site.member("op");
  await operator.request("operate", { token: TOKEN });
  const refusal = () => ben.refusal("join", { room: "lab" });
  const notices = async () => (await site.again(ben, "ben")).all("invited").length;
  await eve.request("join", { room: "lab", password: "sesame" });
  await ana.request("grant", { room: "lab", user: "eve", on: true });
  await eve.request("invite-user", { room: "lab", user: "ben" });
  expect(await notices()).toBe(1);
  await ana.request("grant", { room: "lab", user: "eve", on: false });
  expect([await refusal(), await notices()]).toEqual(["room-password-wrong", 0]);
  // Another moderator can invite again.
  await ana.request("invite-user", { room: "lab", user: "ben" });
  expect(await notices()).toBe(1);
  await operator.request("ban", { user: "ana", on: true });
  expect([await refusal(), await notices()]).toEqual(["room-password-wrong", 0]);
  await operator.request("ban", { user: "ana", on: false });
  await ben.request("join", { room: "lab" });
});

test("keeps an operator's invitation while the account is an operator", async () => {
  const { site, ben, eve } = await lockedLab();
  const operator = await site.member("op");
  await operator.request("operate", { token: TOKEN });
  await operator.request("grant", { user: "eve", on: true });
  await eve.request("invite-user", { room: "lab", user: "ben" });
  await operator.request("grant", { user: "eve", on: false });
  expect(await ben.refusal("join", { room: "lab" })).toBe("room-password-wrong");
  // The token stands for the server's owner, even after its session has ended.
  await operator.request("invite-user", { room: "lab", user: "ben" });
  await operator.request("logout", {});
  await site.restart();
  const again = await site.again(ben, "ben");
  expect(again.all("invited")).toEqual([{ kind: "invited", room: "lab", by: "op", sealed: false }]);
  await again.request("join", { room: "lab" });
});

test("limits the open invitations of a user by one member", async () => {
  const { ana, ben, eve } = await siteWith(["ana", "ben", "eve"]);
  const rooms = Array.from({ length: INVITATIONS_PER_INVITER_MAX + 1 }, (_, i) => `room${i}`);
  for (const room of rooms) await ana.request("join", { room, create: true });
  const [last = "", ...others] = rooms;
  for (const room of others) await ana.request("invite-user", { room, user: "ben" });
  expect(await ana.refusal("invite-user", { room: last, user: "ben" })).toBe("too-many");
  await ana.request("invite-user", { room: last, user: "eve" });
  await eve.request("join", { room: last });
  await eve.request("invite-user", { room: last, user: "ben" });
  await ben.request("join", { room: others[0] ?? "" });
});

test("an operator adds someone to a room, which shows who did", async () => {
  const { site, ana, ben, eve } = await lockedLab();
  expect(await ana.refusal("add", { room: "lab", user: "ben" })).toBe("not-allowed");
  await eve.request("operate", { token: TOKEN });
  expect(await eve.refusal("add", { room: "none", user: "ben" })).toBe("room-unknown");
  expect(await eve.refusal("add", { room: "lab", user: "none" })).toBe("user-unknown");
  const added = { room: "lab", user: "Ben" };
  expect(await eve.request("add", added)).toMatchObject({ name: "lab", joined: true });
  expect(await eve.request("add", added)).toMatchObject({ name: "lab", joined: false });
  await site.quiet();
  const join = ben.records.findLast(({ head }) => head.kind === "join");
  expect(join).toMatchObject({ from: "ben", body: { addedBy: "eve" } });
  await site.wait(ben.post("thanks", "lab"));
});
