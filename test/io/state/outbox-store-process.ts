/** One process of a home: `FOLDER write N` ends by force, `FOLDER adopt` tells whose. */
import { ClientState } from "../../../src/io/state/client-state.ts";

const ANA = { fingerprint: "f", user: "ana" };
const POSTS = 20;

const [folder = "", verb = "", name = ""] = process.argv.slice(2);
const { outboxes } = ClientState.open(folder);
if (verb === "write") {
  for (let counter = 1; counter <= POSTS; counter++) {
    const added = [{ counter, target: "lobby", body: "{}", createdUnixMs: counter }];
    outboxes.write(name.padEnd(11, "x"), { ...ANA, added, settled: counter > 1 ? [1] : [] });
  }
  process.kill(process.pid, "SIGKILL");
}
const left = outboxes.adopt(ANA);
for (const { id, posts } of left) {
  if (posts.length !== POSTS - 1) throw new Error(`${id} is not whole`);
  const settled = posts.map(({ counter }) => counter);
  outboxes.write(id, { ...ANA, added: [], settled });
  outboxes.release(id);
}
process.stdout.write(JSON.stringify(left.map(({ id }) => id)));
