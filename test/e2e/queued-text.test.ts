import { expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { Sandbox } from "./program.ts";

/** Forwards to a server, and can withhold its answers. */
async function proxyTo(port: number) {
  const sockets = new Set<Socket>();
  let withholds = false;
  const proxy = createServer((client) => {
    const server = new (client.constructor as typeof Socket)();
    server.connect(port, "127.0.0.1");
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
    }
    client.on("data", (bytes) => server.write(bytes));
    server.on("data", (bytes) => {
      if (!withholds) client.write(bytes);
    });
    client.on("close", () => server.destroy());
    server.on("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const address = proxy.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    withhold: () => {
      withholds = true;
    },
    end: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}

test("a queued message is called queued, and its repetition is sent once", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--open"] });
  const proxy = await proxyTo(served.port);
  const home = sandbox.home("ana").with({ CHAT_USER: "ana" });
  await home.json(["send", "first", "--server", served.address]);
  const address = `127.0.0.1:${proxy.port}`;
  const piped = home.start(["send", "--json", "--server", address]);
  piped.type("ready");
  await piped.json("sent");
  proxy.withhold();
  piped.type("deploy done");
  // The server has the message, and its answer is lost.
  const reader = await sandbox.home("bob").join(["--user", "bob", "--server", served.address]);
  await reader.json("text", { text: "deploy done" });
  const { exitCode, out, err } = await piped.signal("SIGINT");
  await proxy.end();
  expect([exitCode, err]).toEqual([130, expect.stringContaining("saved")]);
  const lines = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines).toContainEqual({ kind: "queued", room: "lobby", key: expect.any(String) });

  const [again] = await home.json(["send", "deploy done", "--server", served.address]);
  const texts = async () =>
    (await home.json(["history", "--server", served.address, "--kind", "text"])).map(
      ({ seq, text }) => [seq, text],
    );
  expect(again).toMatchObject({ kind: "sent", room: "lobby" });
  expect((await texts()).filter(([, text]) => text === "deploy done")).toEqual([
    [again?.["seq"], "deploy done"],
  ]);
  // It is not queued any more, so that the same text is a new message.
  await home.json(["send", "deploy done", "--server", served.address]);
  expect((await texts()).filter(([, text]) => text === "deploy done")).toHaveLength(2);
});
