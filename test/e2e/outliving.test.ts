import { expect, test } from "bun:test";
import { within } from "../event.ts";
import { CHAT } from "./binary.ts";
import { Sandbox } from "./program.ts";

async function firstLine(reader: {
  read(): Promise<{ readonly value?: Uint8Array | undefined; readonly done: boolean }>;
}): Promise<string> {
  const decoder = new TextDecoder();
  for (let text = ""; ; ) {
    const { value, done } = await reader.read();
    text += decoder.decode(value, { stream: true });
    if (done || text.includes("\n")) return text.split("\n")[0] ?? "";
  }
}

const NOHUP = ["sh", "-c", 'trap \'\' HUP; exec "$0" "$@"'];

test("a server with a closed output pipe continues, and stops cleanly", async () => {
  await using sandbox = new Sandbox();
  const server = sandbox.spawn([CHAT, "serve", "--host", "127.0.0.1", "--port", "0", "--json"]);
  const reader = server.stdout.getReader();
  const first = await firstLine(reader);
  await reader.cancel();
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana", CHAT_INVITE: JSON.parse(first).invite });
  for (const text of ["one", "two", "three"]) {
    expect((await ana.run(["send", text])).exitCode).toBe(0);
  }
  server.kill("SIGTERM");
  expect(await within("the end of the server", server.exited)).toBe(0);
});

test("sends all lines even if the reader of their numbers ends early", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  await ana.json(["register"]);
  const count = 300;
  const lines = Array.from({ length: count }, (_, at) => `line ${at}`);
  const sender = sandbox.spawn([CHAT, "send"], ana.environment);
  const reader = sender.stdout.getReader();
  sender.stdin.write("first\n");
  sender.stdin.flush();
  await reader.read();
  await reader.cancel();
  sender.stdin.write(`${lines.join("\n")}\n`);
  sender.stdin.end();
  expect(await within("the end of the sender", sender.exited)).toBe(0);
  const said = await ana.json(["history", "--room", "lobby", "--from", "ana", "--grep", "line "]);
  expect(said.map(({ text }) => text)).toEqual(lines);
});

test.skipIf(process.platform !== "linux")(
  "nohup keeps a server when the terminal closes",
  async () => {
    await using sandbox = new Sandbox();
    const args = ["serve", "--host", "127.0.0.1", "--port", "0", "--json"];
    const server = sandbox.spawn([...NOHUP, CHAT, ...args]);
    const reader = server.stdout.getReader();
    const first = await firstLine(reader);
    server.kill("SIGHUP");
    const ana = sandbox
      .home("ana")
      .with({ CHAT_USER: "ana", CHAT_INVITE: JSON.parse(first).invite });
    expect((await ana.run(["send", "still there"])).exitCode).toBe(0);
    expect(server.exitCode).toBeNull();
  },
);
