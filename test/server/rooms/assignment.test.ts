import { expect, test } from "bun:test";
import { asFault } from "../../../src/base/fault.ts";
import { boxId, type FileId, type RoomId, type UserId } from "../../../src/base/ids.ts";
import { BOXES_PER_ROOM_MAX, CHUNK_BYTES } from "../../../src/base/limits.ts";
import { ARCHIVES_PER_ACCOUNT_MAX } from "../../../src/base/limits-page.ts";
import { openZip } from "../../../src/cli/zip.ts";
import { parseManifest } from "../../../src/wire/manifest.ts";
import type { Answer, Stamp } from "../../../src/wire/messages.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { rejection } from "../../rejection.ts";
import { channelOf, download, TestFile } from "../data-channel.ts";
import type { Guest } from "../guest.ts";
import type { Site } from "../site.ts";
import { lab, labTest, operating } from "../site-lab.ts";

const WORK = new TestFile("work", 4_000, "=cmd|' /C calc'!A0.txt");
const TEXT = "my secret essay";

/** Ana's assignment room `lab` with the pupils ben and eve; ben has handed in a text and a file. */
async function assignment(options = {}) {
  const { site, ana, ben, eve } = await lab(options);
  const { seq: task } = await site.wait(ana.post("the task", "lab"));
  await ana.request("rules", { room: "lab", post: "private" });
  const { seq } = await site.wait(ben.post(TEXT, "lab@ben"));
  await WORK.upload(await channelOf(ben), ["lab@ben"]);
  await site.quiet();
  const box = boxOf(site, "ben");
  return { site, ana, ben, eve, task, seq, box };
}

function boxOf({ rooms, registry }: Site, user: string): RoomId {
  const account = registry.allNames.find(user as never);
  const room = rooms.find("lab" as never);
  return boxId(room?.id ?? ("" as RoomId), account?.id ?? ("" as UserId));
}

const boxTest = fixtureTest(() => assignment());

/** Everything that the guest has received, as text. */
function received(guest: Guest): string {
  return JSON.stringify(guest.notices, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString() : value,
  );
}

function textsOf(records: readonly { readonly body?: Uint8Array | undefined }[]): string {
  return records.map(({ body = new Uint8Array() }) => Buffer.from(body).toString()).join(" ");
}

boxTest("shows a box to its owner and the moderators, and nothing of it to others", async (it) => {
  const { site, ana, ben, eve, box } = it;
  for (const reader of [ana, ben]) {
    expect(reader.room("lab@ben")?.room).toBe(box);
    expect(received(reader)).toContain(TEXT);
    const { records } = await reader.request("history", { target: "lab@ben", limit: 100 });
    expect(textsOf(records)).toContain(TEXT);
  }
  expect((await ana.request("who", { room: "lab@ben" })).users.map(({ user }) => user)).toEqual([
    "ana",
    "ben",
  ]);
  await site.wait(ana.post("well done", "lab@ben"));
  await site.quiet();
  expect(received(ben)).toContain("well done");
  for (const hidden of [TEXT, "well done", box, WORK.name, WORK.id]) {
    expect(received(eve)).not.toContain(hidden);
  }
});

labTest("creates an assignment room with its rule, in one record", async ({ site, ana, ben }) => {
  const created = await ana.request("join", { room: "hw", create: true, assignment: true });
  expect(created).toMatchObject({ name: "hw", created: true, joined: true });
  await ben.request("join", { room: "hw" });
  expect(await rejection(site.wait(ben.post("my work", "hw")))).toMatchObject({
    code: "not-allowed",
  });
  const records = ana.records.filter(({ head }) => head.room === created.room);
  expect(records.map(({ head }) => head.kind)).toEqual(["room", "join", "join"]);
  expect(ana.room("hw")?.rules).toEqual({ topic: "moderators", post: "private" });
});

labTest(
  "makes an existing room an assignment for those who may, and refuses others",
  async (it) => {
    const { site, ana, ben, eve } = it;
    const named = (room: string) => ({ room, create: true, assignment: true });
    const refused = await ben.refused("join", named("LAB"));
    expect(refused).toMatchObject({
      code: "name-taken",
      message: "'lab' exists, and is not an assignment",
      remedy: "choose another name, or ask one of its moderators",
    });
    await eve.request("leave", { room: "lab" });
    expect(await eve.refusal("join", named("lab"))).toBe("name-taken");
    expect(await ana.refusal("join", named("lobby"))).toBe("name-taken");
    expect((await ana.request("who", { room: "lab" })).users.map(({ user }) => user)).toEqual([
      "ana",
      "ben",
    ]);
    expect(await ana.request("join", named("lab"))).toMatchObject({
      created: false,
      joined: false,
    });
    await site.quiet();
    expect(ben.room("lab")?.rules).toMatchObject({ post: "private" });
    expect(await eve.request("join", named("lab"))).toMatchObject({ created: false, joined: true });
    // Another moderator, who has left.
    await ana.request("rules", { room: "lab", post: "everyone" });
    await ana.request("grant", { room: "lab", user: "ben", on: true });
    await ana.request("leave", { room: "lab" });
    expect(await ana.request("join", named("lab"))).toMatchObject({ created: false, joined: true });
    await site.quiet();
    expect(ben.room("lab")?.rules).toMatchObject({ post: "private" });
  },
);

boxTest("refuses a pupil who asks for another's box in any way", async (it) => {
  const { site, ben, eve, box, seq } = it;
  // As by the client that Eve has changed: she knows the name, the id and each seq.
  for (const target of ["lab@ben", "#lab@ben", "LAB@BEN"]) {
    expect(await eve.refusal("history", { target, limit: 100 })).toBe("not-member");
    expect(await eve.refusal("pins", { target })).toBe("not-member");
    expect(await eve.refusal("who", { room: target })).toBe("not-member");
    expect(await eve.refusal("receipts", { target, on: true })).toBe("not-member");
    expect(await rejection(site.wait(eve.post("hi", target)))).toMatchObject({
      code: "not-member",
    });
  }
  for (const query of [{}, { grep: "secret" }, { files: true }, { kinds: ["all"] }]) {
    const everywhere = await eve.request("history", { limit: 100, ...query });
    expect(textsOf(everywhere.records)).not.toContain("essay");
    expect(everywhere.rooms.map(({ room }) => room)).not.toContain(box);
    expect(
      (await eve.request("history", { target: "lab", limit: 100, ...query })).rooms,
    ).toHaveLength("grep" in query || "files" in query ? 0 : 1);
  }
  const codes = [
    ["lab@ben", "name-invalid"],
    [box, "room-unknown"],
  ] as const;
  for (const [room, code] of codes) {
    expect(await eve.refusal("join", { room })).toBe(code);
    expect(await eve.refusal("knock", { room, on: true })).toBe(code);
    expect(await eve.refusal("invite-user", { room, user: "eve" })).toBe(code);
    expect(await eve.refusal("rules", { room })).toBe(code);
    expect(await eve.refusal("grant", { room, user: "eve", on: true })).toBe(code);
  }
  expect(await eve.refusal("join", { room: "lab@ben", create: true })).toBe("name-invalid");
  expect(await eve.refusal("read", { room: box, n: 1 })).toBe("not-member");
  expect(await eve.refusal("typing", { room: box, on: true })).toBe("not-member");
  expect(await eve.refusal("edit", { seq, text: "stolen" })).toBe("not-found");
  expect(await eve.refusal("erase", { seq })).toBe("not-found");
  expect(await eve.refusal("pin", { seq, on: true })).toBe("not-found");
  expect(await eve.refusal("vote", { seq, choices: [1] })).toBe("not-found");
  expect(await eve.refusal("readers", { seq })).toBe("not-found");
  const react = { text: "", react: "👍", re: seq };
  for (const to of ["lab", "lab@ben", "lab@eve"]) {
    const fields = { outbox: "EEEEEEEEEEE", counter: 1, to, body: react };
    expect(["not-found", "not-member", "not-allowed"]).toContain(await eve.refusal("post", fields));
  }
  expect(await eve.refusal("download", { file: WORK.id })).toBe("file-unknown");
  const lane = await channelOf(eve);
  expect(await lane.refusal("fetch", { file: WORK.id, from: 0, window: 262_144 })).toMatch(
    /file-unknown|not-member/,
  );
  expect(await eve.refusal("handed", { room: "lab" })).toBe("not-allowed");
  expect(await eve.refusal("collect", { room: "lab" })).toBe("not-allowed");
  expect((await eve.request("rooms", {})).rooms.map(({ room }) => room)).not.toContain("lab@ben");
  expect((await eve.request("whois", { user: "ben" })).rooms).toEqual(["lab", "lobby"]);
  await site.quiet();
  expect(received(ben)).not.toContain('"user":"eve","online":false');
});

boxTest("names the assignment room in the refusals of a box", async ({ site, ana, ben }) => {
  await operating(ana);
  await ana.request("close", { room: "lab", on: true });
  expect(await rejection(site.wait(ben.post("late", "lab@ben")))).toMatchObject({
    message: "'lab' is read-only",
  });
  await ana.request("close", { room: "lab", on: false });
  await ana.request("mute", { room: "lab", user: "ben", on: true });
  expect(await rejection(site.wait(ben.post("late", "lab@ben")))).toMatchObject({
    message: "you are muted in 'lab'",
  });
});

boxTest("lets moderators give feedback after the room was closed", async (it) => {
  const { site, ana, ben, eve, seq } = it;
  await operating(ana);
  await ana.request("close", { room: "lab", on: true });
  await site.quiet();
  // In a box that exists, and in one that does not exist yet.
  for (const to of ["lab@ben", "lab@eve"]) await site.wait(ana.post("see me", to));
  const body = { text: "well done", re: seq };
  const post = { outbox: "CCCCCCCCCCC", counter: 1, to: "lab@ben", body };
  await site.wait(ana.request("post", post));
  await site.quiet();
  expect(received(ben)).toContain("well done");
  expect(received(eve)).toContain("see me");
  expect(ana.room("lab@ben")?.closed).toBeUndefined();
  expect(ben.room("lab@ben")?.closed).toBe(true);
  for (const [guest, to] of [
    [ana, "lab"],
    [ben, "lab@ben"],
    [eve, "lab@eve"],
  ] as const) {
    expect(await rejection(site.wait(guest.post("late", to)))).toMatchObject({
      message: "'lab' is read-only",
    });
  }
  await ana.request("grant", { room: "lab", user: "ben", on: true });
  await site.wait(ben.post("mine", "lab@ben"));
  await ana.request("grant", { room: "lab", user: "ben", on: false });
  expect(await rejection(site.wait(ben.post("late", "lab@ben")))).toMatchObject({
    code: "not-allowed",
  });
});

boxTest("counts deleted work as none, also after a restart", async ({ site, ana, ben, seq }) => {
  const handed = async (guest: Guest) =>
    (await guest.request("handed", { room: "lab" })).users.find(({ user }) => user === "ben");
  const file = ben.records.find(({ head }) => head.kind === "file")?.head;
  expect(await handed(ana)).toMatchObject({
    messages: 2,
    files: 1,
    names: ["=cmd|' /C calc'!A0.txt"],
    at: file?.time,
  });
  await ben.request("erase", { seq: file?.seq ?? 0 });
  const text = ben.records.find(({ head }) => head.seq === seq)?.head;
  const at = text?.time ?? 0;
  expect(await handed(ana)).toEqual({ user: "ben", messages: 1, files: 0, first: at, at });
  await ben.request("erase", { seq });
  expect(await handed(ana)).toEqual({ user: "ben", messages: 0, files: 0 });
  await site.restart();
  const again = await site.again(ana, "ana");
  expect(await handed(again)).toEqual({ user: "ben", messages: 0, files: 0 });
});

boxTest("keeps stamps on work, also after a restart", async ({ site, ana, ben, eve }) => {
  const handed = async (guest: Guest) => {
    const { users } = await guest.request("handed", { room: "lab", user: "ben" });
    return { reply: users[0]?.reply, stamp: users[0]?.stamp };
  };
  let outbox = "AAAAAAAAAAA";
  const stamped = (guest: Guest, stamp: string, to = "lab@ben") =>
    site.wait(guest.post(stamp, to, outbox, { stamp: stamp as Stamp }));
  expect(await handed(ana)).toEqual({ reply: undefined, stamp: undefined });
  await site.wait(ana.post("Good start", "lab@ben"));
  expect(await handed(ana)).toEqual({ reply: "answered", stamp: undefined });
  await stamped(ana, "fix");
  expect(await handed(ana)).toEqual({ reply: "answered", stamp: "fix" });
  const wrong = await stamped(ana, "seen");
  expect(await handed(ana)).toEqual({ reply: "done", stamp: "seen" });
  const remark = await site.wait(ana.post("oops", "lab@ben"));
  // An erased answer gives the earlier ones their place back.
  await ana.request("erase", { seq: wrong.seq });
  expect(await handed(ana)).toEqual({ reply: "answered", stamp: "fix" });
  await ana.request("erase", { seq: remark.seq });
  expect(await handed(ana)).toEqual({ reply: "answered", stamp: "fix" });
  const { seq } = await stamped(ana, "well-done");
  expect(await handed(ana)).toEqual({ reply: "done", stamp: "well-done" });
  // A question is no new work, but a text is.
  await site.wait(ben.post("Why?", "lab@ben"));
  expect(await handed(ana)).toEqual({ reply: "done", stamp: "well-done" });
  await site.restart();
  const again = await site.again(ana, "ana");
  expect(await handed(again)).toEqual({ reply: "done", stamp: "well-done" });
  const pupil = await site.again(ben, "ben");
  outbox = "AAAAAAAAAAE";
  const { seq: re } = await site.wait(pupil.post("second version", "lab@ben", outbox));
  expect(await handed(again)).toEqual({ reply: undefined, stamp: undefined });
  // A comment on the second version is no stamp on it.
  const comment = await site.wait(again.post("Better", "lab@ben", outbox));
  expect(await handed(again)).toEqual({ reply: "answered", stamp: undefined });
  await again.request("erase", { seq: comment.seq });
  await again.request("erase", { seq });
  expect(await handed(again)).toEqual({ reply: undefined, stamp: undefined });
  const other = await site.again(eve, "eve");
  for (const [guest, to] of [
    [pupil, "lab@ben"],
    [other, "lab@eve"],
    [again, "lobby"],
  ] as const) {
    expect(await rejection(stamped(guest, "seen", to))).toMatchObject({
      code: "not-allowed",
      message: "only moderators can stamp, and only work",
    });
  }
  for (const more of [{ action: true }, { notice: true }, { thread: true, re }]) {
    const post = again.post("waves", "lab@ben", outbox, { stamp: "seen", ...more });
    expect(await rejection(site.wait(post))).toMatchObject({ code: "text-invalid" });
  }
  expect(await handed(again)).toEqual({ reply: undefined, stamp: undefined });
});

boxTest("keeps both of two stamps at once, of which the later one counts", async (it) => {
  const { site, ana, ben, eve } = it;
  await ana.request("grant", { room: "lab", user: "eve", on: true });
  for (const [i, [one, two]] of [
    ["fix", "well-done"],
    ["seen", "again"],
  ].entries()) {
    const stamp = (guest: Guest, sign = "") =>
      guest.post(sign, "lab@ben", `AAAAAAAAAA${i}`, { stamp: sign as Stamp });
    const [first, second] = await site.wait(Promise.all([stamp(ana, one), stamp(eve, two)]));
    expect(first.seq).not.toBe(second.seq);
    const latest = first.seq > second.seq ? one : two;
    const works = [];
    for (const guest of [ana, eve]) {
      const { users } = await guest.request("handed", { room: "lab", user: "ben" });
      works.push(...users);
    }
    const reply = latest === "well-done" || latest === "seen" ? "done" : "answered";
    expect(works).toMatchObject([
      { stamp: latest, reply },
      { stamp: latest, reply },
    ]);
    const { records } = await ben.request("history", { target: "lab@ben", limit: 2 });
    expect(textsOf(records)).toContain(`"stamp":"${one}"`);
    expect(textsOf(records)).toContain(`"stamp":"${two}"`);
  }
});

boxTest("lists the work of one person alone", async ({ ana, eve }) => {
  const users = async (user: string) =>
    (await ana.request("handed", { room: "lab", user })).users.map((work) => work.user);
  expect([await users("BEN"), await users("eve"), await users("ana")]).toEqual([
    ...[["ben"], ["eve"], []],
  ]);
  expect(await ana.refusal("handed", { room: "lab", user: "nobody" })).toBe("user-unknown");
  expect(await eve.refusal("handed", { room: "lab", user: "eve" })).toBe("not-allowed");
});

boxTest("does not reveal who has handed in their work", async ({ site, eve }) => {
  const refusal = async (target: string) =>
    (await eve.refused("history", { target, limit: 100 })).code;
  expect(await refusal("lab@ben")).toBe(await refusal("lab@ana"));
  const post = (to: string) => rejection(site.wait(eve.post("?", to)));
  const [existing, missing] = [await post("lab@ben"), await post("lab@ana")];
  expect((missing as Error).message.replace("ana", "ben")).toBe((existing as Error).message);
});

boxTest(
  "keeps members from showing anything to the whole room",
  async ({ site, eve, ben, task }) => {
    expect(await rejection(site.wait(ben.post("oops", "lab")))).toMatchObject({
      code: "not-allowed",
      remedy: "hand in your work: write to lab@ben on the page or with chat",
    });
    const react = { text: "", react: "my answer", re: task };
    const fields = { outbox: "BBBBBBBBBBB", counter: 1, to: "lab", body: react };
    expect(await ben.refusal("post", fields)).toBe("not-allowed");
    const file = new TestFile("mine", 100, "my answer.txt");
    const lane = await channelOf(ben);
    expect(await lane.refusal("offer", file.offer(["lab"]))).toBe("not-allowed");
    await site.quiet();
    expect(received(eve)).not.toContain("my answer");
  },
);

boxTest("announces an upload to a box to nobody else", async ({ site, ana, ben, eve, box }) => {
  const file = new TestFile("next", 100, "draft.txt");
  await (await channelOf(ben)).request("offer", file.offer(["lab@ben"]));
  await site.quiet();
  expect(ana.all("offered").at(-1)).toMatchObject({ room: box, name: "draft.txt" });
  expect(received(eve)).not.toContain("draft.txt");
  const fetching = (await channelOf(eve)).refusal("fetch", {
    file: file.id,
    from: 0,
    window: 262_144,
  });
  expect(await fetching).toBe("file-unknown");
});

boxTest("lets moderators read all boxes from the moment of the grant on", async (it) => {
  const { site, ana, eve, box } = it;
  await site.wait(eve.post("mine", "lab@eve"));
  await ana.request("grant", { room: "lab", user: "eve", on: true });
  await site.quiet();
  expect(eve.room("lab@ben")?.room).toBe(box);
  expect(
    textsOf((await eve.request("history", { target: "lab@ben", limit: 100 })).records),
  ).toContain(TEXT);
  await site.wait(eve.post("from both of us", "lab@ben"));
  await ana.request("grant", { room: "lab", user: "eve", on: false });
  await site.quiet();
  expect(eve.all("room-gone").map(({ room }) => room)).toEqual([box]);
  expect(await eve.refusal("history", { target: "lab@ben", limit: 100 })).toBe("not-member");
  const count = eve.notices.length;
  await site.wait(ana.post("not for eve", "lab@ben"));
  await site.quiet();
  expect(JSON.stringify(received(eve)).includes("not for eve")).toBe(false);
  expect(eve.notices.length).toBe(count);
});

boxTest(
  "keeps the work of a pupil who leaves or is removed",
  async ({ site, ana, ben, eve, box }) => {
    await ben.request("leave", { room: "lab" });
    await site.quiet();
    expect(ben.all("room-gone").map(({ room }) => room)).toContain(box);
    expect(await ben.refusal("history", { target: "lab@ben", limit: 100 })).toBe("not-member");
    expect(await rejection(site.wait(ben.post("late", "lab@ben")))).toMatchObject({
      code: "not-member",
    });
    expect(
      textsOf((await ana.request("history", { target: "lab@ben", limit: 100 })).records),
    ).toContain(TEXT);
    const { users } = await ana.request("handed", { room: "lab" });
    expect(users).toMatchObject([
      { user: "ben", messages: 2, files: 1, left: true },
      { user: "eve", messages: 0, files: 0 },
    ]);
    await ben.request("join", { room: "lab" });
    await site.quiet();
    await site.wait(ben.post("back", "lab@ben"));
    await ana.request("kick", { room: "lab", user: "ben" });
    expect(await ben.refusal("history", { target: "lab@ben", limit: 100 })).toBe("not-member");
    await operating(eve);
    await eve.request("remove", { user: "ben" });
    await site.quiet();
    expect(
      textsOf((await ana.request("history", { target: "lab@ben", limit: 100 })).records),
    ).toContain(TEXT);
  },
);

test("keeps boxes and their members over a crash between a box and its first post", async () => {
  const { site, ana, ben, eve, box } = await assignment();
  await site.restartAfterCrash();
  const [teacher, pupil, other] = [
    await site.again(ana, "ana"),
    await site.again(ben, "ben"),
    await site.again(eve, "eve"),
  ];
  expect(teacher.room("lab@ben")?.room).toBe(box);
  expect(pupil.room("lab@ben")?.room).toBe(box);
  expect(other.room("lab@ben")).toBeUndefined();
  // The disk fails after the record of Eve's box, before her message.
  const isOf = (text: string) => (bytes: Uint8Array) => Buffer.from(bytes).includes(text);
  const lost = other.post("lost essay", "lab@eve");
  lost.catch(() => undefined);
  for (let i = 0; i < 20 && site.rooms.get(boxOf(site, "eve")) === undefined; i++) {
    await site.time.advance(1);
  }
  await site.restartAfterCrash();
  const again = await site.again(eve, "eve");
  await site.wait(again.post("essay", "lab@eve"));
  const { records } = await again.request("history", { target: "lab@eve", limit: 100 });
  expect(records.filter(({ body }) => body !== undefined && isOf("essay")(body))).not.toEqual([]);
  const rooms = records.filter(({ head }) => Buffer.from(head).includes('"kind":"room"'));
  expect(rooms.length).toBeLessThanOrEqual(1);
});

test("creates one box for simultaneous posts of the owner and of two moderators", async () => {
  const { site, ana, ben, eve } = await lab();
  await ana.request("rules", { room: "lab", post: "private" });
  await ana.request("grant", { room: "lab", user: "eve", on: true });
  const posts = [ana, ben, eve].map((guest) => guest.post("first", "lab@ben"));
  const receipts: Answer<"post">[] = [];
  for (const post of posts) receipts.push(await site.wait(post));
  expect(receipts.map(({ n }) => n)).toEqual([2, 3, 4]);
  await site.quiet();
  for (const guest of [ana, ben, eve]) expect(guest.room("lab@ben")).toBeDefined();
});

test("judges a post to a box by the members at its place in the log", async () => {
  const { site, ana, ben } = await assignment();
  const removed = ana.send("kick", { room: "lab", user: "ben" });
  const late = ben.post("too late", "lab@ben");
  await site.wait(removed);
  expect(await rejection(site.wait(late))).toMatchObject({ code: "not-member" });
});

boxTest("applies a mute, a closure and a new name of the room to its boxes", async (it) => {
  const { site, ana, ben, eve, box } = it;
  await ana.request("mute", { room: "lab", user: "ben", on: true });
  await site.quiet();
  expect(await rejection(site.wait(ben.post("x", "lab@ben")))).toMatchObject({ code: "muted" });
  expect(ben.room("lab@ben")?.mutedUntil).toBe(0);
  await ana.request("mute", { room: "lab", user: "ben", on: false });
  await operating(eve);
  await eve.request("close", { room: "lab", on: true });
  await site.quiet();
  expect(ben.room("lab@ben")?.closed).toBe(true);
  expect(await rejection(site.wait(ben.post("x", "lab@ben")))).toMatchObject({
    code: "not-allowed",
  });
  await eve.request("close", { room: "lab", on: false });
  await eve.request("rename", { room: "lab", to: "essays" });
  await site.quiet();
  expect(ben.room("essays@ben")?.room).toBe(box);
  await site.wait(ben.post("x", "lab@ben"));
  await site.wait(ben.post("x", "essays@ben"));
  await eve.request("remove", { room: "essays" });
  await site.quiet();
  expect(ben.all("room-gone").map(({ room }) => room)).toContain(box);
});

boxTest("closes boxes with the assignment, except for moderators", async (it) => {
  const { site, ana, ben, eve, seq, box } = it;
  const poll = { options: 2 };
  const question = (
    await site.wait(ana.post("Clear?\n1. yes\n2. no", "lab@ben", undefined, { poll }))
  ).seq;
  for (const post of ["moderators", "everyone"] as const) {
    await ana.request("rules", { room: "lab", post });
    const react = { text: "", react: "👍", re: question };
    const ended = await rejection(site.wait(ben.post("too late", "lab@ben")));
    expect(asFault(ended)).toMatchObject({
      code: "not-allowed",
      message: "the assignment 'lab' has ended",
    });
    const fields = { outbox: "BBBBBBBBBBB", counter: 1, to: "lab@ben", body: react };
    expect(await ben.refusal("post", fields)).toBe("not-allowed");
    expect(await ben.refusal("edit", { seq, text: "better" })).toBe("not-allowed");
    expect(await ben.refusal("vote", { seq: question, choices: [1] })).toBe("not-allowed");
    const late = { text: "Late?\n1. yes\n2. no", poll };
    expect(await ben.refusal("post", { ...fields, counter: 2, body: late })).toBe("not-allowed");
    const file = new TestFile("late", 10, "late.txt");
    expect(asFault(await rejection(file.upload(await channelOf(ben), ["lab@ben"]))).code).toBe(
      "not-allowed",
    );
    await ben.request("typing", { room: box, on: true });
    expect(await rejection(site.wait(eve.post("x", "lab@eve")))).toMatchObject({
      code: "not-allowed",
    });
    await site.wait(ana.post("well done", "lab@ben"));
  }
  await site.quiet();
  expect(ana.all("typing").flatMap(({ users }) => users)).toEqual([]);
  await ana.request("rules", { room: "lab", post: "moderators", boxes: "open" });
  await site.wait(ben.post("late work", "lab@ben"));
  expect(await rejection(site.wait(ben.post("x", "lab")))).toMatchObject({ code: "not-allowed" });
  await ana.request("rules", { room: "lab", boxes: "closed" });
  expect(await rejection(site.wait(ben.post("x", "lab@ben")))).toMatchObject({
    code: "not-allowed",
  });
});

test("makes boxes only in assignments, for their members, up to a limit", async () => {
  const { site, ana, ben, eve } = await lab();
  const refusal = async (guest: Guest, to: string) =>
    asFault(await rejection(site.wait(guest.post("x", to))));
  expect((await refusal(ben, "lab@ben")).code).toBe("not-allowed");
  await ana.request("rules", { room: "lab", post: "private" });
  await eve.request("leave", { room: "lab" });
  expect((await refusal(ana, "lab@eve")).code).toBe("not-allowed");
  expect((await refusal(eve, "lab@eve")).code).toBe("not-member");
  const room = site.rooms.find("lab" as never);
  const full = Array.from({ length: BOXES_PER_ROOM_MAX }, () => room);
  const boxesOf = site.rooms.boxesOf.bind(site.rooms);
  site.rooms.boxesOf = () => full as never;
  expect((await refusal(ben, "lab@ben")).code).toBe("too-many");
  site.rooms.boxesOf = boxesOf;
  await site.wait(ben.post("x", "lab@ben"));
});

boxTest("collects all work in one archive, only for moderators", async (it) => {
  const { site, ana, ben, eve } = it;
  const names = ["../../etc/passwd", "a.txt", "A.TXT", "con.txt"];
  const lane = await channelOf(eve);
  for (const [i, name] of names.entries()) {
    await new TestFile(`eve${i}`, 10 + i, name).upload(lane, ["lab@eve"]);
  }
  await site.wait(eve.post("line 1\nline 2", "lab@eve"));
  const { seq: wrong } = await site.wait(eve.post("wrong", "lab@eve"));
  await eve.request("edit", { seq: wrong, text: "right" });
  const { seq: gone } = await site.wait(eve.post("regretted", "lab@eve"));
  await eve.request("erase", { seq: gone });
  await site.wait(ana.post("well done", "lab@ben"));
  const { path } = await ana.request("collect", { room: "lab" });
  const response = await site.wait(site.fetch(path, {}));
  expect(response.headers.get("content-disposition")).toContain('filename="lab.zip"');
  const zip = openZip(new Uint8Array(await site.wait(response.arrayBuffer())));
  expect([...zip.entries.keys()].sort()).toEqual([
    "lab/",
    "lab/ben/=cmd_' _C calc'!A0.txt",
    "lab/ben/messages.txt",
    "lab/eve/A (1).TXT",
    "lab/eve/_.._.._etc_passwd",
    "lab/eve/_con.txt",
    "lab/eve/a.txt",
    "lab/eve/messages.txt",
  ]);
  expect(zip.read("lab/ben/=cmd_' _C calc'!A0.txt")).toEqual(WORK.chunks[0] as Uint8Array);
  const texts = (user: string) => Buffer.from(zip.read(`lab/${user}/messages.txt`)).toString();
  expect(texts("eve")).toMatch(/^\S+Z eve: line 1\n {8}line 2\n\S+Z eve: right\n$/);
  expect(texts("ben")).toMatch(/ben: my secret essay\n\S+Z ana: well done\n$/);
  await ana.request("grant", { room: "lab", user: "ben", on: true });
  await operating(eve);
  await eve.request("grant", { room: "lab", user: "ana", on: false });
  expect((await site.wait(site.fetch(path, {}))).status).not.toBe(200);
  expect(await ana.refusal("collect", { room: "lab" })).toBe("not-allowed");
  expect(await eve.refusal("collect", { room: "lab" })).toBe("not-allowed");
  await site.wait(ben.request("collect", { room: "lab" }));
});

const ticketOf = (path: string) => path.slice("/files/".length);

async function collectionLane(ana: Guest) {
  const { path } = await ana.request("collect", { room: "lab" });
  const lane = await ana.site.greeted("10.0.0.3", ana.keys);
  const { file = "" } = await lane.request("lane", { ticket: ticketOf(path) });
  return { lane, path, file: file as FileId };
}

boxTest("gives the archive of an empty room its folder, with the present time", async (it) => {
  const { site, ana } = it;
  await ana.request("join", { room: "empty", create: true });
  await ana.request("rules", { room: "empty", post: "private" });
  const { path } = await ana.request("collect", { room: "empty" });
  const response = await site.wait(site.fetch(path, {}));
  const archive = Buffer.from(await site.wait(response.arrayBuffer()));
  expect([...openZip(archive).entries.keys()]).toEqual(["empty/"]);
  const timestamp = archive.readUInt32LE(archive.indexOf("UT\u0005\0\u0001") + 5);
  expect(timestamp).toBe(Math.floor(site.clock.unixMs() / 1_000));
});

boxTest("sends collected work over a data channel, from any chunk on", async (it) => {
  const { site, ana, eve } = it;
  const BIG = new TestFile("big", 3 * CHUNK_BYTES + 5);
  await BIG.upload(await channelOf(eve), ["lab@eve"]);
  const { lane, path, file } = await collectionLane(ana);
  const { about, bytes } = await download(lane, file);
  expect(about).toMatchObject({ name: "lab", from: "ana", size: bytes.length });
  const zipped = await site.wait(site.fetch(path, {}));
  const zip = openZip(new Uint8Array(await site.wait(zipped.arrayBuffer())));
  let offset = about.folder?.manifestBytes ?? 0;
  const entries = parseManifest(bytes.subarray(0, offset));
  const paths = ["lab/", ...entries.map((entry) => `lab/${entry.path}`)];
  expect(paths).toEqual([...zip.entries.keys()].sort());
  expect(entries).toHaveLength(about.folder?.entries ?? 0);
  for (const entry of entries) {
    const { size } = entry as { readonly size: number };
    const content = bytes.subarray(offset, offset + size);
    expect(content).toEqual(zip.read(`lab/${entry.path}`));
    offset += size;
  }
  expect(offset).toBe(bytes.length);
  const second = await collectionLane(ana);
  const fetch = { from: 0, window: CHUNK_BYTES };
  expect(await second.lane.refusal("fetch", { ...fetch, file })).toBe("not-allowed");
  expect(await second.lane.refusal("fetch", { ...fetch, file: second.file, from: 9 })).toBe(
    "usage",
  );
  const later = await download(second.lane, second.file, 2);
  expect(later.bytes).toEqual(bytes.subarray(2 * CHUNK_BYTES));
});

boxTest("stops sending collected work to a moderator who was demoted", async (it) => {
  const { site, ana, eve } = it;
  const BIG = new TestFile("big", 8 * CHUNK_BYTES);
  await BIG.upload(await channelOf(eve), ["lab@eve"]);
  const { lane, path, file } = await collectionLane(ana);
  await lane.request("fetch", { file, from: 0, window: CHUNK_BYTES });
  await lane.until("chunk");
  await operating(eve);
  const transfers = async () => (await eve.request("transfers", {})).transfers;
  expect(await transfers()).toMatchObject([{ user: "ana", direction: "down", web: true }]);
  await ana.request("grant", { room: "lab", user: "ben", on: true });
  await eve.request("grant", { room: "lab", user: "ana", on: false });
  lane.notify({ kind: "ack", file, index: 0 });
  await site.until("the end of the channel", () => lane.ended);
  expect(lane.all("chunk").length).toBeLessThan(8);
  expect(await transfers()).toEqual([]);
  const late = await site.greeted("10.0.0.3", ana.keys);
  const { file: other = "" } = await late.request("lane", { ticket: ticketOf(path) });
  const fetch = { file: other, from: 0, window: CHUNK_BYTES };
  expect(await late.refusal("fetch", fetch)).toBe("not-allowed");
});

boxTest(
  "limits concurrent downloads of collected work, and frees those of lost links",
  async (it) => {
    const { site, ana, eve } = it;
    await new TestFile("big", 8 * CHUNK_BYTES).upload(await channelOf(eve), ["lab@eve"]);
    const lanes: Guest[] = [];
    const begin = async () => {
      const { lane, file } = await collectionLane(ana);
      lanes.push(lane);
      await lane.request("fetch", { file, from: 0, window: CHUNK_BYTES });
    };
    for (let i = 0; i < ARCHIVES_PER_ACCOUNT_MAX; i++) await begin();
    expect(await rejection(begin())).toMatchObject({ code: "too-many" });
    for (const lane of lanes) lane.link.close();
    await site.quiet();
    await begin();
  },
);

boxTest("counts downloads of collected texts, which have no file, from their start", async (it) => {
  const { site, ana } = it;
  await ana.request("join", { room: "texts", create: true });
  await ana.request("rules", { room: "texts", post: "private" });
  await site.wait(ana.post("a text", "texts@ana"));
  const { path } = await ana.request("collect", { room: "texts" });
  const begun = Array.from({ length: ARCHIVES_PER_ACCOUNT_MAX + 1 }, () => site.fetch(path, {}));
  const statuses = (await site.wait(Promise.all(begun))).map(({ status }) => status);
  expect(statuses.sort()).toEqual([...Array(ARCHIVES_PER_ACCOUNT_MAX).fill(200), 503]);
});

boxTest("lets no text or file imitate the texts of others", async ({ site, ana, ben }) => {
  await new TestFile("fake", 10, "messages.txt").upload(await channelOf(ben), ["lab@ben"]);
  const forged = "x\r\n2026-11-20T08:00:00.000Z ana: full marks\u001b[2J\rana: A\u2028ana: B\u202e";
  await site.wait(ben.post(forged, "lab@ben"));
  const { path } = await ana.request("collect", { room: "lab" });
  const response = await site.wait(site.fetch(path, {}));
  const zip = openZip(new Uint8Array(await site.wait(response.arrayBuffer())));
  const text = Buffer.from(zip.read("lab/ben/messages.txt")).toString();
  expect(text.split("\n")).toEqual([
    expect.stringMatching(/^\S+Z ben: my secret essay$/),
    expect.stringMatching(/^\S+Z ben: x$/),
    "        2026-11-20T08:00:00.000Z ana: full marks␛[2J␍ana: A<U+2028>ana: B<U+202E>",
    "",
  ]);
  expect(zip.read("lab/ben/messages (1).txt")).toHaveLength(10);
});

boxTest("sends the announced size if a text is erased during the download", async (it) => {
  const { site, ana, ben } = it;
  const long = "y".repeat(60_000);
  const seqs: number[] = [];
  for (let i = 0; i < 8; i++) seqs.push((await site.wait(ben.post(long, "lab@ben"))).seq);
  const { seq: edited } = await site.wait(ben.post("wrong", "lab@ben"));
  await ben.request("edit", { seq: edited, text: "right" });
  const { path } = await ana.request("collect", { room: "lab" });
  const reader = (await site.wait(site.fetch(path, {}))).body?.getReader();
  const parts = [(await site.wait(reader?.read() ?? Promise.reject())).value ?? new Uint8Array()];
  await ben.request("erase", { seq: seqs.at(-1) ?? 0 });
  for (;;) {
    const { done, value } = await site.wait(reader?.read() ?? Promise.reject());
    if (done) break;
    parts.push(value);
  }
  const zip = openZip(new Uint8Array(Buffer.concat(parts)));
  const lines = Buffer.from(zip.read("lab/ben/messages.txt")).toString().split("\n");
  expect(lines).toHaveLength(11);
  expect(lines[7]).toEndWith(`ben: ${long}`);
  expect(lines[8]?.trim()).toBe("");
  expect(lines[9]).toEndWith(" ben: right");
});

boxTest("includes new work if the same address is opened again", async ({ site, ana, eve }) => {
  const { path } = await ana.request("collect", { room: "lab" });
  const zip = async () => {
    const response = await site.wait(site.fetch(path, {}));
    return openZip(new Uint8Array(await site.wait(response.arrayBuffer())));
  };
  const before = await zip();
  const late = new TestFile("late", 100, "a.txt");
  await late.upload(await channelOf(eve), ["lab@eve"]);
  const after = await zip();
  expect(after.entries.size).toBe(before.entries.size + 1);
  expect(after.read("lab/eve/a.txt")).toEqual(late.chunks[0] as Uint8Array);
});

boxTest("downloads a file of a box for its owner and for moderators", async ({ ana, ben }) => {
  for (const guest of [ana, ben])
    expect(await download(await channelOf(guest), WORK.id)).toBeTruthy();
});

boxTest("lists work by the due date, and counts no questions", async ({ site, ana, eve }) => {
  const wide = { room: "lab" } as const;
  const due = site.clock.unixMs() + 60_000;
  expect((await ana.request("rules", { ...wide, due })).rules).toMatchObject({ due });
  const question = { text: "until when?" };
  const post = { outbox: "DDDDDDDDDDA", to: "lab@eve" } as const;
  await eve.request("post", { ...post, counter: 1, body: question });
  const listed = async () => {
    const answer = await ana.request("handed", wide);
    return [answer.due, answer.users.find(({ user }) => user === "eve")] as const;
  };
  expect(await listed()).toEqual([due, { user: "eve", messages: 0, files: 0 }]);
  await site.time.advance(90_000);
  const body = { text: "my work" };
  await eve.request("post", { ...post, counter: 2, body });
  const [, late] = await listed();
  expect(late?.first).toBeGreaterThan(due);
  expect((await ana.request("rules", { ...wide, due: 0 })).rules.due).toBeUndefined();
  await ana.request("join", { room: "plain", create: true });
  expect(await ana.refusal("rules", { room: "plain", due })).toBe("not-allowed");
});

boxTest("counts people who were invited and have not joined as missing", async ({ site, ana }) => {
  const dan = await site.member("dan");
  await ana.request("invite-user", { room: "lab", user: "dan" });
  const users = async () => (await ana.request("handed", { room: "lab" })).users;
  const ofDan = async () => (await users()).find(({ user }) => user === "dan");
  expect(await ofDan()).toEqual({ user: "dan", messages: 0, files: 0, invited: true });
  await dan.request("join", { room: "lab" });
  expect(await ofDan()).toEqual({ user: "dan", messages: 0, files: 0 });
  await site.member("fay");
  await ana.request("invite-user", { room: "lab", user: "fay" });
  await ana.request("kick", { room: "lab", user: "fay" });
  expect((await users()).map(({ user }) => user)).toEqual(["ben", "dan", "eve"]);
});
