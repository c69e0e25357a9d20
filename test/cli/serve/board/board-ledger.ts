/** Rooms and accounts of a board, made of records. */

import { checkName } from "../../../../src/base/names.ts";
import { recordRow } from "../../../../src/cli/serve/board/rows.ts";
import { Registry } from "../../../../src/core/rooms/accounts.ts";
import { type Room, Rooms } from "../../../../src/core/rooms/rooms.ts";
import { ANA, BEN, Ledger, ROOM } from "../../../core/ledger.ts";

export const registry = new Registry();
export const accounts = new Ledger();
for (const [id, name, key] of [
  [ANA, "ana", 1],
  [BEN, "bu_sari", 2],
] as const) {
  const enrolment = {
    name: checkName(name),
    accountKey: new Uint8Array(32).fill(key),
    deviceKey: new Uint8Array(32).fill(key),
    deviceCert: new Uint8Array(70),
  };
  registry.apply(accounts.append(registry.accountDraft(id, enrolment)));
}
registry.apply(accounts.write("display-name", BEN, BEN, { text: "Bu Sari" }));

export const options = {
  context: {
    clock: { now: () => 0, unixMs: () => accounts.time, after: () => () => {} },
    offsetMinutes: () => 0,
  },
  registry,
};

export class RoomLedger {
  readonly #ledger = new Ledger();
  readonly rooms = new Rooms();

  constructor(body: object = { name: "math" }) {
    this.write("room", ROOM, "server", body);
    for (const user of [ANA, BEN]) this.write("join", ROOM, user, {});
  }

  write(kind: Parameters<Ledger["write"]>[0], room: string, by: string, body: object) {
    const record = this.#ledger.write(kind, room, by, body);
    this.rooms.apply(record);
    return record;
  }

  row(...args: Parameters<RoomLedger["write"]>) {
    const record = this.write(...args);
    return recordRow(record, this.rooms.get(record.head.room as never) as Room, options);
  }
}
