/** scp with a private ssh server, whose keys and settings are in one folder. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { acceptsConnections, freePort } from "./harness.ts";
import type { Content } from "./transfer-content.ts";
import {
  requireProgram,
  type TransferContestant,
  type TransferRun,
  type TransferTool,
} from "./transfer-contestant.ts";
import { runCommand, usageDuring } from "./transfer-usage.ts";

const CIPHER = "aes128-gcm@openssh.com";
const HOST = "bench";
/** sshd's privilege separation folder; it refuses to start without it. */
const PRIVILEGE_FOLDER = "/run/sshd";
const START_TIMEOUT_MS = 5_000;

export const scp: TransferContestant = {
  name: "scp aes128-gcm",
  start: async (folder) => {
    requireProgram("scp");
    return new Scp(await startSshd(folder), join(folder, "arrived"));
  },
};

interface Sshd {
  readonly pid: number;
  readonly port: number;
  readonly config: string;
  stop(): Promise<void>;
}

class Scp implements TransferTool {
  readonly #server: Sshd;
  readonly #target: string;

  constructor(server: Sshd, target: string) {
    this.#server = server;
    this.#target = target;
    mkdirSync(target);
  }

  async transfer(content: Content): Promise<TransferRun> {
    const command = [
      ...["scp", "-q", "-F", this.#server.config],
      ...(content.isFolder ? ["-r"] : []),
      ...[content.path, `${HOST}:${this.#target}/${content.name}`],
    ];
    const [done, receiver] = await usageDuring(this.#server.pid, async () => {
      const started = performance.now();
      const { usage } = await runCommand(command);
      return { sender: usage, seconds: (performance.now() - started) / 1000 };
    });
    return { ...done, receiver, received: { path: join(this.#target, content.name) } };
  }

  removeReceived(): void {
    rmSync(this.#target, { recursive: true });
    mkdirSync(this.#target);
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}

export async function startSshd(folder: string): Promise<Sshd> {
  const sshd = requireProgram("sshd"); // sshd must be started by its absolute path.
  requireProgram("ssh");
  const path = (name: string) => join(folder, name);
  for (const key of ["host-key", "user-key"]) {
    await runCommand([
      requireProgram("ssh-keygen"),
      "-q",
      "-t",
      "ed25519",
      "-N",
      "",
      "-f",
      path(key),
    ]);
  }
  const port = freePort();
  const hostKey = readFileSync(path("host-key.pub"), "utf8");
  writeFileSync(path("known-hosts"), `[127.0.0.1]:${port} ${hostKey}`);
  writeFileSync(path("sshd.conf"), sshdConfig(path, port));
  writeFileSync(path("ssh.conf"), sshConfig(path, port));
  const isFolderCreated = createPrivilegeFolder();
  const child = Bun.spawn([sshd, "-D", "-e", "-f", path("sshd.conf")], {
    stdio: ["ignore", "ignore", Bun.file(path("sshd.log"))],
  });
  const stop = async () => {
    child.kill();
    await child.exited;
    if (isFolderCreated) rmdirSync(PRIVILEGE_FOLDER);
  };
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!(await acceptsConnections(port))) {
    if (performance.now() < deadline && child.exitCode === null) {
      await Bun.sleep(20);
      continue;
    }
    await stop();
    throw new Error(`sshd did not start: ${readFileSync(path("sshd.log"), "utf8")}`);
  }
  return { pid: child.pid, port, config: path("ssh.conf"), stop };
}

function sshdConfig(path: (name: string) => string, port: number): string {
  return `ListenAddress 127.0.0.1:${port}
HostKey ${path("host-key")}
AuthorizedKeysFile ${path("user-key.pub")}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PrintLastLog no
Subsystem sftp /usr/lib/openssh/sftp-server
`;
}

function sshConfig(path: (name: string) => string, port: number): string {
  return `Host ${HOST}
HostName 127.0.0.1
Port ${port}
User ${userName()}
IdentityFile ${path("user-key")}
IdentitiesOnly yes
UserKnownHostsFile ${path("known-hosts")}
GlobalKnownHostsFile /dev/null
StrictHostKeyChecking yes
BatchMode yes
Ciphers ${CIPHER}
Compression no
ControlMaster no
ForwardAgent no
`;
}

/** `userInfo` of Bun 1.4.4 returns the environment's USER, which may be wrong. */
function userName(): string {
  return Bun.spawnSync(["id", "-un"]).stdout.toString().trim();
}

function createPrivilegeFolder(): boolean {
  if (existsSync(PRIVILEGE_FOLDER) || process.getuid?.() !== 0) return false;
  mkdirSync(PRIVILEGE_FOLDER, { mode: 0o755 });
  return true;
}
