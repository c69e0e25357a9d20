import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { within } from "../event.ts";

const PROGRAM = [process.execPath, join(import.meta.dir, "streams-program.ts")];
const env = { PATH: process.env["PATH"] ?? "", CHAT_HOME: "/nonexistent/chat" };
const LINES = 50_000;

describe("standard output", () => {
  test("is complete for a slow reader", async () => {
    const child = Bun.spawn([...PROGRAM, "print", String(LINES)], { env, stdin: "ignore" });
    let lines = 0;
    for await (const chunk of child.stdout) {
      lines += new TextDecoder().decode(chunk).split("\n").length - 1;
    }
    expect([lines, await child.exited]).toEqual([LINES, 0]);
  });

  test.skipIf(process.platform === "win32")(
    "without a reader does not block the program",
    async () => {
      // The reader does not read until the program has ended.
      const folder = mkdtempSync(join(tmpdir(), "chat-streams-"));
      const fifo = join(folder, "fifo");
      const command = `mkfifo "$2"; ("$0" "$1" stall; echo $? >&2; echo >"$2") | read -r _ <"$2"`;
      const child = Bun.spawn(["sh", "-c", command, ...PROGRAM, fifo], {
        env,
        stdio: [null, null, "pipe"],
      });
      expect(await within("the timer goes off", new Response(child.stderr).text())).toBe("7\n");
      rmSync(folder, { recursive: true });
    },
  );
});
