import { expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { Sandbox } from "./program.ts";

const HAS_V6 = Object.values(networkInterfaces()).some((own) =>
  own?.some(({ address }) => address === "::1"),
);
const BY_HOST: readonly (readonly [string | undefined, string[], string[]])[] = [
  [undefined, HAS_V6 ? ["127.0.0.1", "[::1]"] : ["127.0.0.1"], []],
  ["127.0.0.1", ["127.0.0.1"], HAS_V6 ? ["[::1]"] : []],
];

test.each(BY_HOST)("--host %s answers only on %p", async (host, open, closed) => {
  await using sandbox = new Sandbox();
  const where = host === undefined ? [] : ["--host", host];
  const args = ["serve", ...where, "--port", "0", "--open", "--no-discovery", "--json"];
  const server = sandbox.start([...args, "--data", sandbox.path("data")]);
  const listening = await server.json("listening");
  const local = host === undefined ? "127.0.0.1" : listening["host"];
  expect(listening).toMatchObject({ udp: true, host: local });
  const { port } = listening;
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  const say = (place: string, transport: string) =>
    ana.run(["send", `${transport} ${place}`, "--server", place, "--transport", transport]);
  for (const transport of ["tcp", "udp"]) {
    for (const place of open) {
      const ran = await say(`${place}:${port}`, transport);
      expect([place, transport, ran.exitCode, ran.err]).toEqual([
        place,
        transport,
        0,
        expect.not.stringContaining("did not answer"),
      ]);
      await server.json("text", { text: `${transport} ${place}:${port}` });
    }
    for (const place of closed) {
      const ran = await say(`${place}:${port}`, transport);
      const lines = ran.err.split("\n").length;
      expect([place, transport, ran.exitCode, lines]).toEqual([place, transport, 5, 2]);
    }
  }
  const own = await ana.run(["send", "own"]);
  expect([own.exitCode, own.err]).toEqual([0, ""]);
  await server.json("text", { text: "own" });
});
