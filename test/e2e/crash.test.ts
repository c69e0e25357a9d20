import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { until, within } from "../event.ts";
import { sampleSize } from "../samples.ts";
import { Sender } from "./load.ts";
import { type Json, type Program, Sandbox } from "./program.ts";

/** Kills the server at random times. Every acknowledged message must remain, once and in order. */

const ROUNDS = sampleSize(2, 100);
const BACKED_UP_ROUNDS = sampleSize(1, 100);
const SERVER_ROUNDS = 5;
const AHEAD = 12;
const JOINERS = ["ana", "bob"];
const SENDERS = ["dan"];

class Progress {
  readonly senders: readonly Sender[];
  #check = () => {};

  constructor(sandbox: Sandbox, invite: string, names = [...JOINERS, ...SENDERS]) {
    this.senders = names.map((name) => {
      const verb = JOINERS.includes(name) ? "join" : "send";
      const args = [verb, "--json", "--user", name, "--server", invite];
      return new Sender(name, sandbox.home(name).start(args), () => this.#check(), AHEAD);
    });
  }

  async more(count: number): Promise<void> {
    const goals = this.senders.map(({ acked }) => acked.length + count);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#check = () => {
      if (this.senders.every(({ acked }, i) => acked.length >= (goals[i] ?? 0))) resolve();
    };
    await within("acknowledgements for everyone", promise);
  }
}

function textsOf(records: readonly Json[], from: string): unknown[] {
  return records
    .filter((one) => one.kind === "text" && one["from"] === from)
    .map(({ text }) => text);
}

function skipped({ err }: Program): number {
  const counts = err.text.matchAll(
    /^chat: (\d+) earlier messages? in lobby (?:is|are) not shown/gm,
  );
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

test(
  `${ROUNDS} rounds of kill -9 under load lose and repeat nothing`,
  async () => {
    await using sandbox = new Sandbox();
    let server = await sandbox.serve();
    const { port, invite } = server;
    const progress = new Progress(sandbox, invite);
    const joiners = progress.senders.filter(({ name }) => JOINERS.includes(name));
    await until("everyone sees something", () =>
      joiners.every(({ shown: received }) => received.length > 0),
    );
    for (let round = 0; round < ROUNDS; round++) {
      await progress.more(1 + ((round * 7) % 50));
      await server.program.signal("SIGKILL");
      server = await sandbox.serve({ port });
      const recovered = server.program.jsonLines.filter(({ kind }) => kind === "damaged");
      expect(recovered).toEqual([]);
    }
    await progress.more(1);
    for (const sender of progress.senders) sender.pause();
    for (const { name, program } of progress.senders) {
      const { exitCode } = await program.finish(60_000);
      expect([name, exitCode]).toEqual([name, 0]);
    }
    const home = sandbox.home("reader").with({ CHAT_USER: "reader", CHAT_INVITE: invite });
    await home.run(["register"]);
    const online = await home.json(["history", "--room", "lobby"]);
    const stored = await home.json(["history", "--room", "lobby", "--data", server.data]);
    expect(online.filter(({ from }) => from !== "reader")).toEqual(
      stored.filter(({ from }) => from !== "reader"),
    );
    const bySeq = new Map(stored.map((record) => [record["seq"], record]));
    expect(stored.map(({ seq }) => Number(seq))).toEqual(
      [...bySeq.keys()].map(Number).toSorted((one, other) => one - other),
    );
    for (const { name, acked, typed, faults } of progress.senders) {
      const wanted = Array.from({ length: typed }, (_, i) => Sender.textOf(name, i));
      expect([name, faults, acked.length]).toEqual([name, [], typed]);
      expect(textsOf(stored, name)).toEqual(wanted);
      const output = acked.map((seq) => bySeq.get(seq)?.["text"]);
      expect(output).toEqual(wanted);
    }
    const all = stored.filter(({ kind }) => kind === "text");
    for (const { name, shown: received, program } of joiners) {
      // A user who stayed received each message once, in log order. Messages beyond the catch-up
      // limit were counted.
      const first = all.findIndex(({ seq }) => seq === received[0]?.["seq"]);
      const last = all.findIndex(({ seq }) => seq === received.at(-1)?.["seq"]);
      const during = all.slice(first, last + 1);
      const receivedSeqs = new Set(received.map(({ seq }) => seq));
      expect(received).toEqual(during.filter(({ seq }) => receivedSeqs.has(seq)));
      expect([name, received.length + skipped(program)]).toEqual([name, during.length]);
    }
  },
  120_000 + ROUNDS * 4_000,
);

async function killBesideBackups(rounds: number): Promise<void> {
  await using sandbox = new Sandbox();
  let server = await sandbox.serve();
  const { port, invite } = server;
  const progress = new Progress(sandbox, invite);
  const out = sandbox.path("backup");
  const operator = sandbox.home("operator");
  const verify = async (folder: string) => {
    const { exitCode, out: output, err } = await operator.run(["verify", "--data", folder]);
    expect([exitCode, err, exitCode === 0 ? "" : output]).toEqual([0, "", ""]);
  };
  for (let round = 0; round < rounds; round++) {
    await progress.more(60 + ((round * 7) % 50));
    const backup = operator.start(["backup", out, "--json", "--data", server.data]);
    await progress.more(1 + ((round * 5) % 17));
    await server.program.signal("SIGKILL");
    if (round % 2 === 0) await verify(server.data);
    server = await sandbox.serve({ port });
    const { exitCode, err } = await backup.ended();
    expect([exitCode, err]).toEqual([0, ""]);
    await verify(server.data);
    await verify(out);
  }
  const log = join(server.data, "history", "000000000001.jsonl");
  const checkpoints = () => readFileSync(log, "utf8").split('"kind":"checkpoint"').length - 1;
  await until("a checkpoint in the log", () => checkpoints() > 0);
  for (const sender of progress.senders) sender.pause();
  for (const { name, program } of progress.senders) {
    const ended = await program.finish(60_000);
    expect([name, ended.exitCode]).toEqual([name, 0]); // Exit code 6 is an alarm.
  }
  const pinned = await sandbox.home("ana").json(["verify", server.invite, "--user", "ana"]);
  expect(pinned.at(-1)).toMatchObject({ ok: true });
  const stored = await operator.json(["history", "--room", "lobby", "--data", server.data]);
  const textAt = new Map(stored.map((record) => [record["seq"], record["text"]]));
  for (const { name, acked, typed, faults } of progress.senders) {
    const wanted = Array.from({ length: typed }, (_, i) => Sender.textOf(name, i));
    expect([name, faults]).toEqual([name, []]);
    expect(acked.map((seq) => textAt.get(seq))).toEqual(wanted);
  }
  // A backup contains the records that a checkpoint covers; the last posts may be newer.
  const lastSeq = Math.max(...progress.senders.flatMap(({ acked }) => acked).map(Number));
  const signedSize = () => {
    const checkpoint = readFileSync(join(server.data, "history", "checkpoint"), "utf8");
    return Number(checkpoint.split("\n")[1]);
  };
  await until("a checkpoint covers all posts", () => signedSize() >= lastSeq);
  await server.program.signal("SIGKILL");
  const segment = readFileSync(log, "utf8");
  await operator.json(["backup", out, "--data", server.data]);
  const restored = sandbox.path("restored");
  await operator.json(["restore", out, "--data", restored]);
  await verify(restored);
  // All records that the last checkpoint covers. The record of the checkpoint itself may be newer.
  const restoredLog = readFileSync(join(restored, "history", "000000000001.jsonl"), "utf8");
  expect(segment.startsWith(restoredLog)).toBe(true);
  const left = segment.slice(restoredLog.length).split("\n");
  expect(left.filter((line) => line !== "" && !line.includes('"kind":"checkpoint"'))).toEqual([]);
}

test(
  `${BACKED_UP_ROUNDS} rounds of kill -9 beside a backup leave verifiable logs and raise no alarm`,
  async () => {
    // Start a new server after some rounds, because verification time grows with the log.
    for (let left = BACKED_UP_ROUNDS; left > 0; left -= SERVER_ROUNDS) {
      await killBesideBackups(Math.min(left, SERVER_ROUNDS));
    }
  },
  120_000 + BACKED_UP_ROUNDS * 20_000,
);
