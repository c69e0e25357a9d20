import { expect } from "bun:test";
import { readHead } from "../../../src/core/client/chat-record.ts";
import type { RequestFields } from "../../../src/wire/messages.ts";
import { KNOWN_VERSION } from "../../../src/wire/since.ts";
import type { Guest } from "../guest.ts";
import { labTest } from "../site-lab.ts";

const LAB: RequestFields<"history"> = { target: "lab", limit: 100 };

async function kindsFor(guest: Guest, fields: object = {}): Promise<string[]> {
  const { records } = await guest.request("history", { ...LAB, ...fields });
  return records.map((record) => readHead(record).head.kind);
}

labTest(
  "a client of 0.2.0 reads no kinds in the history that it would list as unreadable",
  async ({ site, ana, ben }) => {
    const { seq } = await site.wait(ana.post("Lunch?", "lab"));
    await ana.request("poll", { seq, on: true, options: 2 });
    await ben.request("vote", { seq, choices: [1] });
    await ben.request("hand", { room: "lab", on: true });
    await ana.request("rules", { room: "lab", slow: 5 });
    await site.quiet();

    const known = await kindsFor(ben);
    for (const kind of ["poll", "vote", "hand", "rules"]) expect(known).toContain(kind);

    for (const [knows, expected] of [
      [undefined, false],
      ["0.2.0", false],
      [KNOWN_VERSION, true],
      ["99.0.0", true],
    ] as const) {
      const again = await site.connect(undefined, ben.keys);
      again.knows = knows;
      await again.greet();
      await again.request("login", again.signedLogin("ben"));
      await again.until("caught-up");
      const kinds = await kindsFor(again);
      expect(kinds).toContain("text");
      for (const kind of ["poll", "vote", "hand", "rules"])
        expect([knows, kind, kinds.includes(kind)]).toEqual([knows, kind, expected]);
      // A client that checks all records, for example for proofs, gets all.
      expect(await kindsFor(again, { kinds: ["all"] })).toContain("poll");
      expect(await kindsFor(again, { kinds: ["poll"] })).toEqual(expected ? ["poll"] : []);
      // One new kind does not use up a page.
      const last = await kindsFor(again, { limit: 1 });
      expect(last).toEqual([expected ? "rules" : "text"]);
    }
  },
);
