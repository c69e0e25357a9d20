import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ndjson, Sandbox } from "./program.ts";
import { holding, keyPackages } from "./sealed-server.ts";

/** Sealed rooms with the compiled program: nothing that is said there is on the server's disk. */

const CANARY = "a canary that sings";

test("three seal a room, one is put out, one restarts and still reads", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const anasHome = sandbox.home("ana");
  const bensHome = sandbox.home("ben");
  const ana = await anasHome.join(["--user", "ana"]);
  const ben = await bensHome.join(["--user", "ben"]);
  const eve = await sandbox.home("eve").join(["--user", "eve"]);
  await keyPackages(served.data, 3);
  ana.type("/join lobby --sealed");
  expect(await ana.json("fault")).toMatchObject({ code: "name-taken" });
  ana.type("/join vault --sealed");
  await ana.json("joined", { room: "vault", created: true });
  for (const [name, person] of [
    ["ben", ben],
    ["eve", eve],
  ] as const) {
    ana.type(`/invite ${name}`);
    expect(await ana.json("let-in", { user: name })).toMatchObject({ added: 1, missing: 0 });
    expect(await person.json("may-join")).toMatchObject({ room: "vault", by: "ana" });
    person.type("/join vault");
    await person.json("join", { from: name, room: "vault" });
  }
  ana.type(CANARY);
  const heard = { from: "ana", text: CANARY, room: "vault", sealed: true };
  expect(await ben.json("text", { text: CANARY })).toMatchObject(heard);
  expect(await eve.json("text", { text: CANARY })).toMatchObject(heard);
  ben.type(`${CANARY}, says ben`);
  await ana.json("text", { text: `${CANARY}, says ben` });
  ana.type("/sealed");
  const members = ["ana", "ben", "eve"].map((user) => expect.objectContaining({ user }));
  expect(await ana.json("sealing")).toMatchObject({ status: "in", members });
  ana.type("/verify ben");
  const shown = await ana.json("identity", { user: "ben" });
  ben.type("/verify ana");
  expect((await ben.json("identity"))["digits"]).toBe(shown["digits"]);
  ana.type("/verify ben 12345");
  expect(await ana.json("fault")).toMatchObject({ code: "usage" });
  ana.type(`/verify ben "${shown["digits"]}"`);
  expect(await ana.json("identity")).toMatchObject({ user: "ben", verified: true });
  ana.type("/kick eve");
  await ana.json("leave", { from: "eve" });
  ana.type("without eve");
  await ben.json("text", { text: "without eve" });
  eve.type("let me back in");
  expect((await eve.json("fault"))["code"]).toMatch(/not-member|seal-refused/);
  expect(eve.out.text).not.toContain("without eve");

  ben.type("/quit");
  await ben.ended(30_000);
  const past = await bensHome.json(["history", "--user", "ben", "--room", "vault"]);
  const texts = past.filter(({ kind }) => kind === "text").map(({ text }) => text);
  expect(texts).toEqual([CANARY, `${CANARY}, says ben`, "without eve"]);
  const found = await bensHome.json([
    "history",
    "--user",
    "ben",
    "--grep",
    "CANARY",
    "--last",
    "9",
  ]);
  expect(found.map(({ text }) => text)).toEqual([CANARY, `${CANARY}, says ben`]);
  const seen = await sandbox
    .home("admin")
    .run(["history", "--data", served.data, "--room", "vault"]);
  expect(seen.out).toMatch(/\t3 messages that this device has no key for\n/);
  const [sent] = await bensHome.json(["send", "--user", "ben", "--to", "vault", "from a script"]);
  expect(sent).toMatchObject({ kind: "sent", room: "vault" });
  await ana.json("text", { text: "from a script" });

  const one = await bensHome.json(["verify-user", "ana", "--user", "ben"]);
  const other = await anasHome.json(["verify-user", "ben", "--user", "ana"]);
  expect(one).toMatchObject([{ kind: "identity", user: "ana", verified: false }]);
  expect(other[0]?.["digits"]).toBe(one[0]?.["digits"]);
  const digits = String(one[0]?.["digits"]);
  const confirm = ["verify-user", "ana", "--user", "ben", "--confirm", digits];
  expect(await bensHome.json(confirm)).toMatchObject([{ verified: true }]);

  ana.type("/seal @ben", "for ben alone");
  await ana.json("ack", { to: "ben", text: "for ben alone" });
  const direct = await bensHome.json(["history", "--user", "ben", "--with", "ana"]);
  expect(direct).toContainEqual(expect.objectContaining({ text: "for ben alone", sealed: true }));
  const plain = ndjson(served.program.out.text).filter(({ kind }) => kind === "text");
  expect(plain).toEqual([]);
  await sandbox.home("admin").json(["history", "--data", served.data, "--room", "vault"]);
  for (const words of [CANARY, "without eve", "from a script", "for ben alone"]) {
    expect(await holding(served.data, words)).toEqual([]);
    expect(await holding(bensHome.folder, words)).toEqual([]);
    expect(await holding(anasHome.folder, words)).toEqual([]);
  }
});

test("what operators see holds sizes, times and kinds: no words, no names of files", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--verbose"] });
  const anasHome = sandbox.home("ana");
  const ana = await anasHome.join(["--user", "ana"]);
  const ben = await sandbox.home("ben").join(["--user", "ben"]);
  ana.type("/join vault --sealed");
  await ana.json("joined", { room: "vault", created: true });
  await keyPackages(served.data, 2);
  ana.type("/invite ben");
  await ben.json("may-join");
  ben.type("/join vault");
  await ana.json("join", { from: "ben", room: "vault" });
  ana.type(CANARY);
  await ben.json("text", { text: CANARY });
  const file = sandbox.write("canary-plan.txt", `${CANARY}, it says\n`);
  const send = ["send-file", file, "--user", "ana", "--to", "vault"];
  expect(await anasHome.run(send)).toMatchObject({ exitCode: 0 });
  await ben.json("file", { room: "vault" });
  await served.program.json("stats", { user: "ana" });
  const token = readFileSync(join(served.data, "operator"), "utf8").trim();
  const tls = { ca: readFileSync(join(served.data, "tls.crt"), "utf8") };
  const headers = { authorization: `Bearer ${token}` };
  const metrics = await (await fetch(`https://${served.address}/metrics`, { headers, tls })).text();
  expect(metrics).toContain("chat_links");
  const admin = sandbox.home("admin");
  const read = ["history", "--data", served.data, "--room", "vault", "--last", "100"];
  const lines = await admin.json(read);
  expect(lines.map(({ kind }) => kind)).toContain("unreadable");
  const { out, err } = await admin.run(read);
  expect(out).toContain("vault");
  const seen = [metrics, JSON.stringify(lines), out, err];
  for (const said of [...seen, served.program.out.text, served.program.err.text]) {
    expect(said).not.toContain("canary");
  }
  expect(await holding(served.data, "canary")).toEqual([]);
});

test("a linked device reads and writes, is revoked, and a moderator lets in", async () => {
  await using sandbox = new Sandbox();
  const { data } = await sandbox.serve();
  const anasHome = sandbox.home("ana");
  const phonesHome = sandbox.home("phone");
  const ana = await anasHome.join(["--user", "ana"]);
  const ben = await sandbox.home("ben").join(["--user", "ben"]);
  const eve = await sandbox.home("eve").join(["--user", "eve"]);
  await keyPackages(data, 3);
  ana.type("/join vault --sealed");
  await ana.json("joined", { room: "vault", created: true });
  ana.type("/invite ben");
  await ben.json("may-join");
  ben.type("/join vault");
  await ana.json("join", { from: "ben", room: "vault" });

  const offer = anasHome.start(["link-device", "--user", "ana", "--json"]);
  const { code, server } = await offer.json("link-code");
  const env = { CHAT_LINK_CODE: String(code) };
  const [linked] = await phonesHome.json(["link-device", "--join", String(server)], { env });
  expect(linked).toMatchObject({ kind: "linked", user: "ana" });
  await offer.ended(30_000);
  const phone = await phonesHome.join(["--user", "ana"]);
  await ben.json("group", { added: 1, users: ["ana"], from: "ana" });
  phone.type("/join vault", "from the phone");
  await ben.json("text", { from: "ana", text: "from the phone" });
  await ana.json("text", { from: "ana", text: "from the phone" });

  ben.type("/invite eve");
  expect(await ben.json("fault")).toMatchObject({ code: "seal-refused" });
  ana.type("/grant ben");
  await ana.json("granted", { user: "ben" });
  ben.type("/invite eve");
  await ben.json("let-in", { user: "eve", added: 1 });
  await eve.json("may-join", { room: "vault", by: "ben" });
  ana.type("/revoke ben");
  await ana.json("revoked", { user: "ben" });
  ben.type("/kick eve");
  expect(await ben.json("fault", { code: "seal-refused" })).toBeDefined();

  await anasHome.json(["devices", "--user", "ana", "--revoke", String(linked?.["device"])]);
  await ben.json("group", { removed: 1, users: ["ana"] });
  ben.type("without the phone");
  await ana.json("text", { text: "without the phone" });
  expect(phone.out.text).not.toContain("without the phone");
  const out = join(anasHome.folder, "export");
  await anasHome.json(["export", "--user", "ana", "--room", "vault", "--out", out]);
  expect(await holding(out, "without the phone")).toHaveLength(1);
});
