/**
 * Time until `chat serve` listens, without and with a snapshot: `bun bench/start-log.ts [--records
 * 1000000] [--folder F] [--starts 5]`. `CHAT_SERVER_COMMAND` selects another binary.
 */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fillLogs } from "./data-folder.ts";
import { saveSample } from "./samples.ts";
import { startServer } from "./server-process.ts";

const { values } = parseArgs({
  options: {
    records: { type: "string", default: "1000000" },
    folder: { type: "string" },
    starts: { type: "string", default: "5" },
  },
});
const folder = values.folder ?? fs.mkdtempSync(join(tmpdir(), "chat-bench-start-"));
const data = join(folder, "data");
if (!fs.existsSync(data)) {
  await (await startServer([], folder)).stop(true);
  fillLogs(data, Number(values.records));
}
for (let i = 0; i < 2 * Number(values.starts); i++) {
  const snapshot = i % 2 === 0 ? "without" : "with";
  if (snapshot === "without") fs.rmSync(join(data, "cache"), { recursive: true, force: true });
  const startedAt = performance.now();
  const server = await startServer([], folder);
  const ms = performance.now() - startedAt;
  const [cpuSeconds, rssMb] = [server.cpuSeconds(), server.residentBytes() / 1e6];
  await server.stop(true);
  const row = { records: Number(values.records), snapshot: `${snapshot} snapshot` };
  saveSample({ table: "start-log", row, values: { ms, cpuSeconds, rssMb } });
  process.stdout.write(`${JSON.stringify({ snapshot, ms: Math.round(ms), cpuSeconds, rssMb })}\n`);
}
if (values.folder === undefined) fs.rmSync(folder, { recursive: true });
