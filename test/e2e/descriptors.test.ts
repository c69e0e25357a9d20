import { expect, test } from "bun:test";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RawClient } from "../../bench/raw-client.ts";
import { until, within } from "../event.ts";
import { CHAT } from "./binary.ts";
import { Sandbox } from "./program.ts";

const LIMIT = 256;

function halfOpenFlood(port: number, count: number): { opened: () => number; stop: () => void } {
  let isOver = false;
  let opened = 0;
  const open = new Set<{ terminate(): void }>();
  const dial = () => {
    if (isOver) return;
    const again = () => void setImmediate(dial);
    void Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        open: (socket) => {
          opened++;
          open.add(socket);
        },
        data: () => undefined,
        close: (socket) => {
          open.delete(socket);
          again();
        },
      },
    }).catch(again);
  };
  for (let i = 0; i < count; i++) dial();
  return {
    opened: () => opened,
    stop: () => {
      isOver = true;
      for (const socket of open) socket.terminate();
    },
  };
}

test.if(process.platform === "linux")(
  "half-open connections up to the limit of descriptors end neither the server nor its service",
  async () => {
    await using sandbox = new Sandbox();
    const program = sandbox.path("limited");
    writeFileSync(program, `#!/bin/sh\nulimit -n ${LIMIT}\nexec "${CHAT}" "$@"\n`);
    chmodSync(program, 0o700);
    const served = await sandbox.serve({ args: ["--open"], program });
    const member = await RawClient.register(served.port, "member");
    const flood = halfOpenFlood(served.port, 2 * LIMIT);
    await until("a flood", async () => flood.opened() > 4 * LIMIT);

    for (let i = 0; i < 20; i++) {
      await within("a message", member.post("lobby", `message ${i}`));
    }
    const newcomer = sandbox.home("newcomer");
    const sent = await newcomer.run(["send", "--user", "newcomer", "--to", "lobby", "still here"]);
    expect(sent).toMatchObject({ exitCode: 0 });
    const path = sandbox.path("file");
    writeFileSync(path, "x".repeat(1 << 20));
    expect(await newcomer.run(["send-file", path, "--to", "lobby"])).toMatchObject({ exitCode: 0 });

    flood.stop();
    await within("a message", member.post("lobby", "after the flood"));
    const log = readFileSync(join(served.data, "history", "000000000001.jsonl"), "utf8");
    expect(log).toContain("after the flood");
    member.close();
    expect((await served.program.signal("SIGTERM")).exitCode).toBe(0);
  },
);
