/** Separate process for kernel.test.ts, whose engine throws an error that a caller catches. */
import { Kernel } from "../../../src/server/kernel/kernel.ts";

process.on("uncaughtException", (error) => {
  process.stderr.write(String(error));
  process.exit(1);
});

const handle = () => {
  throw new TypeError("broken engine");
};
const clock = { now: () => 0, expiryUnixMs: () => 0 };
const kernel = new Kernel({ clock, engine: { handle } } as never);
try {
  await kernel.request("uAAAAAAAAAAA" as never, {} as never);
} catch {}
await new Promise((resolve) => setImmediate(resolve));
