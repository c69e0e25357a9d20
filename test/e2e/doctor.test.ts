import { expect, test } from "bun:test";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Socket } from "bun";
import { CHECK_WITHIN_MS } from "../../src/base/limits.ts";
import { makeCertificate } from "../../src/crypto/certificate.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { listenWs } from "../../src/io/ws/listener.ts";
import { encode } from "../../src/wire/codec.ts";
import { type Json, ndjson, Sandbox } from "./program.ts";

/** `chat doctor` names the hop that fails. Its checks wait for what never answers, all at once. */

interface Examined {
  readonly exitCode: number;
  readonly checks: Readonly<Record<string, Json>>;
  readonly last: Json | undefined;
  readonly err: string;
  states(...names: readonly string[]): unknown[];
}

async function examine(sandbox: Sandbox, ...args: readonly string[]): Promise<Examined> {
  const { exitCode, out, err } = await sandbox.home("ana").run(["doctor", "--json", ...args]);
  const lines = ndjson(out);
  const checks = Object.fromEntries(
    lines.filter(({ kind }) => kind === "check").map((line) => [String(line["name"]), line]),
  );
  const states = (...names: readonly string[]) => names.map((name) => checks[name]?.["state"]);
  return { exitCode, checks, last: lines.at(-1), err, states };
}

const SKIPPED = ["skipped", "skipped", "skipped", "skipped"];

test.concurrent("a server that is well, and the folder that it holds", async () => {
  await using sandbox = new Sandbox();
  const { address, invite, data, program } = await sandbox.serve();
  const { exitCode, checks, last, states } = await examine(sandbox, invite, "--data", data);
  expect(exitCode).toBe(0);
  expect(Object.keys(checks).join(" ")).toBe(
    "server name route tcp tls identity version clock udp multicast discovery data home disk " +
      "terminal sealed library",
  );
  expect(states("tcp", "tls", "identity", "version", "clock", "udp", "data", "home")).toEqual(
    Array.from({ length: 8 }, () => "ok"),
  );
  expect(last).toMatchObject({ kind: "doctor", ok: true, server: address, failed: [] });
  expect(checks["tls"]?.["message"]).toStartWith("TLSv1.3");
  expect(checks["data"]?.["message"]).toContain(`in use by process ${program.pid} on `);
  // Piped without --json: tab-separated, one line a check.
  const { out } = await sandbox.home("ana").run(["doctor", address]);
  expect(out.split("\n")[3]).toMatch(/^tcp\tok\t127\.0\.0\.1:\d+ takes calls\t\t\d+$/);
});

test.concurrent("without a server it looks at this machine, and says so", async () => {
  await using sandbox = new Sandbox();
  const { exitCode, checks, last } = await examine(sandbox);
  expect(exitCode).toBe(0);
  expect(checks["server"]).toMatchObject({ state: "skipped" });
  expect(checks["tcp"]).toBeUndefined();
  expect(checks["home"]?.["message"]).toEndWith("will be made at first use");
  expect(last).not.toHaveProperty("server");
  const { folder: CHAT_HOME } = sandbox.home("ana");
  const serve = () => sandbox.startServer({ env: { CHAT_HOME } }).json("listening");
  await serve();
  const { checks: own } = await examine(sandbox);
  expect(own["server"]?.["message"]).toEndWith("which you run on this machine");
});

test.concurrent("a port that is closed, and a name that does not exist", async () => {
  await using sandbox = new Sandbox();
  const { program, address } = await sandbox.serve();
  await program.signal("SIGTERM");
  const closed = await examine(sandbox, address);
  expect(closed.exitCode).toBe(5);
  expect(closed.states("route", "tcp", "tls", "identity", "version", "clock")).toEqual([
    "ok",
    "failed",
    ...SKIPPED,
  ]);
  expect(closed.checks["tcp"]?.["message"]).toStartWith("nobody listens on TCP port");
  expect(closed.err).toContain("what to mend first: tcp");
  const nameless = await examine(sandbox, "chat.invalid");
  expect(nameless.exitCode).toBe(5);
  expect(nameless.states("name", "route", "tcp", "udp")).toEqual(["failed", ...SKIPPED.slice(1)]);
});

test.concurrent("a port that never answers, and one where another program does", async () => {
  await using sandbox = new Sandbox();
  const socket = { data() {} };
  using silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket });
  const mute = await examine(sandbox, `127.0.0.1:${silent.port}`);
  expect(mute.exitCode).toBe(5);
  expect(mute.states("tcp", "tls", "identity")).toEqual(["ok", "failed", "skipped"]);
  expect(mute.checks["tls"]?.["message"]).toContain(`it was silent for ${CHECK_WITHIN_MS / 1000}`);
  expect(Number(mute.checks["tls"]?.["ms"])).toBeLessThan(4 * CHECK_WITHIN_MS);
  await using plain = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const http = await examine(sandbox, `127.0.0.1:${plain.port}`);
  expect(http.exitCode).toBe(5);
  expect(http.states("tcp", "tls", "identity")).toEqual(["ok", "failed", "skipped"]);
  expect(http.checks["tls"]?.["message"]).toContain("does not speak TLS");
  for (const data of [(one: Socket) => one.end(), (one: Socket) => one.terminate()]) {
    using rude = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data } });
    const gone = await examine(sandbox, `127.0.0.1:${rude.port}`);
    expect(gone.states("tcp", "tls", "identity")).toEqual(["ok", "failed", "skipped"]);
    expect(gone.checks["tls"]?.["message"]).toContain("hangs up before TLS");
  }
});

test.concurrent("an identity that is pinned, changed, or not known", async () => {
  await using sandbox = new Sandbox();
  const first = await sandbox.serve({ data: "first" });
  const { port, address, fingerprint, invite } = first;
  expect((await examine(sandbox, address)).checks["identity"]?.["state"]).toBe("warning");
  await sandbox.home("ana").json(["register", invite, "--user", "ana"]);
  const known = await examine(sandbox, address);
  expect(known.checks["identity"]?.["message"]).toEndWith("which is pinned");
  await first.program.signal("SIGTERM");
  const second = await sandbox.serve({ data: "second", port });
  const { exitCode, checks, states } = await examine(sandbox, address);
  expect(exitCode).toBe(6);
  expect(states("tls", "identity", "version")).toEqual(["ok", "failed", "ok"]);
  expect(checks["identity"]?.["message"]).toContain(
    `expected ${fingerprint}, found ${second.fingerprint}`,
  );
  expect(checks["identity"]?.["remedy"]).toContain(`chat trust accept ${address}`);
});

test.concurrent("a server of another version", async () => {
  await using sandbox = new Sandbox();
  const { publicKey } = Identity.generate();
  const listener = listenWs(
    {
      host: "127.0.0.1",
      port: 0,
      tls: await makeCertificate(["127.0.0.1"]),
      http: () => new Response(),
    },
    {
      accept: () => true,
      link: (link) =>
        link.receive({
          message: () =>
            link.send(
              encode({
                kind: "welcome",
                version: 99,
                server: { name: "from the future", key: publicKey },
                nonce: new Uint8Array(32),
                certificate: new Uint8Array(32),
                proof: new Uint8Array(64),
                needs: "open",
                limits: { messageBytes: 1, textBytes: 1 },
              }),
            ),
          closed: () => {},
        }),
    },
  );
  const { exitCode, checks, states } = await examine(sandbox, `127.0.0.1:${listener.port}`);
  await listener.stop();
  expect(states("tls", "identity", "version")).toEqual(["ok", "skipped", "failed"]);
  expect(checks["version"]?.["message"]).toContain("version 99");
  expect(exitCode).toBe(1);
});

test.concurrent("a clock that is an hour off", async () => {
  await using sandbox = new Sandbox();
  const { certPem, keyPem } = await makeCertificate(["127.0.0.1"]);
  const hourAgo = new Date(Date.now() - 3_600_000).toUTCString();
  const server = createServer({ cert: certPem, key: keyPem }, (_, response) => {
    response.setHeader("date", hourAgo);
    response.end("ok\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  const { checks, states } = await examine(sandbox, `127.0.0.1:${port}`);
  server.close();
  server.closeAllConnections();
  expect(states("tls", "identity", "version", "clock")).toEqual([
    "ok",
    "failed",
    "skipped",
    "warning",
  ]);
  expect(checks["clock"]?.["message"]).toMatch(/^this machine's clock is 3(599|60\d) s ahead of/);
});

test.concurrent("a folder that is none, and a key that others may read", async () => {
  await using sandbox = new Sandbox();
  const { address, invite } = await sandbox.serve();
  const home = sandbox.home("ana");
  await home.json(["register", invite, "--user", "ana"]);
  const key = `${home.folder}/device.key`;
  Bun.spawnSync(["chmod", "644", key]);
  const { exitCode, checks, states } = await examine(
    sandbox,
    address,
    "--data",
    sandbox.path("none"),
  );
  expect(exitCode).toBe(4);
  expect(states("identity", "data", "home")).toEqual(["ok", "failed", "warning"]);
  expect(checks["home"]?.["remedy"]).toBe(`chmod 600 ${key}`);
});
