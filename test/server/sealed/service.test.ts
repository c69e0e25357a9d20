import { describe, expect, test } from "bun:test";
import { POST_CHARS } from "../../../src/base/limits.ts";
import { GROUP_DEVICES_MAX } from "../../../src/base/limits-sealed.ts";
import type { RequestFields } from "../../../src/wire/messages.ts";
import { SEALED_FILE_NAME } from "../../../src/wire/messages-sealed.ts";
import { rejection } from "../../rejection.ts";
import { channelOf, TestFile } from "../data-channel.ts";
import { type Guest, newKeys } from "../guest.ts";
import { Site } from "../site.ts";
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

describe("a sealed room", () => {
  test("is one for good, and says so to who reads it and in the list", async () => {
    const { site, ana, ben } = await sealedLab();
    const { rooms } = await ben.ask("rooms", {});
    expect(rooms.find(({ room }) => room === "vault")).toMatchObject({ sealed: true });
    expect(ana.all("room").findLast(({ name }) => name === "vault")?.sealed).toBe(true);
    await site.restart();
    const again = await site.again(ana, "ana");
    expect(again.all("room").find(({ name }) => name === "vault")?.sealed).toBe(true);
    expect(await groupOf(again)).toEqual({
      group: GROUP,
      epoch: 0,
      info: INFO,
      seq: expect.any(Number),
    });
    await site.stop();
  });

  test("takes nothing open from anybody: words, actions, reactions, topics, files", async () => {
    const { site, ana } = await sealedLab();
    const { seq } = await ana.ask("post", sealedPost(0));
    const post = (body: RequestFields<"post">["body"]) => ({
      outbox: "CCCCCCCCCCC",
      counter: 1,
      to: "vault",
      body,
    });
    for (const body of [{ text: "open" }, { text: "open", action: true }]) {
      expect((await ana.refused("post", post(body))).code).toBe("sealed-room");
    }
    const react = post({ text: "", react: "x", re: seq });
    expect((await ana.refused("post", react)).code).toBe("not-found");
    expect((await ana.refused("topic", { room: "vault", topic: "open" })).code).toBe("sealed-room");
    expect((await ana.refused("edit", { seq, text: "open" })).code).toBe("not-allowed");
    const file = new TestFile("plain", 10, "open name");
    const refused = file.upload(await channelOf(ana), ["vault"]);
    expect(await site.wait(refused.catch((error: Error) => error.message))).toContain("is sealed");
    expect(holds(site, "open")).toBe(false);
    await site.stop();
  });

  test("takes a file under the one name that says nothing", async () => {
    const { site, ana } = await sealedLab();
    await new TestFile("sealed", 10, SEALED_FILE_NAME).upload(await channelOf(ana), ["vault"]);
    await site.quiet();
    expect(ana.records.filter(({ head }) => head.kind === "file")).toHaveLength(1);
    await site.stop();
  });

  test("takes no sealed words with open ones beside them, and an open room none", async () => {
    const { site, ana } = await sealedLab();
    const both = sealedPost(0);
    const words = { ...both, body: { ...both.body, text: "open" } };
    expect((await ana.refused("post", words)).code).toBe("text-invalid");
    const calling = { ...sealedPost(0), body: { ...both.body, mentions: ["ben"] } };
    expect((await ana.refused("post", calling)).code).toBe("text-invalid");
    expect((await ana.refused("post", sealedPost(0, "lobby"))).code).toBe("not-allowed");
    await site.stop();
  });

  test("has no password, and lets in whom a commit added, who hears of it at once", async () => {
    const lab = await sealedLab();
    const { site, ana, ben, eve } = lab;
    const locked = { room: "safe", create: true, sealed: true, password: "x" };
    expect((await ana.refused("join", locked)).code).toBe("usage");
    expect((await ben.refused("join", { room: "vault" })).code).toBe("sealed-room");
    await commit(ana, { epoch: 0, added: [[ben, "ben"]] });
    await site.quiet();
    expect(ben.all("invited")).toEqual([{ kind: "invited", room: "vault", by: "ana" }]);
    expect(eve.all("invited")).toEqual([]);
    expect((await eve.refused("join", { room: "vault" })).code).toBe("sealed-room");
    await ben.ask("join", { room: "vault" });
    await site.quiet();
    expect((await ben.ask("post", sealedPost(1))).seq).toBeGreaterThan(0);
    await site.stop();
  });

  test("tells of it whoever comes later, until they are in", async () => {
    const { site, ana, ben } = await sealedLab();
    ben.hangUp();
    await commit(ana, { epoch: 0, added: [[ben, "ben"]] });
    await site.restart();
    const again = await site.again(ben, "ben");
    expect(again.all("invited")).toEqual([{ kind: "invited", room: "vault" }]);
    await again.ask("join", { room: "vault" });
    const third = await site.again(ben, "ben");
    expect(third.all("invited")).toEqual([]);
    await site.stop();
  });

  test("keeps its commits for who joins by their welcome", async () => {
    const lab = await sealedLab();
    await letIn(lab);
    const { records } = await lab.ben.ask("history", { target: "vault", limit: 10 });
    const bodies = records.map(({ body }) => JSON.parse(Buffer.from(body ?? []).toString()));
    expect(bodies.filter(({ commitId }) => commitId !== undefined)).toMatchObject([
      { epoch: 0, commitId: "first", removed: [] },
      { epoch: 1, commitId: "to-0", commit: expect.any(String), welcome: "CQk" },
    ]);
    await lab.site.stop();
  });
});

describe("one commit ends an epoch", () => {
  test("of two that race: the other is stale, and may come again", async () => {
    const lab = await sealedLab();
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
    await site.stop();
  });

  test("told again with its id it is answered as before, over a restart too", async () => {
    const { site, ana } = await sealedLab();
    const first = await commit(ana, { epoch: 0 });
    expect(await commit(ana, { epoch: 0 })).toEqual(first);
    await commit(ana, { epoch: 1 });
    await site.restart();
    const again = await site.again(ana, "ana");
    expect(await commit(again, { epoch: 0 })).toEqual(first);
    expect((await groupOf(again)).epoch).toBe(2);
    expect((await again.refused("group-commit", commitFields({ epoch: 7 }))).code).toBe(
      "stale-epoch",
    );
    await site.stop();
  });

  test("a word of another epoch is refused, and the same counter may come again", async () => {
    const { site, ana } = await sealedLab();
    await commit(ana, { epoch: 0 });
    const post = sealedPost(0);
    expect(await ana.refused("post", post)).toMatchObject({ code: "stale-epoch" });
    const sealed = { epoch: 1, ciphertext: Uint8Array.of(8) };
    const { seq } = await ana.ask("post", { ...post, body: { text: "", sealed } });
    await site.quiet();
    const told = ana.records.filter(({ head }) => head.kind === "sealed");
    expect(told).toMatchObject([{ head: { seq }, body: { epoch: 1, ciphertext: "CA" } }]);
    await site.stop();
  });

  test("only members commit, only its maker begins, and only once", async () => {
    const { site, ana, ben } = await sealedLab();
    const fields = commitFields({ epoch: 0 });
    expect((await ben.refused("group-commit", fields)).code).toBe("not-member");
    expect((await ben.refused("group", { target: "vault" })).code).toBe("not-member");
    const create = { target: "vault", group: GROUP, commitId: "second", info: INFO };
    expect((await ana.refused("group-create", create)).code).toBe("stale-epoch");
    await ana.ask("join", { room: "open", create: true });
    const open = await ana.refused("group-create", { ...create, target: "open" });
    expect(open.code).toBe("not-allowed");
    const other = { ...fields, group: new Uint8Array(16) };
    expect((await ana.refused("group-commit", other)).code).toBe("not-allowed");
    // What a server can read of a commit agrees with its request.
    const garbage = { ...fields, commit: Uint8Array.of(1, 2, 3) };
    expect((await ana.refused("group-commit", garbage)).code).toBe("frame-malformed");
    const wrong = { ...fields, commitId: "another" };
    expect((await ana.refused("group-commit", wrong)).code).toBe("not-allowed");
    await site.stop();
  });

  test("names devices that are there: certified ones come, those in the group go", async () => {
    const { site, ana, ben, eve } = await sealedLab();
    const stranger = { ...commitFields({ epoch: 0 }), added: [{ user: "ben", device: EVES(eve) }] };
    expect((await ana.refused("group-commit", stranger)).code).toBe("not-allowed");
    const unknown = commitFields({ epoch: 0, added: [[ben, "nobody"]] });
    expect((await ana.refused("group-commit", unknown)).code).toBe("user-unknown");
    const absent = commitFields({ epoch: 0, removed: [ben] });
    expect((await ana.refused("group-commit", absent)).code).toBe("not-allowed");
    const twice = commitFields({ epoch: 0, added: [[ana, "ana"]] });
    expect((await ana.refused("group-commit", twice)).code).toBe("not-allowed");
    const empty = commitFields({ epoch: 0, removed: [ana] });
    expect((await ana.refused("group-commit", empty)).code).toBe("not-allowed");
    await site.stop();
  });

  test("and a device that came in by password takes no part", async () => {
    const { site } = await sealedLab();
    await site.member("pat", "secret secret");
    const other = await site.greeted(undefined, newKeys());
    await other.ask("login", other.passwordLogin("pat", "secret secret"));
    await other.until("caught-up");
    expect((await other.refused("key-packages", { packages: [] })).code).toBe("not-allowed");
    await site.stop();
  });

  test("as many devices as there may be, and no more", async () => {
    const { site, ana } = await sealedLab();
    const device = new Uint8Array(32);
    const added = Array.from({ length: GROUP_DEVICES_MAX + 1 }, () => ({ user: "ana", device }));
    const many = { ...commitFields({ epoch: 0 }), added };
    expect((await ana.refused("group-commit", many)).code).toBe("too-large");
    await site.stop();
  });
});

function EVES({ keys }: Guest): Uint8Array {
  return keys.device.publicKey;
}

describe("who is not in any more", () => {
  test("is put out by one step: room and group", async () => {
    const lab = await sealedLab();
    await letIn(lab);
    const { site, ana, ben } = lab;
    const half = await ana.refused("group-commit", commitFields({ epoch: 1, kick: "ben" }));
    expect(half.code).toBe("not-allowed");
    await commit(ana, { epoch: 1, removed: [ben], kick: "ben" });
    await site.quiet();
    expect(ben.all("room-gone")).toHaveLength(1);
    const kinds = ana.records.map(({ head }) => head.kind).slice(-2);
    expect(kinds).toEqual(["kick", "group"]);
    expect((await ben.refused("post", sealedPost(2))).code).toBe("not-member");
    expect((await ben.refused("join", { room: "vault" })).code).toBe("sealed-room");
    await site.stop();
  });

  test("only who keeps order puts somebody out", async () => {
    const lab = await sealedLab();
    await letIn(lab);
    const fields = commitFields({ epoch: 1, removed: [lab.ana], kick: "ana" });
    expect((await lab.ben.refused("group-commit", fields)).code).toBe("not-allowed");
    await lab.site.stop();
  });

  test("by leaving: nobody speaks until the devices are removed", async () => {
    const lab = await sealedLab();
    await letIn(lab);
    const { site, ana, ben } = lab;
    await ben.ask("leave", { room: "vault" });
    const post = sealedPost(1);
    expect((await ana.refused("post", post)).code).toBe("stale-epoch");
    await commit(ana, { epoch: 1, removed: [ben] });
    const { counter } = post;
    expect((await ana.ask("post", { ...sealedPost(2), counter })).seq).toBeGreaterThan(0);
    expect((await ben.refused("join", { room: "vault" })).code).toBe("sealed-room");
    await letIn(lab, 2);
    await site.stop();
  });
});

describe("a conversation of two", () => {
  test("is sealed by its first commit, and takes nothing open after it", async () => {
    const { site, ana, ben } = await sealedLab();
    await site.wait(ana.say("in the open", "@ben"));
    const create = { target: "@ben", group: GROUP, commitId: "dm", info: INFO };
    await ana.ask("group-create", create);
    await commit(ana, { epoch: 0, added: [[ben, "ben"]], target: "@ben" });
    await site.quiet();
    expect((await site.wait(ben.say("open", "@ana").catch((error) => error))).code).toBe(
      "sealed-room",
    );
    const { seq } = await ben.ask("post", sealedPost(1, "@ana"));
    await site.quiet();
    expect(ana.records.at(-1)).toMatchObject({ head: { kind: "sealed", seq } });
    expect((await groupOf(ben, "@ana")).epoch).toBe(1);
    expect(ben.all("invited")).toEqual([]);
    await site.stop();
  });

  test("may begin with it", async () => {
    const { site, ana, ben } = await sealedLab();
    const create = { target: "@eve", group: GROUP, commitId: "dm", info: INFO };
    await ana.ask("group-create", create);
    await site.quiet();
    expect(ana.all("room").some((room) => room.with === "eve")).toBe(true);
    const fault = await site.wait(ana.say("open", "@eve").catch((error) => error));
    expect(fault.code).toBe("sealed-room");
    await site.wait(ana.say("open still", "@ben"));
    await site.quiet();
    expect(ben.texts()).toEqual(["open still"]);
    await site.stop();
  });
});

test("ciphertexts, commits and edits share the pace of posts, by their bytes", async () => {
  const lab = await sealedLab({ postsPerSecond: 10, postsBurst: 40 });
  const { site, ana, ben } = lab;
  const long = sealedPost(0);
  long.body.sealed.ciphertext = new Uint8Array(25 * POST_CHARS);
  await site.wait(ana.ask("post", long));
  const big = { ...commitFields({ epoch: 0 }), info: new Uint8Array(20 * POST_CHARS) };
  const refused = await rejection(site.wait(ana.ask("group-commit", big)));
  expect(refused).toMatchObject({ code: "too-fast", retryAfterMs: expect.any(Number) });
  const { seq } = await site.wait(ben.say("short"));
  const text = "x".repeat(38 * POST_CHARS).slice(0, 60_000);
  for (let i = 0; i < 4; i++) await site.wait(ben.ask("edit", { seq, text }));
  expect(await rejection(site.wait(ben.ask("edit", { seq, text })))).toMatchObject({
    code: "too-fast",
  });
  await site.time.advance(4_000);
  await site.wait(ana.ask("group-commit", big));
});

test("what an author or an order of time erases goes, sealed or not", async () => {
  const { site, ana } = await sealedLab({ operatorToken: TOKEN });
  await operating(ana);
  const { seq } = await ana.ask("post", sealedPost(0));
  expect(holds(site, "BAUG")).toBe(true);
  await ana.ask("erase", { seq });
  expect(holds(site, "BAUG")).toBe(false);
  await ana.ask("post", sealedPost(0));
  await ana.ask("erase-all", {});
  expect(holds(site, "BAUG")).toBe(false);
  await site.stop();
});

test("a server without the folder seals nothing, and says so", async () => {
  const site = await Site.open({ seals: false });
  const ana = await site.member("ana");
  const join = { room: "vault", create: true, sealed: true };
  expect((await ana.refused("join", join)).message).toContain("seals no rooms");
  expect((await ana.refused("key-packages", { packages: [] })).code).toBe("not-allowed");
  await site.stop();
});
