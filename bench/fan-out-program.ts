import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunningServer } from "./fan-out-contestant.ts";
import { acceptsConnections, freePort, newFolder } from "./harness.ts";

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 3_000;
export const DOMAIN = "bench.test";

export interface ServerInstance {
  readonly folder: string;
  readonly port: number;
}

export interface ServerProgram {
  readonly program: string;
  readonly arguments: (configPath: string) => readonly string[];
  /** The configuration may refer to `cert.pem` and `key.pem` in the folder. */
  readonly config: (instance: ServerInstance) => string;
}

export function findProgram(name: string): string | undefined {
  return Bun.which(name, { PATH: `${process.env["PATH"]}:/usr/sbin` }) ?? undefined;
}

export async function startProgram(server: ServerProgram): Promise<RunningServer> {
  const instance = { folder: newFolder(), port: freePort() };
  const { folder, port } = instance;
  makeCertificate(folder);
  const configPath = join(folder, "config");
  writeFileSync(configPath, server.config(instance));
  const path = findProgram(server.program) ?? server.program;
  const child = Bun.spawn([path, ...server.arguments(configPath)], {
    cwd: folder,
    stdio: ["ignore", "ignore", "ignore"],
  });
  const stop = async () => {
    child.kill();
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await child.exited;
    clearTimeout(timer);
    rmSync(folder, { recursive: true });
  };
  const until = performance.now() + START_TIMEOUT_MS;
  while (!(await acceptsConnections(port))) {
    if (performance.now() > until || child.exitCode !== null) {
      await stop().catch(() => {});
      throw new Error(`${server.program} did not start`);
    }
    await Bun.sleep(20);
  }
  return { pid: child.pid, port, stop };
}

function makeCertificate(folder: string): void {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const { exitCode } = Bun.spawnSync([
    ...["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    ...["-nodes", "-keyout", key, "-out", cert, "-days", "30", "-subj", `/CN=${DOMAIN}`],
  ]);
  if (exitCode !== 0) throw new Error("openssl could not make a certificate");
}
