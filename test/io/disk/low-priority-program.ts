/** Searches a file as a user who may not raise the priority of the process; prints the result. */

import { chmodSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { lineQueryOf } from "../../../src/io/archive/line-query.ts";
import { SearchThreads } from "../../../src/io/disk/search-worker.ts";
import { unprivileged } from "../../unprivileged.ts";

const [path = ""] = process.argv.slice(2);
chmodSync(dirname(path), 0o755);
const query = lineQueryOf({ from: "oldest", limit: 1, bytesMax: 1 << 20, grep: "a needle" });
const range = { path, from: 0, to: statSync(path).size };
const found = await unprivileged(() => new SearchThreads().search([range], query));
process.stdout.write(JSON.stringify(found.map((one) => one && { starts: [one.starts[0]] })));
process.exit(0);
