import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { makeCertificate } from "../../src/crypto/certificate.ts";
import { type Home, type Json, ndjson, Sandbox } from "./program.ts";
import { Relay } from "./relay.ts";
import { SharedServer, sandboxTest } from "./shared-server.ts";

const server = new SharedServer();

async function linked(old: Home, next: Home): Promise<void> {
  const offering = old.start(["link-device", "--json"]);
  const { code } = await offering.json("link-code");
  const made = await next.json(["link-device", "--join"], {
    env: { CHAT_LINK_CODE: String(code) },
  });
  expect(made).toEqual([{ kind: "linked", user: expect.any(String), device: expect.any(String) }]);
  const { exitCode, out } = await offering.ended();
  expect([exitCode, ndjson(out).at(-1)]).toEqual([0, made[0]]);
}

/** Another device may also hear of a new one. */
async function listed(home: Home): Promise<Json[]> {
  return (await home.json(["devices"])).filter(({ kind }) => kind === "device");
}

test("links a second home by a code, which posts, links a third, and is signed out", async () => {
  await using sandbox = server.guests();
  const { address, invite } = server.served;
  const laptop = sandbox.home("laptop").with({ CHAT_USER: "ana", CHAT_INVITE: invite });
  await laptop.run(["register"]);
  const bare = { CHAT_SERVER: address };
  const [phone, tablet] = [sandbox.home("phone").with(bare), sandbox.home("tablet").with(bare)];
  await linked(laptop, phone);
  expect((await phone.run(["send", "from the phone"])).exitCode).toBe(0);
  await linked(phone, tablet);
  const devices = await listed(tablet);
  expect(devices.map(({ certified, current }) => [certified, current])).toEqual([
    [true, false],
    [true, false],
    [true, true],
  ]);
  const window = await phone.join([]);
  const online = await listed(laptop);
  expect(online.map((device) => device["online"])).toEqual([true, true, false]);
  expect(online.map(({ client, seen }) => [client, seen])).toEqual(
    Array.from({ length: 3 }, () => ["chat on Linux", expect.stringMatching(/^\d{4}-\d\d-\d\d$/)]),
  );
  const id = String(devices[1]?.["device"]);
  expect(await laptop.json(["devices", `--revoke=${id}`])).toContainEqual({
    kind: "revoked",
    device: id,
  });
  const ended = await window.ended();
  expect([ended.exitCode, ended.err]).toEqual([3, expect.stringContaining("was signed out")]);
  const refused = await phone.run(["send", "still here?"]);
  expect([refused.exitCode, refused.err]).toEqual([3, expect.stringContaining("password")]);
  expect(await listed(laptop)).toHaveLength(2);
  const none = await laptop.run(["devices", "--revoke=nonesuch1234"]);
  expect([none.exitCode, none.err]).toEqual([4, expect.stringContaining("no such device")]);
});

test("keeps a message that waits for its file until its author logs in again", async () => {
  await using sandbox = server.guests();
  await using relay = await Relay.open(server.served.port);
  const account = { CHAT_USER: "cleo", CHAT_PASSWORD: "xxxxxxxx" };
  const laptop = sandbox.home("laptop").with(account);
  await laptop.run(["register"]);
  const phone = sandbox.home("phone").with({ ...account, CHAT_SERVER: relay.address });
  const path = sandbox.write("video.bin", "v".repeat(2 << 20));
  const window = await phone.join([]);
  const stalled = relay.stallAfter("up", 1 << 20);
  window.type(`/send ${path} --caption 'of cleo'`);
  await stalled;
  const signedIn = (await listed(laptop)).find(({ current }) => current === false);
  await laptop.json(["devices", `--revoke=${String(signedIn?.["device"])}`]);
  relay.release();
  expect((await window.ended()).err).toContain("1 message with files continues");
  expect((await phone.run(["users"], { env: { CHAT_PASSWORD: "" } })).exitCode).toBe(3);
  const other = phone.with({ CHAT_USER: "dan", CHAT_PASSWORD: "yyyyyyyy" });
  await other.run(["register"], { env: { CHAT_INVITE: server.served.invite } });
  const reader = await other.join([]);
  expect((await other.run(["send", "of dan"])).exitCode).toBe(0);
  expect((await other.json(["history"])).map(({ text }) => text)).not.toContain("of cleo");
  const again = await phone.join([]);
  expect(await reader.file({ name: "video.bin" })).toMatchObject({ from: "cleo", text: "of cleo" });
  expect((await again.finish()).exitCode).toBe(0);
  const posted = (await laptop.json(["history"])).filter(({ text }) => text === "of cleo");
  expect(posted).toHaveLength(1);
  expect((await reader.finish()).exitCode).toBe(0);
});

test("link-device prints a line that works unchanged on the other machine", async () => {
  await using sandbox = new Sandbox();
  const everywhere = ["serve", "--port", "0", "--open", "--no-discovery", "--json"];
  const served = sandbox.start([...everywhere, "--data", sandbox.path("data")]);
  const { port } = await served.json("listening");
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana", CHAT_SERVER: `127.0.0.1:${port}` });
  await ana.run(["register"]);
  const offering = ana.start(["link-device"]);
  const code = await offering.out.next("the code", (line) => /^\d+-[a-z]+-[a-z]+$/.test(line));
  const line = await offering.stderrLine("chat link-device ");
  const [, printed, place = ""] = /^chat link-device (\S+) '(chat:\/\/[^']+)'$/.exec(line) ?? [];
  expect(printed).toBe(code);
  const lan = Object.values(networkInterfaces())
    .flatMap((own) => own ?? [])
    .find(({ internal, family }) => !internal && family === "IPv4");
  expect(place).toStartWith(`chat://${lan?.address ?? "127.0.0.1"}:`);
  expect(place).toContain("?fp=");
  expect(place).not.toContain("#");
  const ran = await sandbox.home("phone").run(["link-device", code, place, "--json"]);
  expect(ndjson(ran.out)).toEqual([{ kind: "linked", user: "ana", device: expect.any(String) }]);
  expect((await offering.ended()).exitCode).toBe(0);
});

test("a wrong link code ends the code at both devices", async () => {
  await using sandbox = server.guests();
  const { address, invite } = server.served;
  const laptop = sandbox.home("laptop").with({ CHAT_USER: "lia", CHAT_INVITE: invite });
  await laptop.run(["register"]);
  const phone = sandbox.home("phone").with({ CHAT_SERVER: address });
  const typo = await phone.run(["link-device", "7-tigger-canoe"]);
  expect([typo.exitCode, typo.err]).toEqual([2, expect.stringContaining("did you mean tiger?")]);
  const offering = laptop.start(["link-device", "--json"]);
  const { code } = await offering.json("link-code");
  const [number, word] = String(code).split("-");
  const wrong = `${number}-${word}-${String(code).endsWith("tiger") ? "canoe" : "tiger"}`;
  const ran = await phone.run(["link-device", wrong, "--json"]);
  expect([ran.exitCode, ndjson(ran.out).at(-1)?.["code"]]).toEqual([3, "code-wrong"]);
  const ended = await offering.ended();
  expect([ended.exitCode, ended.err]).toEqual([3, expect.stringContaining("wrong code")]);
  const late = await phone.run(["link-device", String(code), "--json"]);
  expect([late.exitCode, ndjson(late.out).at(-1)?.["code"]]).toEqual([4, "code-unknown"]);
});

test("refuses another server at the known address until the user accepts it", async () => {
  await using sandbox = new Sandbox();
  const first = await sandbox.serve({ data: "one" });
  const { address, port } = first;
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana", CHAT_INVITE: first.invite });
  await ana.run(["register"]);
  const known = { kind: "pin", address, name: expect.any(String), since: expect.any(String) };
  expect(await ana.json(["trust"])).toEqual([{ ...known, fingerprint: first.fingerprint }]);
  await first.program.signal("SIGTERM");
  const second = await sandbox.serve({ data: "two", port });
  const bare = sandbox.home("ana").with({ CHAT_USER: "ana" });
  const refused = await bare.run(["send", "hi", "--server", address]);
  expect(refused.exitCode).toBe(6);
  for (const words of [first.fingerprint, second.fingerprint, `chat trust accept ${address}`]) {
    expect(refused.err).toContain(words);
  }
  const blind = await bare.run(["trust", "accept", address]);
  expect([blind.exitCode, blind.err]).toEqual([2, expect.stringContaining("--fingerprint")]);
  expect(blind.err).toContain(first.fingerprint);
  const wrong = await bare.run(["trust", "accept", address, "--fingerprint", first.fingerprint]);
  expect(wrong.exitCode).toBe(6);
  const right = ["trust", "accept", address, "--fingerprint", second.fingerprint];
  const now = [{ ...known, fingerprint: second.fingerprint }];
  expect(await bare.json(right)).toEqual(now);
  expect(await bare.json(["trust", "list", address])).toEqual(now);
  const env = { CHAT_INVITE: second.invite };
  expect((await bare.run(["send", "hi"], { env })).exitCode).toBe(0);
  expect(await bare.json(["trust", "forget", address])).toEqual([{ kind: "forgotten", address }]);
  expect((await bare.run(["trust", "forget", address])).exitCode).toBe(4);
  expect(await bare.json(["trust", "list"])).toEqual([]);
});

sandboxTest(
  "strict refuses a server without a pin, and prints how to accept it",
  async (sandbox) => {
    const { address, fingerprint } = await sandbox.serve({ args: ["--open"] });
    const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
    await ana.run(["trust"]);
    sandbox.write("ana/config.toml", 'trust = "strict"\n');
    const refused = await ana.run(["send", "hi", "--server", address]);
    expect([refused.exitCode, refused.err]).toEqual([6, expect.stringContaining(fingerprint)]);
    expect(refused.err).toContain(`chat trust accept ${address}`);
    await ana.json(["trust", "accept", address, "--fingerprint", fingerprint]);
    expect((await ana.run(["send", "hi", "--server", address])).exitCode).toBe(0);
  },
);

sandboxTest("a renewed or replaced certificate causes no message", async (sandbox) => {
  const first = await sandbox.serve();
  const { port, invite } = first;
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana", CHAT_INVITE: invite });
  const window = await ana.join([]);
  const before = await Bun.file(sandbox.path("data", "tls.crt")).text();
  await first.program.signal("SIGTERM");
  for (const name of ["tls.crt", "tls.key"]) rmSync(sandbox.path("data", name));
  const renewed = await sandbox.serve({ port });
  await window.json("connected", { fingerprint: first.fingerprint });
  expect(await Bun.file(sandbox.path("data", "tls.crt")).text()).not.toBe(before);
  const pair = await makeCertificate(["127.0.0.1"]);
  const args = [
    "--cert",
    sandbox.write("my.crt", pair.certPem),
    "--key",
    sandbox.write("my.key", pair.keyPem),
  ];
  await renewed.program.signal("SIGTERM");
  await sandbox.serve({ port, args });
  await window.json("connected", { fingerprint: first.fingerprint });
  expect((await ana.run(["send", "as ever"])).err).toBe("");
  const { exitCode, err } = await window.finish();
  expect(exitCode).toBe(0);
  expect(err.match(/fingerprint/g)).toHaveLength(1);
});

sandboxTest("clients accept a new key of a server; old invites stay valid", async (sandbox) => {
  const first = await sandbox.serve();
  const { port, invite } = first;
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana", CHAT_INVITE: invite });
  const window = await ana.join([]);
  window.type("before");
  await window.json("text", { text: "before" });
  await first.program.signal("SIGTERM");
  const second = await sandbox.serve({ port, args: ["--new-identity"] });
  expect(second.fingerprint).not.toBe(first.fingerprint);
  await window.stderrLine("has a new key");
  await window.json("connected", { fingerprint: second.fingerprint });
  const { err } = await window.finish();
  expect(err.match(/has a new key/g)).toHaveLength(1);
  const again = await ana.join([]);
  const { exitCode, out } = await again.finish();
  expect([exitCode, ndjson(out).filter(({ kind }) => kind === "text")]).toEqual([0, []]);
  const newcomer = sandbox.home("bob").with({ CHAT_USER: "bob", CHAT_INVITE: invite });
  expect((await newcomer.run(["send", "by an old invite"])).exitCode).toBe(0);
});
