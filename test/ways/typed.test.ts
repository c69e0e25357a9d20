import { expect } from "bun:test";
import { Site } from "../server/site.ts";
import { INTERFACES } from "../ui/parity/interfaces.ts";
import { exempt, heldBy, testRule } from "./rule.ts";

/** Types a text that the server refuses, and returns the code that the interface shows. */
async function refused(name: string): Promise<string> {
  const site = await Site.open();
  const ben = await site.member("ben");
  await ben.request("join", { room: "hall", create: true });
  const open = INTERFACES[name] ?? expect.unreachable();
  const ana = await open(site);
  await ana.type("/join hall");
  await ben.request("mute", { room: "hall", user: "ana", on: true });
  const code = await ana.type("a long thought");
  await ana.close();
  return code;
}

const DRAFTS = heldBy(
  "core/model/local-events.test.ts",
  "keeps a refused post until it is discarded",
);

testRule("what was typed is never lost by a refusal", "send a text", {
  page: heldBy(
    "page/rules.test.ts",
    "keeps a refused message across a reload, until it is discarded",
  ),
  "full screen": heldBy(
    "cli/screen/input/follow.test.ts",
    "restores a refused text into an empty line only",
  ),
  "line mode": async () => {
    for (const name of Object.keys(INTERFACES)) expect(await refused(name)).toBe("muted");
  },
  send: heldBy("e2e/conversing.test.ts", "refuses only the message that exceeds 65,536 bytes"),
  "piped send": heldBy(
    "e2e/conversing.test.ts",
    "refuses only the message that exceeds 65,536 bytes",
  ),
  IRC: exempt("the client keeps its own input history, and the refusal is a numeric to it"),
  HTTP: exempt("the caller has its text, and the answer names what was refused"),
  webhook: exempt("the caller has its text, and the answer names what was refused"),
  import: exempt("the file has its text, and the import names each line that is refused"),
  "encrypted room": DRAFTS,
  conversation: DRAFTS,
  thread: heldBy("cli/screen/drafts.test.ts", "a refused reply in a thread is a draft of it"),
});
