import { expect, test } from "bun:test";
import { ANNOUNCEMENT_BYTES_MAX } from "../../src/base/limits-page.ts";
import { until } from "./deadline.ts";
import { Sandbox } from "./program.ts";

/** What the server's window shows and does, from a terminal. */

const OLGA = ["--user", "olga"];
const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

test("everybody is told, also after a restart, until it is taken back", async () => {
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
  await bob.json("connected"); // Told again, and not shown again.
  const carol = sandbox.home("carol").start(["join", "--plain", "--user", "carol"]);
  await carol.said("olga tells everybody: we move at noon");
  for (const wrong of [[], [" "], ["words", "--withdraw"]]) {
    const ran = await admin.run(["admin", "announce", ...wrong, ...OLGA]);
    expect([wrong, ran.exitCode]).toEqual([wrong, 2]);
  }
  const long = "x".repeat(ANNOUNCEMENT_BYTES_MAX + 1);
  expect((await admin.run(["admin", "announce", long, ...OLGA])).err).toContain("too");
  expect(await admin.json(["admin", "announce", "--withdraw", ...OLGA])).toEqual([
    { kind: "announcement-withdrawn" },
  ]);
  await bob.json("announced", { text: "", by: "olga" });
  await carol.said("olga took back what everybody was told");
  await bob.finish();
  expect(bob.jsonLines.filter(({ kind }) => kind === "announced")).toHaveLength(2);
  await carol.finish();
  const late = await sandbox.home("late").json(["join", "--user", "late"]);
  expect(late.filter(({ kind }) => kind === "announced")).toEqual([]);
});

test("accounts, rooms, files, connections and the server itself are listed", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const admin = sandbox.home("admin");
  const bob = sandbox.home("bob").with({ CHAT_USER: "bob", CHAT_PASSWORD: "of bob alone" });
  const open = await bob.join(["--room", "lab"]);
  for (const [name, size] of [
    ["small.bin", 10],
    ["large\u001b[31m.bin", 40_000],
  ] as const) {
    const path = sandbox.write(name, "x".repeat(size));
    await bob.json(["send-file", path, "--to", "lab"]);
  }
  const asks = (...args: string[]) => admin.json(["admin", ...args, ...OLGA]);
  const [first, second] = await asks("accounts", "--sort", "bytes");
  expect(first).toMatchObject({ user: "bob", online: true, password: true, sizeBytes: 40_010 });
  expect([first?.["since"], first?.["seen"]]).toEqual([
    expect.stringMatching(UTC),
    expect.stringMatching(UTC),
  ]);
  expect(second).toMatchObject({ kind: "account", user: "olga", online: false });
  const names = async (...args: string[]) =>
    (await asks("accounts", ...args)).map(({ user }) => user);
  expect(await names()).toEqual(["bob", "olga"]);
  expect(await names("--reverse")).toEqual(["olga", "bob"]);
  expect(await names("--online")).toEqual(["bob"]);
  expect(await names("--find", "LG")).toEqual(["olga"]);
  expect((await asks("rooms")).map(({ room, sizeBytes }) => [room, sizeBytes])).toEqual([
    ["lab", 40_010],
    ["lobby", 0],
  ]);
  const [file] = await asks("files");
  expect(file).toMatchObject({ kind: "file", from: "bob", sizeBytes: 40_000, rooms: ["lab"] });
  expect((await asks("files", "--sort", "name")).map(({ sizeBytes }) => sizeBytes)).toEqual([
    40_000, 10,
  ]);
  const table = await admin.run(["admin", "files", ...OLGA]);
  expect(table.out).toContain("\t40000\t");
  expect(table.out).not.toContain("\u001b");
  const [seq] = (file?.["seqs"] ?? []) as number[];
  await asks("erase", String(seq));
  expect(await asks("files")).toHaveLength(1);
  const clients = await asks("clients");
  expect(clients.map(({ user, operator }) => [user, operator])).toEqual([
    ["bob", false],
    ["olga", true],
  ]);
  const [stats, ...machines] = await asks("stats");
  expect(stats).toMatchObject({ kind: "server-stats", users: 2, rooms: 2 });
  expect(machines).toEqual([]);
  for (const [wrong, exitCode] of [
    [["accounts", "--sort", "size"], 2],
    [["files", "extra"], 2],
    [["cancel", "f1"], 2],
  ] as const) {
    expect((await admin.run(["admin", ...wrong, ...OLGA])).exitCode).toBe(exitCode);
  }
  // Who is no operator hears so.
  const env = { XDG_RUNTIME_DIR: sandbox.path("elsewhere") };
  for (const verb of ["accounts", "stats", "transfers"]) {
    expect((await bob.run(["admin", verb], { env })).exitCode).toBe(3);
  }
  expect(await asks("sign-out", "bob", "--yes")).toEqual([{ kind: "signed-out", user: "bob" }]);
  expect((await open.ended()).exitCode).toBe(3);
});

test("a file that is being sent is listed, and cancelled", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const admin = sandbox.home("admin");
  await sandbox.home("bob").json(["join", "--user", "bob"]);
  const sends = ["send-file", "-", "--name", "endless.bin", "--user", "bob"];
  const bob = sandbox.home("bob").start(sends);
  bob.type("it goes on and on");
  const listed = () => admin.json(["admin", "transfers", ...OLGA]);
  await until("it is under way", async () => (await listed()).length > 0);
  const [transfer] = await listed();
  expect(transfer).toMatchObject({ name: "endless.bin", user: "bob", direction: "up", web: false });
  const cancel = ["admin", "cancel", String(transfer?.["id"]), "@bob"];
  const none = await admin.run([...cancel, "--direction", "down", ...OLGA]);
  expect([none.exitCode, none.err]).toEqual([4, expect.stringContaining("under way")]);
  expect(await admin.json([...cancel, ...OLGA])).toEqual([
    { kind: "cancelled", id: transfer?.["id"], user: "bob", direction: "up" },
  ]);
  expect((await bob.ended()).exitCode).toBe(3);
  expect(await listed()).toEqual([]);
  expect((await admin.run([...cancel, ...OLGA])).exitCode).toBe(4);
});

test("the log has what happened, and what was decided before the start", async () => {
  await using sandbox = new Sandbox();
  const first = await sandbox.serve();
  const admin = sandbox.home("admin");
  const asks = (...args: string[]) => admin.json(["admin", ...args, ...OLGA]);
  await sandbox.home("bob").json(["join", "--user", "bob", "--room", "lab"]);
  await asks("ban", "192.0.2.9", "--for", "2h", "--reason", "spam");
  await asks("kick", "bob", "--room", "lab");
  await asks("mute", "bob");
  await asks("unmute", "bob");
  const now = await asks("log");
  expect(now.some(({ event }) => event === "logged-in")).toBe(true);
  await first.program.signal("SIGTERM");
  await sandbox.serve({ port: first.port });
  const since = await asks("log", "--since", "1h");
  expect(since.filter(({ decision }) => decision === "banned")).toEqual([
    expect.objectContaining({ by: "olga", whom: "192.0.2.9", reason: "spam" }),
  ]);
  expect(since.filter(({ record }) => record === "kick")).toEqual([
    expect.objectContaining({ room: "lab", from: "olga", seq: expect.any(Number) }),
  ]);
  for (const { time } of since) expect(time).toMatch(UTC);
  expect(since.map(({ time }) => time)).toEqual(since.map(({ time }) => time).toSorted());
  expect((await asks("log")).filter(({ decision }) => decision === "banned")).toEqual([]);
  expect(await asks("log", "--until", "2020-01-01")).toEqual([]);
  const { out } = await admin.run(["admin", "log", "--since", "1h", ...OLGA]);
  expect(out).toContain("\tkick\tolga, #lab, bob\n");
  expect(out).toContain("\tmute off\tolga, #lobby, bob\n");
  expect(out).toMatch(/\tbanned\tolga, 192\.0\.2\.9, spam, until \d{4}-/);
  expect((await admin.run(["admin", "log", "--since", "soon", ...OLGA])).exitCode).toBe(2);
});
