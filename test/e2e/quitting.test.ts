import { expect } from "bun:test";
import { sandboxTest } from "./shared-server.ts";

sandboxTest("QUIT ends within two seconds while the server does not answer", async (sandbox) => {
  const served = await sandbox.serve();
  const home = sandbox.home("ana");
  const ana = await home.join(["--user", "ana"]);
  await served.program.signal("SIGKILL");
  ana.type("/whois nobody", "typed while the server is down", "QUIT");
  const startedAt = performance.now();
  await ana.ended(10_000);
  expect(performance.now() - startedAt).toBeLessThan(4_000);
  const again = await sandbox.serve({ port: served.port });
  const sent = await home.json(["send", "next", "--server", again.address]);
  expect(sent.map(({ kind }) => kind)).toContain("sent");
  const past = await home.json(["history", "--room", "lobby", "--server", again.address]);
  expect(past).toContainEqual(expect.objectContaining({ text: "typed while the server is down" }));
});
