import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { createHash, X509Certificate } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { reservedPort } from "../ports.ts";
import { Sandbox, type Served } from "./program.ts";

const NAME = "chat.school.example";

async function served(sandbox: Sandbox, data = "data"): Promise<Served> {
  return sandbox.serve({ data, args: ["--open", "--public", NAME] });
}

/** Status that curl gets with only this root, or its exit code. */
async function curl(root: string, host: string, port: number): Promise<string> {
  const resolve = ["--resolve", `${host}:${port}:127.0.0.1`];
  const output = ["-s", "-w", "%{http_code}", "-o", "/dev/null"];
  const command = ["curl", ...output, "--cacert", root, ...resolve];
  const child = Bun.spawn([...command, `https://${host}:${port}/healthz`], { stdout: "pipe" });
  const text = await new Response(child.stdout).text();
  return (await child.exited) === 0 ? text : `exit ${child.exitCode}`;
}

test("a downloaded root vouches for the server's name, and for nothing else", async () => {
  await using sandbox = new Sandbox();
  const server = await served(sandbox);
  const { port, listening } = server;
  expect(listening["trustedWeb"]).toBe(`https://${NAME}:${port}/`);
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  const root = sandbox.path("root.crt");
  const unknown = await ana.run(["trust", "root", `127.0.0.1:${port}`, "--out", root]);
  expect([unknown.exitCode, existsSync(root)]).toEqual([6, false]);
  await ana.json(["send", "hi", "--server", `127.0.0.1:${port}`]);
  const [line] = await ana.json(["trust", "root", `127.0.0.1:${port}`, "--out", root]);
  const { raw } = new X509Certificate(readFileSync(root));
  const sha256 = createHash("sha256").update(raw).digest("hex");
  expect(line).toEqual({
    kind: "root",
    server: `127.0.0.1:${port}`,
    names: [NAME],
    sha256,
    path: root,
  });
  expect(listening["rootSha256"]).toBe(sha256);
  expect(await curl(root, NAME, port)).toBe("200");
  expect(await curl(root, "bank.example", port)).toBe("exit 60");
  expect(await curl(root, "127.0.0.1", port)).toBe("exit 60");
  const again = await ana.run(["trust", "root", `127.0.0.1:${port}`, "--out", root]);
  expect([again.exitCode, again.err]).toEqual([2, expect.stringContaining("already exists")]);
});

test("backups contain the root, and a new identity has another", async () => {
  await using sandbox = new Sandbox();
  const server = await served(sandbox);
  const { port } = server;
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  await ana.json(["send", "hi", "--server", `127.0.0.1:${port}`]);
  await ana.json(["backup", sandbox.path("backup"), "--data", server.data]);
  await server.program.signal("SIGTERM");
  const restored = sandbox.path("restored");
  await ana.json(["restore", sandbox.path("backup"), "--data", restored]);
  const again = await served(sandbox, "restored");
  expect(again.listening["rootSha256"]).toBe(server.listening["rootSha256"]);
  await again.program.signal("SIGTERM");
  const renewed = await sandbox.serve({
    data: "restored",
    args: ["--open", "--public", NAME, "--new-identity"],
  });
  expect(renewed.listening["trustedWeb"]).toBe(`https://${NAME}:${renewed.port}/`);
});

test("a server whose ca.key is damaged starts without its root", async () => {
  await using sandbox = new Sandbox();
  const server = await served(sandbox);
  await server.program.signal("SIGTERM");
  writeFileSync(join(server.data, "ca.key"), "damaged");
  const again = await served(sandbox);
  expect(again.listening).not.toHaveProperty("trustedWeb");
  await again.program.stderrLine(`no certificate for ${NAME}`);
});

test("a plain HTTP port leads to the page, and never serves it", async () => {
  await using sandbox = new Sandbox();
  const httpPort = await reservedPort();
  const server = await sandbox.serve({
    args: ["--public", NAME, "--http-port", `${httpPort}`, "--name", "Room <12>"],
  });
  const origin = `http://127.0.0.1:${httpPort}`;
  const response = await fetch(`${origin}/`);
  const html = await response.text();
  expect(html).toContain(`<a href="https://127.0.0.1:${server.port}/">Open</a>`);
  expect(html).toContain(`<a href="https://127.0.0.1:${server.port}/trust">`);
  expect(html).toContain("Room &lt;12&gt;");
  expect(response.headers.get("content-security-policy")).toStartWith("default-src 'none'");
  for (const path of ["/assets/page.js", "/rooms/lobby", "/ca.crt", "/metrics", "/ws"]) {
    const { status } = await fetch(`${origin}${path}`, { redirect: "manual" });
    expect([path, status]).toEqual([path, path === "/ws" ? 503 : 404]);
  }
  const taken = await sandbox.serve({ data: "other", args: ["--http-port", `${httpPort}`] });
  await taken.program.stderrLine("continuing without the page on that port");
});

test("nothing is accepted without an alarm", async () => {
  await using sandbox = new Sandbox();
  const { port } = await served(sandbox);
  const address = `127.0.0.1:${port}`;
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  await ana.json(["send", "hi", "--server", address]);
  await ana.json(["verify", "--server", address]);
  const pins = () => {
    using state = new Database(join(ana.folder, "state.sqlite"), { readonly: true });
    const rowsOf = (table: string) => state.query(`SELECT * FROM ${table}`).values();
    return [rowsOf("log_pins"), rowsOf("replaced_logs")];
  };
  const before = pins();
  expect(before.map(({ length }) => length)).toEqual([1, 0]);
  const plain = await ana.run(["trust", "accept", address]);
  expect([plain.exitCode, plain.out]).toEqual([0, ""]);
  expect(plain.err).toContain(`nothing to accept: ${address} is already trusted`);
  expect(plain.err).not.toContain("forgot");
  expect(await ana.json(["trust", "accept", address])).toMatchObject([{ kind: "pin", address }]);
  expect(pins()).toEqual(before);
});
