import { expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ndjson, Sandbox } from "./program.ts";
import { SharedServer } from "./shared-server.ts";

const server = new SharedServer();

function historyText(data: string): string {
  const folder = join(data, "history");
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("");
}

test("the user who runs the server is its operator, and can grant moderation", async () => {
  const { sandbox, served } = server;
  expect(statSync(join(served.data, "operator")).mode & 0o777).toBe(0o600);
  const token = readFileSync(join(served.data, "operator"), "utf8").trim();
  expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  const bob = await sandbox.home("bob").join(["--user", "bob"]);
  const eve = await sandbox.home("eve").join(["--user", "eve"]);
  bob.type("/kick eve");
  expect(await bob.json("fault")).toMatchObject({ code: "not-allowed" });
  const admin = sandbox.home("admin");
  expect(await admin.json(["admin", "grant", "bob", "--room", "lobby"])).toEqual([
    { kind: "granted", user: "bob", role: "moderator", room: "lobby" },
  ]);
  expect(await bob.json("grant")).toMatchObject({ user: "bob", on: true });
  bob.type("/mute eve 10m", "/who");
  const who = await bob.json("who");
  expect(who["users"]).toContainEqual({ user: "bob", online: true, role: "moderator" });
  expect(await eve.json("mute")).toMatchObject({ from: "bob", user: "eve", on: true });
  eve.type("may I?");
  expect(await eve.json("fault")).toMatchObject({ code: "muted" });
  bob.type("/unmute eve");
  await eve.json("mute", { on: false });
  eve.type("now I may");
  await bob.json("text", { text: "now I may" });
  bob.type("/kick eve too loud");
  const kicked = { room: "lobby", by: "bob", reason: "too loud" };
  expect(await eve.json("leave", { from: "eve" })).toMatchObject(kicked);
  eve.type("out here?");
  expect(await eve.json("fault")).toMatchObject({ code: "not-member" });
  const kinds = (await sandbox.home("bob").json(["history", "--user", "bob"])).filter(
    ({ kind }) => kind === "leave",
  );
  expect(kinds).toMatchObject([{ from: "eve", by: "bob", reason: "too loud" }]);
  const direct = await admin.json(["history", "--data", served.data, "--room", "lobby"]);
  expect(direct).toContainEqual(expect.objectContaining({ kind: "leave", from: "eve", by: "bob" }));
  await admin.json(["admin", "grant", "bob"]);
  const users = await admin.json(["users"]);
  expect(users).toContainEqual({ kind: "user", user: "bob", online: true, role: "operator" });
  expect(served.program.out.text).not.toContain(token);
  expect(served.program.err.text).not.toContain(token);
  await Promise.all([bob.finish(), eve.finish()]);
});

test("edits and erasures reach every client and the disk, and survive a kill", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const ana = await sandbox.home("ana").join(["--user", "ana"]);
  const bob = await sandbox.home("bob").join(["--user", "bob"]);
  ana.type("a secrret slipped");
  const { seq } = await ana.json("ack");
  await ana.json("text", { seq });
  ana.type("/edit a secret slipped");
  const edited = { of: seq, text: "a secret slipped", room: "lobby", from: "ana" };
  expect(await bob.json("edited")).toMatchObject(edited);
  const bobsHome = sandbox.home("bob");
  const last = ["history", "--user", "bob", "--last", "2"];
  expect(await bobsHome.json(last)).toMatchObject([
    { kind: "text", seq },
    { kind: "edited", ...edited },
  ]);
  bob.type(`/erase ${seq}`);
  expect(await bob.json("fault")).toMatchObject({ code: "not-allowed" });
  ana.type("/erase");
  expect(await bob.json("erased")).toMatchObject({ seq, room: "lobby", from: "ana" });
  await ana.json("erased", { seq });
  ana.type("/erase");
  expect(await ana.json("fault")).toMatchObject({ code: "not-found" });
  expect(historyText(served.data)).not.toContain("slipped");
  await served.program.signal("SIGKILL");
  const again = await sandbox.serve();
  for (const where of [
    ["--user", "bob"],
    ["--data", again.data, "--room", "lobby"],
  ]) {
    const records = await bobsHome.json(["history", ...where, "--last", "2"]);
    expect(records.map(({ kind }) => kind)).toEqual(["erased", "erased"]);
    expect(records[0]).toMatchObject({ seq, room: "lobby", from: "ana" });
    expect(JSON.stringify(records)).not.toContain("slipped");
  }
  expect(await bobsHome.json(["history", "--user", "bob", "--grep", "slipped"])).toEqual([]);
});

test("erases all messages of a user, and unregisters an account with its messages", async () => {
  const { sandbox, served } = server;
  const cleosHome = sandbox.home("cleo");
  const dansHome = sandbox.home("dan");
  const admin = sandbox.home("admin");
  const cleo = await cleosHome.join(["--user", "cleo"]);
  const dan = await dansHome.join(["--user", "dan"]);
  const file = sandbox.write("mellon.txt", "mellon in a file");
  for (const text of ["mellon one", "mellon two"]) {
    cleo.type(text);
    await cleo.json("ack", { text });
  }
  cleo.type("/msg dan mellon three");
  await dan.json("text", { text: "mellon three" });
  dan.type("/msg cleo mellon of dan");
  await cleo.json("text", { text: "mellon of dan" });
  const sent = await cleosHome.json(["send-file", file]);
  const id = String(sent.find(({ kind }) => kind === "file")?.["id"]);
  expect(readdirSync(join(served.data, "files"))).toEqual([id]);
  expect(await admin.json(["admin", "erase", "--user", "cleo"])).toEqual([
    { kind: "erased-all", user: "cleo", erased: 4 },
  ]);
  expect(historyText(served.data)).not.toMatch(/mellon (one|two|three)|mellon.txt/);
  expect(historyText(served.data)).toContain("mellon of dan");
  expect(readdirSync(join(served.data, "files"))).toEqual([]);
  expect((await dan.json("erased", { room: "lobby" }))["also"]).toHaveLength(2);
  await dan.json("erased", { to: "cleo" });
  const refused = await dansHome.run(["unregister", "--user", "dan", "--json"]);
  expect([refused.exitCode, ndjson(refused.out)[0]?.["code"]]).toEqual([2, "usage"]);
  await dan.signal("SIGINT");
  expect(await dansHome.json(["unregister", "--user", "dan", "--yes"])).toEqual([
    { kind: "unregistered", user: "dan", erased: 1 },
  ]);
  expect(historyText(served.data)).not.toContain("mellon");
  const gone = await dansHome.run(["send", "hi", "--user", "dan", "--json"]);
  expect(gone.exitCode).toBe(3);
});

test("finishes confirmed erasures after a kill", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const ana = await sandbox.home("ana").join(["--user", "ana"]);
  const words = Array.from({ length: 60 }, (_, i) => `word-${i}-`);
  ana.type(...words);
  const seqs = new Map<number, string>();
  for (const _ of words) {
    const { seq, text } = await ana.json("ack");
    seqs.set(Number(seq), String(text));
  }
  ana.type(...[...seqs.keys()].map((seq) => `/erase ${seq}`));
  for (let i = 0; i < 10; i++) await ana.json("erased");
  await served.program.signal("SIGKILL");
  await ana.json("lost");
  const erased = ana.jsonLines
    .filter(({ kind }) => kind === "erased")
    .map(({ seq }) => Number(seq));
  expect(erased.length).toBeGreaterThanOrEqual(10);
  await sandbox.serve();
  const text = historyText(served.data);
  for (const seq of erased) expect(text).not.toContain(seqs.get(seq) ?? "?");
  const lines = await sandbox
    .home("reader")
    .json(["history", "--data", served.data, "--last", "200"]);
  expect(lines.map((line) => Number(line["seq"]))).toEqual(expect.arrayContaining(erased));
  for (const line of lines) {
    if (erased.includes(Number(line["seq"]))) expect(line.kind).toBe("erased");
    else if (line.kind === "text") expect(line["text"]).toBe(seqs.get(Number(line["seq"])) ?? "?");
  }
});

test("a ban closes sessions and refuses new ones", async () => {
  const { sandbox } = server;
  const gus = await sandbox.home("gus").join(["--user", "gus"]);
  const admin = sandbox.home("admin").with({ CHAT_USER: "warden" });
  await admin.json(["admin", "ban", "gus", "--for", "1h", "--reason", "enough"]);
  const ended = await gus.ended();
  expect(ended.exitCode).toBe(3);
  expect(ndjson(ended.out).at(-1)).toMatchObject({ kind: "fault", code: "banned" });
  const back = await sandbox.home("gus").run(["join", "--user", "gus"]);
  expect([back.exitCode, back.err.includes("enough")]).toEqual([3, true]);
  expect(await admin.json(["admin", "bans"])).toEqual([
    { kind: "ban", user: "gus", until: expect.stringMatching(/^\d{4}-.*Z$/), reason: "enough" },
  ]);
  for (const wrong of [["127.0.0.1"], ["warden"]]) {
    expect((await admin.run(["admin", "ban", ...wrong])).exitCode).toBe(3);
  }
  await admin.json(["admin", "unban", "gus"]);
  await sandbox.home("gus").json(["users", "--user", "gus"]);
});

test("an invite has a limited number of uses; closed registration needs one", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const admin = sandbox.home("admin");
  const [made] = await admin.json(["admin", "invite", "--expires", "7d"]);
  expect([made?.kind, made?.["token"]]).toEqual(["invite", expect.stringMatching(/^t[\w-]{22}$/)]);
  const url = String(made?.["url"]);
  expect(url).toEndWith(`#${made?.["token"]}`);
  expect((await admin.json(["admin", "registration", "closed"]))[0]).toEqual({
    kind: "registration",
    closed: true,
  });
  const elsewhere = { XDG_RUNTIME_DIR: sandbox.path("elsewhere") };
  const comes = (name: string, invite: string) =>
    sandbox.home(name).with(elsewhere).run(["send", "hello", "--user", name, "--server", invite]);
  expect((await comes("carol", url)).exitCode).toBe(0);
  const late = await comes("dave", url);
  expect([late.exitCode, late.err.includes("used up")]).toEqual([3, true]);
  const byPassword = await comes("dave", served.invite);
  expect([byPassword.exitCode, byPassword.err.includes("closed")]).toEqual([3, true]);
  const carol = sandbox.home("carol").with({ ...elsewhere, CHAT_USER: "carol" });
  const talk = await carol.join(["--server", served.address]);
  talk.type("/invite dave");
  const invited = await talk.json("invited");
  expect(invited).toMatchObject({ user: "dave", room: "lobby" });
  expect((await comes("dave", String(invited["url"]))).exitCode).toBe(0);
  const refused = await carol.run(["admin", "registration", "open"]);
  expect(refused.exitCode).toBe(3);
});
