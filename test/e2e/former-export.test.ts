import { expect } from "bun:test";
import { join } from "node:path";
import { sandboxTest } from "./shared-server.ts";

/** Export of a room that a version wrote, with what it must contain, and what is skipped. */
const EXPORTS = [
  ["0.1.0", ["Hello, this is the first word", "an edited word", "hello back"], [9, 6]],
  ["0.3.0", ["Hello from version 0.3", "Lunch?\n1. yes\n2. no"], [3, 3]],
] as const;

for (const [version, texts, [messages, others]] of EXPORTS) {
  sandboxTest(`imports a room that version ${version} exported`, async (sandbox) => {
    const { invite } = await sandbox.serve();
    const mira = sandbox.home("mira").with({ CHAT_USER: "mira", CHAT_SERVER: invite });
    await mira.run(["join"], { stdin: "/join lab\n" });
    const path = join(import.meta.dir, "../exports", version, "lobby.ndjson");
    const imported = await mira.run(["import", path, "--room", "lab"]);
    expect(imported.err).toContain(`${messages} messages, skipped ${others} other lines`);
    expect(imported.exitCode).toBe(0);
    const records = await mira.json(["history", "--room", "lab"]);
    const found = records.flatMap(({ text }) => (typeof text === "string" ? [text] : []));
    for (const text of texts) expect(found).toContain(text);
  });
}
