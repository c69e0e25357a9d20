import { expect, test } from "bun:test";
import { type Json, ndjson, Sandbox } from "./program.ts";

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

test("reports a healthy server and its data folder", async () => {
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
  const { out } = await sandbox.home("ana").run(["doctor", address]);
  expect(out.split("\n")[3]).toMatch(/^tcp\tok\t127\.0\.0\.1:\d+ accepts connections\t\t\d+$/);
});

test("reports whether the server's identity is pinned, changed or unknown", async () => {
  await using sandbox = new Sandbox();
  const first = await sandbox.serve({ data: "first" });
  const { port, address, fingerprint, invite } = first;
  expect((await examine(sandbox, address)).checks["identity"]?.["state"]).toBe("warning");
  await sandbox.home("ana").json(["register", invite, "--user", "ana"]);
  const known = await examine(sandbox, address);
  expect(known.checks["identity"]?.["message"]).toContain("has the pinned fingerprint");
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
