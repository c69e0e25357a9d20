import { expect, test } from "bun:test";
import { toHex } from "../../../src/base/bytes.ts";
import { POST_BYTES } from "../../../src/base/limits.ts";
import type { RequestFields } from "../../../src/wire/messages.ts";
import { SEALED_FILE_NAME } from "../../../src/wire/messages-sealed.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { rejection } from "../../rejection.ts";
import { channelOf, TestFile } from "../data-channel.ts";
import { type Guest, headOf, newKeys } from "../guest.ts";
import { siteWith } from "../site.ts";
import { holds, operating, TOKEN } from "../site-lab.ts";
import {
  commit,
  commitFields,
  GROUP,
  groupOf,
  INFO,
  letIn,
  sealedLab,
  sealedPost,
} from "./sealed-lab.ts";

const sealedTest = fixtureTest(() => sealedLab());

sealedTest("keeps a sealed room sealed and lists it as such", async ({ site, ana, ben }) => {
  const { rooms } = await ben.request("rooms", {});
  expect(rooms.find(({ room }) => room === "vault")).toMatchObject({ sealed: true });
  expect(ana.all("room").findLast(({ name }) => name === "vault")?.sealed).toBe(true);
  await site.restart();
  const again = await site.again(ana, "ana");
  expect(again.room("vault")?.sealed).toBe(true);
  expect(await groupOf(again)).toEqual({
    group: GROUP,
    epoch: 0,
    info: INFO,
    seq: expect.any(Number),
  });
});

sealedTest("refuses plain text in a sealed room", async ({ site, ana }) => {
  const { seq } = await ana.request("post", sealedPost(0));
  const post = (body: RequestFields<"post">["body"]) => ({
    outbox: "CCCCCCCCCCC",
    counter: 1,
    to: "vault",
    body,
  });
  for (const body of [{ text: "open" }, { text: "open", action: true }]) {
    expect(await ana.refusal("post", post(body))).toBe("sealed-room");
  }
  const react = post({ text: "", react: "x", re: seq });
  expect(await ana.refusal("post", react)).toBe("not-found");
  expect(await ana.refusal("topic", { room: "vault", topic: "open" })).toBe("sealed-room");
  expect(await ana.refusal("leave", { room: "vault", reason: "bye" })).toBe("sealed-room");
  expect(await ana.refusal("edit", { seq, text: "open" })).toBe("not-allowed");
  const file = new TestFile("plain", 10, "open name");
  const refused = file.upload(await channelOf(ana), ["vault"]);
  expect(await site.wait(refused.catch((error: Error) => error.message))).toContain("is encrypted");
  expect(holds(site, "open")).toBe(false);
});

sealedTest("accepts a file in a sealed room only under a neutral name", async ({ site, ana }) => {
  const file = new TestFile("sealed", 10, SEALED_FILE_NAME);
  const folder = { entries: 1, manifestBytes: 1 };
  for (const more of [{ details: { mode: 0o751 } }, { folder }]) {
    const offer = file.offer(["vault"], more);
    expect(await (await channelOf(ana)).refusal("offer", offer)).toBe("sealed-room");
  }
  for (const text of ["details", "folder", "manifestBytes"]) expect(holds(site, text)).toBe(false);
  await file.complete(await channelOf(ana), ["vault"]);
  const files = [file.listed];
  const { body, ...post } = sealedPost(0);
  const open = { ...post, body: { text: "", files } };
  expect(await ana.refusal("post", open)).toBe("sealed-room");
  const { seq } = await ana.request("post", { ...sealedPost(0), body: { ...body, files } });
  await ana.request("post", sealedPost(0));
  await site.quiet();
  const { id, size, digest } = file;
  const listed = { file: id, name: SEALED_FILE_NAME, size, chunks: 1, digest: toHex(digest) };
  const record = ana.records.find(({ head }) => head.seq === seq);
  expect(record).toMatchObject({ head: { kind: "sealed" }, body: { files: [listed] } });
  for (const target of ["vault", undefined]) {
    const { records } = await ana.request("history", { target, files: true, limit: 9 });
    expect(records.map((found) => headOf(found).seq)).toEqual([seq]);
  }
});

sealedTest("refuses sealed posts with plain text, and in open rooms", async ({ ana }) => {
  const both = sealedPost(0);
  const withText = { ...both, body: { ...both.body, text: "open" } };
  expect(await ana.refusal("post", withText)).toBe("text-invalid");
  const calling = { ...sealedPost(0), body: { ...both.body, mentions: ["ben"] } };
  expect(await ana.refusal("post", calling)).toBe("text-invalid");
  expect(await ana.refusal("post", sealedPost(0, "lobby"))).toBe("not-allowed");
});

sealedTest("lets users join a sealed room by a commit, not by a password", async (lab) => {
  const { site, ana, ben, eve } = lab;
  const locked = { room: "safe", create: true, sealed: true, password: "x" };
  expect(await ana.refusal("join", locked)).toBe("usage");
  expect(await ben.refusal("join", { room: "vault" })).toBe("sealed-room");
  await commit(ana, { epoch: 0, added: [[ben, "ben"]] });
  await site.quiet();
  expect(ben.all("invited")).toEqual([{ kind: "invited", room: "vault", by: "ana" }]);
  expect(eve.all("invited")).toEqual([]);
  expect(await eve.refusal("join", { room: "vault" })).toBe("sealed-room");
  await ben.request("join", { room: "vault" });
  await site.quiet();
  expect((await ben.request("post", sealedPost(1))).seq).toBeGreaterThan(0);
});

sealedTest("notifies an added user at log-in until they join", async ({ site, ana, ben }) => {
  ben.hangUp();
  await commit(ana, { epoch: 0, added: [[ben, "ben"]] });
  const first = await site.again(ben, "ben");
  expect(first.all("invited")).toEqual([{ kind: "invited", room: "vault", by: "ana" }]);
  first.hangUp();
  await site.restart();
  const again = await site.again(ben, "ben");
  expect(again.all("invited")).toEqual([{ kind: "invited", room: "vault" }]);
  await again.request("join", { room: "vault" });
  const third = await site.again(ben, "ben");
  expect(third.all("invited")).toEqual([]);
});

sealedTest("accepts one of two simultaneous commits", async (lab) => {
  await letIn(lab);
  const { site, ana, ben } = lab;
  const outcomes = await site.wait(
    Promise.allSettled([
      ana.send("group-commit", commitFields({ epoch: 1, commitId: "a", info: "of ana" })),
      ben.send("group-commit", commitFields({ epoch: 1, commitId: "b", info: "of ben" })),
    ]),
  );
  expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  const lost = outcomes.find(({ status }) => status === "rejected") as PromiseRejectedResult;
  expect(lost.reason).toMatchObject({ code: "stale-epoch", retryAfterMs: expect.any(Number) });
  const { epoch, info } = await groupOf(ana);
  expect(epoch).toBe(2);
  const isOfAna = outcomes[0]?.status === "fulfilled";
  expect(new TextDecoder().decode(info)).toBe(isOfAna ? "of ana" : "of ben");
  expect(site.disk.list("/d/sealed").filter((name) => name.includes(".next."))).toEqual([]);
});

test("repeats the answer to a repeated commit, even across a restart", async () => {
  const { site, ana } = await sealedLab();
  const first = await commit(ana, { epoch: 0 });
  expect(await commit(ana, { epoch: 0 })).toEqual(first);
  await commit(ana, { epoch: 1 });
  await site.restart();
  const again = await site.again(ana, "ana");
  expect(await commit(again, { epoch: 0 })).toEqual(first);
  expect((await groupOf(again)).epoch).toBe(2);
  expect(await again.refusal("group-commit", commitFields({ epoch: 7 }))).toBe("stale-epoch");
});

sealedTest(
  "refuses a post of another epoch and accepts its counter again",
  async ({ site, ana }) => {
    await commit(ana, { epoch: 0 });
    const post = sealedPost(0);
    expect(await ana.refused("post", post)).toMatchObject({ code: "stale-epoch" });
    const sealed = { epoch: 1, ciphertext: Uint8Array.of(8) };
    const { seq } = await ana.request("post", { ...post, body: { text: "", sealed } });
    await site.quiet();
    const sealedRecords = ana.records.filter(({ head }) => head.kind === "sealed");
    expect(sealedRecords).toMatchObject([{ head: { seq }, body: { epoch: 1, ciphertext: "CA" } }]);
  },
);

sealedTest("lets members commit and the creator create the group once", async ({ ana, ben }) => {
  const fields = commitFields({ epoch: 0 });
  expect(await ben.refusal("group-commit", fields)).toBe("not-member");
  expect(await ben.refusal("group", { target: "vault" })).toBe("not-member");
  const create = { target: "vault", group: GROUP, commitId: "second", info: INFO };
  expect(await ana.refusal("group-create", create)).toBe("stale-epoch");
  await ana.request("join", { room: "open", create: true });
  expect(await ana.refusal("group-create", { ...create, target: "open" })).toBe("not-allowed");
  const other = { ...fields, group: new Uint8Array(16) };
  expect(await ana.refusal("group-commit", other)).toBe("not-allowed");
  const garbage = { ...fields, commit: Uint8Array.of(1, 2, 3) };
  expect(await ana.refusal("group-commit", garbage)).toBe("frame-malformed");
  const wrong = { ...fields, commitId: "another" };
  expect(await ana.refusal("group-commit", wrong)).toBe("not-allowed");
});

sealedTest(
  "adds certified devices, and removes members of the group",
  async ({ ana, ben, eve }) => {
    const stranger = { ...commitFields({ epoch: 0 }), added: [{ user: "ben", device: EVES(eve) }] };
    expect(await ana.refusal("group-commit", stranger)).toBe("not-allowed");
    const unknown = commitFields({ epoch: 0, added: [[ben, "nobody"]] });
    expect(await ana.refusal("group-commit", unknown)).toBe("user-unknown");
    const absent = commitFields({ epoch: 0, removed: [ben] });
    expect(await ana.refusal("group-commit", absent)).toBe("not-allowed");
    const twice = commitFields({ epoch: 0, added: [[ana, "ana"]] });
    expect(await ana.refusal("group-commit", twice)).toBe("not-allowed");
    const empty = commitFields({ epoch: 0, removed: [ana] });
    expect(await ana.refusal("group-commit", empty)).toBe("not-allowed");
  },
);

sealedTest("refuses a device that logged in by password", async ({ site }) => {
  await site.member("pat", "secret secret");
  const other = await site.greeted(undefined, newKeys());
  await other.request("login", other.passwordLogin("pat", "secret secret"));
  await other.until("caught-up");
  expect(await other.refusal("key-packages", { packages: [] })).toBe("not-allowed");
});

function EVES({ keys }: Guest): Uint8Array {
  return keys.device.publicKey;
}

sealedTest("removes a member from room and group in one step", async (lab) => {
  await letIn(lab);
  const { site, ana, ben } = lab;
  expect(await ana.refusal("group-commit", commitFields({ epoch: 1, kick: "ben" }))).toBe(
    "not-allowed",
  );
  await commit(ana, { epoch: 1, removed: [ben], kick: "ben" });
  await site.quiet();
  expect(ben.all("room-gone")).toHaveLength(1);
  const kinds = ana.records.map(({ head }) => head.kind).slice(-2);
  expect(kinds).toEqual(["kick", "group"]);
  expect(await ben.refusal("post", sealedPost(2))).toBe("not-member");
  expect(await ben.refusal("join", { room: "vault" })).toBe("sealed-room");
});

sealedTest("refuses posts after a member left until their devices are removed", async (lab) => {
  await letIn(lab);
  const { ana, ben } = lab;
  await ben.request("leave", { room: "vault" });
  const post = sealedPost(1);
  expect(await ana.refusal("post", post)).toBe("stale-epoch");
  await commit(ana, { epoch: 1, removed: [ben] });
  const { counter } = post;
  expect((await ana.request("post", { ...sealedPost(2), counter })).seq).toBeGreaterThan(0);
  expect(await ben.refusal("join", { room: "vault" })).toBe("sealed-room");
  await letIn(lab, 2);
});

sealedTest("seals a conversation by its first commit", async ({ site, ana, ben }) => {
  await site.wait(ana.post("in the open", "@ben"));
  const create = { target: "@ben", group: GROUP, commitId: "dm", info: INFO };
  await ana.request("group-create", create);
  await commit(ana, { epoch: 0, added: [[ben, "ben"]], target: "@ben" });
  await site.quiet();
  expect((await site.wait(ben.post("open", "@ana").catch((error) => error))).code).toBe(
    "sealed-room",
  );
  const { seq } = await ben.request("post", sealedPost(1, "@ana"));
  await site.quiet();
  expect(ana.records.at(-1)).toMatchObject({ head: { kind: "sealed", seq } });
  expect((await groupOf(ben, "@ana")).epoch).toBe(1);
  expect(ben.all("invited")).toEqual([]);
});

test("limits ciphertexts, commits and edits like posts, by their bytes", async () => {
  const lab = await sealedLab({ postsPerSecond: 10, postsBurst: 40 });
  const { site, ana, ben } = lab;
  const long = sealedPost(0);
  long.body.sealed.ciphertext = new Uint8Array(25 * POST_BYTES);
  await site.wait(ana.request("post", long));
  const big = { ...commitFields({ epoch: 0 }), info: new Uint8Array(20 * POST_BYTES) };
  const refused = await rejection(site.wait(ana.request("group-commit", big)));
  expect(refused).toMatchObject({ code: "too-fast", retryAfterMs: expect.any(Number) });
  const { seq } = await site.wait(ben.post("short"));
  const text = "x".repeat(38 * POST_BYTES).slice(0, 60_000);
  for (let i = 0; i < 4; i++) await site.wait(ben.request("edit", { seq, text }));
  expect(await rejection(site.wait(ben.request("edit", { seq, text })))).toMatchObject({
    code: "too-fast",
  });
  await site.time.advance(4_000);
  await site.wait(ana.request("group-commit", big));
});

test("erases sealed messages like others", async () => {
  const { site, ana } = await sealedLab({ operatorToken: TOKEN });
  await operating(ana);
  const { seq } = await ana.request("post", sealedPost(0));
  expect(holds(site, "BAUG")).toBe(true);
  await ana.request("erase", { seq });
  expect(holds(site, "BAUG")).toBe(false);
  await ana.request("post", sealedPost(0));
  await ana.request("erase-all", {});
  expect(holds(site, "BAUG")).toBe(false);
});

test("refuses sealed rooms without a folder for them", async () => {
  const { ana } = await siteWith(["ana"], { seals: false });
  const join = { room: "vault", create: true, sealed: true };
  expect((await ana.refused("join", join)).message).toContain("encrypted rooms are disabled");
  expect(await ana.refusal("key-packages", { packages: [] })).toBe("not-allowed");
});
