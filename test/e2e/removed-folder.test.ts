import { expect, test } from "bun:test";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { until } from "../event.ts";
import { Sandbox } from "./program.ts";

type Change = (data: string) => void;

const moved = (data: string) => `${data}.moved`;
const remove: Change = (data) => rmSync(data, { recursive: true });
const CHANGES: readonly (readonly [string, Change])[] = [
  ["removed", remove],
  ["moved", (data) => renameSync(data, moved(data))],
  [
    "replaced by an empty folder",
    (data) => {
      renameSync(data, moved(data));
      mkdirSync(data);
    },
  ],
  [
    "replaced by a copy",
    (data) => {
      cpSync(data, moved(data), { recursive: true, preserveTimestamps: true });
      rmSync(data, { recursive: true });
      renameSync(moved(data), data);
    },
  ],
];

test.each(CHANGES)(
  "a server whose data folder was %s confirms nothing and ends",
  async (_, change) => {
    await using sandbox = new Sandbox();
    const { program } = await sandbox.serve({ args: ["--open"] });
    const data = sandbox.path("data");
    const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
    await ana.json(["send", "one"]);
    change(data);
    const names = () => (existsSync(data) ? readdirSync(data) : undefined);
    const before = names();
    const sent = await ana.run(["send", "two"]);
    expect([1, 5]).toContain(sent.exitCode); // 5 if the server has ended before.
    const ended = await program.finish();
    expect(ended.exitCode).toBe(1);
    expect(ended.err).toContain("was removed or replaced while in use");
    expect(names()).toEqual(before);
  },
);

const LOGS = ["history", "accounts"] as const;
const SEGMENT = "000000000001.jsonl";
const LOG_CHANGES: readonly (readonly [string, (log: string) => void])[] = [
  ["folder was removed", remove],
  ["file was removed", (log) => rmSync(join(log, SEGMENT))],
  [
    "file was replaced by a copy",
    (log) => {
      copyFileSync(join(log, SEGMENT), join(log, "copy"));
      renameSync(join(log, "copy"), join(log, SEGMENT));
    },
  ],
];

test.each(LOGS.flatMap((log) => LOG_CHANGES.map(([name, change]) => [log, name, change] as const)))(
  "an idle server whose %s %s ends, and has confirmed nothing",
  async (log, _, change) => {
    await using sandbox = new Sandbox();
    const { program } = await sandbox.serve({ args: ["--open"] });
    const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
    await ana.json(["send", "one"]);
    change(sandbox.path("data", log));
    const ended = await program.finish();
    expect(ended.exitCode).toBe(1);
    expect(ended.err).toContain("was removed or replaced while in use");
  },
);

test("an idle server ends when its data folder was removed", async () => {
  await using sandbox = new Sandbox();
  const { program } = await sandbox.serve({ args: ["--open"] });
  rmSync(sandbox.path("data"), { recursive: true });
  expect((await program.finish()).exitCode).toBe(1);
});

const JOIN = ["connected", ["join", "--json"]] as const;
const HOMES: readonly (readonly [string, string, readonly string[], Change])[] = [
  ...CHANGES.map(([name, change]) => [name, ...JOIN, change] as const),
  ["removed", "sent", ["send", "--json"], remove],
  ["removed", "text", ["history", "--follow", "--json"], remove],
  ["removed", "web", ["web", "--no-open", "--json"], remove],
];

test.each(HOMES)("a client whose home was %s ends after '%s' (%j)", async (...row) => {
  const [, kind, command, change] = row;
  await using sandbox = new Sandbox();
  const { address } = await sandbox.serve({ args: ["--open"] });
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  await ana.json(["send", "one", "--server", address]);
  const program = ana.start([...command, "--server", address]);
  if (kind === "sent") program.type("two");
  await program.json(kind);
  const home = sandbox.path("ana");
  const last = sandbox.path("ana", "sealed.sqlite-shm");
  if (kind === "connected") await until("the last file", () => existsSync(last));
  change(home);
  const names = () => (existsSync(home) ? readdirSync(home).sort() : undefined);
  const before = names();
  const ended = await program.ended();
  expect(ended.exitCode).toBe(1);
  expect(ended.err).toContain("was removed or replaced while in use");
  expect(names()).toEqual(before);
});

test("a text typed after the home was removed is neither sent nor called sent", async () => {
  await using sandbox = new Sandbox();
  const { address } = await sandbox.serve({ args: ["--open"] });
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  const program = ana.start(["join", "--json", "--server", address]);
  await program.json("join", { from: "ana" });
  rmSync(sandbox.path("ana"), { recursive: true });
  program.type("two");
  const ended = await program.ended();
  expect(ended.exitCode).toBe(1);
  expect(program.jsonLines.filter(({ kind }) => kind === "ack")).toEqual([]);
  const ben = sandbox.home("ben").with({ CHAT_USER: "ben", CHAT_SERVER: address });
  await ben.json(["send", "three"]);
  const texts = await ben.json(["history"]);
  expect(texts.filter(({ text }) => text === "three")).toHaveLength(1);
  expect(texts.filter(({ text }) => text === "two")).toEqual([]);
  const unsent = program.jsonLines.filter(({ text }) => text === "two");
  expect(unsent).toEqual([expect.objectContaining({ kind: "fault", code: "store-failed" })]);
});
