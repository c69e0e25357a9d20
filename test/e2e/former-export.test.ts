import { expect } from "bun:test";
import { join } from "node:path";
import { sandboxTest } from "./shared-server.ts";

/** Export of a room that chat 0.3.0 wrote. */
const EXPORT = join(import.meta.dir, "../exports/0.3.0/lobby.ndjson");

sandboxTest("imports a room that version 0.3.0 exported", async (sandbox) => {
  const { invite } = await sandbox.serve();
  const mira = sandbox.home("mira").with({ CHAT_USER: "mira", CHAT_SERVER: invite });
  await mira.run(["join"], { stdin: "/join lab\n" });
  const imported = await mira.run(["import", EXPORT, "--room", "lab"]);
  expect(imported.err).toContain("3 messages, skipped 3 other lines");
  expect(imported.exitCode).toBe(0);
  const records = await mira.json(["history", "--room", "lab"]);
  const texts = records.flatMap(({ text }) => (typeof text === "string" ? [text] : []));
  expect(texts).toContain("Hello from version 0.3");
  expect(texts).toContain("Lunch?\n1. yes\n2. no");
});
