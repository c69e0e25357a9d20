import { expect, test } from "bun:test";
import { chmodSync, existsSync, statSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { ANNOUNCEMENT_BYTES_MAX } from "../../src/base/limits-page.ts";
import { Sandbox } from "./program.ts";
import { SharedServer, sandboxTest } from "./shared-server.ts";

const OLGA = ["--user", "olga"];
const server = new SharedServer();

test("a reset code sets a new password once", async () => {
  const { sandbox, served } = server;
  const register = ["register", served.invite, "--user", "ben"];
  await sandbox.home("ben").with({ CHAT_PASSWORD: "lost word" }).json(register);
  const admin = sandbox.home("admin");
  const [made] = await admin.json(["admin", "reset", "ben", ...OLGA]);
  expect(made).toMatchObject({ kind: "reset", user: "ben" });
  expect(String(made?.["web"])).toBe(
    `https://127.0.0.1:${served.port}/#reset=${String(made?.["code"])}`,
  );
  const reset = await admin.run(["admin", "reset", "ben", ...OLGA]);
  expect(reset.out).toMatch(/^'chat:\/\/[^']+\?fp=[^']+#[\dA-Y]{4}-[\dA-Y]{4}-[\dA-Y]{4}'\n$/);
  const old = { CHAT_RESET: String(made?.["url"]), CHAT_NEW_PASSWORD: "xxxxxxxx" };
  const spare = sandbox.home("spare");
  expect((await spare.run(["passwd", "--reset"], { env: old })).exitCode).toBe(3);
  const env = { CHAT_RESET: reset.out.trim(), CHAT_NEW_PASSWORD: "found word" };
  expect(await spare.json(["passwd", "--reset"], { env })).toEqual([
    { kind: "password-changed", user: "ben" },
  ]);
  expect((await spare.json(["users"]))[0]).toMatchObject({ kind: "user" });
  const login = ["login", served.invite, "--user", "ben"];
  const other = sandbox.home("other");
  expect((await other.run(login, { env: { CHAT_PASSWORD: "lost word" } })).exitCode).toBe(3);
  expect((await other.run(login, { env: { CHAT_PASSWORD: "found word" } })).exitCode).toBe(0);
  const again = await spare.run(["passwd", "--reset"], { env });
  expect([again.exitCode, again.err]).toEqual([
    3,
    expect.stringContaining("this code has been used, or the password changed since"),
  ]);
});

sandboxTest("the server of a data folder is found through the folder", async (sandbox) => {
  const { data, program } = await sandbox.serve();
  // A service, a cron job and another login have other runtime folders.
  const env = { CHAT_SERVER: "", XDG_RUNTIME_DIR: sandbox.path("home") };
  const admin = sandbox.home("admin");
  const listed = ["admin", "rooms", "--data", data];
  expect(statSync(join(data, "server.json")).mode & 0o777).toBe(0o600);
  expect((await admin.run(listed, { env })).exitCode).toBe(0);
  await program.signal("SIGKILL");
  const killed = await admin.run(listed, { env });
  expect([killed.exitCode, killed.err]).toEqual([
    5,
    expect.stringContaining(`start it: chat serve --data ${data}`),
  ]);
  const { program: again } = await sandbox.serve({ data: "data" });
  expect((await admin.run(listed, { env })).exitCode).toBe(0);
  await again.signal("SIGTERM");
  expect(existsSync(join(data, "server.json"))).toBe(false);
});

test("creates, lists and revokes IRC passwords", async () => {
  const { sandbox, served } = server;
  const register = ["register", served.invite, "--user", "iris"];
  await sandbox.home("iris").with({ CHAT_PASSWORD: "long enough" }).json(register);
  const admin = sandbox.home("admin");
  const command = ["admin", "irc-password", "iris"];
  const plain = await admin.run([...command, ...OLGA]);
  expect([plain.exitCode, plain.out]).toEqual([0, expect.stringMatching(/^i[\w-]{22}\n$/)]);
  expect(plain.err).toMatch(/^chat: IRC password \d+ of iris; it cannot be shown again\n$/m);
  const [made] = await admin.json([...command, "--label", "WeeChat", ...OLGA]);
  expect(made).toMatchObject({ kind: "irc-password", user: "iris", label: "WeeChat" });
  const listed = await admin.json([...command, "--list", ...OLGA]);
  expect(listed.map(({ label }) => label)).toEqual([undefined, "WeeChat"]);
  expect(listed[1]).toMatchObject({ kind: "irc-password", id: made?.["id"], online: false });
  const revoke = ["--revoke", String(made?.["id"])];
  expect(await admin.json([...command, ...revoke, ...OLGA])).toEqual([
    { kind: "irc-password-revoked", user: "iris", id: made?.["id"] },
  ]);
  expect(await admin.json([...command, "--list", ...OLGA])).toHaveLength(1);
  expect((await admin.run([...command, ...revoke, ...OLGA])).exitCode).toBe(4);
  expect((await admin.run([...command, "--list", ...revoke, ...OLGA])).exitCode).toBe(2);
  expect((await admin.run([...command, "--label", "x".repeat(65), ...OLGA])).exitCode).not.toBe(0);
});

sandboxTest("queries of operators register no account", async (sandbox) => {
  const served = await sandbox.serve();
  await sandbox.home("bob").json(["register", served.invite, "--user", "bob"]);
  const admin = sandbox.home("admin");
  const queries = ["stats", "clients", "transfers", "log", "log --since 1h", "accounts", "rooms"];
  for (const query of [...queries, "files", "invites", "bans", "clock", "registration"]) {
    expect((await admin.run(["admin", ...query.split(" ")])).exitCode).toBe(0);
  }
  const users = await admin.json(["admin", "accounts"]);
  expect(users.map(({ user }) => user)).toEqual(["bob"]);
  const records = await admin.json(["history", "--data", served.data, "--kind", "join,text"]);
  expect(records.map(({ kind, from }) => [kind, from])).toEqual([["join", "bob"]]);
  const remote = sandbox.home("remote").with({ XDG_RUNTIME_DIR: sandbox.path("elsewhere") });
  const refused = await remote.run(["admin", "stats", "--server", served.invite, "--user", "eve"]);
  expect([refused.exitCode, refused.err]).toEqual([
    3,
    expect.stringContaining("the name and the password do not match"),
  ]);
  expect(await admin.json(["admin", "accounts"])).toHaveLength(1);
  await admin.json(["admin", "announce", "x", ...OLGA]);
  expect(await admin.json(["admin", "accounts"])).toHaveLength(2);
});

test("an operator removes many rooms at once, by name or pattern, or if empty", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const admin = sandbox.home("admin");
  const remove = (...args: string[]) => admin.run(["admin", "room", "remove", ...args, ...OLGA]);
  const rooms = ["spam-1", "spam-2", "Spam-3", "lab", "plan"];
  const bob = await sandbox.home("bob").join(["--user", "bob"]);
  for (const room of rooms) {
    bob.type(`/join ${room}`);
    await bob.json("join", { room });
  }
  await admin.json(["admin", "room", "close", "plan", ...OLGA]);
  bob.type("/leave plan");
  await bob.json("left");
  await admin.json(["admin", "room", "reopen", "plan", ...OLGA]);
  expect((await remove("--match", "spam-*")).exitCode).toBe(2);
  const removed = async (...args: string[]) => {
    const lines = await admin.json(["admin", "room", "remove", ...args, "--yes", ...OLGA]);
    return lines.map(({ kind, room }) => [kind, room]);
  };
  expect(await removed("--empty")).toEqual([["removed", "plan"]]);
  expect(await removed("--match", "spam-?")).toEqual([
    ["removed", "spam-1"],
    ["removed", "spam-2"],
    ["removed", "Spam-3"],
  ]);
  const some = await remove("lab", "nowhere", "--yes");
  expect([some.exitCode, some.err]).toEqual([4, expect.stringContaining("removed the room lab")]);
  const left = await admin.json(["admin", "rooms", ...OLGA]);
  expect(left.map(({ room }) => room)).toEqual(["lobby"]);
});

test("displays an announcement, even after a restart, until it is withdrawn", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const admin = sandbox.home("admin");
  const bob = await sandbox.home("bob").join(["--user", "bob"]);
  expect(await admin.json(["admin", "announce", "we move at noon", ...OLGA])).toEqual([
    { kind: "announcement", text: "we move at noon" },
  ]);
  await bob.json("announced", { text: "we move at noon", by: "olga" });
  await served.program.signal("SIGTERM");
  await sandbox.serve({ port: served.port });
  await bob.json("connected");
  const carol = sandbox.home("carol").start(["join", "--plain", "--user", "carol"]);
  await carol.stderrLine("announcement from olga: we move at noon");
  const long = "x".repeat(ANNOUNCEMENT_BYTES_MAX + 1);
  expect((await admin.run(["admin", "announce", long, ...OLGA])).err).toContain("too");
  expect(await admin.json(["admin", "announce", "--withdraw", ...OLGA])).toEqual([
    { kind: "announcement-withdrawn" },
  ]);
  await bob.json("announced", { text: "", by: "olga" });
  await carol.stderrLine("olga withdrew the announcement");
  await bob.finish();
  expect(bob.jsonLines.filter(({ kind }) => kind === "announced")).toHaveLength(2);
  await carol.finish();
  const late = await sandbox.home("late").json(["join", "--user", "late"]);
  expect(late.filter(({ kind }) => kind === "announced")).toEqual([]);
});

sandboxTest("imports a class list once, prints cards and exports it", async (sandbox) => {
  const served = await sandbox.serve();
  const admin = sandbox.home("admin");
  const list = sandbox.write(
    "class.csv",
    "name;rooms;role\nana;math;\nBen Ruiz;math lab;moderator\n",
  );
  const command = ["admin", "accounts", "import", list, ...OLGA];
  const planned = await admin.json([...command, "--dry-run"]);
  expect(await admin.json(["admin", "accounts"])).toEqual([]);
  const cards = sandbox.path("cards.html");
  const done = await admin.json([...command, "--cards", cards]);
  expect(done.map(({ kind }) => kind)).toEqual([
    ...["create-room", "create-room", "create-account", "create-account"],
    ...["display-name", "add", "add", "add", "grant", "grant", "leave", "leave", "imported"],
  ]);
  const kinds = planned.map(({ kind }) => kind).filter((kind) => kind !== "plan");
  expect(kinds).toEqual(done.map(({ kind }) => kind));
  const ana = done.find(({ kind, user }) => kind === "create-account" && user === "ana");
  const page = await Bun.file(cards).text();
  expect([page.match(/<article>/g)?.length, page.includes(String(ana?.["code"]))]).toEqual([
    2,
    true,
  ]);
  expect(statSync(cards).mode & 0o777).toBe(0o600);
  expect(await admin.json(command)).toEqual([
    { kind: "imported", people: 2, changes: 0, dryRun: false },
  ]);
  await served.program.signal("SIGKILL");
  await sandbox.serve({ data: basename(served.data), port: served.port });
  const link = sandbox.path("link.html");
  symlinkSync(cards, link);
  const refused = await admin.run([...command, "--renew", "--cards", link]);
  expect([refused.exitCode, refused.err]).toEqual([
    2,
    expect.stringContaining("not a regular file"),
  ]);
  expect(await Bun.file(cards).text()).toBe(page);
  chmodSync(cards, 0o644);
  const renewed = await admin.json([...command, "--renew", "--cards", cards]);
  expect(statSync(cards).mode & 0o777).toBe(0o600);
  expect(renewed.map(({ kind }) => kind)).toEqual(["renew-code", "renew-code", "imported"]);
  const env = { CHAT_RESET: String(renewed[0]?.["web"]), CHAT_NEW_PASSWORD: "found word" };
  const reset = { ...env, CHAT_RESET: String(renewed[0]?.["code"]) };
  const home = sandbox.home("ana");
  expect(await home.json(["passwd", "--reset"], { env: reset })).toEqual([
    { kind: "password-changed", user: "ana" },
  ]);
  const exported = await admin.run(["admin", "accounts", "export"]);
  expect(exported.out.split("\r\n").slice(0, 3)).toEqual([
    '"name","display name","rooms","role"',
    '"ana","","math","member"',
    '"Ben-Ruiz","Ben Ruiz","math:moderator lab:moderator","member"',
  ]);
  expect((await admin.run(["admin", "accounts", "import", ...OLGA])).exitCode).toBe(2);
  expect((await admin.run(["admin", "accounts", "--renew"])).exitCode).toBe(2);
  const again = sandbox.write("again.csv", exported.out);
  expect(await admin.json(["admin", "accounts", "import", again, ...OLGA])).toEqual([
    { kind: "imported", people: 3, changes: 0, dryRun: false },
  ]);
  const [added] = await admin.json(["admin", "add", "ana", "--room", "lab", ...OLGA]);
  expect(added).toEqual({ kind: "added", user: "ana", room: "lab", joined: true });
  const fromLab = await admin.json(["admin", "add", "--from", "lab", "--room", "math", ...OLGA]);
  expect(fromLab.at(-1)).toEqual({
    kind: "put-in",
    room: "math",
    added: 0,
    present: 2,
    skipped: 0,
  });
  const none = await admin.run(["admin", "add", "--from", "nowhere", "--room", "math", ...OLGA]);
  expect([none.exitCode, none.err]).toEqual([4, expect.stringContaining("nobody is in")]);
});

sandboxTest(
  "names all problems of a list with their lines, and changes nothing",
  async (sandbox) => {
    await sandbox.serve();
    const admin = sandbox.home("admin");
    const list = sandbox.write(
      "class.csv",
      'Name;Anzeigename;Räume;Kelas\nmueller_k;"Käthe\nMüller";7б;x\nb;Ana\u2011Lena;7b;;z\n',
    );
    for (const more of [[], ["--dry-run"]]) {
      const { exitCode, out } = await admin.run([
        ...["admin", "accounts", "import", list, ...OLGA, ...more, "--json"],
      ]);
      const lines = out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line))
        .filter(({ kind }) => kind !== "plan");
      expect([exitCode, lines.at(-1).code]).toEqual([3, "not-allowed"]);
      expect(lines.slice(0, -1).map(({ kind, line }) => [kind, line])).toEqual([
        ["problem", 1],
        ["problem", 2],
        ["problem", 4],
        ["problem", 4],
      ]);
    }
    expect((await admin.run(["admin", "accounts", "--find", "mueller"])).out).toBe("");
  },
);

sandboxTest("asks who a line means, and makes exactly the plan that was read", async (sandbox) => {
  await sandbox.serve();
  const admin = sandbox.home("admin");
  const write = (text: string) => sandbox.write("class.csv", text);
  const command = () => ["admin", "accounts", "import", sandbox.path("class.csv"), ...OLGA];
  write("id,name,display name,rooms\n0051,siti,Siti Aminah,7a\n");
  await admin.json(command());
  const [siti] = (await admin.json(["admin", "accounts", "--find", "siti"])) as { id?: string }[];
  expect(siti?.id).toBe("0051");
  write("display name,class\nSiti Aminah,7 B\nBudi,7 B\n");
  const asking = await admin.run(command());
  expect([asking.exitCode, asking.err]).toEqual([3, expect.stringContaining("--account siti")]);
  expect((await admin.run(["admin", "accounts", "--find", "budi"])).out).toBe("");
  const answered = [...command(), "--account", "siti"];
  const dry = await admin.run([...answered, "--dry-run"]);
  expect(dry.err).toMatch(/line 2: change: siti, Siti Aminah, imported on .*siti added to 7-b/);
  const [, code = ""] = /--plan (\w+)/.exec(dry.err) ?? [];
  write("display name,class\nSiti Aminah,7 B\nBudi S.,7 B\n");
  const stale = await admin.run([...answered, "--plan", code]);
  expect([stale.exitCode, stale.err]).toEqual([3, expect.stringContaining("no longer makes")]);
  write("display name,class\nSiti Aminah,7 B\nBudi,7 B\n");
  expect((await admin.run([...answered, "--plan", code])).exitCode).toBe(0);
  write("id,name,rooms,role\n,#7a,8a,\n0071,zara,7a,\n0051,,7-b:left,\n,Budi,,left\n");
  const year = await admin.json(command());
  expect(year.map(({ kind }) => kind)).toEqual([
    ...["rename-room", "remove-account", "create-room", "create-account"],
    ...["add", "remove-member", "imported"],
  ]);
  const exported = await admin.run(["admin", "accounts", "export"]);
  expect(exported.out).toContain('"0051","siti","Siti Aminah","8a","member"');
  expect(exported.out).toContain('"0071","zara","","7a","member"');
  expect(exported.out).not.toContain("Budi");
});

sandboxTest("keeps the cards of an import that is interrupted", async (sandbox) => {
  await sandbox.serve();
  const admin = sandbox.home("admin");
  const names = Array.from({ length: 400 }, (_, number) => `pupil${number}`);
  const list = sandbox.write("class.csv", names.join("\n"));
  const command = ["admin", "accounts", "import", list, ...OLGA];
  const missing = await admin.run([...command, "--cards", sandbox.path("none/cards.html")]);
  expect([missing.exitCode, missing.err]).toEqual([1, expect.stringContaining("does not exist")]);
  const cards = sandbox.path("cards.html");
  const count = async () => (await Bun.file(cards).text()).match(/<article>/g)?.length ?? 0;
  const running = admin.start([...command, "--cards", cards, "--json"]);
  await running.json("create-account");
  const { out, err, exitCode } = await running.signal("SIGINT");
  expect(exitCode).toBe(130);
  const made = out.match(/"create-account"/g)?.length ?? 0;
  expect(made).toBeLessThan(400);
  expect(err).toContain(`${400 - made} people have no new code; ${made} cards in ${cards}`);
  expect(await count()).toBe(made);
  const rest = await admin.json([...command, "--cards", cards]);
  expect(rest.filter(({ kind }) => kind === "create-account")).toHaveLength(400 - made);
  expect(await count()).toBe(400);
});
