import { expect } from "bun:test";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ClientState } from "../../src/io/state/client-state.ts";
import type { Home } from "./program.ts";
import { SharedServer } from "./shared-server.ts";

const server = new SharedServer();

/** Files of a home that contain a word, in any case and also in free pages and write-ahead logs. */
function filesWith(folder: string, word: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => word.test(name) || contains(join(folder, name), word))
    .sort();
}

function contains(path: string, word: RegExp): boolean {
  return statSync(path).isFile() && word.test(readFileSync(path, "latin1"));
}

const WORDS = /zebracorn|walrus|pangolin|narwhal|axolotl/i;
const NAMES = /xanthippe|quagga/i;

/** Writes in a room, and leaves a draft, unsent messages and typed lines. */
async function use(home: Home, user: string): Promise<void> {
  expect((await home.run(["register"])).exitCode).toBe(0);
  const lines = "/join quagga-room\nsaid zebracorn\n";
  expect((await home.run(["join", "--plain"], { stdin: lines })).exitCode).toBe(0);
  writeFileSync(join(home.folder, "typed"), '["typed walrus"]\n', { mode: 0o600 });
  using state = ClientState.open(home.folder);
  const fingerprint = state.pins()[0]?.fingerprint ?? "";
  const owner = { fingerprint, user };
  state.setPreference("last-room", JSON.stringify({ [`${fingerprint} ${user}`]: "quagga-room" }));
  state.setPreference("pictures", JSON.stringify([["id", "/xanthippe/cat.png"]]));
  const draft = { text: "draft pangolin" };
  state.drafts.save(owner, new Map([["quagga-room", draft]]), { id: "AAAAAAAAAAA" });
  const body = JSON.stringify({ text: "unsent narwhal" });
  const post = { counter: 1, target: "quagga-room", body, createdUnixMs: 1 };
  state.outboxes.write("BBBBBBBBBBB", { ...owner, added: [post], settled: [] });
  state.messages.add(owner, "", { key: "1", target: "quagga-room", body: '{"text":"axolotl"}' });
}

const PASSWORD = { CHAT_PASSWORD: "correct horse" };

server.test("chat logout --forget leaves nothing of the account in the home", async (sandbox) => {
  const home = sandbox.home("h1").with({ CHAT_USER: "xanthippe", ...PASSWORD });
  await use(home, "xanthippe");
  expect(filesWith(home.folder, WORDS)).not.toEqual([]);
  const line = { kind: "logged-out", user: "xanthippe", forgotten: true };
  expect(await home.json(["logout", "--forget"])).toEqual([line]);
  expect(filesWith(home.folder, WORDS)).toEqual([]);
  expect(filesWith(home.folder, NAMES)).toEqual([]);
  expect(filesWith(home.folder, /PRIVATE KEY/)).toEqual([]);
});

server.test("chat logout leaves no messages, and names the texts that stay", async (sandbox) => {
  const home = sandbox.home("h2").with({ CHAT_USER: "ximena", ...PASSWORD });
  await use(home, "ximena");
  const { exitCode, err } = await home.run(["logout"]);
  expect(exitCode).toBe(0);
  expect(err).toContain("1 draft and 1 unsent message stay on this device");
  expect(filesWith(home.folder, /zebracorn|walrus/i)).toEqual([]);
  expect((await home.run(["logout", "--forget"])).exitCode).toBe(0);
  expect(filesWith(home.folder, WORDS)).toEqual([]);
  expect(filesWith(home.folder, /ximena|quagga/i)).toEqual([]);
});

server.test("forgetting an account keeps the others of the home", async (sandbox) => {
  const home = sandbox.home("h3").with({ CHAT_USER: "xerxes", ...PASSWORD });
  await use(home, "xerxes");
  const other = home.with({ CHAT_USER: "yolanda" });
  expect((await other.run(["register"])).exitCode).toBe(0);
  expect((await home.run(["logout", "--forget"])).exitCode).toBe(0);
  expect(filesWith(home.folder, /xerxes|zebracorn|narwhal/i)).toEqual([]);
  expect((await other.with({ CHAT_PASSWORD: "" }).run(["send", "still in"])).exitCode).toBe(0);
});
