/** Talks in the lobby until all is said: `bun bench/screen-load.ts PORT NAME PER_SECOND COUNT`. */
import { RawClient } from "./raw-client.ts";

const [port = 0, perSecond = 0, count = 0] = [2, 4, 5].map((at) => Number(process.argv[at]));
const client = await RawClient.register(port, process.argv[3] ?? "load");
const posts: Promise<unknown>[] = []; // Bounded: `count`.
const started = performance.now();
while (posts.length < count) {
  const due = Math.min(count, ((performance.now() - started) / 1000) * perSecond);
  while (posts.length < due) {
    posts.push(client.post("lobby", `message ${posts.length}: see you at lunch, the run is done`));
  }
  await Bun.sleep(1);
}
await Promise.all(posts);
client.close();
process.exit(0);
