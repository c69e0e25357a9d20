/**
 * `npm run soak -- power-loss [ROUNDS]`: simulates power losses. Under load, the server's ext4
 * image is shut down without flushing its journal, and a server on a copy of it must have every
 * acknowledged text. Without syncs (by strace), each round must lose texts. Linux only, as root,
 * with mount, mkfs.ext4 and strace.
 */
import { dlopen, FFIType, ptr } from "bun:ffi";
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, truncateSync } from "node:fs";
import { CHAT } from "../../test/e2e/binary.ts";
import { Sender } from "../../test/e2e/load.ts";
import { Sandbox, type Served } from "../../test/e2e/program.ts";
import { within } from "../../test/event.ts";

const ROUNDS = Number(process.argv[2] ?? 30);
const MUTANT_ROUNDS = 5;
const SENDERS = ["ana", "bob", "cleo"];
const IMAGE_BYTES = 64 << 20;
const ACK_ARRIVAL_MS = 40;
/** `EXT4_IOC_SHUTDOWN`, and its flag to shut down without flushing the journal. */
const SHUTDOWN = 0x8004587d;
const WITHOUT_JOURNAL = 2;
const CALLS = "fsync,fdatasync,sync_file_range,syncfs";

const libc = dlopen("libc.so.6", {
  ioctl: { args: [FFIType.i32, FFIType.u64, FFIType.ptr], returns: FFIType.i32 },
});

interface Outcome {
  readonly acked: number;
  readonly lost: number;
  readonly errors: readonly string[];
}

function run(...command: readonly string[]): void {
  const { success, stderr } = Bun.spawnSync([...command], { stdout: "ignore", stderr: "pipe" });
  if (!success) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
}

function mount(image: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  run("mount", "-o", "loop", image, folder);
}

/** Lazily, because a server still uses the disk if the round fails. The sandbox ends it later. */
function unmount(folder: string): void {
  run("umount", "--lazy", folder);
}

function cutPower(folder: string): void {
  const fd = openSync(folder, "r");
  const flag = new Uint32Array([WITHOUT_JOURNAL]);
  const result = libc.symbols.ioctl(fd, SHUTDOWN, ptr(flag));
  closeSync(fd);
  if (result !== 0) throw new Error("the file system cannot be shut down here");
}

/** If traced, the process is strace and the server is its child. */
function serverPid({ program: { pid } }: Served, isTraced: boolean): number {
  if (!isTraced) return pid;
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim());
}

async function runRound(number: number, isMutant: boolean): Promise<Outcome> {
  await using sandbox = new Sandbox();
  const [image, copy] = [sandbox.write("image", ""), sandbox.path("copy")];
  truncateSync(image, IMAGE_BYTES);
  run("mkfs.ext4", "-q", "-F", image);
  const [disk, after] = [sandbox.path("disk"), sandbox.path("after")];
  mount(image, disk);
  try {
    const inject = `exec strace -f -qq -o /dev/null -e trace=${CALLS} -e inject=${CALLS}:retval=0`;
    const traced = sandbox.write("traced", `#!/bin/sh\n${inject} ${CHAT} "$@"\n`);
    chmodSync(traced, 0o700);
    const server = await sandbox.serve({
      data: "disk/data",
      // The disk is smaller than the space that a server reserves by default.
      args: ["--keep-free", "0"],
      ...(isMutant ? { program: traced } : {}),
    });
    const senders = await startSenders(sandbox, server, 10 + ((number * 37) % 300));
    process.kill(serverPid(server, isMutant), "SIGSTOP");
    await Bun.sleep(ACK_ARRIVAL_MS);
    const acked = senders.map(({ name, acked }) => [name, [...acked]] as const);
    cutPower(disk);
    process.kill(serverPid(server, isMutant), "SIGKILL");
    await server.program.ended();
    await Promise.all(senders.map(({ program }) => program.signal("SIGKILL")));
    run("cp", "--sparse=always", image, copy);
    mount(copy, after);
    try {
      return await checkServer(sandbox, server.port, acked);
    } finally {
      unmount(after);
    }
  } finally {
    unmount(disk);
  }
}

async function startSenders(
  sandbox: Sandbox,
  { invite }: Served,
  count: number,
): Promise<Sender[]> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const senders: Sender[] = [];
  const check = () => {
    const isEnough = senders.every(({ acked }) => acked.length >= count);
    if (isEnough && senders.length === SENDERS.length) resolve();
  };
  for (const name of SENDERS) {
    const args = ["send", "--json", "--user", name, "--server", invite];
    senders.push(new Sender(name, sandbox.home(name).start(args), check));
  }
  await within("acknowledgements", promise);
  return senders;
}

async function checkServer(
  sandbox: Sandbox,
  port: number,
  acked: readonly (readonly [name: string, seqs: readonly number[]])[],
): Promise<Outcome> {
  const errors: string[] = [];
  const count = acked.reduce((sum, [, seqs]) => sum + seqs.length, 0);
  // The original home knows the folder under its old path.
  const env = { CHAT_HOME: sandbox.path("home-after") };
  const server = sandbox.startServer({ data: "after/data", port, env });
  const listening = await Promise.race([
    server.json("listening"),
    server.ended().then(({ err }) => err),
  ]).catch(String);
  if (typeof listening === "string") {
    return { acked: count, lost: count, errors: [listening] };
  }
  for (const { kind } of server.jsonLines) if (kind === "damaged") errors.push("damaged");
  const data = sandbox.path("after", "data");
  const verified = await sandbox.home("operator").run(["verify", "--data", data]);
  if (verified.exitCode !== 0) errors.push(verified.out + verified.err);
  for (const [name] of acked) {
    const args = ["verify", String(listening["invite"]), "--user", name];
    const { exitCode, out, err } = await sandbox.home(name).run(args);
    if (exitCode !== 0) errors.push(`${name}: ${out}${err}`);
  }
  const stored = await sandbox
    .home("operator")
    .json(["history", "--room", "lobby", "--data", data]);
  const textAt = new Map(stored.map((record) => [record["seq"], record["text"]]));
  let lost = 0;
  for (const [name, seqs] of acked) {
    lost += seqs.filter((seq, i) => textAt.get(seq) !== Sender.textOf(name, i)).length;
  }
  await server.signal("SIGTERM");
  return { acked: count, lost, errors };
}

let acked = 0;
const failures: string[] = [];
for (let number = 1; number <= ROUNDS; number++) {
  const outcome = await runRound(number, false);
  acked += outcome.acked;
  const isRight = outcome.lost === 0 && outcome.errors.length === 0;
  if (!isRight) failures.push(`round ${number}: ${JSON.stringify(outcome)}`);
}
const detected: number[] = [];
for (let number = 1; number <= MUTANT_ROUNDS; number++) {
  const outcome = await runRound(number, true);
  if (outcome.lost > 0) detected.push(number);
}
for (const failure of failures) process.stdout.write(`${failure}\n`);
process.stdout.write(
  `${ROUNDS} power losses: ${acked} texts were acknowledged, ${failures.length} rounds failed; ` +
    `without fsync and fdatasync ${detected.length} of ${MUTANT_ROUNDS} rounds lost texts\n`,
);
process.exit(failures.length === 0 && detected.length === MUTANT_ROUNDS ? 0 : 1);
