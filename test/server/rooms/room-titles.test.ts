import { expect } from "bun:test";
import { holds, labTest, operating } from "../site-lab.ts";

labTest("members see a room's display name, and everyone finds it", async ({ site, ana, ben }) => {
  const { seq, title } = await ana.request("profile", { room: "lab", title: "  XI  IPA 2 " });
  expect([title, typeof seq]).toEqual(["XI IPA 2", "number"]);
  await site.quiet();
  expect(ben.room("lab")).toMatchObject({ name: "lab", title: "XI IPA 2" });
  // The same name again has no record.
  expect(await ana.request("profile", { room: "LAB", title: "XI IPA 2" })).toEqual({ title });
  const stranger = await site.member("fay");
  const { rooms } = await stranger.request("rooms", {});
  expect(rooms.find(({ room }) => room === "lab")).toMatchObject({ title, joined: false });
  await site.restart();
  const again = await site.again(ben, "ben");
  expect(again.room("lab")?.title).toBe("XI IPA 2");
  await (await site.again(ana, "ana")).request("profile", { room: "lab", title: "" });
  await site.quiet();
  expect(again.room("lab")?.title).toBeUndefined();
});

labTest("only moderators set a display name, and in no other conversation", async (lab) => {
  const { ana, ben, eve } = lab;
  const fault = await ben.refused("profile", { room: "lab", title: "Ours" });
  expect([fault.code, fault.message]).toEqual(["not-allowed", "you are not a moderator of 'lab'"]);
  expect(await ben.refusal("profile", { room: "attic", title: "Ours" })).toBe("room-unknown");
  await operating(eve);
  expect(await eve.request("profile", { room: "lab", title: "Lab" })).toMatchObject({
    title: "Lab",
  });
  const { name: group } = await ana.request("conversation", { users: ["ben", "eve"] });
  expect(await ana.refusal("profile", { room: group, title: "Ours" })).toBe("not-allowed");
  await ana.request("join", { room: "safe", create: true, sealed: true });
  expect(await ana.refusal("profile", { room: "safe", title: "Ours" })).toBe("sealed-room");
  const sealed = { create: true, sealed: true, title: "Ours" };
  expect(await ana.refusal("join", { room: "safe2", ...sealed })).toBe("sealed-room");
});

labTest("refuses texts that could hide or imitate something", async ({ ana }) => {
  const refused = [
    "x\u202ey",
    "a\u200bb",
    "#lab",
    "Lab 🚀",
    "42",
    "Operator",
    "ｗ".repeat(41),
    "Аla",
  ];
  for (const title of refused)
    expect([title, await ana.refusal("profile", { room: "lab", title })]).toEqual([
      title,
      "name-invalid",
    ]);
  const { remedy } = await ana.refused("profile", { room: "lab", title: "Lab 🚀" });
  expect(remedy).toBe("other characters can be in the topic");
  // Line breaks become blanks.
  const broken = await ana.request("profile", { room: "lab", title: "Year 7\nBlue" });
  expect(broken.title).toBe("Year 7 Blue");
  for (const title of ["ﺏ ١".normalize("NFKC"), "7 A", "七年级 A", "Класс 7", "ｗ".repeat(40)])
    expect([title, (await ana.request("profile", { room: "lab", title })).title]).toEqual([
      title,
      title,
    ]);
});

labTest("no room has a name or display name that looks like another's", async ({ ana, eve }) => {
  await ana.request("join", { room: "vii-a", create: true, title: "VII A" });
  expect(await ana.refusal("profile", { room: "lab", title: "vii a" })).toBe("name-taken");
  expect(await ana.refusal("profile", { room: "lab", title: "V11 A" })).toBe("name-taken");
  expect(await ana.refusal("profile", { room: "lab", title: "Lobby" })).toBe("name-taken");
  const fault = await eve.refused("join", { room: "viia", create: true });
  expect([fault.code, fault.message]).toEqual([
    "name-taken",
    "'VII A' is the display name of the room 'vii-a'",
  ]);
  // "/join VII A" would create the room VII with the password A.
  expect(await eve.refusal("join", { room: "VII", password: "A", create: true })).toBe(
    "name-taken",
  );
  const unknown = await eve.refused("join", { room: "viia" });
  expect([unknown.code, unknown.remedy]).toEqual([
    "room-unknown",
    "'VII A' has the name vii-a: /join vii-a",
  ]);
  await operating(eve);
  expect(await eve.refusal("rename", { room: "lab", to: "VIIa" })).toBe("name-taken");
  // A person may have the name of a room, as before.
  expect(await ana.request("profile", { room: "lab", title: "Ben" })).toMatchObject({
    title: "Ben",
  });
  // The name is free again once the room has another one, or is removed.
  await ana.request("profile", { room: "vii-a", title: "VIII A" });
  await ana.request("profile", { room: "lab", title: "Seven" });
  await eve.request("remove", { room: "lab" });
  expect(await ana.request("profile", { room: "vii-a", title: "SEVEN" })).toMatchObject({
    title: "SEVEN",
  });
});

labTest("a display name that spells the old name follows the new one", async (lab) => {
  const { site, ana, ben } = lab;
  await operating(ben);
  const renamed = async (title: string, was: string, to: string) => {
    await ana.request("join", { room: was, create: true, title });
    const answer = await ben.request("rename", { room: was, to });
    await site.quiet();
    expect([to, ana.room(to)?.title]).toEqual([to, answer.title]);
    return answer.title;
  };
  expect(await renamed("Year 7 Blue", "year-7-blue", "year-8-blue")).toBe("Year 8 Blue");
  expect(await renamed("VII A", "vii-a", "viii-a")).toBe("VIII A");
  expect(await renamed("Room.7.2", "room-7-2", "room-8-2")).toBe("Room.8.2");
  expect(await renamed("Éléphants", "elephants", "lions")).toBe("Lions");
  expect(await renamed("ÉCOLE", "ecole", "X-RAY_2")).toBe(undefined);
  expect(await renamed("Class of Bu Sari", "7c", "8c")).toBe("Class of Bu Sari");
  // Another room has the name.
  await ana.request("join", { room: "other", create: true, title: "IX B" });
  await ana.request("join", { room: "x-b", create: true, title: "X B" });
  expect(await ben.refusal("rename", { room: "x-b", to: "ix-b" })).toBe("name-taken");
  await ana.request("join", { room: "plain", create: true });
  expect(await ben.request("rename", { room: "plain", to: "simple" })).toEqual({});
});

labTest("of two rooms that take a display name at once, one gets it", async (lab) => {
  const { site, ana, ben } = lab;
  await ben.request("join", { room: "den", create: true });
  const outcomes = await Promise.allSettled([
    ana.request("profile", { room: "lab", title: "Cléo" }),
    ben.request("profile", { room: "den", title: "cleo" }),
  ]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  // Two moderators of one room: the last one wins.
  await ana.request("grant", { room: "lab", user: "ben", on: true });
  await Promise.all([
    ana.request("profile", { room: "lab", title: "First" }),
    ben.request("profile", { room: "lab", title: "Second" }),
  ]);
  await site.quiet();
  expect(ana.room("lab")?.title).toBe(ben.room("lab")?.title);
  expect(["First", "Second"]).toContain(ana.room("lab")?.title ?? "");
});

labTest("a box has the display name of its room", async ({ site, ana, ben }) => {
  await ana.request("rules", { room: "lab", post: "private" });
  await site.wait(ben.post("my work", "lab@ben"));
  await ana.request("profile", { room: "lab", title: "Essay 1" });
  await site.quiet();
  expect(ben.room("lab@ben")?.title).toBe("Essay 1");
});

labTest("an erased display name is in effect no longer, nor on the disk", async (lab) => {
  const { site, ana, ben } = lab;
  const first = await ana.request("profile", { room: "lab", title: "First" });
  const second = await ana.request("profile", { room: "lab", title: "Second" });
  await ana.request("erase", { seq: first.seq ?? 0 });
  await site.quiet();
  expect([holds(site, "First"), ben.room("lab")?.title]).toEqual([false, "Second"]);
  await ana.request("erase", { seq: second.seq ?? 0 });
  await site.restart();
  const again = await site.again(ben, "ben");
  expect([holds(site, "Second"), again.room("lab")?.title]).toEqual([false, undefined]);
});
