import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { makeCertificate } from "../../src/crypto/certificate.ts";
import type { Json, Sandbox } from "./program.ts";
import { sandboxTest } from "./shared-server.ts";
import { TlsProxy } from "./tls-proxy.ts";

const [first, second] = await Promise.all([
  makeCertificate(["127.0.0.1"]),
  makeCertificate(["127.0.0.1"]),
]);

async function proxied(sandbox: Sandbox, serveArgs: readonly string[]) {
  const cert = sandbox.write("proxy.crt", first.certPem);
  const proxy = await TlsProxy.open(first.certPem, first.keyPem);
  const served = await sandbox.serve({ args: [...serveArgs, "--open", "--proxy-cert", cert] });
  proxy.to = served.port;
  proxy.encrypts = !serveArgs.includes("--no-tls");
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  const at = ["--server", `127.0.0.1:${proxy.port}`];
  const send = async (text: string): Promise<Json[]> => ana.json(["send", text, ...at]);
  const renewFile = () => writeFileSync(cert, second.certPem);
  const renewProxy = () => proxy.restart(second.certPem, second.keyPem);
  return { proxy, send, at, renewFile, renewProxy, ...served };
}

sandboxTest("a proxy's renewed certificate costs nobody the connection", async (sandbox) => {
  const world = await proxied(sandbox, ["--no-tls"]);
  using _proxy = world.proxy;
  const ben = await sandbox.home("ben").join([world.at[1] ?? "", "--user", "ben"]);
  await world.send("before");
  const read = world.program.stderrLine("new connections use the certificate");
  world.renewFile();
  await read;
  // The proxy is not reloaded yet.
  expect(await world.send("between")).toMatchObject([{ kind: "sent" }]);
  await world.renewProxy();
  expect(await world.send("after")).toMatchObject([{ kind: "sent" }]);
  for (const text of ["before", "between", "after"]) await ben.json("text", { text });
});

sandboxTest("a proxy may use its new certificate before the server reads it", async (sandbox) => {
  const world = await proxied(sandbox, ["--no-tls"]);
  using _proxy = world.proxy;
  await world.send("before");
  await world.renewProxy();
  const sent = world.send("early");
  world.renewFile();
  expect(await sent).toMatchObject([{ kind: "sent" }]);
});

sandboxTest("a proxy may encrypt again to the server's TLS port", async (sandbox) => {
  const world = await proxied(sandbox, []);
  using _proxy = world.proxy;
  expect(await world.send("through the proxy")).toMatchObject([{ kind: "sent" }]);
  expect(await world.send("as a known device")).toMatchObject([{ kind: "sent" }]);
});
