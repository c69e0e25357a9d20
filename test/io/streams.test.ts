import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, within } from "../event.ts";

const PROGRAM = [process.execPath, join(import.meta.dir, "streams-program.ts")];
const env = { PATH: process.env["PATH"] ?? "", CHAT_HOME: "/nonexistent/chat" };
const LINES = 50_000;

describe("standard output", () => {
  test("is whole, however slowly it is read", async () => {
    const child = Bun.spawn([...PROGRAM, "print", String(LINES)], { env, stdin: "ignore" });
    let lines = 0;
    for await (const chunk of child.stdout) {
      lines += new TextDecoder().decode(chunk).split("\n").length - 1;
    }
    expect([lines, await child.exited]).toEqual([LINES, 0]);
  });

  test("may be closed by its reader", async () => {
    const child = Bun.spawn([...PROGRAM, "print", String(LINES)], {
      env,
      stdin: "ignore",
      stderr: "pipe",
    });
    const reader = child.stdout.getReader();
    await reader.read();
    await reader.cancel();
    expect(await within("it ends by itself", child.exited)).toBe(0);
    expect(await new Response(child.stderr).text()).toBe("");
  });

  test.skipIf(process.platform !== "linux")("on a full disk is a fault", async () => {
    const child = Bun.spawn([...PROGRAM, "print", "10"], {
      env,
      stdin: "ignore",
      stdout: Bun.file("/dev/full"),
      stderr: "pipe",
    });
    expect(await child.exited).toBe(1);
    expect(await new Response(child.stderr).text()).toBe(
      "chat: cannot write the output (ENOSPC); free some space on the disk\n",
    );
  });

  test.skipIf(process.platform === "win32")(
    "that nobody reads does not stop the rest",
    async () => {
      // The reader is there, and reads something else, until the program has ended.
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

describe.skipIf(process.platform === "win32")("a terminal", () => {
  function open() {
    let screen = "";
    const decoder = new TextDecoder();
    const child = Bun.spawn([...PROGRAM, "ask"], {
      env: { ...env, TERM: "xterm" },
      terminal: {
        cols: 80,
        rows: 24,
        data: (_terminal, bytes) => {
          screen += decoder.decode(bytes, { stream: true });
        },
      },
    });
    return {
      child,
      screen: () => screen,
      shows: (text: string) => eventually(`it shows ${text}`, () => screen.includes(text)),
      type: (keys: string) => child.terminal?.write(keys),
    };
  }

  test("is asked, and does not echo the password", async () => {
    const { child, screen, shows, type } = open();
    await shows("Name: ");
    type("ana\r");
    await shows("Password: ");
    type("geheimx\x7f ä\x1b[D\r");
    await shows("Password: \r\n");
    type("next\r");
    await shows('{"name":"ana","password":"geheim ä","next":"next"}');
    expect(await child.exited).toBe(0);
    expect(screen()).not.toContain("geheimx");
  });

  test.each([
    ["at a name", "", "Name: "],
    ["at a password", "ana\r", "Password: "],
  ])("Ctrl-C %s is 130", async (_where, before, question) => {
    const { child, shows, type } = open();
    await shows("Name: ");
    type(before);
    await shows(question);
    type("abc\x03");
    expect(await within("it ends", child.exited)).toBe(130);
  });
});
