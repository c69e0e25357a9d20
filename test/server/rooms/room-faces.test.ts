import { expect } from "bun:test";
import { ROOM_CHALKS, ROOM_MARK_BYTES_MAX } from "../../../src/base/limits.ts";
import { rejection } from "../../rejection.ts";
import { holds, labTest, operating } from "../site-lab.ts";

labTest("members see a room's face, and everyone in the list", async ({ site, ana, ben, eve }) => {
  const first = await ana.request("profile", { room: "lab", mark: " 🌋 ", chalk: 3 });
  expect(first.face as object).toEqual({ mark: "🌋", chalk: 3 });
  await site.quiet();
  expect(ben.room("lab")?.face as object).toEqual({ mark: "🌋", chalk: 3 });
  // The same face again has no record.
  const { face } = first;
  expect(await ana.request("profile", { room: "lab", mark: "🌋", chalk: 3 })).toEqual({ face });
  const stranger = await site.member("fay");
  const { rooms } = await stranger.request("rooms", {});
  expect(rooms.find(({ room }) => room === "lab")).toMatchObject({ face, joined: false });
  await operating(eve);
  const { rooms: all } = await eve.request("all-rooms", {});
  expect(all.find(({ room }) => room === "lab")).toMatchObject({ face });
  await ana.request("profile", { room: "lab", title: "Volcanoes" });
  await site.restart();
  const again = await site.again(ben, "ben");
  expect(again.room("lab")).toMatchObject({ face, title: "Volcanoes" });
  await (await site.again(ana, "ana")).request("profile", { room: "lab", mark: "", chalk: 0 });
  await site.quiet();
  expect(again.room("lab")?.face).toBeUndefined();
});

labTest("only moderators set a face: one emoji or two letters, of twelve colours", async (lab) => {
  const { site, ana, ben } = lab;
  expect(await ben.refusal("profile", { room: "lab", mark: "🌋" })).toBe("not-allowed");
  for (const mark of ["🌋🌋", "abc", "\u202e", "<b>"]) {
    expect(await rejection(ana.request("profile", { room: "lab", mark }))).toMatchObject({
      code: "text-invalid",
      message: "the face of a room is one emoji, or one or two letters",
    });
  }
  const long = "x".repeat(ROOM_MARK_BYTES_MAX + 1);
  expect(await ana.refusal("profile", { room: "lab", mark: long })).toBe("too-large");
  expect(await ana.request("profile", { room: "lab", chalk: ROOM_CHALKS })).toMatchObject({
    face: { chalk: ROOM_CHALKS } as object,
  });
  await ana.request("join", { room: "safe", create: true, sealed: true });
  expect(await ana.refusal("profile", { room: "safe", mark: "🌋" })).toBe("sealed-room");
  const { name: group } = await ana.request("conversation", { users: ["ben", "eve"] });
  expect(await ana.refusal("profile", { room: group, mark: "🌋" })).toBe("not-allowed");
  await site.quiet();
});

labTest("erases the letters of a face from the disk", async ({ site, ana, ben }) => {
  const { seq = 0 } = await ana.request("profile", { room: "lab", mark: "Ψß" });
  await site.quiet();
  expect([holds(site, "Ψß"), ben.room("lab")?.face?.mark]).toEqual([true, "Ψß"]);
  await ana.request("erase", { seq });
  await site.quiet();
  expect([holds(site, "Ψß"), ben.room("lab")?.face]).toEqual([false, undefined]);
  await site.restart();
  expect((await site.again(ben, "ben")).room("lab")?.face).toBeUndefined();
});

labTest("the boxes of an assignment have the face of its room", async ({ site, ana, ben }) => {
  await ana.request("join", { room: "essay", create: true, assignment: true });
  await ben.request("join", { room: "essay" });
  await ana.request("profile", { room: "essay", mark: "✍️" });
  await site.wait(ben.post("done", "essay@ben"));
  await site.quiet();
  expect(ben.room("essay@ben")?.face as object).toEqual({ mark: "✍️" });
  await ana.request("profile", { room: "essay", mark: "📝" });
  await site.quiet();
  expect(ben.room("essay@ben")?.face as object).toEqual({ mark: "📝" });
});
