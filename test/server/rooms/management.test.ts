import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { checkName } from "../../../src/base/names.ts";
import { fixtureTest } from "../../fixture-test.ts";
import type { Guest, Keys, ReceivedRecord } from "../guest.ts";
import { type Site, siteWith } from "../site.ts";

const TOKEN = "operator-token";

interface Sandbox {
  readonly site: Site;
  readonly olga: Guest;
  readonly ana: Guest;
  readonly ben: Guest;
}

async function sandbox(): Promise<Sandbox> {
  const { site, olga } = await siteWith(["olga"], { operatorToken: TOKEN });
  await olga.request("operate", { token: TOKEN });
  const ana = await site.member("ana");
  const ben = await site.member("ben");
  await ana.request("join", { room: "lab", create: true });
  await ben.request("join", { room: "lab" });
  await ana.request("passwd", { password: "secret" });
  await isRefusedPost(site, ana, "@ben", "hello ben");
  await site.quiet();
  return { site, olga, ana, ben };
}

async function back(site: Site, keys: Keys, name: string) {
  const guest = await site.greeted(undefined, keys);
  const answer = await guest.request("login", guest.signedLogin(name));
  return { guest, user: answer.user };
}

let outboxes = 0;

function isRefusedPost(site: Site, guest: Guest, to: string, text: string) {
  return site.wait(guest.post(text, to, `A${String(++outboxes).padStart(10, "0")}`));
}

async function unsaid(site: Site, guest: Guest, to: string): Promise<Fault> {
  try {
    await isRefusedPost(site, guest, to, "refused");
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error(`'${to}' took the words`);
}

const kinds = (records: readonly ReceivedRecord[]): string[] =>
  records.map(({ head }) => head.kind);

const siteTest = fixtureTest(sandbox);

test("renames an account that can then log in by both names", async () => {
  const { site, olga, ana, ben } = await sandbox();
  await olga.request("rename", { user: "ana", to: "Anna" });
  const end = (await ana.untilEnded()).fault;
  expect([end?.code, end?.message]).toEqual(["link-closed", "you were renamed to Anna"]);
  await site.quiet();
  const renames = ben.records.filter(({ head }) => head.kind === "rename");
  expect(renames.map(({ body, from }) => [body?.["was"], body?.["name"], from])).toEqual([
    ["ana", "Anna", "olga"],
    ["ana", "Anna", "olga"],
  ]);
  expect(ben.all("room").at(-1)).toMatchObject({ with: "Anna" });
  for (const name of ["ana", "ANNA"]) {
    expect((await back(site, ana.keys, name)).user).toBe("Anna");
  }
  const typed = await site.greeted();
  expect((await typed.request("login", typed.passwordLogin("ana", "secret"))).user).toBe("Anna");
  for (const to of ["@ana", "@Anna"]) await isRefusedPost(site, ben, to, `to ${to}`);
  const { records } = await ben.request("history", { target: "@ana", limit: 10 });
  expect(records).toHaveLength(3);
  expect((await ben.request("who", {})).users.map(({ user }) => user)).toEqual([
    "Anna",
    "ben",
    "olga",
  ]);
  await site.restart();
  expect((await back(site, ana.keys, "ana")).user).toBe("Anna");
});

siteTest("erases the notice of an account's new name", async ({ site, olga, ana, ben }) => {
  await olga.request("rename", { user: "ana", to: "anna" });
  await site.quiet();
  const notices = ben.records.filter(({ head }) => head.kind === "rename");
  for (const { head } of notices) {
    expect(await ben.refusal("erase", { seq: head.seq })).toBe("not-allowed");
    await olga.request("erase", { seq: head.seq });
  }
  await olga.request("rename", { user: "anna", to: "aline", quiet: true });
  await site.quiet();
  const quiet = ben.records.filter(({ head }) => head.kind === "rename").slice(notices.length);
  expect(quiet.map(({ body }) => body?.["name"])).toEqual(["aline", "aline"]);
  const erased = ben.records.filter(({ head }) => head.kind === "erase");
  expect(erased.map(({ body }) => body?.["seq"])).toEqual(
    [...notices, ...quiet].map(({ head }) => head.seq),
  );
  await site.restart();
  const again = await back(site, ana.keys, "aline");
  const { records } = await again.guest.request("history", { target: "lobby", limit: 50 });
  expect(JSON.stringify(records)).not.toMatch(/"ana"|"anna"/);
});

siteTest("keeps the notice of a room's new name", async ({ site, olga, ben }) => {
  await olga.request("rename", { room: "lab", to: "bench" });
  await site.quiet();
  const seq = ben.records.find(({ head }) => head.kind === "rename")?.head.seq ?? 0;
  expect(await olga.refusal("erase", { seq })).toBe("not-allowed");
});

siteTest("reserves the old name of a renamed account", async ({ site, olga, ana, ben }) => {
  await olga.request("rename", { user: "ana", to: "anna" });
  const guest = await site.greeted();
  expect(await guest.refusal("register", guest.registration("Ana"))).toBe("name-taken");
  await olga.request("rename", { user: "ben", to: "ana" });
  await site.quiet();
  expect((await back(site, ben.keys, "ben")).user).toBe("ana");
  expect((await back(site, ana.keys, "anna")).user).toBe("anna");
  const lost = await site.greeted(undefined, ana.keys);
  expect(await lost.refusal("login", lost.signedLogin("ana"))).toBe("login-refused");
  await site.restart();
  expect((await back(site, ben.keys, "ben")).user).toBe("ana");
  const again = await site.again(olga, "olga");
  await again.request("operate", { token: TOKEN });
  await again.request("rename", { user: "ana", to: "ben" });
  await again.request("rename", { user: "anna", to: "ana" });
  expect((await back(site, ana.keys, "ana")).user).toBe("ana");
  expect((await back(site, ben.keys, "ben")).user).toBe("ben");
});

test("refuses to rename to names that are taken, reserved or invalid", async () => {
  const { site, olga, ana } = await sandbox();
  expect(await ana.refusal("rename", { user: "ana", to: "x" })).toBe("not-allowed");
  const wishes = [
    [{ user: "ana", to: "BEN" }, "name-taken"],
    [{ user: "ana", to: "operator" }, "name-invalid"],
    [{ user: "ana", to: "a b" }, "name-invalid"],
    [{ user: "ana", to: "" }, "name-invalid"],
    [{ user: "eve", to: "x" }, "user-unknown"],
    [{ to: "x" }, "usage"],
    [{ user: "ana", room: "lab", to: "x" }, "usage"],
  ] as const;
  for (const [options, code] of wishes) {
    expect([options, (await olga.refused("rename", options)).code]).toEqual([options, code]);
  }
  await olga.request("rename", { user: "ana", to: "ana" });
  expect(ana.ended).toBeUndefined();
  const both = [
    olga.send("rename", { user: "ana", to: "zoe" }),
    olga.send("rename", { user: "ben", to: "ZOE" }),
  ];
  const outcomes = await site.wait(Promise.allSettled(both));
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
});

siteTest("does not log in as another account during a rename", async ({ site, olga, ana }) => {
  const guest = await site.greeted();
  const login = guest.send("login", guest.passwordLogin("ana", "secret"));
  const moves = [
    olga.send("rename", { user: "ana", to: "anna" }),
    olga.send("rename", { user: "ben", to: "ana" }),
  ];
  await site.wait(Promise.allSettled([login, ...moves]));
  const outcome = await login.catch(() => undefined);
  if (outcome !== undefined) expect(outcome.account).toBe((await own(site, ana)) ?? "");
});

async function own(site: Site, { keys }: Guest): Promise<string | undefined> {
  const account = [...site.registry.all()].find(({ accountKey }) =>
    keys.account.publicKey.every((byte, i) => byte === accountKey[i]),
  );
  return account?.id;
}

test("removes an account from its rooms and keeps its messages", async () => {
  const { site, olga, ana, ben } = await sandbox();
  const { token } = await ana.request("invite", {});
  await isRefusedPost(site, ana, "lab", "my words");
  await olga.request("remove", { user: "ana" });
  const end = (await ana.untilEnded()).fault;
  expect([end?.code, end?.message]).toEqual(["login-refused", "account ana was removed"]);
  await site.quiet();
  const out = ben.records.filter(({ head }) => head.kind === "kick");
  expect(out.map(({ body }) => [body?.["name"], body?.["removed"]])).toEqual([
    ["ana", true],
    ["ana", true],
  ]);
  expect((await ben.request("who", {})).users.map(({ user }) => user)).toEqual(["ben", "olga"]);
  expect((await ben.request("who", { room: "lab" })).users.map(({ user }) => user)).toEqual([
    "ben",
  ]);
  expect((await unsaid(site, ben, "@ana")).code).toBe("user-unknown");
  const lab = await ben.request("history", { target: "lab", grep: "my words", limit: 10 });
  expect(lab.records.map(({ from }) => from)).toEqual(["ana"]);
  const direct = await ben.request("history", { target: "@ana", limit: 10 });
  expect(direct.records).toHaveLength(1);
  for (const restarted of [false, true]) {
    if (restarted) await site.restart();
    const guest = await site.greeted(undefined, ana.keys);
    expect(await guest.refusal("login", guest.signedLogin("ana"))).toBe("login-refused");
    expect(await guest.refusal("login", guest.passwordLogin("ana", "secret"))).toBe(
      "login-refused",
    );
    const taken = await guest.refused("register", guest.registration("ana"));
    expect(taken.code).toBe("name-taken");
    expect((await guest.refused("admit", { secret: token })).message).toContain("is not valid");
  }
  const bytes = Buffer.from(site.disk.fileAt("/d/accounts/000000000001.jsonl").visible);
  expect(bytes.includes("hash of secret")).toBe(false);
});

siteTest("lets operators remove any account but their own", async ({ site, olga, ben }) => {
  expect(await ben.refusal("remove", { user: "ana" })).toBe("not-allowed");
  expect(await olga.refusal("remove", { user: "olga" })).toBe("not-allowed");
  expect(await olga.refusal("remove", {})).toBe("usage");
  expect(await olga.refusal("remove", { user: "nobody" })).toBe("user-unknown");
  await olga.request("grant", { user: "ben", on: true });
  await olga.request("remove", { user: "ben" });
  await olga.request("remove", { user: "ben" });
  expect(
    site.registry.policy.isOperator(
      site.registry.findWithRemoved(checkName("ben"))?.id ?? ("" as never),
    ),
  ).toBe(false);
});

siteTest("removes an account during other requests", async ({ site, olga, ana }) => {
  const second = await site.greeted();
  const all = [
    second.send("login", second.passwordLogin("ana", "secret")),
    ana.send("passwd", { password: "other" }),
    ana.post("last words", "lab"),
    ana.send("join", { room: "den", create: true }),
    olga.send("remove", { user: "ana" }),
    olga.send("reset", { user: "ana" }),
  ];
  await site.wait(Promise.allSettled(all));
  await site.quiet();
  const account = site.registry.findWithRemoved(checkName("ana"));
  expect([account?.isRemoved, account?.devices.size, account?.passwordHash]).toEqual([
    true,
    0,
    undefined,
  ]);
  expect([...site.server.peers()].filter((client) => client.account === account)).toEqual([]);
});

siteTest("renames a room that is then found by both names", async ({ site, olga, ana, ben }) => {
  await olga.request("rename", { room: "lab", to: "Workshop" });
  await site.quiet();
  expect(ben.all("room").at(-1)).toMatchObject({ name: "Workshop" });
  expect(ben.records.at(-1)?.body).toEqual({ was: "lab", name: "Workshop" });
  for (const to of ["lab", "workshop"]) await isRefusedPost(site, ana, to, to);
  const { records } = await ben.request("history", { target: "lab", limit: 100 });
  expect(records.length).toBeGreaterThan(3);
  const joined = await ben.request("join", { room: "lab", create: true });
  expect([joined.name, joined.created]).toEqual(["Workshop", false]);
  await site.restart();
  const eve = await site.member("eve");
  expect((await eve.request("rooms", {})).rooms.map(({ room }) => room)).toEqual([
    "lobby",
    "Workshop",
  ]);
  expect(await eve.refusal("join", { room: "lab" })).toBe("name-taken");
});

siteTest("closes a room to all posts until it is opened", async ({ site, olga, ana, ben }) => {
  const { seq } = await isRefusedPost(site, ana, "lab", "before");
  await olga.request("join", { room: "lab" });
  await olga.request("close", { room: "lab", on: true });
  await site.quiet();
  expect(ben.all("room").at(-1)).toMatchObject({ name: "lab", closed: true });
  for (const guest of [ana, ben, olga]) {
    expect((await unsaid(site, guest, "lab")).code).toBe("not-allowed");
    const topic = await guest.refused("topic", { room: "lab", topic: "t" });
    expect(topic.message).toBe("'lab' is read-only");
  }
  expect(await ana.refusal("edit", { seq, text: "changed" })).toBe("not-allowed");
  expect(
    (await ben.request("history", { target: "lab", limit: 9 })).records.length,
  ).toBeGreaterThan(0);
  const eve = await site.member("eve");
  await eve.request("join", { room: "lab" });
  await ana.request("erase", { seq });
  await site.restart();
  const again = await site.again(ana, "ana");
  expect((await unsaid(site, again, "lab")).code).toBe("not-allowed");
  const operator = await site.again(olga, "olga");
  await operator.request("operate", { token: TOKEN });
  await operator.request("close", { room: "lab", on: false });
  await isRefusedPost(site, again, "lab", "open");
});

siteTest(
  "removes a room with its history, and frees its name",
  async ({ site, olga, ana, ben }) => {
    await isRefusedPost(site, ana, "lab", "words");
    await olga.request("rename", { room: "lab", to: "den" });
    await olga.request("remove", { room: "lab" });
    await site.quiet();
    expect(kinds(ben.records).at(-1)).toBe("remove");
    expect(ben.all("room-gone")).toHaveLength(1);
    expect(await ben.refusal("history", { target: "den", limit: 9 })).toBe("room-unknown");
    expect((await ben.request("history", { grep: "words", limit: 9 })).records).toEqual([]);
    expect((await unsaid(site, ana, "den")).code).toBe("room-unknown");
    expect((await ana.request("rooms", {})).rooms.map(({ room }) => room)).toEqual(["lobby"]);
    for (const room of ["den", "lab"]) {
      expect((await ben.request("join", { room, create: true })).created).toBe(true);
    }
    await site.restart();
    const again = await site.again(ben, "ben");
    expect((await again.request("rooms", {})).rooms.map(({ room }) => room)).toEqual([
      "lobby",
      "den",
      "lab",
    ]);
    expect((await again.request("history", { grep: "words", limit: 9 })).records).toEqual([]);
  },
);

siteTest("lets operators change any room but the lobby", async ({ olga, ana }) => {
  for (const guest of [ana, olga]) {
    const room = guest === ana ? "lab" : "lobby";
    expect(await guest.refusal("rename", { room, to: "x" })).toBe("not-allowed");
    expect(await guest.refusal("close", { room, on: true })).toBe("not-allowed");
    expect(await guest.refusal("remove", { room })).toBe("not-allowed");
  }
  expect(await olga.refusal("rename", { room: "lab", to: "LOBBY" })).toBe("name-taken");
  expect(await olga.refusal("close", { room: "none", on: true })).toBe("room-unknown");
});

test("sends former names, and resolves mentions by them", async () => {
  const { site, ana, ben } = await siteWith(["ana", "ben"], { operatorToken: "token" });
  await ana.request("operate", { token: "token" });
  await ana.request("join", { room: "kw", create: true });
  await ana.request("rename", { room: "kw", to: "words" });
  await ana.request("rename", { user: "ben", to: "benno" });
  await site.quiet();
  const cleo = await site.member("cleo");
  await cleo.request("join", { room: "words" });
  expect(cleo.all("room").at(-1)).toMatchObject({ name: "words", was: ["kw"] });
  const post = { outbox: "BBBBBBBBBBA", counter: 1, to: "@ben" };
  const body = { text: "@ben @Cleo", mentions: ["ben", "Cleo"] };
  await cleo.request("post", { ...post, body });
  await site.quiet();
  expect(cleo.all("room").at(-1)).toMatchObject({ with: "benno", was: ["ben"] });
  const record = cleo.records.at(-1);
  expect(record?.body).toMatchObject({ mentions: ["benno", "ben", "Cleo"] });
  void ben;
});

siteTest("nobody joins by a former name a room of another class", async ({ site, olga, ben }) => {
  await olga.request("rename", { room: "lab", to: "lab8" });
  const cleo = await site.member("cleo");
  for (const fields of [{}, { create: true }]) {
    const fault = await cleo.refused("join", { room: "lab", ...fields });
    expect([fault.code, fault.message]).toEqual(["name-taken", "'lab' is now called 'lab8'"]);
  }
  expect(await cleo.request("join", { room: "lab8" })).toMatchObject({ joined: true });
  // Members still find the room by both names.
  expect(await ben.request("join", { room: "lab" })).toMatchObject({ name: "lab8" });
});

siteTest("a new room takes a former name only if the request says so", async ({ olga, ben }) => {
  await olga.request("rename", { room: "lab", to: "lab8" });
  const create = { room: "lab", create: true };
  const { room: old } = await ben.request("join", { room: "lab8" });
  expect(await ben.request("join", create)).toMatchObject({ room: old, created: false });
  const made = await olga.request("join", { ...create, reusesName: true });
  expect(made).toMatchObject({ name: "lab", created: true, joined: true });
  expect(made.room).not.toBe(old);
  const again = await ben.request("join", { ...create, reusesName: true });
  expect(again).toMatchObject({ room: made.room, created: false });
});

siteTest("creates a room with its topic and password in one request, or refuses it", async (it) => {
  const { site, ana, ben } = it;
  const created = { create: true, topic: "Homework until Friday" };
  expect(await ana.request("join", { room: "hw1", ...created })).toMatchObject({ created: true });
  await site.quiet();
  expect(ana.room("hw1")?.topic).toBe(created.topic);
  expect(await ben.refusal("join", { room: "HW1", ...created })).toBe("name-taken");
  expect((await ben.request("rooms", {})).rooms.find(({ room }) => room === "hw1")?.joined).toBe(
    false,
  );
  const sealed = { room: "hw2", ...created, sealed: true };
  expect(await ana.refusal("join", sealed)).toBe("sealed-room");
  // A password for a room that has none is no secret.
  const open = await ben.request("join", { room: "hw1", password: "secret", create: true });
  expect(open).toMatchObject({ created: false, joined: true, unlocked: true });
  const again = await ben.request("join", { room: "hw1", password: "secret" });
  expect(again).toMatchObject({ joined: false, unlocked: true });
  // Two users create the same room at the same time.
  const outcomes = async (room: string, fields: object) => {
    const race = [
      ana.send("join", { room, create: true }),
      ben.send("join", { room, create: true, ...fields }),
    ];
    const all = (await site.wait(Promise.allSettled(race))) as { readonly status: string }[];
    return all.map(({ status }) => status);
  };
  expect(await outcomes("race1", { topic: "t" })).toEqual(["fulfilled", "rejected"]);
  expect(await outcomes("race2", { password: "secret" })).toEqual(["fulfilled", "rejected"]);
  expect(await outcomes("race3", {})).toEqual(["fulfilled", "fulfilled"]);
});

siteTest("keeps the only moderator of an assignment unless told", async ({ olga, ana }) => {
  await ana.request("rules", { room: "lab", post: "private" });
  const requests = [
    ["remove", { user: "ana" }],
    ["ban", { user: "ana", on: true }],
    ["kick", { room: "lab", user: "ana" }],
  ] as const;
  for (const [kind, fields] of requests)
    expect([kind, await olga.refusal(kind, fields)]).toEqual([kind, "last-moderator"]);
  await olga.request("grant", { room: "lab", user: "ben", on: true });
  await olga.request("remove", { user: "ana" });
  // Nobody else is left who could hand in work.
  await olga.request("remove", { user: "ben" });
});

siteTest("removes the only moderator of an assignment if told", async ({ olga, ana }) => {
  await ana.request("rules", { room: "lab", post: "private" });
  await olga.request("remove", { user: "ana", evenLast: true });
});
