import { expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { IrcConnection } from "./irc-connection.ts";
import { ndjson, Sandbox, type Served } from "./program.ts";
import { sandboxTest } from "./shared-server.ts";

const IRC = ["--irc", "0", "--irc-tls", "127.0.0.1:0"];
const CAPS = "message-tags server-time batch labeled-response echo-message draft/chathistory";

function addressesOf({ listening }: Served): { irc: string; ircs: string } {
  const [irc = "", ircs = ""] = listening["irc"] as string[];
  return { irc, ircs };
}

async function people(sandbox: Sandbox) {
  const home = (name: string) =>
    sandbox.home(name).with({ CHAT_USER: name, CHAT_PASSWORD: `password-${name}` });
  const [ana, ben] = [home("ana"), home("ben")];
  for (const person of [ana, ben]) await person.run(["register"]);
  return { ana, ben };
}

sandboxTest(
  "carries messages between IRC clients and chat, also after kill -9",
  async (sandbox) => {
    const served = await sandbox.serve({ args: IRC });
    const { irc, ircs } = addressesOf(served);
    expect(irc).toMatch(/^irc:\/\/127\.0\.0\.1:\d+$/);
    expect(ircs).toMatch(/^ircs:\/\/127\.0\.0\.1:\d+$/);
    const { ben } = await people(sandbox);
    const ana = IrcConnection.open(ircs);
    await ana.logIn("ana", "password-ana", CAPS);
    await ana.ask("JOIN #lab");
    const reader = await ben.join(["--room", "lab"]);
    await ana.until(":ben!ben@chat JOIN #lab");
    ana.send("PRIVMSG #lab :by \u0002IRC\u0002");
    await reader.json("text", { from: "ana", text: "by **IRC**" });
    await ben.run(["send", "--to", "lab", "by **chat**"]);
    await ana.until(":ben!ben@chat PRIVMSG #lab :by \u0002chat\u0002");
    await ben.run(["send", "--to", "@ana", "psst"]);
    await ana.until(":ben!ben@chat PRIVMSG ana :psst");
    await served.program.signal("SIGKILL");
    await ana.lines.ended;

    const restarted = await sandbox.serve({ port: served.port, args: IRC });
    const again = IrcConnection.open(addressesOf(restarted).irc);
    await again.logIn("ana", "password-ana", CAPS);
    const history = await again.ask("CHATHISTORY LATEST #lab * 10");
    const texts = history.flatMap((line) => /PRIVMSG #lab :(.*)$/.exec(line)?.[1] ?? []);
    expect(texts).toEqual(["by \u0002IRC\u0002", "by \u0002chat\u0002"]);
    again.close();
  },
);

sandboxTest("links files for a download without a session, also after kill -9", async (sandbox) => {
  const served = await sandbox.serve({ args: IRC });
  const { ben } = await people(sandbox);
  const ana = IrcConnection.open(addressesOf(served).ircs);
  await ana.logIn("ana", "password-ana");
  await ben.run(["send-file", sandbox.write("notes.txt", "by IRC\n")]);
  const line = await ana.until("[file] notes.txt");
  const [address = ""] = /https:\/\/\S+$/.exec(line) ?? [];
  expect(address).toStartWith(`https://${served.address}/files/`);
  const tls = { ca: readFileSync(join(served.data, "tls.crt"), "utf8") };
  const get = async (url: string) => {
    const response = await fetch(url, { tls });
    return [response.status, await response.text()];
  };
  expect(await get(address)).toEqual([200, "by IRC\n"]);
  await served.program.signal("SIGKILL");
  await sandbox.serve({ port: served.port });
  expect(await get(address)).toEqual([200, "by IRC\n"]);
  expect((await get(`${address.slice(0, -1)}!`))[0]).toBe(404);
});

test("completes the lines of a client that closes its input, as `nc -N` does", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: IRC });
  const { ben } = await people(sandbox);
  const reader = await ben.join(["--room", "lobby"]);
  for (const [name, address] of Object.entries(addressesOf(served))) {
    const ana = IrcConnection.open(address);
    ana.send("PASS ana:password-ana", "NICK ana", "USER ana 0 * :ana");
    ana.send(`PRIVMSG #lobby :over ${name}`);
    ana.endInput();
    await ana.until("ERROR :end of input");
    await ana.lines.ended;
    await reader.json("text", { from: "ana", text: `over ${name}` });
  }
});

sandboxTest("answers the WebSocket /irc, and lists connections and counters", async (sandbox) => {
  const served = await sandbox.serve({ args: IRC });
  const { ana } = await people(sandbox);
  const browser = IrcConnection.open(`wss://${served.address}/irc`);
  await browser.logIn("ben", "password-ben");
  await browser.ask("JOIN #lab");
  const clients = await ana.json(["admin", "clients"]);
  expect(clients.find(({ user }) => user === "ben")).toMatchObject({ transport: "irc" });
  const tls = { ca: readFileSync(join(served.data, "tls.crt"), "utf8") };
  const token = readFileSync(join(served.data, "operator"), "utf8").trim();
  const headers = { authorization: `Bearer ${token}` };
  const metrics = await fetch(`https://${served.address}/metrics`, { headers, tls });
  expect(await metrics.text()).toContain('chat_transport_links{transport="irc"} 1\n');
  browser.close();
});

test("the doctor connects to the IRC ports, and prints the certificate to compare", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: IRC });
  const { irc, ircs } = addressesOf(served);
  const certificate = new X509Certificate(readFileSync(join(served.data, "tls.crt")));
  const doctor = async () => {
    const args = ["doctor", served.invite, "--json", "--data", served.data];
    const { out } = await sandbox.home("ana").run(args);
    return ndjson(out).find(({ name }) => name === "irc");
  };
  expect(await doctor()).toMatchObject({
    state: "ok",
    message: [
      `${irc} (${served.data})`,
      `${ircs} (${served.data}), certificate ${certificate.fingerprint256}`,
    ].join("; "),
  });
  await served.program.signal("SIGTERM");
  await sandbox.serve();
  expect(await doctor()).toBeUndefined();
});

sandboxTest("has no /irc without --irc, and refuses plain IRC beyond loopback", async (sandbox) => {
  const served = await sandbox.serve();
  expect(served.listening["irc"]).toBeUndefined();
  const tls = { ca: readFileSync(join(served.data, "tls.crt"), "utf8") };
  const upgrade = { upgrade: "websocket", connection: "upgrade" };
  const answer = await fetch(`https://${served.address}/irc`, { headers: upgrade, tls });
  expect(answer.status).toBe(404);
  const refused = sandbox.startServer({ data: "other", args: ["--irc", "0.0.0.0:6667"] });
  const { exitCode, err } = await refused.ended();
  expect([exitCode, err]).toEqual([
    2,
    expect.stringContaining("--irc requires a loopback address"),
  ]);
});
