/** Lobby load: `bun bench/screen-load.ts PORT NAME PER_SECOND COUNT` posts COUNT messages. */
import { RawClient } from "./raw-client.ts";

const [port = 0, perSecond = 0, count = 0] = [2, 4, 5].map((at) => Number(process.argv[at]));
const client = await RawClient.register(port, process.argv[3] ?? "load");
/** Below REQUESTS_IN_FLIGHT_MAX, so that a slow server refuses no requests. */
const IN_FLIGHT_MAX = 500;
let inFlight = 0;
const posts: Promise<unknown>[] = [];
const started = performance.now();
while (posts.length < count) {
  const due = Math.min(count, ((performance.now() - started) / 1000) * perSecond);
  while (posts.length < due && inFlight < IN_FLIGHT_MAX) {
    const post = client.post("lobby", `message ${posts.length}: see you at lunch, the run is done`);
    inFlight++;
    posts.push(post.finally(() => inFlight--));
  }
  await Bun.sleep(1);
}
await Promise.all(posts);
client.close();
process.exit(0);
