import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { WordSearch } from "./memory.ts";
import { metricsText } from "./metrics.ts";
import { ndjson, type Program, Sandbox, type Served } from "./program.ts";
import { holding, keyPackages, openVault } from "./sealed-server.ts";
import { sandboxTest } from "./shared-server.ts";

const CANARY = "a canary that sings";

sandboxTest("a user can be added after a first join with no input", async (sandbox) => {
  const served = await sandbox.serve();
  const ana = await sandbox.home("ana").join(["--user", "ana"]);
  await openVault(served.data, ana, {});
  for (const user of ["ben", "eve"]) {
    const joined = await sandbox.home(user).run(["join", "--user", user], { stdin: "" });
    expect(joined.exitCode).toBe(0);
    ana.type(`/invite ${user}`);
    expect(await ana.json("let-in", { user })).toMatchObject({ added: 1, missing: 0 });
  }
  await ana.finish();
});

sandboxTest("new members read earlier messages if the room was created so", async (sandbox) => {
  const served = await sandbox.serve();
  const ana = await sandbox.home("ana").join(["--user", "ana"]);
  const bensHome = sandbox.home("ben");
  const ben = await bensHome.join(["--user", "ben"]);
  await keyPackages(served.data, 2);
  ana.type("/join lab --history");
  expect(await ana.json("fault")).toMatchObject({ code: "usage" });
  ana.type("/join vault --sealed --history");
  await ana.json("joined", { room: "vault", created: true });
  ana.type(CANARY);
  await ana.json("text", { text: CANARY });
  ana.type("/invite ben");
  await ben.json("may-join", { room: "vault" });
  ben.type("/join vault");
  await ben.json("handover", { step: "read", messages: 1 });
  ben.type("/sealed");
  expect(await ben.json("sealing")).toMatchObject({ status: "in", history: true });
  ana.type("/join other --sealed");
  await ana.json("joined", { room: "other", created: true });
  ana.type("/join other --sealed --history");
  expect(await ana.json("fault", { code: "not-allowed" })).toMatchObject({ blame: "user" });
  ben.type("/quit");
  await ben.ended(30_000);
  const past = await bensHome.json(["history", "--user", "ben", "--room", "vault"]);
  expect(past.filter(({ kind }) => kind === "text").map(({ text }) => text)).toEqual([CANARY]);
  expect(await holding(served.data, CANARY)).toEqual([]);
  await ana.finish();
});

sandboxTest("a removed user reads nothing new, a restarted one everything", async (sandbox) => {
  const served = await sandbox.serve();
  const anasHome = sandbox.home("ana");
  const bensHome = sandbox.home("ben");
  const ana = await anasHome.join(["--user", "ana"]);
  const ben = await bensHome.join(["--user", "ben"]);
  const eve = await sandbox.home("eve").join(["--user", "eve"]);
  ana.type("/join lobby --sealed");
  expect(await ana.json("fault")).toMatchObject({ code: "name-taken" });
  await openVault(served.data, ana, { ben, eve });
  ana.type(CANARY);
  const expected = { from: "ana", text: CANARY, room: "vault", sealed: true };
  expect(await ben.json("text", { text: CANARY })).toMatchObject(expected);
  expect(await eve.json("text", { text: CANARY })).toMatchObject(expected);
  ben.type(`${CANARY}, says ben`);
  await ana.json("text", { text: `${CANARY}, says ben` });
  ana.type("/sealed");
  const members = ["ana", "ben", "eve"].map((user) => expect.objectContaining({ user }));
  expect(await ana.json("sealing")).toMatchObject({ status: "in", members });
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
  const seen = await sandbox
    .home("admin")
    .run(["history", "--data", served.data, "--room", "vault"]);
  expect(seen.out).toMatch(/\t3 encrypted messages that this device can't read\t/);
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
  for (const words of [CANARY, "without eve", "from a script", "for ben alone"]) {
    expect(await holding(served.data, words)).toEqual([]);
    expect(await holding(bensHome.folder, words)).toEqual([]);
    expect(await holding(anasHome.folder, words)).toEqual([]);
  }
});

const TEXTS = 40;

function textsOf(program: Program): string[] {
  return ndjson(program.out.text).flatMap(({ kind, from, text }) =>
    kind === "text" && from === "ben" ? [String(text)] : [],
  );
}

test("two processes of one home send each message once, although one is killed", async () => {
  await using sandbox = new Sandbox();
  const { data } = await sandbox.serve();
  const ana = await sandbox.home("ana").join(["--user", "ana"]);
  const bens = sandbox.home("ben");
  const ben = await bens.join(["--user", "ben"]);
  await openVault(data, ana, { ben });
  const other = await bens.join(["--user", "ben", "--room", "vault"]);
  const words = (who: string) => Array.from({ length: TEXTS }, (_, at) => `${who} ${at}`);
  ben.type(...words("one"));
  other.type(...words("two"));
  await ana.json("text", { text: `two ${TEXTS >> 2}` });
  await other.signal("SIGKILL");
  await ben.json("ack", { text: `one ${TEXTS - 1}` });
  const again = await bens.join(["--user", "ben", "--room", "vault"]);
  again.type("the end");
  await ana.json("text", { text: "the end" });
  const acked = ndjson(other.out.text).flatMap(({ kind, text }) => (kind === "ack" ? [text] : []));
  const expected = textsOf(ana);
  expect(new Set(expected).size).toBe(expected.length);
  expect(expected.filter((text) => text.startsWith("one"))).toEqual(words("one"));
  const two = expected.filter((text) => text.startsWith("two"));
  expect(two).toEqual(words("two").slice(0, two.length));
  expect(two.length).toBeGreaterThanOrEqual(acked.length);
  for (const program of [ben, other, again]) expect(program.out.text).not.toContain("came-anew");
});

const CONTENT_LINES = 6_000;
/** Beyond Latin-1, because the runtime stores such texts only as UTF-16. */
const WIDE = "łódź";

function canaries(kind: string) {
  const word = (what: string) => `${kind}-${what}-${crypto.randomUUID()}`;
  return {
    topic: `${WIDE}-${word("topic")}`,
    wide: `${WIDE}-${word("wide")}`,
    word: word("said"),
    action: word("action"),
    edited: word("edited"),
    direct: word("direct"),
    name: word("name"),
    content: word("content"),
  };
}

/**
 * The kernel may forbid reading another process. In environments that must run all tests, that is a
 * failure.
 */
function readsMemory(pid: number): boolean {
  if (process.platform !== "linux") return false;
  try {
    new WordSearch(["x"]).memory(pid);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (process.env["CI"] === "true" || !/^(EACCES|EPERM)$/.test(code ?? "")) throw error;
    return false;
  }
}

function sought(words: readonly string[], served: Served, metrics: string, memory: boolean) {
  const search = new WordSearch(words);
  if (memory) expect(search.memory(served.program.pid)).toBeGreaterThan(20_000_000);
  search.folder(served.data);
  const { out, err } = served.program;
  search.look(Buffer.from(out.text), "stdout");
  search.look(Buffer.from(err.text), "stderr");
  search.look(Buffer.from(metrics), "metrics");
  return search.found;
}

type Canaries = ReturnType<typeof canaries>;

async function postCanaries(
  sandbox: Sandbox,
  [ana, ben]: readonly Program[],
  canaryTexts: Canaries,
) {
  ana?.type(canaryTexts.word, canaryTexts.wide, `/me ${canaryTexts.action}`);
  for (const text of [canaryTexts.word, canaryTexts.wide]) await ben?.json("text", { text });
  await ben?.json("action", { text: canaryTexts.action });
  ana?.type(`/edit ${canaryTexts.edited}`);
  await ben?.json("edited", { text: canaryTexts.edited });
  const path = sandbox.write(canaryTexts.name, `${canaryTexts.content}\n`.repeat(CONTENT_LINES));
  ana?.type(`/send "${path}"`);
  const file = await ben?.file({ name: canaryTexts.name });
  ben?.type(`/get ${file?.["id"]} "${sandbox.path("tmp")}"`);
  const got = await ben?.json("got", { id: file?.["id"] });
  expect(readFileSync(String(got?.["path"]), "utf8")).toBe(readFileSync(path, "utf8"));
  ben?.type("/history 50", `/search ${canaryTexts.word}`);
  for (let i = 0; i < 2; i++) await ben?.json("text", { text: canaryTexts.word });
}

test("no content of a sealed room is in the server's memory, folder or output", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--verbose"] });
  const isRead = readsMemory(served.program.pid);
  const ana = await sandbox.home("ana").join(["--user", "ana"]);
  const bens = sandbox.home("ben");
  const ben = await bens.join(["--user", "ben"]);
  const [open, sealed] = [canaries("open"), canaries("sealed")];
  ana.type(`/topic ${open.topic}`);
  await ben.json("topic", { topic: open.topic });
  await postCanaries(sandbox, [ana, ben], open);
  await openVault(served.data, ana, { ben });
  await postCanaries(sandbox, [ana, ben], sealed);
  ana.type("/seal @ben", sealed.direct);
  await ben.json("text", { text: sealed.direct, sealed: true });
  const past = ["history", "--user", "ben", "--room", "vault"];
  const texts = (await bens.json([...past, "--grep", sealed.word])).map(({ text }) => text);
  expect(texts).toEqual([sealed.word]);
  expect(await bens.json(past)).toContainEqual(expect.objectContaining({ text: sealed.wide }));
  await served.program.json("stats");
  const metrics = await metricsText(served);
  expect(sought(Object.values(sealed), served, metrics, isRead)).toEqual([]);
  const read = ["history", "--data", served.data, "--room", "vault", "--last", "100"];
  const admins = await sandbox.home("admin").run([...read, "--json"]);
  expect(admins.out).toContain('"unreadable"');
  expect(Object.values(sealed).filter((word) => admins.out.includes(word))).toEqual([]);

  const seen = sought(Object.values(open), served, metrics, isRead);
  for (const word of [open.word, open.wide, open.action, open.edited, open.name]) {
    expect(seen).toContain(`utf8 ${word} in stdout`);
    expect(seen).toContain(`utf8 ${word} in history/000000000001.jsonl`);
  }
  expect(seen.some((one) => one.startsWith(`utf8 ${open.content} in files/`))).toBe(true);
  if (isRead) {
    // The server knows the topic while it runs. Other matches are memory that it has not
    // overwritten.
    expect(seen).toContain(`utf16le ${open.topic} in memory`);
    expect(seen).toContainEqual(expect.stringMatching(/^utf8 .* in memory$/));
  }
  await served.program.signal("SIGTERM");
  expect(sought(Object.values(sealed), served, metrics, false)).toEqual([]);
});

sandboxTest(
  "signing out and in again with the password keeps the encrypted rooms",
  async (sandbox) => {
    const served = await sandbox.serve();
    const anasHome = sandbox.home("ana").with({ CHAT_USER: "ana", CHAT_PASSWORD: "correct horse" });
    const ana = await anasHome.join([]);
    const ben = await sandbox.home("ben").join(["--user", "ben"]);
    await openVault(served.data, ana, { ben });
    await ana.finish();
    expect((await anasHome.run(["logout"])).err).not.toContain("no other device");
    expect((await anasHome.run(["send", CANARY, "--to", "vault"])).exitCode).toBe(0);
    await ben.json("text", { room: "vault", text: CANARY });
    const other = sandbox.home("other").with({ CHAT_USER: "ana", CHAT_PASSWORD: "correct horse" });
    const offered = await other.run(["link-device"]);
    expect([offered.exitCode, offered.err]).toEqual([3, expect.stringContaining("account key")]);
    const { err } = await anasHome.run(["logout", "--forget"]);
    expect(err).toContain("no other device of yours can open what is encrypted: vault");
    await ben.finish();
  },
);
