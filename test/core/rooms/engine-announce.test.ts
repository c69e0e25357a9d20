import { beforeEach, describe, expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { directRoomId, type FileId, type RoomId, type UserId } from "../../../src/base/ids.ts";
import { checkName, type Name } from "../../../src/base/names.ts";
import { lobbyDraft } from "../../../src/core/rooms/drafts.ts";
import { RoomEngine } from "../../../src/core/rooms/engine.ts";
import type { EngineEffect, EngineInput } from "../../../src/core/rooms/engine-io.ts";
import { Rooms } from "../../../src/core/rooms/rooms.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { ANA, BEN, BOX, Ledger } from "../ledger.ts";

const LOBBY_ROOM = "rLLLLLLLLLLL" as RoomId;
const FILE = "fAAAAAAAAAAA" as FileId;
const BODY = { file: FILE, name: "a.txt", size: 3, chunks: 1, digest: "0".repeat(64) };

/** The room engine with a log that writes when the test says so; ana and ben are in the lobby. */
class EngineFixture {
  readonly ledger = new Ledger();
  readonly engine: RoomEngine;
  readonly appends: Extract<EngineEffect, { kind: "append" }>[] = [];
  effects: EngineEffect[] = [];
  #ref = 0;

  constructor() {
    const people = new Map([
      ["ana", ANA],
      ["ben", BEN],
    ]);
    const find = (name: Name) => {
      const id = people.get(name);
      return id === undefined ? undefined : { id };
    };
    this.engine = new RoomEngine({ rooms: new Rooms(), directory: { find }, sha256 });
    this.handle({ kind: "record", record: this.ledger.append(lobbyDraft(LOBBY_ROOM)) });
    for (const [client, user] of [ANA, BEN].entries()) {
      this.handle({ kind: "arrived", client: client + 1, user });
      this.handle({ kind: "enter", asker: { client: client + 1, user, ref: 1 } });
    }
    this.write();
    this.effects = [];
  }

  handle(input: EngineInput): void {
    for (const effect of this.engine.handle(input, 0)) {
      if (effect.kind === "append") this.appends.push(effect);
      else this.effects.push(effect);
    }
  }

  announce(user: UserId, to: string): void {
    const asker = { client: -1 - ++this.#ref, user, ref: 1 };
    this.handle({ kind: "announce", asker, to, file: FILE, body: BODY });
  }

  write(): void {
    for (let next = this.appends.shift(); next !== undefined; next = this.appends.shift()) {
      const records = next.drafts.map((draft) => this.ledger.append(draft));
      for (const record of records) this.handle({ kind: "record", record });
      const [record] = records.slice(-1);
      if (record !== undefined) this.handle({ kind: "appended", token: next.token, record });
    }
  }

  answers() {
    return this.effects.flatMap((effect) => (effect.kind === "answer" ? [effect.answer] : []));
  }

  faults(): string[] {
    return this.effects.flatMap((effect) => (effect.kind === "refuse" ? [effect.fault.code] : []));
  }

  kinds(): string[] {
    return this.ledger.records.map(({ head }) => head.kind);
  }
}

describe("a file that is whole", () => {
  let way: EngineFixture;
  beforeEach(() => {
    way = new EngineFixture();
  });

  test("is one record in its room, whose head has its id", () => {
    way.announce(ANA, "lobby");
    expect(way.effects).toEqual([]);
    way.write();
    const { head } = way.ledger.records.at(-1) ?? {};
    expect(head).toMatchObject({ kind: "file", room: LOBBY_ROOM, by: ANA, id: FILE });
    expect(way.effects[0]).toMatchObject({ kind: "deliver" });
    expect(way.answers()).toMatchObject([{ seq: head?.seq, n: head?.n }]);
    expect(way.engine.files.get(FILE)).toMatchObject({ by: ANA, name: "a.txt" });
  });

  test("is told of once, asked twice at once or later", () => {
    way.announce(ANA, "lobby");
    way.announce(ANA, "#lobby");
    way.write();
    way.announce(ANA, "lobby");
    way.write();
    expect(way.kinds().filter((kind) => kind === "file")).toHaveLength(1);
    const [first, ...others] = way.answers();
    expect(others).toEqual([first, first] as typeof others);
  });

  test("is told of once after a restart, and after it was erased", () => {
    way.announce(ANA, "lobby");
    way.write();
    const { seq } = way.ledger.records.at(-1)?.head ?? { seq: 0 };
    const act = { kind: "erase", room: LOBBY_ROOM, seq, author: ANA } as const;
    const asker = { client: 1, user: ANA, ref: 9 };
    way.handle({ kind: "act", asker, isOperator: false, act });
    way.write();
    expect(way.engine.files.get(FILE)).toBeUndefined();
    const directory = { find: () => undefined };
    const again = new RoomEngine({ rooms: new Rooms(), directory, sha256 });
    for (const record of way.ledger.records) again.restore(record);
    expect(again.files.get(FILE)).toBeUndefined();
    const input = { kind: "announce", asker, to: "lobby", file: FILE, body: BODY } as const;
    expect(again.handle(input, 0)).toMatchObject([{ kind: "answer", answer: { seq } }]);
  });

  test("makes the room of two who never spoke, and waits for whoever is away", () => {
    way.handle({ kind: "departed", client: 2 });
    way.effects = [];
    way.announce(ANA, "@ben");
    way.write();
    const room = directRoomId(ANA, BEN, sha256);
    expect(way.ledger.records.at(-1)?.head).toMatchObject({ kind: "file", room, n: 2 });
    expect(way.answers()).toMatchObject([{ n: 2, queued: true }]);
  });

  test("is refused where words would be, in the state of its turn", () => {
    const leave = { kind: "leave", asker: { client: 1, user: ANA, ref: 5 } } as const;
    way.handle({ ...leave, room: checkName("lobby") });
    way.announce(ANA, "lobby");
    way.announce(ANA, "nowhere");
    way.announce(ANA, "@nobody");
    way.announce(ANA, "no name!");
    expect(way.faults()).toEqual(["room-unknown", "user-unknown", "name-invalid"]);
    way.write();
    expect(way.faults()).toEqual(["room-unknown", "user-unknown", "name-invalid", "not-member"]);
  });

  test("stands between the posts of its room, and holds none back for good", () => {
    const request = {
      kind: "post",
      ref: 7,
      outbox: BOX,
      to: "lobby",
      body: { text: "x" },
    } as const;
    const asker = { client: 2, user: BEN, ref: 7 };
    way.handle({ kind: "post", asker, request: { ...request, counter: 1 } });
    way.announce(ANA, "lobby");
    way.handle({ kind: "post", asker, request: { ...request, counter: 2 } });
    way.write();
    expect(way.kinds().slice(-3)).toEqual(["text", "file", "text"]);
    expect(way.answers()).toHaveLength(3);
  });

  test("may be asked for again when the log failed", () => {
    way.announce(ANA, "lobby");
    const [append] = way.appends.splice(0);
    const fault = new Fault("store-full", "the disk is full");
    way.handle({ kind: "failed", token: append?.token ?? 0, fault });
    expect(way.faults()).toEqual(["store-full"]);
    way.announce(ANA, "lobby");
    way.write();
    expect(way.answers()).toHaveLength(1);
  });
});
