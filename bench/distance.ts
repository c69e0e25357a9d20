/**
 * Commands at a distance, beside `ssh host true` with a known key: `bun bench/distance.ts [--rounds
 * 5] [--rtt 300]`. Times include the process and the handshake of TCP.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { freePort, newFolder, print } from "./harness.ts";
import { saveSample } from "./samples.ts";
import { startServer } from "./server-process.ts";
import { requireProgram } from "./transfer-contestant.ts";
import { startSshd } from "./transfer-ssh.ts";
import { runCommand } from "./transfer-usage.ts";

const CHAT = (process.env["CHAT_CLIENT_COMMAND"] ?? join(import.meta.dir, "../dist/chat")).split(
  " ",
);

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    rtt: { type: "string", default: "300" },
    quick: { type: "boolean", default: false },
  },
});
const RTT_MS = Number(values.rtt);
const ROUNDS = values.quick ? 1 : Number(values.rounds);

const folder = newFolder();
const [sshd, server] = [await startSshd(folder), await startServer()];
const [sshPort, chatPort] = [delayed(sshd.port), delayed(server.port)];
const env = { CHAT_HOME: join(folder, "client") };
const file = join(folder, "small.txt");
const out = join(folder, "out");
writeFileSync(file, "small");
const album = Array.from({ length: 32 }, (_, i) => join(folder, `photo-${i}.bin`));
for (const path of album) writeFileSync(path, Buffer.alloc(4_000, path));
mkdirSync(out);

const alias = `HostKeyAlias=[127.0.0.1]:${sshd.port}`;
const ssh = ["-F", sshd.config, "-p", `${sshPort}`, "-o", alias, "bench", "true"];
const chat = (...args: string[]) => [...CHAT, ...args, "--server", `127.0.0.1:${chatPort}`];
await runCommand(chat("send", "first", "--user", "ana"), { env });
const { stdout } = await runCommand(chat("send-file", file, "--json"), { env });
const id = /"id":"(f[^"]+)"/.exec(stdout)?.[1] ?? "";
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  "ssh host true": [requireProgram("ssh"), ...ssh],
  "chat send": chat("send", "hello"),
  "chat send-file, 5 bytes": chat("send-file", file),
  "chat send-file, 32 of 4 kB": chat("send-file", ...album),
  "chat get-file, 5 bytes": chat("get-file", id, "--out", out),
  "chat history -n 20": chat("history", "-n", "20"),
};
try {
  for (let round = 0; round < ROUNDS; round++) {
    for (const [program, command] of Object.entries(COMMANDS)) {
      const started = performance.now();
      await runCommand(command, { env });
      const ms = performance.now() - started;
      saveSample({ table: "distance", row: { program, "rtt ms": RTT_MS }, values: { ms } });
      print(`${program}: ${Math.round(ms)} ms`);
    }
  }
} finally {
  await Promise.all([sshd.stop(), server.stop()]);
}
process.exit(0);

/** Opens a port whose connections reach another port after half a round trip each way. */
function delayed(port: number): number {
  const halfMs = RTT_MS / 2;
  const listening = freePort();
  createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = connect({ port, host: "127.0.0.1", noDelay: true });
    const connectedAt = performance.now() + RTT_MS; // TCP's handshake takes a round trip.
    const later = (act: () => void) => {
      setTimeout(act, halfMs + Math.max(0, connectedAt - performance.now()));
    };
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("data", (bytes) => later(() => to.writable && to.write(bytes)));
      from.on("end", () => later(() => to.end()));
      from.on("close", () => later(() => to.destroy()));
      from.on("error", () => {});
    }
  }).listen(listening, "127.0.0.1");
  return listening;
}
