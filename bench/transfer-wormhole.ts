/** magic-wormhole with a mailbox of its own; the two ends find each other directly. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { answers, freePort } from "./free-port.ts";
import type { Content } from "./transfer-content.ts";
import {
  type Contestant,
  need,
  type TransferTool,
  type Trip,
  Unavailable,
} from "./transfer-contestant.ts";
import { runEnd } from "./transfer-usage.ts";

/** The Python for which Debian packages the mailbox server. */
const PYTHON = "/usr/bin/python3";
const START_WITHIN_MS = 15_000;

export const wormhole: Contestant = {
  name: "magic-wormhole",
  start: async (folder) => {
    need("wormhole");
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
  #trips = 0;

  constructor(mailbox: Mailbox, target: string) {
    this.#mailbox = mailbox;
    this.#target = target;
    mkdirSync(target);
  }

  async bring(content: Content): Promise<Trip> {
    this.#trips += 1;
    const code = `${this.#trips}-bench-only`; // A code of one's own can be typed beforehand.
    const options = [
      ...["wormhole", "--relay-url", `ws://127.0.0.1:${this.#mailbox.port}/v1`],
      "--transit-helper=",
    ];
    const path = join(this.#target, content.name);
    const started = performance.now();
    const [sent, received] = await Promise.all([
      runEnd([...options, "send", "--hide-progress", "--code", code, content.path]),
      runEnd([...options, "receive", "--hide-progress", "--accept-file", "-o", path, code]),
    ]);
    const seconds = (performance.now() - started) / 1000;
    return { seconds, sender: sent.usage, receiver: received.usage, arrived: { path } };
  }

  forget(): void {
    rmSync(this.#target, { recursive: true });
    mkdirSync(this.#target);
  }

  stop(): Promise<void> {
    return this.#mailbox.stop();
  }
}

/** @throws Unavailable */
async function startMailbox(folder: string): Promise<Mailbox> {
  const twist = ["-c", "from twisted.application.twist._twist import Twist; Twist.main()"];
  const isThere = Bun.spawnSync([PYTHON, "-c", "import wormhole_mailbox_server"]);
  if (!isThere.success) {
    const why = isThere.stderr.toString().trim().split("\n").at(-1);
    const from = "Debian: python3-magic-wormhole-mailbox-server";
    throw new Unavailable(`no mailbox server for ${PYTHON} (${why}; ${from})`);
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
  const until = performance.now() + START_WITHIN_MS;
  while (!(await answers(port))) {
    if (performance.now() > until || child.exitCode !== null) {
      await stop();
      throw new Error("the mailbox server did not start");
    }
    await Bun.sleep(50);
  }
  return { port, stop };
}
