import { expect, test } from "bun:test";
import { Sandbox } from "./program.ts";

test("at the end of input without a server, waits for unsent messages until Ctrl-C", async () => {
  await using sandbox = new Sandbox();
  const { program, invite } = await sandbox.serve();
  const ana = await sandbox.home("ana").join([invite, "--user", "ana"]);
  await program.signal("SIGKILL");
  await ana.json("lost");
  ana.type("never confirmed");
  const ended = ana.finish(60_000);
  ana.signal("SIGINT");
  const { exitCode, out } = await ended;
  expect(exitCode).toBe(130);
  expect(out).not.toContain('"ack"');
});
