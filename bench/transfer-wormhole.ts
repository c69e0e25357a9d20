/** magic-wormhole with a local mailbox server; both ends connect directly. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { acceptsConnections, freePort } from "./free-port.ts";
import type { Content } from "./transfer-content.ts";
import {
  type Contestant,
  requireProgram,
  type TransferRun,
  type TransferTool,
  Unavailable,
} from "./transfer-contestant.ts";
import { runCommand } from "./transfer-usage.ts";

/** Python for which Debian packages the mailbox server. */
const PYTHON = "/usr/bin/python3";
const START_TIMEOUT_MS = 15_000;

export const wormhole: Contestant = {
  name: "magic-wormhole",
  start: async (folder) => {
    requireProgram("wormhole");
    const mailbox = await startMailbox(folder);
    return new WormholeTransferTool(mailbox, join(folder, "arrived"));
  },
};

interface Mailbox {
  readonly port: number;
  stop(): Promise<void>;
}

class WormholeTransferTool implements TransferTool {
  readonly #mailbox: Mailbox;
  readonly #target: string;
  #runs = 0;

  constructor(mailbox: Mailbox, target: string) {
    this.#mailbox = mailbox;
    this.#target = target;
    mkdirSync(target);
  }

  async transfer(content: Content): Promise<TransferRun> {
    this.#runs += 1;
    const code = `${this.#runs}-bench-only`; // A chosen code lets both commands start immediately.
    const options = [
      ...["wormhole", "--relay-url", `ws://127.0.0.1:${this.#mailbox.port}/v1`],
      "--transit-helper=",
    ];
    const path = join(this.#target, content.name);
    const started = performance.now();
    const [sent, received] = await Promise.all([
      runCommand([...options, "send", "--hide-progress", "--code", code, content.path]),
      runCommand([...options, "receive", "--hide-progress", "--accept-file", "-o", path, code]),
    ]);
    const seconds = (performance.now() - started) / 1000;
    return { seconds, sender: sent.usage, receiver: received.usage, received: { path } };
  }

  removeReceived(): void {
    rmSync(this.#target, { recursive: true });
    mkdirSync(this.#target);
  }

  stop(): Promise<void> {
    return this.#mailbox.stop();
  }
}

async function startMailbox(folder: string): Promise<Mailbox> {
  const twist = ["-c", "from twisted.application.twist._twist import Twist; Twist.main()"];
  const probe = Bun.spawnSync([PYTHON, "-c", "import wormhole_mailbox_server"]);
  if (!probe.success) {
    const reason = probe.stderr.toString().trim().split("\n").at(-1);
    const from = "Debian: python3-magic-wormhole-mailbox-server";
    throw new Unavailable(`no mailbox server for ${PYTHON} (${reason}; ${from})`);
  }
  const port = freePort();
  const child = Bun.spawn(
    [
      ...[PYTHON, ...twist, "wormhole-mailbox", `--port=tcp:${port}:interface=127.0.0.1`],
      `--channel-db=${join(folder, "mailbox.sqlite")}`,
    ],
    { cwd: folder, stdio: ["ignore", "ignore", Bun.file(join(folder, "mailbox.log"))] },
  );
  const stop = async () => {
    child.kill();
    await child.exited;
  };
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!(await acceptsConnections(port))) {
    if (performance.now() > deadline || child.exitCode !== null) {
      await stop();
      throw new Error("the mailbox server did not start");
    }
    await Bun.sleep(50);
  }
  return { port, stop };
}
