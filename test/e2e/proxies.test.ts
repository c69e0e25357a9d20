import { expect } from "bun:test";
import { makeCertificate } from "../../src/crypto/certificate.ts";
import { systemClock } from "../../src/io/clock.ts";
import { dialHttp } from "../../src/web/browser/http-link.ts";
import { until } from "../event.ts";
import { requires } from "../installed.ts";
import { reservedPort } from "../ports.ts";
import { Sandbox } from "./program.ts";
import { InstalledProxy, type ProxyOptions, type ProxyProgram, TRUSTING } from "./proxies.ts";

const PROGRAMS: readonly ProxyProgram[] = ["nginx", "haproxy", "caddy", "apache2"];
const LATE_MS = 60_000;
const [first, second] = await Promise.all([
  makeCertificate(["127.0.0.1"]),
  makeCertificate(["127.0.0.1"]),
]);

async function behind(program: ProxyProgram, special: Partial<ProxyOptions> = {}) {
  const sandbox = new Sandbox();
  const options = { port: await reservedPort(), to: await reservedPort(), ...special };
  const proxy = new InstalledProxy(program, sandbox, options);
  proxy.setCertificate(first);
  const address = `127.0.0.1:${options.port}`;
  const args = ["--open", "--no-tls", "--public", address, "--proxy-cert", proxy.certificateFile];
  const serve = () => sandbox.serve({ port: options.to, data: sandbox.path("data"), args });
  const served = await serve();
  const at = ["--server", address, "--transport", "tcp"];
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  const send = (text: string) => ana.run(["send", text, ...at]);
  const dispose = async () => {
    await proxy.stop();
    await sandbox[Symbol.asyncDispose]();
  };
  await proxy.start().catch(async (error: unknown) => {
    await dispose();
    throw error;
  });
  return { sandbox, proxy, served, serve, address, at, ana, send, [Symbol.asyncDispose]: dispose };
}

for (const program of PROGRAMS) {
  const { test } = requires(program);

  test(`behind ${program}, a renewed certificate and a restart cost nobody a message`, async () => {
    await using world = await behind(program);
    const { sandbox, proxy, served, serve, address, at, ana, send } = world;
    const ben = await sandbox.home("ben").join([address, "--user", "ben", "--transport", "tcp"]);
    expect(await send("before")).toMatchObject({ exitCode: 0 });
    const read = served.program.stderrLine("new connections use the certificate", LATE_MS);
    proxy.setCertificate(second);
    await read;
    expect(await send("between")).toMatchObject({ exitCode: 0 });
    await proxy.restart();
    expect(await send("after")).toMatchObject({ exitCode: 0 });
    for (const text of ["before", "between", "after"]) await ben.json("text", { text }, LATE_MS);

    await served.program.signal("SIGTERM");
    const doctor = await ana.run(["doctor", ...at.slice(1, 2)]);
    expect(doctor.exitCode).not.toBe(0);
    expect(doctor.out + doctor.err).toContain(`the proxy at ${address} does not reach`);
    await serve();
    expect(await send("again")).toMatchObject({ exitCode: 0 });
    await ben.json("text", { text: "again" }, LATE_MS);
    const { out, err } = await ben.finish();
    expect(out + err).not.toContain("identity");
  });
}

const { test } = requires("nginx");

test("names the lines that nginx lacks for WebSocket", async () => {
  await using world = await behind("nginx", { upgrades: false });
  const { exitCode, err } = await world.send("hello");
  expect(exitCode).toBe(5);
  expect(err).toContain("does not pass on the WebSocket upgrade; forward the headers Upgrade");
});

test("the page halves a request that nginx refuses as too large", async () => {
  await using world = await behind("nginx", { upgrades: false, bodyBytesMax: 64 });
  const statuses: number[] = [];
  const link = await dialHttp({
    fetch: async (url, options) => {
      const response = await fetch(url, { ...options, ...TRUSTING });
      if (options.method === "POST") statuses.push(response.status);
      return response;
    },
    origin: `https://${world.address}`,
    host: world.address,
    clock: systemClock(),
    channelsMax: 1,
    network: { pollsUntil: 0 },
  });
  const faults: unknown[] = [];
  link.receive({ message: () => {}, closed: (fault) => void faults.push(fault) });
  for (let i = 0; i < 10; i++) link.send(new Uint8Array(25));
  await until("nginx refuses, and accepts less", () => {
    return statuses.includes(413) && statuses.some((status) => status < 300);
  });
  link.destroy();
});
