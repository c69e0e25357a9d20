import { expect, test } from "bun:test";
import { cpSync } from "node:fs";
import { type Home, ndjson, type Program, Sandbox } from "./program.ts";
import { keyPackages } from "./sealed-server.ts";

/** What a device keeps of sealed rooms, with the compiled program: shared, killed, copied. */

const WORDS = 40;

async function sealedRoom(sandbox: Sandbox): Promise<{ ana: Program; bens: Home; ben: Program }> {
  const { data } = await sandbox.serve();
  const ana = await sandbox.home("ana").join(["--user", "ana"]);
  const bens = sandbox.home("ben");
  const ben = await bens.join(["--user", "ben"]);
  ana.type("/join vault --sealed");
  await ana.json("joined", { room: "vault", created: true });
  await keyPackages(data, 2);
  ana.type("/invite ben");
  await ben.json("may-join", { room: "vault" });
  ben.type("/join vault");
  await ben.json("join", { from: "ben", room: "vault" });
  return { ana, bens, ben };
}

function textsOf(program: Program): string[] {
  return ndjson(program.out.text).flatMap(({ kind, from, text }) =>
    kind === "text" && from === "ben" ? [String(text)] : [],
  );
}

test("two processes of one home speak at once, one is killed: each word once", async () => {
  await using sandbox = new Sandbox();
  const { ana, bens, ben } = await sealedRoom(sandbox);
  const other = await bens.join(["--user", "ben", "--room", "vault"]);
  const words = (who: string) => Array.from({ length: WORDS }, (_, at) => `${who} ${at}`);
  ben.type(...words("one"));
  other.type(...words("two"));
  await ana.json("text", { text: `two ${WORDS >> 2}` });
  await other.signal("SIGKILL");
  await ben.json("ack", { text: `one ${WORDS - 1}` });
  const again = await bens.join(["--user", "ben", "--room", "vault"]);
  again.type("the end");
  await ana.json("text", { text: "the end" });
  const acked = ndjson(other.out.text).flatMap(({ kind, text }) => (kind === "ack" ? [text] : []));
  const heard = textsOf(ana);
  expect(new Set(heard).size).toBe(heard.length);
  expect(heard.filter((text) => text.startsWith("one"))).toEqual(words("one"));
  const two = heard.filter((text) => text.startsWith("two"));
  expect(two).toEqual(words("two").slice(0, two.length));
  expect(two.length).toBeGreaterThanOrEqual(acked.length);
  for (const program of [ben, other, again]) expect(program.out.text).not.toContain("came-anew");
}, 120_000);

test("a home from a backup comes in anew before it speaks, and says so in one line", async () => {
  await using sandbox = new Sandbox();
  const { ana, bens, ben } = await sealedRoom(sandbox);
  ben.type("before the backup");
  await ana.json("text", { text: "before the backup" });
  ben.type("/quit");
  await ben.ended(30_000);
  const kept = `${bens.folder}.backup`;
  cpSync(bens.folder, kept, { recursive: true });
  const [sent] = await bens.json(["send", "--user", "ben", "--to", "vault", "after the backup"]);
  expect(sent).toMatchObject({ kind: "sent" });
  await ana.json("text", { text: "after the backup" });
  cpSync(kept, bens.folder, { recursive: true, force: true });
  const back = await bens.join(["--user", "ben", "--room", "vault"]);
  await back.json("came-anew", { reason: "copy" });
  back.type("back from it");
  await ana.json("text", { text: "back from it" });
  ana.type("welcome back");
  await back.json("text", { text: "welcome back" });
  expect(textsOf(ana)).toEqual(["before the backup", "after the backup", "back from it"]);
  expect(ndjson(back.out.text).filter(({ kind }) => kind === "came-anew")).toHaveLength(1);
  back.type("/quit");
  await back.ended(30_000);
  const past = await bens.json(["history", "--user", "ben", "--room", "vault"]);
  const texts = past.filter(({ kind }) => kind === "text").map(({ text }) => text);
  expect(texts).toEqual(["before the backup", "after the backup", "back from it", "welcome back"]);
}, 120_000);
