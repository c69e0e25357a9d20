/**
 * Latency of posts in a room of 1,000 while its rules change, everyone is mentioned, and everyone
 * votes: `bun bench/class.ts [--rounds 3] [--people 1000] [--seconds 10]`. Each ratio compares with
 * the quiet phase before it.
 */
import { parseArgs } from "node:util";
import { utf8Encode } from "../src/base/bytes.ts";
import { readStamp, stampedText } from "./fan-out-contestant.ts";
import { forEachConcurrently, linesOf, print } from "./harness.ts";
import { carriesRecords, RawClient } from "./raw-client.ts";
import { percentile, saveSample, spreadOf } from "./samples.ts";
import { type ServerProcess, startServer, UNLIMITED } from "./server-process.ts";

const ROOM = "class";
const OPTIONS = ["1. soup", "2. rice", "3. neither"];
const POSTS_PER_SECOND = 10;
const CONNECTS_AT_ONCE = 50;
const RECEIVE_TIMEOUT_MS = 30_000;
const CHECK_INTERVAL_MS = 20;
const FIELD = utf8Encode('"text":"@');

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    people: { type: "string", default: "1000" },
    seconds: { type: "string", default: "10" },
    /** Port of the server, for the process with the members. */
    members: { type: "string" },
  },
});
const [people, durationMs] = [Number(values.people), Number(values.seconds) * 1000];

if (values.members === undefined) await measure();
else await vote(Number(values.members));

/** Connects the members, and makes each vote once for every seq on standard input. */
async function vote(port: number): Promise<void> {
  const members: RawClient[] = [];
  await forEachConcurrently(CONNECTS_AT_ONCE, [0, people], async (i) => {
    const member = await RawClient.register(port, `pupil${i}`, carriesRecords);
    await member.request("join", { room: ROOM });
    members.push(member);
  });
  print("ready");
  for await (const line of linesOf(Bun.stdin.stream())) {
    const start = performance.now();
    const votes = members.map(async (member, i) => {
      await Bun.sleep(Math.max(0, start + (i * durationMs) / people - performance.now()));
      await member.request("vote", { seq: Number(line), choices: [1 + (i % OPTIONS.length)] });
    });
    const done = await Promise.allSettled(votes);
    print(`${done.filter(({ status }) => status === "fulfilled").length}`);
  }
}

async function measure(): Promise<void> {
  const server = await startServer(UNLIMITED);
  const teacher = await RawClient.register(server.port, "teacher");
  await teacher.request("join", { room: ROOM, create: true });
  const command = [process.execPath, import.meta.path, "--members", `${server.port}`];
  const child = Bun.spawn([...command, "--people", `${people}`, "--seconds", values.seconds], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const answers = linesOf(child.stdout);
  try {
    await answers.next();
    await measurePosts(server, teacher); // Warm-up.
    const ratios: number[] = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      const quiet = await measurePosts(server, teacher);
      const busy = await measurePosts(server, teacher, async () => {
        const post = round % 2 === 0 ? "moderators" : "everyone";
        await teacher.request("rules", { room: ROOM, post });
        await teacher.post(ROOM, "please vote, @everyone", { everyone: "all" });
        const poll = { options: OPTIONS.length };
        const { seq } = await teacher.post(ROOM, ["Lunch?", ...OPTIONS].join("\n"), { poll });
        child.stdin.write(`${seq}\n`);
        const { value } = await answers.next();
        if (Number(value) !== people) throw new Error(`${value} of ${people} votes were recorded`);
      });
      const ratio = busy.p99Ms / quiet.p99Ms;
      ratios.push(ratio);
      for (const [phase, result] of Object.entries({ quiet, busy }))
        saveSample({ table: "class", row: { people, phase }, values: { ...result } });
      print(
        `${people} members: p99 ${quiet.p99Ms.toFixed(1)} ms quiet, ` +
          `${busy.p99Ms.toFixed(1)} ms with rules, @everyone and ${people} votes ` +
          `(${ratio.toFixed(2)} x); CPU ${quiet.cpuPercent.toFixed(0)} and ` +
          `${busy.cpuPercent.toFixed(0)} %`,
      );
    }
    print(`median ratio: ${spreadOf(ratios)?.median.toFixed(2)}`);
  } finally {
    child.kill();
    teacher.close();
    await server.stop();
  }
}

async function measurePosts(
  server: ServerProcess,
  teacher: RawClient,
  meanwhile: () => Promise<void> = () => Promise.resolve(),
) {
  const latenciesMs: number[] = [];
  teacher.onBytes = (bytes) => {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const now = performance.now();
    for (let at = text.indexOf(FIELD); at >= 0; at = text.indexOf(FIELD, at + 1))
      latenciesMs.push(now - readStamp(bytes, at + FIELD.length));
    return carriesRecords(bytes);
  };
  const [start, cpuBefore] = [performance.now(), server.cpuSeconds()];
  const done = meanwhile();
  const count = (durationMs / 1000) * POSTS_PER_SECOND;
  for (let i = 0; i < count; i++) {
    await Bun.sleep(Math.max(0, start + (i * 1000) / POSTS_PER_SECOND - performance.now()));
    void teacher.post(ROOM, `@${stampedText(performance.now())}`);
  }
  await done;
  const cpuPercent = ((server.cpuSeconds() - cpuBefore) * 1e5) / (performance.now() - start);
  const deadline = performance.now() + RECEIVE_TIMEOUT_MS;
  while (latenciesMs.length < count && performance.now() < deadline)
    await Bun.sleep(CHECK_INTERVAL_MS);
  if (latenciesMs.length < count) throw new Error("posts were not delivered");
  return { p50Ms: percentile(latenciesMs, 0.5), p99Ms: percentile(latenciesMs, 0.99), cpuPercent };
}
