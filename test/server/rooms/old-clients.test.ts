import { describe, expect } from "bun:test";
import { readHead } from "../../../src/core/client/chat-record.ts";
import { Timeline, type TimelineEffect } from "../../../src/core/client/timeline.ts";
import type { RequestFields } from "../../../src/wire/messages.ts";
import { newestVersion } from "../../../src/wire/since.ts";
import { plantVersion } from "../../plant.ts";
import type { Guest } from "../guest.ts";
import { labTest } from "../site-lab.ts";

plantVersion();

const LAB: RequestFields<"history"> = { target: "lab", limit: 100 };

const poll = { options: 2 };

async function kindsFor(guest: Guest, fields: object = {}): Promise<string[]> {
  const { records } = await guest.request("history", { ...LAB, ...fields });
  return records.map((record) => readHead(record).head.kind);
}

labTest(
  "a client of 0.4.0 reads no kinds in the history that it would list as unreadable",
  async ({ site, ana, ben }) => {
    const { seq } = await site.wait(ana.post("Lunch?\n1. a\n2. b", "lab", undefined, { poll }));
    await ben.request("vote", { seq, choices: [1] });
    await ana.request("poll", { seq });
    await ben.request("hand", { room: "lab", on: true });
    await ana.request("rules", { room: "lab", slow: 5 });
    await site.quiet();

    const known = await kindsFor(ben);
    for (const kind of ["poll", "vote", "hand", "rules"]) expect(known).toContain(kind);

    for (const [knows, expected] of [
      [undefined, false],
      ["0.4.0", false],
      [newestVersion(), true],
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

describe("live", () => {
  /** Follows the notices as clients of all versions do. @returns what they show, and gaps */
  class OldReader {
    readonly shown: string[] = [];
    readonly #timeline = new Timeline();
    #seen = 0;

    constructor(private readonly roomId: string) {}

    connected(after?: number): void {
      this.#seen = 0;
      this.#timeline.handle({ kind: "connected", after });
    }

    get after(): number | undefined {
      return this.#timeline.after;
    }

    read({ notices }: Guest): readonly string[] {
      const from = this.shown.length;
      for (const notice of notices.slice(this.#seen)) {
        if (notice.kind === "room" && notice.room === this.roomId) {
          const { room, n, skipped, behind } = notice;
          this.#note(this.#timeline.handle({ kind: "room", room, n, skipped, behind }));
        }
        if (notice.kind === "caught-up") this.#timeline.handle(notice);
        if (notice.kind !== "record") continue;
        const { room, n, seq, kind } = readHead(notice).head;
        if (room === this.roomId)
          this.#note(this.#timeline.handle({ kind: "record", room, n, seq }), kind);
      }
      this.#seen = notices.length;
      return this.shown.slice(from);
    }

    #note(effects: readonly TimelineEffect[], kind = ""): void {
      for (const effect of effects) {
        if (effect.kind === "show") this.shown.push(kind);
        if (effect.kind === "skipped") this.shown.push(`${effect.count} skipped`);
        if (effect.kind === "gap") this.shown.push(`gap ${effect.expected} ${effect.received}`);
      }
    }
  }

  labTest("a client of 0.4.0 skips what it does not know, without gaps", async (lab) => {
    const { site, ana, ben } = lab;
    const login = async (after?: number) => {
      const again = await site.connect(undefined, ben.keys);
      again.knows = "0.4.0";
      await again.greet();
      const credentials = again.signedLogin("ben");
      await again.request("login", after === undefined ? credentials : { ...credentials, after });
      await again.until("caught-up");
      return again;
    };
    const use = async (text: string) => {
      const { seq } = await site.wait(ana.post(`${text}\n1. a\n2. b`, "lab", undefined, { poll }));
      await ana.request("vote", { seq, choices: [1] });
      await ana.request("poll", { seq });
      await ana.request("hand", { room: "lab", on: true });
      await ana.request("hand", { room: "lab", on: false });
      await site.quiet();
    };
    const old = await login();
    const room = old.all("room").find(({ name }) => name === "lab")?.room ?? "";
    const reader = new OldReader(room);
    reader.connected();
    reader.read(old);

    await use("Lunch?");
    expect(reader.read(old)).toEqual(["text"]);
    await use("Tea?");
    expect(reader.read(old)).toEqual(["4 skipped", "text"]);
    // The change of the rules renews the room's entry; the records before it stay skipped.
    await ana.request("rules", { room: "lab", slow: 5 });
    await ana.request("topic", { room: "lab", topic: "Snacks" });
    await site.quiet();
    expect(reader.read(old)).toEqual(["5 skipped", "topic"]);

    // Records that were withheld before and during an absence.
    await ana.request("hand", { room: "lab", on: true });
    await site.wait(ana.post("elsewhere", "lobby"));
    await site.quiet();
    expect(reader.read(old)).toEqual([]);
    const { after } = reader;
    old.link.close();
    await ana.request("hand", { room: "lab", on: false });
    await ana.request("topic", { room: "lab", topic: "Cake" });
    await ana.request("hand", { room: "lab", on: true });
    reader.connected(after);
    const returned = await login(after);
    expect(reader.read(returned)).toEqual(["2 skipped", "topic"]);
    reader.connected(reader.after);
    const later = await login(reader.after);
    expect(reader.read(later)).toEqual([]);
    await ana.request("topic", { room: "lab", topic: "Fruit" });
    await site.quiet();
    expect(reader.read(later)).toEqual(["1 skipped", "topic"]);
  });
});
