import { expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ndjson, Sandbox } from "./program.ts";

/** Order on a server: roles, kick, mute, ban, edit, erase, invites, from the terminal's side. */

function historyText(data: string): string {
  const folder = join(data, "history");
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("");
}

test("whoever runs the server operates it; whom they grant moderates", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  expect(statSync(join(served.data, "operator")).mode & 0o777).toBe(0o600);
  const token = readFileSync(join(served.data, "operator"), "utf8").trim();
  expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  const bob = await sandbox.home("bob").join(["--user", "bob"]);
  const eve = await sandbox.home("eve").join(["--user", "eve"]);
  bob.type("/kick eve");
  expect(await bob.json("fault")).toMatchObject({ code: "not-allowed" });
  const admin = sandbox.home("admin");
  // Nobody is named: this system's user it is, registered on the fly.
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
  bob.type("/kick eve");
  expect(await eve.json("leave", { from: "eve" })).toMatchObject({ room: "lobby", by: "bob" });
  eve.type("out here?");
  expect(await eve.json("fault")).toMatchObject({ code: "not-member" });
  const kinds = (await sandbox.home("bob").json(["history", "--user", "bob"])).filter(
    ({ kind }) => kind === "leave",
  );
  expect(kinds).toMatchObject([{ from: "eve", by: "bob" }]);
  const direct = await admin.json(["history", "--data", served.data, "--room", "lobby"]);
  expect(direct).toContainEqual(expect.objectContaining({ kind: "leave", from: "eve", by: "bob" }));
  // By an office of their own, without the folder's token.
  await admin.json(["admin", "grant", "bob"]);
  const users = await admin.json(["users"]);
  expect(users).toContainEqual({ kind: "user", user: "bob", online: true, role: "operator" });
  expect(served.program.out.text).not.toContain(token);
  expect(served.program.err.text).not.toContain(token);
});

test("words are changed and erased, on every screen and on the disk, over a kill", async () => {
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

test("all that a user said is erased, and an account erases itself", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const [anasHome, bobsHome, admin] = ["ana", "bob", "admin"].map((name) => sandbox.home(name));
  if (anasHome === undefined || bobsHome === undefined || admin === undefined) throw new Error();
  const ana = await anasHome.join(["--user", "ana"]);
  const bob = await bobsHome.join(["--user", "bob"]);
  const file = sandbox.write("mellon.txt", "mellon in a file");
  for (const text of ["mellon one", "mellon two"]) {
    ana.type(text);
    await ana.json("ack", { text });
  }
  ana.type("/msg bob mellon three");
  await bob.json("text", { text: "mellon three" });
  bob.type("/msg ana mellon of bob");
  await ana.json("text", { text: "mellon of bob" });
  const sent = await anasHome.json(["send-file", file]);
  const id = String(sent.find(({ kind }) => kind === "file")?.["id"]);
  expect(readdirSync(join(served.data, "files"))).toEqual([id]);
  expect(await admin.json(["admin", "erase", "--user", "ana"])).toEqual([
    { kind: "erased-all", user: "ana", erased: 4 },
  ]);
  expect(historyText(served.data)).not.toMatch(/mellon (one|two|three)|mellon.txt/);
  expect(historyText(served.data)).toContain("mellon of bob");
  expect(readdirSync(join(served.data, "files"))).toEqual([]);
  expect((await bob.json("erased", { room: "lobby" }))["also"]).toHaveLength(2);
  await bob.json("erased", { to: "ana" });
  expect((await admin.run(["admin", "erase", "--json"])).exitCode).toBe(2);
  const refused = await bobsHome.run(["unregister", "--user", "bob", "--json"]);
  expect([refused.exitCode, ndjson(refused.out)[0]?.["code"]]).toEqual([2, "usage"]);
  await bob.signal("SIGINT");
  expect(await bobsHome.json(["unregister", "--user", "bob", "--yes"])).toEqual([
    { kind: "unregistered", user: "bob", erased: 1 },
  ]);
  expect(historyText(served.data)).not.toContain("mellon");
  const gone = await bobsHome.run(["send", "hi", "--user", "bob", "--json"]);
  expect(gone.exitCode).toBe(3);
});

test("a room erases what it keeps no longer, and says so", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const ana = await sandbox.home("ana").join(["--user", "ana"]);
  const admin = sandbox.home("admin");
  ana.type("mellon");
  await ana.json("ack");
  expect(await admin.json(["admin", "retention", "lobby", "1m"])).toEqual([
    { kind: "retention", room: "lobby", keepMs: 60_000, seq: expect.any(Number) },
  ]);
  expect(await ana.json("retention")).toMatchObject({ room: "lobby", keepMs: 60_000 });
  for (const wrong of ["59s", "forever", "-1d", "0d", "100000d"]) {
    expect((await admin.run(["admin", "retention", "lobby", wrong])).exitCode).toBe(2);
  }
  expect(historyText(served.data)).toContain("mellon");
  await admin.json(["admin", "retention", "lobby", "off"]);
  const plain = await admin.run(["history", "--room", "lobby", "--kind", "retention"]);
  expect(plain.out).toContain("messages are erased after 1 min");
  expect(plain.out).toContain("messages are kept for good from now on");
});

test("killed in the middle of erasing, the next start finishes what was told", async () => {
  await using sandbox = new Sandbox();
  for (let round = 0; round < 3; round++) {
    const served = await sandbox.serve({ data: `data${round}` });
    const ana = await sandbox
      .home(`ana${round}`)
      .join(["--user", "ana", "--server", served.invite]);
    const words = Array.from({ length: 60 }, (_, i) => `word-${round}-${i}-`);
    ana.type(...words);
    const seqs = new Map<number, string>();
    for (const _ of words) {
      const { seq, text } = await ana.json("ack");
      seqs.set(Number(seq), String(text));
    }
    ana.type(...[...seqs.keys()].map((seq) => `/erase ${seq}`));
    for (let i = 0; i <= round * 15; i++) await ana.json("erased");
    await served.program.signal("SIGKILL");
    await ana.json("lost");
    const told = ana.jsonLines
      .filter(({ kind }) => kind === "erased")
      .map(({ seq }) => Number(seq));
    expect(told.length).toBeGreaterThan(round * 15);
    const again = await sandbox.serve({ data: `data${round}` });
    const text = historyText(served.data);
    for (const seq of told) expect(text).not.toContain(seqs.get(seq) ?? "?");
    const lines = await sandbox
      .home("reader")
      .json(["history", "--data", again.data, "--last", "200"]);
    const shown = lines.map((line) => Number(line["seq"]));
    expect(shown).toEqual(expect.arrayContaining(told));
    for (const line of lines) {
      const isTold = told.includes(Number(line["seq"]));
      if (isTold) expect(line.kind).toBe("erased");
      else if (line.kind === "text")
        expect(line["text"]).toBe(seqs.get(Number(line["seq"])) ?? "?");
    }
    await ana.signal("SIGKILL");
    await again.program.signal("SIGTERM");
  }
});

test("a ban ends what is open and keeps out what comes", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const eve = await sandbox.home("eve").join(["--user", "eve"]);
  const admin = sandbox.home("admin").with({ CHAT_USER: "warden" });
  await admin.json(["admin", "ban", "eve", "--for", "1h", "--reason", "enough"]);
  const ended = await eve.ended();
  expect(ended.exitCode).toBe(3);
  expect(ndjson(ended.out).at(-1)).toMatchObject({ kind: "fault", code: "banned" });
  const back = await sandbox.home("eve").run(["join", "--user", "eve"]);
  expect([back.exitCode, back.err.includes("enough")]).toEqual([3, true]);
  expect(await admin.json(["admin", "bans"])).toEqual([
    { kind: "ban", user: "eve", until: expect.stringMatching(/^\d{4}-.*Z$/), reason: "enough" },
  ]);
  for (const wrong of [["127.0.0.1"], ["warden"]]) {
    expect((await admin.run(["admin", "ban", ...wrong])).exitCode).toBe(3);
  }
  expect((await admin.run(["admin", "ban", "eve", "--for", "soon"])).exitCode).toBe(2);
  await admin.json(["admin", "unban", "eve"]);
  await sandbox.home("eve").json(["users", "--user", "eve"]);
});

test("an invite admits as many as it says; closed registration knows no other way in", async () => {
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
  // Elsewhere: another machine knows nothing of the folder.
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
  const text = await admin.run(["admin", "invite", "--uses", "0"]);
  expect(text.out).toMatch(/^'chat:\/\/.*#t[\w-]{22}'\n$/);
  const [open] = await admin.json(["admin", "invites"]);
  expect(open).not.toHaveProperty("usesLeft");
  await admin.json(["admin", "invites", "--revoke", String(open?.["invite"])]);
  expect(await admin.json(["admin", "invites"])).toEqual([]);
  const program = await admin.run(["admin", "invite", "--post", "lobby"]);
  expect(program.out).toMatch(/^t[\w-]{22}\n$/);
});

test("who has neither the folder nor an office is refused", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await sandbox.home("admin").json(["admin", "registration"]);
  const stranger = sandbox.home("eve").with({ XDG_RUNTIME_DIR: sandbox.path("elsewhere") });
  const invite = ["--server", served.invite, "--user", "eve"];
  const refused = await stranger.run(["admin", "registration", "closed", ...invite]);
  expect(refused.exitCode).toBe(3);
  const nowhere = await sandbox.home("admin").run(["admin", "bans", "--data", "./none"]);
  expect(nowhere.exitCode).toBe(5);
  const wrong = await sandbox.home("admin").run(["admin", "erase", "last"]);
  expect(wrong.exitCode).toBe(2);
  expect((await sandbox.home("admin").run(["admin", "kikc", "bob"])).exitCode).toBe(2);
});
