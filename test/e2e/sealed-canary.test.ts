import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { WordSearch } from "./memory.ts";
import { type Program, Sandbox, type Served } from "./program.ts";

/**
 * What is said in a sealed room is nowhere at the server: not in the memory of its process, not in
 * its folder, not in what it prints. What is said in an open room is: so the search can find.
 */

/** Of some 50 bytes: 300 kB, more than a chunk, which anything would compress. */
const CONTENT_LINES = 6_000;
/** Beyond Latin-1, for the runtime keeps other texts as UTF-16 alone. */
const WIDE = "łódź";

/** Words that are nowhere else, this run's own. */
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

/** Not to be read by another process: the machine's rule. Where tests have to run, a failure. */
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

async function metricsOf({ data, address }: Served): Promise<string> {
  const token = readFileSync(join(data, "operator"), "utf8").trim();
  const response = await fetch(`https://${address}/metrics`, {
    headers: { authorization: `Bearer ${token}` },
    tls: { rejectUnauthorized: false },
  });
  expect(response.status).toBe(200);
  return response.text();
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

type Words = ReturnType<typeof canaries>;

/** Whatever one can say where one is, and a file that is fetched. */
async function speaks(sandbox: Sandbox, [ana, ben]: readonly Program[], said: Words) {
  ana?.type(said.word, said.wide, `/me ${said.action}`);
  for (const text of [said.word, said.wide]) await ben?.json("text", { text });
  await ben?.json("action", { text: said.action });
  ana?.type(`/edit ${said.edited}`);
  await ben?.json("edited", { text: said.edited });
  const path = sandbox.write(said.name, `${said.content}\n`.repeat(CONTENT_LINES));
  ana?.type(`/send "${path}"`);
  const file = await ben?.json("file", { name: said.name });
  ben?.type(`/get ${file?.["id"]} "${sandbox.path("tmp")}"`);
  const got = await ben?.json("got", { id: file?.["id"] });
  expect(readFileSync(String(got?.["path"]), "utf8")).toBe(readFileSync(path, "utf8"));
  ben?.type("/history 50", `/search ${said.word}`);
  // By the history, and by the search.
  for (let i = 0; i < 2; i++) await ben?.json("text", { text: said.word });
}

test("no word of a sealed room is in the server's memory, folder or output", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--verbose"] });
  const isRead = readsMemory(served.program.pid);
  const ana = await sandbox.home("ana").join(["--user", "ana"]);
  const bens = sandbox.home("ben");
  const ben = await bens.join(["--user", "ben"]);
  const [open, sealed] = [canaries("open"), canaries("sealed")];
  ana.type(`/topic ${open.topic}`);
  await ben.json("topic", { topic: open.topic });
  await speaks(sandbox, [ana, ben], open);
  ana.type("/join vault --sealed");
  await ana.json("joined", { room: "vault", created: true });
  ana.type("/invite ben");
  await ben.json("may-join", { room: "vault" });
  ben.type("/join vault");
  await ana.json("join", { from: "ben", room: "vault" });
  await speaks(sandbox, [ana, ben], sealed);
  ana.type("/seal @ben", sealed.direct);
  await ben.json("text", { text: sealed.direct, sealed: true });
  const past = ["history", "--user", "ben", "--room", "vault"];
  const texts = (await bens.json([...past, "--grep", sealed.word])).map(({ text }) => text);
  expect(texts).toEqual([sealed.word]);
  expect(await bens.json(past)).toContainEqual(expect.objectContaining({ text: sealed.wide }));
  await served.program.json("stats");
  const metrics = await metricsOf(served);
  expect(sought(Object.values(sealed), served, metrics, isRead)).toEqual([]);

  const seen = sought(Object.values(open), served, metrics, isRead);
  for (const word of [open.word, open.wide, open.action, open.edited, open.name]) {
    expect(seen).toContain(`utf8 ${word} in stdout`);
    expect(seen).toContain(`utf8 ${word} in history/000000000001.jsonl`);
  }
  expect(seen.some((one) => one.startsWith(`utf8 ${open.content} in files/`))).toBe(true);
  if (isRead) {
    // The server knows the topic as long as it runs; the rest is what it has not overwritten yet.
    expect(seen).toContain(`utf16le ${open.topic} in memory`);
    expect(seen).toContainEqual(expect.stringMatching(/^utf8 .* in memory$/));
  }
  await served.program.signal("SIGTERM");
  expect(sought(Object.values(sealed), served, metrics, false)).toEqual([]);
}, 120_000);
